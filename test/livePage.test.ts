import { spawnSync } from 'node:child_process';
import { get, request } from 'node:http';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { heldSteps } from '../local/functionSnapshots';
import { applyChanges, changesBetween } from '../local/livePage/changes';
import { type AnsweredVisual, DashboardBoard, type VisualValue } from '../local/livePage/dashboardBoard';
import { DashboardFeed } from '../local/livePage/dashboardFeed';
import {
  dashboardSnapshot,
  demoLatency,
  everyStepAlive,
  finishedSnapshot,
  goodVerdict,
  runningSnapshot,
  startingSnapshot,
} from '../local/livePage/demoSnapshot';
import { LatencyBoard } from '../local/livePage/latencyBoard';
import { ScoresBoard } from '../local/livePage/scoresBoard';
import { type LivePage, startLivePage } from '../local/livePage/server';
import type { Snapshot } from '../local/livePage/snapshot';
import { StepBoard } from '../local/livePage/stepBoard';
import { steps } from '../local/livePage/steps';
import { VitalsBoard } from '../local/livePage/vitalsBoard';
import type { Band, ScoredWindow } from '../runtime/contracts/scored';
import { dashboardQueries } from '../runtime/powerbi/queries';
import { readDashboardSource } from '../runtime/powerbi/source';
import { until } from './support/eventHubs';

const noLog = { info: () => {}, warn: () => {} };

