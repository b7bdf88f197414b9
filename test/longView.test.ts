import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import * as fc from 'fast-check';
import { longViewSettings } from '../runtime/contracts/appSettings';
import type { EnrichedMeasurement, VitalSample } from '../runtime/contracts/enriched';
import { unknownContext } from '../runtime/contracts/patientContext';
import { type BaselineFile, baselineEffectiveHours, type ScoredWindow } from '../runtime/contracts/scored';
import type { Vital } from '../runtime/contracts/scoringSource';
import { writeBaselines } from '../runtime/functions/baselines';
import { readLongWindows, readPartitions } from '../runtime/functions/longViewInputs';
import { LongWindows } from '../runtime/functions/longWindows';
import { BaselineStore } from '../runtime/lake/baselineStore';
import { BronzeReader } from '../runtime/lake/bronzeReader';
import { CapturedHub } from '../runtime/lake/capturedHub';
import { lakeIn } from '../runtime/lake/lakeContainer';
import { JsonContainer } from '../runtime/score/jsonContainer';
import { defaultKernelSettings } from '../runtime/scoring/kernelSettings';
import { CapturingHubs } from './support/capture';
import { CapturedPartitions } from './support/capturedFiles';
import { startOfTime, testContext } from './support/context';
import { until } from './support/eventHubs';
import { MemoryContainer } from './support/memoryLake';
import { startPackage } from './support/startPackage';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const windowMs = 5 * minute;
/** 2026-01-05T00:00:00Z. */
const midnight = startOfTime;

const logged: string[] = [];
const say = (line: string) => void logged.push(line);
const log = { info: say, warn: say, error: say };

beforeEach(() => logged.splice(0));

function window(
  patient: string,
  start: number,
  medians: Partial<Record<Vital, number>>,
  revision = 1,
  length = windowMs,
): ScoredWindow {
  const vitals = Object.fromEntries(Object.entries(medians).map(([vital, median]) => [vital, { median }]));
  const rest = { kind: 'window', patient, start, end: start + length, revision, corrected: revision > 1, vitals };
  return rest as unknown as ScoredWindow;
}

const mark = (time: number, source = '0', sources = 1) => ({
  ...{ kind: 'clockMark', source, sources, time: new Date(time).toISOString() },
});