describe('what is counted', () => {
  it('counts messages, rate and delays of each step', () => {
    let now = 1_000_000;
    const board = new StepBoard(() => now);
    board.declare('alive', '1', '3');
    board.declare('absent', '2');
    for (let message = 1; message <= 100; message++) board.emit({ step: '1', count: 1, delays: [message] });
    const step = (id: string) => board.steps().find((each) => each.id === id);
    expect(step('1')).toEqual({
      id: '1',
      count: 100,
      ratePerSecond: 20,
      delayP50Ms: 50,
      delayP95Ms: 95,
      state: 'active',
    });
    expect([step('2')?.state, step('3')?.state, step('4')?.state]).toEqual(['absent', 'waiting', 'planned']);
    now += 4_900;
    board.emit({ step: '1', count: 5 });
    now += 200;
    expect(step('1')).toMatchObject({ count: 105, ratePerSecond: 1 });
    now += 60_000;
    expect(step('1')).toMatchObject({ count: 105, ratePerSecond: 0 });
  });

  it('says why messages are held, and forgets it when they flow again', () => {
    const board = new StepBoard();
    board.declare('alive', '3');
    board.hold('3', 'no role');
    expect(board.steps().find(({ id }) => id === '3')).toMatchObject({ state: 'held', reason: 'no role' });
    board.hold('3', undefined);
    expect(board.steps().find(({ id }) => id === '3')?.state).toBe('waiting');
  });

  it('refuses an event of a step that the architecture does not have', () => {
    expect(() => new StepBoard().emit({ step: '19', count: 1 })).toThrow('"19"; allowed are 1 to 18');
  });

  it('keeps the newest vital signs by their own time, whatever the order of arrival', () => {
    const board = new VitalsBoard();
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
    board.observeMessage('b10', { time: at(0), hr: 60 });
    board.observeMessage('b2', { time: at(2), hr: 72 });
    board.observeMessage('b2', { time: at(1), hr: 71, spo2: 97 });
    board.observeMessage('b2', { time: at(1), hr: 70, spo2: 96 });
    board.observeMessage('b2', { time: 'yesterday', hr: 1 });
    board.observeMessage('b2', { time: at(9), note: 'no number' });
    expect(board.devices().map(({ deviceId }) => deviceId)).toEqual(['b2', 'b10']);
    expect(board.devices()[0]).toEqual({
      deviceId: 'b2',
      lastTime: at(2),
      latest: { hr: 72, spo2: 96 },
      history: {
        times: [Date.parse(at(1)) / 1000, Date.parse(at(2)) / 1000],
        values: { hr: [70, 72], spo2: [96, null] },
      },
    });
    for (let minute = 10; minute < 200; minute++) board.observeMessage('b2', { time: at(minute), hr: minute });
    expect(board.devices()[0]?.history.times).toHaveLength(60);
    expect(board.devices()[0]?.latest.hr).toBe(199);
  });

  it('shows the last window of each patient in its last revision, those most at risk first', () => {
    const minutes = 60_000;
    const board = new ScoresBoard(5 * minutes);
    const scored = (patient: string, window: number, total: number, flag: Band | null, more: object = {}) =>
      board.observe({
        ...{ patient, start: window * 5 * minutes, end: (window + 1) * 5 * minutes, horizon: 'PT5M', revision: 1 },
        news2: { complete: true, floorTotal: total, ceilingTotal: total, total, band: flag ?? 'low', missing: [] },
        ...{ applicability: { applicable: true, reasons: [] }, flag: { level: flag } },
        ...{ dataGap: { action: 'none', vitals: [] }, ...more },
      } as unknown as ScoredWindow);
    scored('p10', 0, 3, null);
    scored('p2', 0, 3, null);
    scored('p2', 1, 7, 'high');
    scored('p2', 1, 8, 'high', { revision: 2 });
    scored('p2', 1, 7, 'high');
    scored('p3', 1, 9, null, { horizon: 'PT24H', end: 5 * minutes + 1440 * minutes });
    scored('p1', 0, 0, null, { news2: null, applicability: { applicable: false, reasons: ['pregnant'] } });
    const [first, ...others] = board.patients();
    expect(first).toMatchObject({ patient: 'p2', revision: 2, flag: 'high', scores: [3, 8], score: { atLeast: 8 } });
    expect(others.map(({ patient }) => patient)).toEqual(['p10', 'p1']);
    expect(others[1]).toMatchObject({ score: null, notApplicable: ['pregnant'], scores: [null] });
  });

  it('keeps what the visuals of the report were answered last while their queries fail', () => {
    const board = new DashboardBoard();
    const now = Date.UTC(2026, 0, 5, 6);
    board.failed('the SQL server is away');
    expect(board.snapshot()).toMatchObject({ refreshedAt: null, patients: [], fault: 'the SQL server is away' });
    const { report } = readDashboardSource();
    const values: Readonly<Record<string, Readonly<Record<string, VisualValue>>[]>> = {
      highRisk: [{ 'At high risk': 1 }],
      byRisk: [{ currentRisk: 'high', Patients: 1 }],
      feeds: [{ feed: 'repository', until: new Date(now), ageSeconds: 0, behindSeconds: 0 }],
      patientTable: [
        { label: 'b', risk: 'high', score: '8', flagLevel: 'high', flaggedAt: new Date(now), dataGap: '' },
        { label: 'a', risk: 'low or more', score: 'at least 1', flagLevel: null, missing: 'temp, consciousness' },
      ],
      windows: [
        { label: 'a', windowEnd: new Date(now + 300_000), floorTotal: 1, ceilingTotal: 3 },
        ...Array.from({ length: 60 }, (_, index) => ({ label: 'b', windowEnd: new Date(now + index * 300_000) })),
        { label: 'a', windowEnd: new Date(now), floorTotal: 2, ceilingTotal: 2 },
      ],
    };
    // As the report is answered: by the titles of the fields.
    const visuals = dashboardQueries(report).map((query) => {
      const rows = (values[query.visual] ?? []).map((row) =>
        Object.fromEntries(query.fields.map(({ name, title }) => [title, row[name] ?? null])),
      );
      return { ...query, rows };
    });
    board.answered(visuals, now);
    const answered = board.snapshot();
    expect(answered).toMatchObject({ risks: [{ risk: 'high', patients: 1 }], feeds: [{ feed: 'repository' }] });
    expect(answered.fault).toBeUndefined();
    expect(answered.cards).toContainEqual({ title: 'At high risk', value: '1' });
    expect(answered.patients.map(({ label }) => label)).toEqual(['b', 'a']);
    expect(answered.patients[0]).toMatchObject({ flaggedAt: '2026-01-05T06:00:00.000Z', dataGap: [] });
    expect(answered.patients[0]?.trend).toHaveLength(48);
    expect(answered.patients[1]).toMatchObject({
      ...{ flag: null, missing: ['temp', 'consciousness'] },
      trend: [
        { time: now / 1000, atLeast: 2, atMost: 2 },
        { time: now / 1000 + 300, atLeast: 1, atMost: 3 },
      ],
    });
    board.failed('gone');
    expect(board.snapshot()).toEqual({ ...answered, fault: 'gone' });
    expect(() => board.answered(visuals.slice(0, 2), now)).toThrow('the report has no visual "windows"');
  });

  it('holds the steps of a function that does not get on, and no others', () => {
    const one = { app: 'ml-output', state: 'healthy', invocations: 1, waiting: 0 } as const;
    const held = heldSteps([
      { ...one, name: 'mlOutputFhir', state: 'held', reason: 'tries again, since it was answered with 503' },
      { ...one, name: 'mlOutputRepository' },
      { ...one, name: 'clockMarks', state: 'held' },
    ]);
    const reason = 'tries again, since it was answered with 503';
    expect([...held]).toEqual([
      ['13a', reason],
      ['13b', reason],
      ['14', undefined],
    ]);
  });

  it('asks again while somebody looks, and measures what was written since', async () => {
    let [now, machineNow] = [0, 0];
    let answer: () => Promise<AnsweredVisual[]> = async () => {
      throw new Error('the SQL server is away');
    };
    const since: number[] = [];
    const [board, latency] = [new DashboardBoard(), new LatencyBoard()];
    const feed = new DashboardFeed({
      ...{ board, latency, now: () => now, machineNow: () => machineNow, ask: () => answer(), onAnswers: () => {} },
      written: (from) => {
        since.push(from);
        return [{ lastSampleAt: now - 60_000, scoredAt: now - 20_000, writtenAt: now - 10_000 }];
      },
    });
    const looksUntil = (isSeen: () => boolean) =>
      until('it is seen', () => {
        machineNow += 200;
        feed.look();
        return isSeen();
      });
    const isRefreshed = () => board.snapshot().refreshedAt === new Date(now).toISOString();
    await looksUntil(() => board.snapshot().fault !== undefined);
    expect(board.snapshot()).toMatchObject({ fault: 'the SQL server is away', refreshedAt: null });
    const { report } = readDashboardSource();
    answer = async () => dashboardQueries(report).map((query) => ({ ...query, rows: [] }));
    now = 70_000;
    await looksUntil(isRefreshed);
    expect(latency.snapshot().sampleAge?.p50Ms).toBe(60_000);
    now = 140_000;
    await looksUntil(isRefreshed);
    // A minute in which nobody looked is not the dashboard's.
    now = 3_600_000;
    machineNow += 60_000;
    await looksUntil(isRefreshed);
    expect(since).toEqual([0, 70_000, 3_600_000]);
  });

  it('tells where the age of what is shown was spent', () => {
    const board = new LatencyBoard();
    expect(board.snapshot().sampleAge).toBeNull();
    board.arrived(0, 1_500);
    for (let index = 1; index <= 100; index++)
      board.shown({ lastSampleAt: 0, scoredAt: 400 + index, writtenAt: 600, shownAt: 1000 });
    expect(board.snapshot()).toEqual({
      sampleAge: { p50Ms: 1000, p95Ms: 1000 },
      transport: { p50Ms: 1500, p95Ms: 1500 },
      windowWait: { p50Ms: 450, p95Ms: 495 },
      processing: { p50Ms: 149, p95Ms: 194 },
      screen: { p50Ms: 400, p95Ms: 400 },
    });
  });

  it('sends only what changed, from which the same snapshot follows', () => {
    const [before, after] = [runningSnapshot(90), { ...runningSnapshot(90), devices: runningSnapshot(91, 4).devices }];
    const changes = changesBetween(before, after);
    expect(changes?.sections).toEqual({});
    expect(changes?.removedDevices).toHaveLength(6);
    expect(changes && applyChanges(before, changes)).toEqual(after);
    expect(changesBetween(after, structuredClone(after))).toBeUndefined();
  });
});

describe('the server', () => {
  let page: LivePage;
  let warnings: string[];
  let source: () => Snapshot;

  beforeEach(async () => {
    warnings = [];
    source = () => runningSnapshot(90);
    const log = { ...noLog, warn: (message: string) => warnings.push(message) };
    page = await startLivePage({ port: 0, snapshot: () => source(), log });
  });
  afterEach(() => page.close());

  function status(method: string, host: string | undefined): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const sent = request(page.url, { method, headers: host ? { host } : {} }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject).end();
    });
  }

  it('answers only itself: no other host name (DNS rebinding), nothing but reading', async () => {
    const { port } = new URL(page.url);
    expect(await status('GET', undefined)).toBe(200);
    expect(await status('GET', `localhost:${port}`)).toBe(200);
    expect(await status('GET', `evil.example:${port}`)).toBe(421);
    expect(await status('GET', '127.0.0.1')).toBe(421);
    expect(await status('POST', undefined)).toBe(405);
    expect(await status('HEAD', undefined)).toBe(200);
  });

  it('lets the browser load and connect to nothing but itself', async () => {
    const headers = (await fetch(page.url)).headers;
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('survives a source of snapshots that fails, says so once, and shows the next good one', async () => {
    source = () => {
      throw new Error('state folder is gone');
    };
    const text = await new Promise<string>((resolve, reject) => {
      get(`${page.url}events`, (response) => {
        let heard = '';
        setTimeout(() => {
          source = () => runningSnapshot(95);
        }, 700);
        response.on('data', (chunk: Buffer) => {
          heard += chunk.toString();
          if (!heard.includes('"synthetic ward"')) return;
          resolve(heard);
          response.destroy();
        });
      }).on('error', reject);
    });
    expect(text).toContain('event: snapshot');
    expect(warnings).toEqual(['The live page cannot be brought up to date: state folder is gone']);
  });
});