describe('baselines', () => {
  let scored: MemoryContainer;
  let captured: CapturedPartitions;
  let baselines: MemoryContainer;

  beforeEach(() => {
    scored = new MemoryContainer();
    captured = new CapturedPartitions(scored, 'scored');
    baselines = new MemoryContainer();
  });

  const write = (scoredPartitions = ['0']) =>
    writeBaselines({ scored: new CapturedHub(scored, 'scored'), scoredPartitions, baselines, windowSeconds: 300 }, log);
  const fileOf = (version: string): BaselineFile | undefined => {
    const blob = baselines.blobs.get(`${version}.json`);
    return blob && (JSON.parse(blob.content.toString()) as BaselineFile);
  };

  test('are medians of the last revisions of a week’s windows, of those before the midnight alone', async () => {
    const messages = [
      window('a', midnight - windowMs, { heartRate: 70, temperature: 37 }),
      window('a', midnight - 2 * windowMs, { heartRate: 80 }),
      window('a', midnight - 3 * windowMs, { heartRate: 10 }),
      window('a', midnight - 3 * windowMs, { heartRate: 60 }, 2),
      window('a', midnight - 3 * windowMs, { heartRate: 10 }),
      window('b', midnight - 7 * day, { heartRate: 50 }),
      window('b', midnight - 8 * windowMs, { heartRate: 51 }),
      // Without a sample, of before the week, of the next day, and of another horizon.
      window('b', midnight - 9 * windowMs, {}),
      window('b', midnight - 7 * day - windowMs, { heartRate: 1 }),
      window('b', midnight, { heartRate: 2 }),
      window('b', midnight - day, { heartRate: 3 }, 1, day),
    ];
    const arrivals = messages.map((message) => ({ arrived: message.end + 2 * minute, message }));
    arrivals.sort((one, other) => one.arrived - other.arrived);
    for (const event of arrivals) await captured.add('0', [event]);
    await captured.add('0', [{ arrived: midnight + hour, message: mark(midnight + 40 * minute) }]);
    await write();
    expect(fileOf('2026-01-05')).toEqual({
      version: '2026-01-05',
      upTo: midnight,
      patients: {
        a: { medians: { heartRate: 70, temperature: 37 }, windows: 3 },
        b: { medians: { heartRate: 50.5 }, windows: 3 },
      },
    });
    expect(baselines.blobs.size).toBe(1);
    expect(logged).toEqual(['iomt.baselines state=written version=2026-01-05 patients=2']);
  });

  test('wait until every partition’s marks say that the day is out, and are then written once', async () => {
    await captured.add('0', [{ arrived: midnight, message: window('a', midnight - windowMs, { heartRate: 70 }) }]);
    await captured.add('0', [{ arrived: midnight + hour, message: mark(midnight + 40 * minute) }]);
    await write(['0', '1']);
    expect(baselines.blobs.size).toBe(0);
    await captured.add('1', [{ arrived: midnight + hour, message: mark(midnight - minute) }]);
    await write(['0', '1']);
    // All but the last window of the day: the version of the midnight before it is due.
    expect([...baselines.blobs.keys()]).toEqual(['2026-01-04.json']);
    await captured.add('1', [{ arrived: midnight + 2 * hour, message: mark(midnight) }]);
    await write(['0', '1']);
    const [written] = [...baselines.blobs].slice(-1);
    expect(written?.[0]).toBe('2026-01-05.json');

    await captured.add('0', [
      { arrived: midnight + 3 * hour, message: window('a', midnight - windowMs, { heartRate: 90 }, 2) },
      { arrived: midnight + 3 * hour, message: mark(midnight + 2 * hour) },
    ]);
    await write(['0', '1']);
    expect(baselines.blobs.get('2026-01-05.json')).toEqual(written?.[1]);
  });

  test('are the same whatever the order and number of times in which windows came', async () => {
    const windowsArbitrary = fc.array(
      fc.record({
        patient: fc.constantFrom('a', 'b'),
        place: fc.integer({ min: 1, max: 6 }),
        rate: fc.integer({ min: 40, max: 90 }),
      }),
      { minLength: 1, maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(windowsArbitrary, fc.array(fc.nat(), { maxLength: 30 }), async (given, shuffle) => {
        const revisions = new Map<string, number>();
        const all = given.map(({ patient, place, rate }) => {
          const revision = (revisions.get(`${patient}${place}`) ?? 0) + 1;
          revisions.set(`${patient}${place}`, revision);
          return window(patient, midnight - place * windowMs, { heartRate: rate }, revision);
        });
        const shuffled = [...all, ...all.slice(0, 3)];
        for (const [index, other] of shuffle.entries()) {
          const [at, to] = [index % shuffled.length, other % shuffled.length];
          [shuffled[at], shuffled[to]] = [shuffled[to] as ScoredWindow, shuffled[at] as ScoredWindow];
        }
        const contents = [];
        for (const order of [all, shuffled]) {
          scored = new MemoryContainer();
          captured = new CapturedPartitions(scored, 'scored');
          baselines = new MemoryContainer();
          await captured.add(
            '0',
            order.map((message) => ({ arrived: midnight, message })),
          );
          await captured.add('0', [{ arrived: midnight + hour, message: mark(midnight) }]);
          await write();
          contents.push(baselines.blobs.get('2026-01-05.json')?.content.toString());
        }
        expect(contents[0]).toBe(contents[1]);
        // Each window counts by its last revision.
        const last = new Map(all.map((one) => [`${one.patient}${one.start}`, one]));
        const rates = [...last.values()].filter(({ patient }) => patient === 'a');
        const sorted = rates.map(({ vitals }) => vitals.heartRate?.median as number).sort((one, other) => one - other);
        const middle = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]] as number[];
        const file = JSON.parse(contents[0] ?? '') as BaselineFile;
        if (sorted.length > 0)
          expect(file.patients.a?.medians.heartRate).toBe(((middle[0] as number) + (middle[1] as number)) / 2);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test('take effect hours after their midnight; a window is not ready for one that is not there', async () => {
    const store = new BaselineStore(baselines);
    const effective = midnight + baselineEffectiveHours * hour;
    const file = { version: '2026-01-05', upTo: midnight, patients: { a: { medians: { heartRate: 70 }, windows: 1 } } };
    expect(await store.baselineFor(effective)).toEqual({ version: null, reason: 'notReady', patients: {} });
    await baselines.create('2026-01-05.json', file);
    expect(await store.baselineFor(effective)).toEqual({ version: '2026-01-05', patients: file.patients });
    expect(await store.baselineFor(effective - 1)).toMatchObject({ version: null, reason: 'notReady' });
    baselines.blobs.clear();
    expect(await store.baselineFor(effective + day - 1)).toMatchObject({ version: '2026-01-05' });
    await baselines.create('2026-01-06.json', file);
    await expect(store.baselineFor(effective + day)).rejects.toThrow('2026-01-06.json');
  });
});

const sample = (vital: Vital, value: number): VitalSample => ({ vital, value, priority: 0 });

function measurement(
  patient: string,
  time: number,
  samples: readonly VitalSample[],
  late = false,
): EnrichedMeasurement {
  const key = `000000000000${(time % 1e10).toString(16).padStart(16, '0')}`;
  return {
    ...{ kind: 'measurement', patient, time, arrival: time, late, key, source: 'device', type: 'vitals', samples },
    context: unknownContext,
  };
}

describe('long windows', () => {
  let bronze: MemoryContainer;
  let scored: MemoryContainer;
  let enrichedFiles: CapturedPartitions;
  let scoredFiles: CapturedPartitions;
  let kept: MemoryContainer;
  let sent: ScoredWindow[];
  let isDead: boolean;

  beforeEach(() => {
    bronze = new MemoryContainer();
    scored = new MemoryContainer();
    enrichedFiles = new CapturedPartitions(bronze, 'enriched');
    scoredFiles = new CapturedPartitions(scored, 'scored');
    kept = new MemoryContainer();
    sent = [];
    isDead = false;
  });

  /** As after a start: nothing but the lake is known. */
  function tick(): Promise<void> {
    const enriched = new CapturedHub(bronze, 'enriched');
    const hub = {
      send: async (windows: readonly ScoredWindow[]) => {
        if (isDead) throw new Error('killed');
        sent.push(...windows);
      },
    };
    return new LongWindows({
      settings: defaultKernelSettings,
      lengths: [86_400],
      scored: new CapturedHub(scored, 'scored'),
      scoredPartitions: ['0'],
      enriched,
      enrichedPartitions: ['0'],
      bronze: new BronzeReader(enriched),
      baselines: new BaselineStore(kept),
      kept,
      hub,
    }).tick(log);
  }

  const enqueue = (arrived: number, ...messages: unknown[]) =>
    enrichedFiles.add(
      '0',
      messages.map((message) => ({ arrived, message })),
    );
  const publish = (arrived: number, ...messages: unknown[]) =>
    scoredFiles.add(
      '0',
      messages.map((message) => ({ arrived, message })),
    );
  const publishDay = async (patients: readonly string[], revision = 1) => {
    for (const patient of patients)
      await publish(midnight + day + 2 * minute, window(patient, midnight, { heartRate: 60 }, revision));
  };
  /** Marks of both hubs that say that all up to then is out. */
  async function marks(time: number): Promise<void> {
    await enqueue(time + hour, mark(time + 2 * minute));
    await publish(time + hour, mark(time));
  }

  test('are scored from all measurements of a day, a value a minute, with their horizon and without a decision', async () => {
    for (let at = 0; at < 100; at++) {
      const time = midnight + at * 30_000;
      const samples = [sample('heartRate', at % 2 === 0 ? 1 : 100 + at), sample('respirationRate', 16)];
      await enqueue(time, measurement('a', time, samples), measurement('a', time, samples));
    }
    await enqueue(midnight, measurement('b', midnight, [sample('temperature', 41)]));
    await publishDay(['a', 'b', 'c']);
    await marks(midnight + day);
    await tick();
    expect(sent.map(({ patient }) => patient)).toEqual(['a', 'b']);
    expect(sent[0]).toMatchObject({
      ...{ kind: 'window', start: midnight, end: midnight + day, horizon: 'PT24H', revision: 1, corrected: false },
      vitals: {
        // The later one of each minute.
        heartRate: { count: 50, superseded: 50, median: 150, min: 101, max: 199, last: 199 },
        respirationRate: { count: 50, median: 16 },
      },
      news2: { complete: false },
      flag: { action: 'none', level: null, since: null },
      dataGap: { action: 'none', vitals: [] },
      baseline: { version: null, reason: 'notReady' },
      prediction: null,
    });
    expect(sent[1]?.flag).toMatchObject({ action: 'none', level: null });
  });

  test('are sent once, however often it is looked; not before the marks of both hubs say that the day is out', async () => {
    await enqueue(midnight, measurement('a', midnight, [sample('heartRate', 60)]));
    await publishDay(['a']);
    await tick();
    await publish(midnight + day + hour, mark(midnight + day));
    await tick();
    // Without the lateness of the last window.
    await enqueue(midnight + day + hour, mark(midnight + day + 2 * minute - 1));
    await tick();
    expect(sent).toEqual([]);
    await enqueue(midnight + day + hour, mark(midnight + day + 2 * minute));
    await tick();
    expect(sent).toHaveLength(1);
    await tick();
    await marks(midnight + day + 3 * hour);
    await tick();
    expect(sent).toHaveLength(1);
  });

  test('are corrected by data that came late, for the patients it is about, and only when they say something else', async () => {
    for (const patient of ['a', 'b'])
      await enqueue(midnight, measurement(patient, midnight, [sample('heartRate', 60)]));
    await publishDay(['a', 'b']);
    await marks(midnight + day);
    await tick();
    await enqueue(midnight + day + 5 * hour, measurement('a', midnight + hour, [sample('heartRate', 90)], true));
    await publishDay(['a'], 2);
    // A revision of the other that the long window does not show.
    await publishDay(['b'], 2);
    await marks(midnight + day + 6 * hour);
    await tick();
    await tick();
    expect(sent.map(({ patient, revision, corrected }) => [patient, revision, corrected])).toEqual([
      ['a', 1, false],
      ['b', 1, false],
      ['a', 2, true],
    ]);
    expect(sent.at(-1)?.vitals.heartRate).toMatchObject({ count: 2, max: 90 });
  });

  test('are the same again where it died before they were sent', async () => {
    await enqueue(midnight, measurement('a', midnight, [sample('heartRate', 60)]));
    await publishDay(['a']);
    await marks(midnight + day);
    isDead = true;
    await expect(tick()).rejects.toThrow('killed');
    // In the meantime something came late.
    await enqueue(midnight + day + 5 * hour, measurement('a', midnight + hour, [sample('heartRate', 90)], true));
    await publishDay(['a'], 2);
    await marks(midnight + day + 6 * hour);
    await expect(tick()).rejects.toThrow('killed');
    isDead = false;
    await tick();
    expect(sent.map(({ revision, corrected }) => [revision, corrected])).toEqual([
      [1, false],
      [2, true],
    ]);
    await tick();
    expect(sent).toHaveLength(2);
    expect(logged.some((line) => line.startsWith('iomt.held step=long-windows'))).toBe(true);
  });

  test('are compared with the baseline in effect when the day began', async () => {
    await enqueue(midnight, measurement('a', midnight, [sample('heartRate', 60)]));
    const baseline = {
      version: '2026-01-04',
      upTo: midnight - day,
      patients: { a: { medians: { heartRate: 50 }, windows: 9 } },
    };
    await kept.create('2026-01-04.json', baseline);
    await publishDay(['a']);
    await marks(midnight + day);
    await tick();
    expect(sent[0]).toMatchObject({ baseline: { version: '2026-01-04' }, trend: { fromBaseline: { heartRate: 10 } } });
  });
});

describe('settings', () => {
  test('durations that are long windows are lengths; all that are wrong are named at once', () => {
    expect(readLongWindows('["PT24H","P1D","PT1H30M","P7D"]', defaultKernelSettings)).toEqual([86_400, 5_400, 604_800]);
    expect(() => readLongWindows('["PT24H","PT5M","P8D","PT7M","1 day",3]', defaultKernelSettings)).toThrow(
      'has "PT5M", "P8D", "PT7M", "1 day", 3; allowed are',
    );
    expect(() => readLongWindows('{}', defaultKernelSettings)).toThrow('LONG_WINDOWS is not a JSON array');
  });

  test('partitions are a number', () => {
    expect(readPartitions('SCORED_PARTITIONS', '3')).toEqual(['0', '1', '2']);
    expect(() => readPartitions('SCORED_PARTITIONS', 'all')).toThrow("SCORED_PARTITIONS is 'all'");
  });
});

describe('the package', () => {
  const bundle = join(__dirname, '..', 'dist', 'functions', 'long-view', 'main.js');
  const settings = {
    ...Object.fromEntries(longViewSettings.map((name) => [name, name.toLowerCase()])),
    ...{ KERNEL_SETTINGS: '{}', LONG_WINDOWS: '["PT24H"]', SCORED_PARTITIONS: '4', ENRICHED_PARTITIONS: '4' },
    ...{ SCORED_CONTAINER_URL: 'https://localhost/st/scored', BRONZE_CONTAINER_URL: 'https://localhost/st/bronze' },
    BASELINES_CONTAINER_URL: 'https://localhost/st/baselines',
  };

  test('is one file that registers both timers', async () => {
    const { registered } = await startPackage(bundle, settings);
    expect(Object.keys(registered)).toEqual(['baselines', 'longWindows']);
    expect(registered.baselines?.trigger).toMatchObject({ type: 'timerTrigger', schedule: '%BASELINES_SCHEDULE%' });
    expect(registered.longWindows?.trigger).toMatchObject({
      type: 'timerTrigger',
      schedule: '%LONG_WINDOWS_SCHEDULE%',
    });
  });

  test('does not start on settings that are missing or wrong', async () => {
    const { LAKE_CLIENT_ID, ENRICHED_HUB, ...some } = settings as Record<string, string>;
    await expect(startPackage(bundle, some)).rejects.toThrow(
      'The app settings ENRICHED_HUB, LAKE_CLIENT_ID are missing.',
    );
    const wrong = { ...settings, LONG_WINDOWS: '["PT5M"]' };
    await expect(startPackage(bundle, wrong)).rejects.toThrow('LONG_WINDOWS has "PT5M"');
  });
});

test('through captured hubs and a lake: baselines and long windows by their own identity, once', async () => {
  const trusted = getCACertificates('default');
  const context = await testContext();
  setDefaultCACertificates([...trusted, context.certificates.authority]);
  const capturing = await new CapturingHubs(context).start();
  try {
    const enrichedId = await capturing.hub('enriched', { container: 'bronze' });
    const scoredId = await capturing.hub('scored', { container: 'scored' });
    const send = (hub: string, ...messages: unknown[]) =>
      capturing.send(
        hub,
        'a',
        messages.map((message) => JSON.stringify(message)),
      );
    await context.clock.advanceTo(midnight + hour);
    await send(enrichedId, measurement('a', midnight + hour, [sample('heartRate', 72)]));
    await context.clock.advanceTo(midnight + day + 3 * minute);
    await send(enrichedId, mark(midnight + day + 2 * minute));
    await send(scoredId, window('a', midnight + hour, { heartRate: 72 }), mark(midnight + day));
    const enriched = new CapturedHub(lakeIn(capturing.container('bronze')), 'enriched');
    const scored = new CapturedHub(lakeIn(capturing.container('scored')), 'scored');
    const baselines = new JsonContainer(capturing.container('baselines'));
    const tools = {
      ...{ settings: defaultKernelSettings, lengths: [86_400], scored, scoredPartitions: ['0'], enriched },
      ...{ enrichedPartitions: ['0'], bronze: new BronzeReader(enriched), baselines: new BaselineStore(baselines) },
      ...{ kept: baselines, hub: { send: (windows: readonly ScoredWindow[]) => send(scoredId, ...windows) } },
    };
    const captureDone = () => until('all is captured', () => capturing.hubs.isCaptured());
    await captureDone();
    for (let round = 0; round < 2; round++) {
      await writeBaselines({ scored, scoredPartitions: ['0'], baselines, windowSeconds: 300 }, log);
      await new LongWindows(tools).tick(log);
      await captureDone();
    }
    expect(await tools.baselines.baselineFor(midnight + day + 6 * hour)).toMatchObject({
      version: '2026-01-06',
      patients: { a: { medians: { heartRate: 72 }, windows: 1 } },
    });
    const windows = [];
    for await (const events of scored.events('0')) {
      for (const { body } of events) windows.push(JSON.parse(body.toString()));
    }
    const long = windows.filter(({ horizon }) => horizon === 'PT24H');
    expect(long).toMatchObject([{ patient: 'a', revision: 1, vitals: { heartRate: { count: 1, median: 72 } } }]);
  } finally {
    await capturing.close();
    context.close();
    setDefaultCACertificates(trusted);
  }
});