const setup = spawnSync(process.execPath, [join(__dirname, '../setup/chromium.mjs')], { encoding: 'utf8' });
const executablePath = setup.stdout.trim();
const inBrowser = executablePath ? describe : describe.skip;
if (!executablePath) console.warn(`The tests of the live page in a browser are not run. ${setup.stderr}`);

inBrowser('the page in a browser', () => {
  let browser: Browser;
  let live: LivePage;
  let page: Page;
  let current: Snapshot;
  let faults: string[];

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'];
    browser = await chromium.launch({ executablePath, args });
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await page?.context().close();
    await live?.close();
  });

  async function open(snapshot: Snapshot, options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
    current = snapshot;
    faults = [];
    live = await startLivePage({ port: 0, snapshot: () => current, log: noLog });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(live.url);
    await sees('#connection', /Live|Creating/);
  }

  function sees(selector: string, text: string | RegExp): Promise<void> {
    return page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout: 15_000 });
  }

  const badge = (step: string) => page.locator(`.badge[data-step="${step}"]`);

  async function accessibilityFaults(): Promise<string[]> {
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
  }

  it('shows numbers as they happen, without errors and within its content security policy', async () => {
    await open(runningSnapshot(90));
    await sees('.arrow text.count', '900');
    await sees('[data-device="monitor-03"]', 'ago');
    await sees('[data-device="monitor-07"]', 'silent for 12 min');
    expect(await page.locator('[data-device="monitor-03"] canvas').count()).toBe(1);
    current = runningSnapshot(125);
    await sees('.arrow text.count', '1,250');
    await sees('#clock', '09:05:00');
    await sees('#replay', 'Running 6 %');
    await sees('.consumer', '1,250 read');
    await page.locator('.pulse').first().waitFor({ state: 'attached', timeout: 15_000 });
    await page.getByLabel('Curve of').selectOption('SpO₂');
    expect(faults).toEqual([]);
  });

  it('never shows a score with parts missing as low, nor an old one as current', async () => {
    await open(runningSnapshot(90));
    await sees('#patients', '6 patients, 2 flags');
    const rows = {
      'patient-03': ['8 high', 'high'],
      'patient-05': ['5 to 8 at least medium, 6 of 7', 'medium'],
      'patient-07': ['0 to 12 incomplete, 3 of 7', 'no pulse, no SpO₂'],
      'patient-08': ['not applicable: pregnancy', 'none'],
      'patient-09': ['1 low', 'stale'],
      'patient-10': ['no data', 'none'],
    };
    for (const [patient, texts] of Object.entries(rows)) {
      for (const text of texts) await sees(`[data-patient="${patient}"]`, text);
    }
    expect(faults).toEqual([]);
  });

  it('draws the dashboard: by risk, with what is not known, and grey when it is old', async () => {
    await open(dashboardSnapshot(600));
    const tiles = await page.locator('.tiles li').allTextContents();
    expect(tiles).toEqual(['1high', '1medium or more', '1low or more', '1low', '2no data', '1stale']);
    await sees('#dashboard .figures', 'At high risk1');
    const rows = {
      'Example, Ada, 100003': ['high', '8', '▲ up 4', 'high since 16:35', '3 min ago'],
      'patient-05': ['medium or more', 'at least 5', 'temperature'],
      'patient-04': ['low or more', 'consciousness'],
      'patient-09': ['stale: 22 min ago', 'no pulse, no SpO₂ for two windows'],
      'patient-07': ['no data: last 45 min ago'],
      'patient-08': ['score does not apply'],
      'patient-10': ['never measured', 'not scored'],
    };
    for (const [patient, texts] of Object.entries(rows)) {
      for (const text of texts) await sees(`#dashboard [data-patient="${patient}"]`, text);
    }
    const ages = await page.locator('#dashboard tbody tr').evaluateAll((all) => all.map(({ dataset }) => dataset.age));
    expect(ages).toEqual(['current', 'current', 'current', 'current', 'stale', 'no-data', 'current', 'no-data']);
    expect(await page.locator('#patients').isVisible()).toBe(false);
    await sees('.feeds', 'FHIR up to 16:55');
    expect(faults).toEqual([]);
  });

  it('says that FHIR is behind, that the dashboard is not refreshed, and lets what it shows grow old', async () => {
    await open(dashboardSnapshot(600, 5));
    await sees('.feeds [data-state="late"]', 'FHIR is behind by 5 min, up to 16:50');
    const { dashboard, clock } = current;
    const later = new Date(Date.parse(clock.now) + 20 * 60_000).toISOString();
    current = {
      ...current,
      clock: { ...clock, now: later },
      dashboard: dashboard && { ...dashboard, fault: 'the SQL server is away' },
    };
    await sees('#dashboard .fault', 'Not refreshed now: the SQL server is away');
    await sees('.feeds [data-state="late"]', 'Scores: nothing since 16:55, 25 min ago');
    await sees('#dashboard [data-patient="Example, Ada, 100003"][data-age="stale"]', 'stale: 23 min ago');
    expect(faults).toEqual([]);
  });

  it('warns at 10 minutes of age at the 95th percentile, and calls 15 a breach', async () => {
    await open(dashboardSnapshot(600));
    await sees('#latency[data-state="good"]', 'Good: p95 is 7 min, within 10 min');
    await sees('#latency', 'transportp50 1.1 s, p95 4.2 s');
    const aged = (p95Ms: number) => ({ ...current, latency: { ...demoLatency, sampleAge: { p50Ms: 1, p95Ms } } });
    current = aged(600_001);
    await sees('#latency[data-state="warning"]', 'Warning: p95 is 10 min, above 10 min');
    current = aged(960_000);
    await sees('#latency[data-state="breach"]', 'Breach: p95 is 16 min, above 15 min');
    current = { ...current, latency: { ...demoLatency, sampleAge: null } };
    await sees('#latency[data-state="none"]', 'Nothing has come to the dashboard yet');
    current = { ...aged(960_000), clock: { ...current.clock, speed: null } };
    await sees('#latency[data-state="none"]', 'Not judged: p95 is 16 min');
  });

  it('names every step for those who do not see it, and the arrow keys go through them', async () => {
    await open(runningSnapshot(90));
    await sees('.arrow text.count', '900');
    for (const { id, path, does } of steps) {
      const name = (await badge(id).getAttribute('aria-label')) ?? '';
      expect(name).toContain(`Step ${id}, ${path} path: ${does}`);
    }
    expect(await badge('3').getAttribute('aria-label')).toContain('900 messages · 10/s');
    expect(await badge('15').getAttribute('aria-label')).toContain('comes with a later release');
    await badge('1').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await sees('#step-detail', 'Step 3: Copy of the raw device data');
    await page.keyboard.press('End');
    await sees('#step-detail', 'Step 18');
  });

  it.each([
    ['starting, light', startingSnapshot(), 'light'],
    ['running, light', runningSnapshot(90), 'light'],
    ['running, dark', runningSnapshot(90), 'dark'],
    ['every step alive, dark', everyStepAlive(runningSnapshot(90)), 'dark'],
    ['dashboard, light', dashboardSnapshot(600), 'light'],
    ['dashboard behind, dark', dashboardSnapshot(600, 10), 'dark'],
    ['losses, light', finishedSnapshot({ ...goodVerdict, lost: 3 }), 'light'],
    ['losses, dark', finishedSnapshot({ ...goodVerdict, lost: 3 }), 'dark'],
  ] as const)('has no accessibility fault that axe finds: %s', async (_, snapshot, colorScheme) => {
    await open(snapshot, { colorScheme });
    expect(await accessibilityFaults()).toEqual([]);
  });

  it('says the verdict in words, whether all arrived or not', async () => {
    await open(finishedSnapshot());
    await sees('#verdict[data-state="good"]', 'Nothing lost, nothing duplicated');
    current = finishedSnapshot({ ...goodVerdict, lost: 3, duplicated: 1, wrong: 4, deadLettered: 2 });
    await sees('#verdict[data-state="bad"]', '3 messages lost, 1 message duplicated, 4 wrong, 2 dead-lettered');
    await sees('#verdict .fault', 'lost3');
    const { hotPath } = goodVerdict;
    current = finishedSnapshot({
      ...goodVerdict,
      hotPath: hotPath && { ...hotPath, flags: { ...hotPath.flags, wrong: 1 }, rows: { ...hotPath.flags, lost: 2 } },
    });
    await sees('#verdict[data-state="bad"]', 'Nothing lost, nothing duplicated, 1 flag wrong, 2 rows lost');
    current = { ...current, clock: { ...current.clock, speed: null } };
    await sees('#clock', 'as fast as messages are acknowledged');
  });

  it('announces to a screen reader when the verdict is there', async () => {
    await open(runningSnapshot(1900));
    current = finishedSnapshot();
    await page.locator('#announcement').filter({ hasText: 'Verdict: Nothing lost' }).waitFor({ state: 'attached' });
  });

  it('says which endpoint is held and why', async () => {
    await open(runningSnapshot(90));
    const reason = 'identity id-raw lacks Storage Blob Data Contributor on container raw';
    current = {
      ...current,
      steps: current.steps.map((step) => (step.id === '3' ? { ...step, state: 'held', reason } : step)),
      endpoints: current.endpoints.map((each) =>
        each.name === 'raw' ? { ...each, state: 'held', waiting: 1, reason } : each,
      ),
    };
    await sees('#endpoints li[data-state="held"]', `held: ${reason}; 1 message waits`);
    await sees('.arrow[data-state="held"]', 'held');
    await badge('3').focus();
    await sees('#step-detail', `Held: ${reason}`);
  });

  it('says that the local cloud is gone, and comes back by itself', async () => {
    await open(runningSnapshot(90));
    await live.close();
    await sees('#connection', /Disconnected at .*, trying again/);
    current = runningSnapshot(100);
    live = await startLivePage({ port: Number(new URL(live.url).port), snapshot: () => current, log: noLog });
    await sees('#connection', 'Live');
    await sees('.arrow text.count', '1,000');
  });

  it('shows no device, sixty devices, and long ids without breaking the layout', async () => {
    await open(startingSnapshot());
    await sees('#devices', 'No device has sent yet.');
    current = runningSnapshot(90, 60);
    await sees('#devices', '60 devices');
    expect(await page.locator('#devices tbody tr').count()).toBe(60);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    current = runningSnapshot(90, 3);
    await sees('#devices', '3 devices');
    expect(await page.locator('#devices tbody tr').count()).toBe(3);
  });

  it('has words instead of the picture on a small screen, and nothing sticks out', async () => {
    await open(runningSnapshot(90, 12), { viewport: { width: 390, height: 844 } });
    await sees('#steps li', '1,080 messages');
    expect(await page.locator('#picture').isVisible()).toBe(false);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    current = dashboardSnapshot(600);
    await sees('#dashboard', 'Example, Ada');
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  });

  it('keeps still for those who want reduced motion', async () => {
    await open(runningSnapshot(90), { reducedMotion: 'reduce' });
    await page.evaluate(`new MutationObserver(() => {
      if (document.querySelector('.pulse')) document.body.dataset.moved = 'true';
    }).observe(document.querySelector('#picture svg'), { childList: true, subtree: true })`);
    current = runningSnapshot(125);
    await sees('.arrow text.count', '1,250');
    expect(await page.evaluate('document.body.dataset.moved')).toBeUndefined();
  });
});
