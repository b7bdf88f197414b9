import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventHubConsumerClient } from '@azure/event-hubs';
import fc from 'fast-check';
import { Blobs } from '../local/blobs/blobs';
import type { EventHubEvent } from '../local/contracts';
import { compare, type Evidence } from '../local/judge/compare';
import type { Copy } from '../local/judge/copies';
import { delays } from '../local/judge/delays';
import { readDeviceData } from '../local/judge/deviceData';
import { episodesOf } from '../local/judge/episodes';
import { compareHotPath, type HotPathEvidence } from '../local/judge/hotPath';
import { drainHotPath } from '../local/judge/hotPathDrain';
import { readHotPath } from '../local/judge/hotPathRecord';
import { judge } from '../local/judge/judge';
import { cellsOf, compareCells, type ObservationRead } from '../local/judge/observations';
import { RawCopies } from '../local/judge/rawCopies';
import { drainScoring } from '../local/judge/scored';
import { describeFindings, isGood, verdictOf } from '../local/judge/verdict';
import { DeviceDataWatch } from '../local/judge/watch';
import { compareWindows, type WindowComparison, type WindowRead } from '../local/judge/windows';
import { type TelemetryMessage, telemetryMessages } from '../local/replay/message';
import type { ScoredWindow } from '../runtime/contracts/scored';
import type { Vital } from '../runtime/contracts/scoringSource';
import { provisionWriterAccounts } from './support/blobAccounts';
import { type TestContext, testContext } from './support/context';
import { hubIdOf, TestEventHubs, trust, until } from './support/eventHubs';
import { FhirInProcess } from './support/fhirInProcess';
import { HotPathStep, scored, stay } from './support/hotPathStep';
import { dayStart, KernelPatient, normalCharted, normalDevice } from './support/kernelPatient';

const start = Date.parse('2026-01-05T00:00:00Z');
const minute = 60_000;

const messagesOf = (hr: readonly number[]) =>
  telemetryMessages(
    hr.map((value, index) => ({
      deviceId: `bed-${index % 3}`,
      offsetMs: index * minute,
      vitals: { hr: value, spo2: 98 },
    })),
    start,
  );

function copyOf(message: TelemetryMessage, enqueuedAt = message.creationTime): Copy {
  return { key: message.messageId, deviceId: message.deviceId, enqueuedAt, body: JSON.parse(message.body.toString()) };
}

const recordings = fc.array(fc.integer({ min: 30, max: 200 }), { minLength: 1, maxLength: 30 }).map(messagesOf);
const onePlace = fc.constantFrom('deviceData' as const, 'raw' as const);

/** What lies there when nothing went wrong: in both places once, in any order. */
function allWell(expected: TelemetryMessage[]): Evidence {
  const copies = expected.map((message) => copyOf(message));
  const accepted = new Map(expected.map((message) => [message.messageId, 1]));
  return { expected, deviceData: copies, raw: copies.toReversed(), accepted, startedAt: start };
}

const clean = { lost: [] as string[], duplicated: [] as string[], wrong: [] as string[], redelivered: 0 };

describe('the comparison', () => {
  /** Breaks the evidence on one message in one place, and says what must be found. */
  function finds(
    breakIt: (copies: readonly Copy[], at: number, key: string) => Copy[],
    found: (key: string, n: number, place: string) => object,
  ) {
    fc.assert(
      fc.property(recordings, onePlace, fc.nat(), (expected, place, seed) => {
        const good = allWell(expected);
        const key = expected[seed % expected.length]?.messageId ?? '';
        const at = good[place].findIndex((copy) => copy.key === key);
        const n = expected.length;
        const broken = compare({ ...good, [place]: breakIt(good[place], at, key) });
        expect(broken).toEqual({ ...clean, sent: n, devicedata: n, raw: n, ...found(key, n, place) });
      }),
    );
  }

  test('finds nothing where all is well', () =>
    finds(
      (copies) => [...copies],
      () => ({}),
    ));

  test('finds exactly the message that is missing in one place', () =>
    finds(
      (copies, at) => copies.toSpliced(at, 1),
      (key, n, place) => ({ lost: [key], [place === 'raw' ? 'raw' : 'devicedata']: n - 1 }),
    ));

  test('finds exactly the message that lies there once more than the hub accepted it', () =>
    finds(
      (copies, at) => [...copies, copies[at] as Copy],
      (key) => ({ duplicated: [key] }),
    ));

  test.each<[string, (copy: Copy) => Partial<Copy>]>([
    ['a value', (copy) => ({ body: { ...(copy.body as object), hr: 29 } })],
    ['a vital more', (copy) => ({ body: { ...(copy.body as object), resp: 15 } })],
    ['a vital less', (copy) => ({ body: { time: (copy.body as { time: string }).time, spo2: 98 } })],
    ['the time', (copy) => ({ body: { ...(copy.body as object), time: '2026-01-06T00:00:00.000Z' } })],
    ['the device', () => ({ deviceId: 'bed-9' })],
    ['a body that is not JSON', () => ({ body: undefined })],
    ['a body in base64', (copy) => ({ body: Buffer.from(JSON.stringify(copy.body)).toString('base64') })],
  ])('finds exactly the message that differs in %s', (_, change) =>
    finds(
      (copies, at) => copies.with(at, { ...(copies[at] as Copy), ...change(copies[at] as Copy) }),
      (key) => ({ wrong: [key] }),
    ),
  );

  test('counts as redelivered what the hub accepted again, as duplicated only what is beyond that', () => {
    const expected = messagesOf([60, 61]);
    const [first, second] = allWell(expected).deviceData as [Copy, Copy];
    const twice = [first, second, first];
    const accepted = new Map([[first.key, 2]]);
    const good = { expected, accepted, startedAt: start, deviceData: twice, raw: twice };
    expect(compare(good)).toMatchObject({ ...clean, redelivered: 1 });
    expect(compare({ ...good, raw: [...twice, first] })).toMatchObject({
      ...clean,
      redelivered: 1,
      duplicated: [first.key],
    });
  });

  test('of a second replay counts the first one as redelivered, and does not take its copies for the second one', () => {
    const expected = messagesOf([60, 61, 62]);
    const later = start + 1000 * minute;
    const earlier = expected.map((message) => copyOf(message));
    const now = expected.map((message) => copyOf(message, later));
    const accepted = new Map(expected.map((message) => [message.messageId, 2]));
    const both = [...earlier, ...now];
    const good = { expected, accepted, startedAt: later, deviceData: both, raw: both };
    expect(compare(good)).toMatchObject({ ...clean, devicedata: 3, raw: 3, redelivered: 3 });
    const lost = compare({ ...good, raw: [...earlier, ...now.slice(1)] });
    expect(lost).toMatchObject({ ...clean, lost: [now[0]?.key], raw: 2, redelivered: 3 });
  });
});

test('delays are from the first sending to the first receipt, by nearest rank', () => {
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  const sent = new Map(keys.map((key) => [key, 1000]));
  const received = new Map(keys.map((key, index) => [key, 1001 + index]));
  expect(delays(sent, received)).toEqual({ p50: 10, p95: 19 });
  expect(delays(sent, new Map())).toEqual({ p50: null, p95: null });
});

/** As the connector writes them: one Observation a value, by codes. */
function observationsOf({ deviceId, creationTime, body }: TelemetryMessage): ObservationRead[] {
  const { hr, spo2 } = JSON.parse(body.toString()) as Record<string, number>;
  const common = {
    meta: { versionId: '1' },
    subject: { reference: `Patient/of-${deviceId}` },
    device: { reference: `Device/d-${deviceId}` },
    effectiveDateTime: new Date(creationTime).toISOString(),
  };
  return [
    { ...common, code: coded('364075005'), valueQuantity: { value: hr } },
    { ...common, code: coded('2708-6'), valueQuantity: { value: spo2 } },
  ];
}

const coded = (code: string) => ({ coding: [{ code }] });

const identities = {
  deviceIds: new Map([0, 1, 2].map((bed) => [`d-bed-${bed}`, `bed-${bed}`])),
  wearer: (deviceId: string) => `of-${deviceId}`,
};

describe('the record in FHIR', () => {
  const expected = messagesOf([60, 61, 62]);
  const cells = cellsOf(expected);
  const all = expected.flatMap(observationsOf);
  const first = `bed-0 ${new Date(start).toISOString()} hr`;
  const changed = (change: Partial<ObservationRead>) => all.map((each, i) => (i === 0 ? { ...each, ...change } : each));

  test('has each value once, under the patient who wore the device', () => {
    expect(compareCells(cells, all, identities)).toEqual({
      ...{ cells: 6, found: 6, lost: [], duplicated: [], wrong: [], rewritten: 0 },
    });
  });

  test.each<[string, ObservationRead[], object]>([
    ['is not there', all.slice(1), { found: 5, lost: [first] }],
    ['is there twice', [...all, all[0] as ObservationRead], { found: 6, duplicated: [first] }],
    ['has another value', changed({ valueQuantity: { value: 59.9 } }), { wrong: [first] }],
    ['is under another patient', changed({ subject: { reference: 'Patient/of-bed-1' } }), { wrong: [first] }],
    ['was written again', changed({ meta: { versionId: '2' } }), { rewritten: 1, wrong: [] }],
    ['has another time', changed({ effectiveDateTime: '2020-01-01T00:00:00Z' }), { lost: [first] }],
  ])('tells a value that %s', (_, observations, finding) => {
    expect(compareCells(cells, observations, identities)).toMatchObject(finding);
  });

  test('scores among them are no readings: they are written again when their window is scored again', () => {
    const score = { meta: { versionId: '3' }, category: [coded('survey')], code: coded('total') };
    expect(compareCells(cells, [...all, score], identities)).toMatchObject({ found: 6, rewritten: 0 });
  });

  test('is also read from components, samples of an hour, and answer codes', () => {
    const [message] = telemetryMessages(
      [{ deviceId: 'bed-0', offsetMs: 2 * minute, vitals: { nbpsys: 120, resp: 15, avpu: 0, oxygen: 1, mood: 3 } }],
      start,
    );
    const expectedCells = cellsOf([message as TelemetryMessage]);
    const common = observationsOf(message as TelemetryMessage)[0] as ObservationRead;
    const { effectiveDateTime, valueQuantity, ...rest } = common;
    const observations: ObservationRead[] = [
      {
        ...rest,
        code: coded('85354-9'),
        effectiveDateTime,
        component: [{ code: coded('76534-7'), valueQuantity: { value: 120 } }],
      },
      {
        ...rest,
        code: coded('9279-1'),
        effectivePeriod: { start: new Date(start).toISOString() },
        valueSampledData: { period: minute, data: 'E E 15 E' },
      },
      { ...rest, code: coded('67775-7'), effectiveDateTime, valueCodeableConcept: coded('LA9340-6') },
      { ...rest, code: coded('57485005'), effectiveDateTime, valueCodeableConcept: coded('371825009') },
    ];
    expect(compareCells(expectedCells, observations, identities)).toMatchObject({ cells: 4, found: 4, wrong: [] });
    const onAir = { ...rest, code: coded('57485005'), effectiveDateTime, valueCodeableConcept: coded('722742002') };
    expect(compareCells(expectedCells, [...observations.slice(0, 3), onAir], identities).wrong).toHaveLength(1);
  });
});

describe('the comparison of windows', () => {
  const cell = (column: string, at: number, value: number) => ({ deviceId: 'bed-1', time: start + at, column, value });
  const cells = [
    cell('hr', 0, 60),
    cell('pulse', 0, 58),
    cell('hr', minute, 64),
    cell('pulse', 2 * minute, 70),
    cell('spo2', 0, 0),
    cell('avpu', 0, 1),
    cell('abpmean', 0, 90),
    cell('hr', 6 * minute, 61),
  ];
  const facts = {
    cells,
    wearer: (deviceId: string) => `patient-${deviceId}`,
    presentFrom: start - 5 * minute,
    windowMs: 5 * minute,
    sampleMs: 1000,
    isPlausible: (_: string, value: number) => value > 0,
  };
  const none = { median: null, min: null, max: null, last: null, lastTime: null, slope: null };
  const summary = { count: 0, superseded: 0, longestGapSeconds: 300, used: null, source: null, ...none };
  const coded = { ...summary, count: 1, last: 5, lastTime: start, used: 5, source: 'device' as const };
  const heartRate = { ...summary, count: 3, superseded: 1, median: 64, min: 60, max: 70, last: 70, used: 64 };
  const window = (at: number, vitals: WindowRead['vitals'], revision = 1): WindowRead => {
    const from = start + at * minute;
    return { patient: 'patient-bed-1', start: from, end: from + 5 * minute, revision, vitals };
  };
  const empty = window(-5, {});
  const first = window(0, {
    heartRate: { ...heartRate, source: 'device', lastTime: start + 2 * minute },
    oxygenSaturation: { ...summary, rejected: { implausible: 1 } },
    consciousness: coded,
  });
  const last = window(5, {
    heartRate: { ...summary, count: 1, median: 61, min: 61, max: 61, last: 61, lastTime: start + 6 * minute },
    consciousness: { ...summary, used: 5, carriedSeconds: 600, source: 'device' },
  });

  test('finds every window, the empty ones before the first reading too, and every sample once', () =>
    expect(compareWindows([empty, first, last], facts)).toEqual({
      ...{ expected: 3, found: 3, lost: [], duplicated: [], wrong: [], revised: 0 },
      samples: { expected: 7, found: 7 },
    }));

  test('goes by the last revision, and names what is lost, doubled or wrong', () => {
    const name = (at: number) => `patient-bed-1 ${new Date(start + at * minute).toISOString()}`;
    const without = { ...first, vitals: { ...first.vitals, heartRate: { ...heartRate, median: 60 } } };
    expect(compareWindows([empty, without, last], facts).wrong).toEqual([name(0)]);
    expect(compareWindows([{ ...first, revision: 2 }, empty, without, last], facts)).toMatchObject({
      ...{ wrong: [], revised: 1, duplicated: [] },
    });
    expect(compareWindows([empty, first, without, last], facts).duplicated).toEqual([name(0)]);
    expect(compareWindows([first, last], facts).lost).toEqual([name(-5)]);
    const missed = { ...last, vitals: {} };
    expect(compareWindows([empty, first, missed], facts)).toMatchObject({
      wrong: [name(5)],
      samples: { expected: 7, found: 6 },
    });
    const ofDay = { ...first, end: first.start + 24 * 60 * minute, vitals: {} };
    expect(compareWindows([empty, first, last, ofDay], facts)).toEqual(compareWindows([empty, first, last], facts));
    const stranger = window(5, first.vitals);
    expect(compareWindows([empty, first, stranger], facts).wrong).toEqual([name(5)]);
  });
});

/** A window of a patient as far as the judge reads it; calm and complete where nothing else is said. */
function scoredWindow(at: number, change: Partial<ScoredWindow> = {}): ScoredWindow {
  const from = start + at * minute;
  const news2 = { complete: true, total: 1, band: 'low' };
  return {
    ...{ kind: 'window', patient: 'a', start: from, end: from + 5 * minute, horizon: 'PT5M', revision: 1 },
    ...{ corrected: false, news2, monitoringEnd: null },
    flag: { action: 'none', level: null, since: null, rule: 'below', mayLower: false },
    dataGap: { action: 'none', vitals: [], since: null },
    ...change,
  } as ScoredWindow;
}

const flagged = (level: 'low-medium' | 'medium' | 'high' | null, since: number | null, mayLower = false) => ({
  flag: { action: 'keep' as const, level, since: since === null ? null : start + since * minute, rule: '', mayLower },
});
const gap = (since: number | null, ...vitals: Vital[]) => ({
  dataGap: { action: 'keep' as const, vitals, since: since === null ? null : start + since * minute },
});

describe('the wait for windows', () => {
  const none = { expected: 2, found: 2, lost: [], duplicated: [], wrong: [], revised: 0 };
  /** Time that goes on makes a window of those who are there, each time; a missing one comes with the step that is said. */
  function scoring(comesWithStep: number) {
    let [now, steps, news] = [0, 0, Date.now()];
    const advanceTo = async (time: number) => {
      now = time;
      steps += 1;
      news = Date.now();
    };
    const lost = () => (steps < comesWithStep ? ['the second'] : []);
    return drainScoring({
      ...{ clock: { now: () => now, advanceTo }, newsAt: () => news, closesAfterMs: 1 },
      compare: () => ({ ...none, lost: lost(), samples: { expected: 6, found: 6 } }),
      ...{ quietMs: 60, settleMs: 5, pollMs: 1 },
    });
  }

  test('ends when all are there, though time makes more of them, and when no more of them come', async () => {
    expect((await scoring(3)).lost).toEqual([]);
    expect((await scoring(Number.POSITIVE_INFINITY)).lost).toEqual(['the second']);
  });
});

describe('the episodes that follow from windows', () => {
  const stood = (windows: readonly ScoredWindow[]) =>
    episodesOf(windows).map(({ since, level, ended, changes }) => [
      ...[(since - start) / minute, level, changes],
      ended && `${ended.reason} ${(ended.time - start) / minute}`,
    ]);

  test('begin, rise, are lowered and end; two of them are two', () => {
    const windows = [
      scoredWindow(0),
      scoredWindow(5, flagged('low-medium', 5)),
      scoredWindow(10, flagged('high', 5)),
      scoredWindow(15, flagged('high', 5)),
      scoredWindow(20, flagged('medium', 5, true)),
      scoredWindow(25, flagged(null, null, true)),
      scoredWindow(30, flagged('high', 30)),
    ];
    expect(stood(windows)).toEqual([
      [5, 'medium', 4, 'improved 30'],
      [30, 'high', 1, null],
    ]);
  });

  test('end with the monitoring, though not before they stood; missing data ends nothing', () => {
    const left = (time: number) => ({ monitoringEnd: { time: start + time * minute, basis: 'encounter' as const } });
    const windows = [
      scoredWindow(0, flagged('high', 0)),
      scoredWindow(5, { ...flagged('high', 0), ...gap(5, 'heartRate') }),
      scoredWindow(10, { ...flagged('high', 0), ...gap(5, 'heartRate', 'oxygenSaturation'), ...left(12) }),
    ];
    expect(stood(windows)).toEqual([
      [0, 'high', 2, 'monitoringEnded 12'],
      [5, null, 3, 'monitoringEnded 12'],
    ]);
    expect(stood([scoredWindow(0, { ...flagged('high', 0), ...left(2) })])).toEqual([
      [0, 'high', 2, 'monitoringEnded 5'],
    ]);
    expect(stood([scoredWindow(0, gap(0, 'heartRate')), scoredWindow(5)])).toEqual([[0, null, 2, 'dataReturned 10']]);
    // What was late and raises a flag for one who has gone by then.
    const late = { revision: 2, corrected: true };
    expect(
      stood([scoredWindow(0), scoredWindow(5, left(7)), scoredWindow(0, { ...flagged('high', 0), ...late })]),
    ).toEqual([[0, 'high', 2, 'monitoringEnded 7']]);
  });

  test('are raised by what is corrected, and not lowered by it; a revision that is not newer counts for nothing', () => {
    const corrected = (revision: number) => ({ revision, corrected: true });
    const windows = [
      scoredWindow(0),
      scoredWindow(5),
      scoredWindow(0, { ...flagged('high', 0), ...corrected(2) }),
      scoredWindow(5, { ...flagged(null, null, true), ...corrected(2) }),
      scoredWindow(0, { ...flagged('medium', 0, true), ...corrected(3) }),
      scoredWindow(0),
      scoredWindow(10, flagged(null, null, false)),
    ];
    expect(stood(windows)).toEqual([[0, 'high', 1, null]]);
    expect(stood([...windows, scoredWindow(15, flagged(null, null, true))])).toEqual([[0, 'high', 2, 'improved 20']]);
  });
});

describe('what the hot path wrote down', () => {
  const windows = [
    scoredWindow(0),
    scoredWindow(5, { ...flagged('high', 5), news2: { complete: false, total: null, band: 'high' } as never }),
    scoredWindow(10, { news2: { complete: false, total: null, band: 'low' } as never, ...flagged('high', 5) }),
    scoredWindow(10, { revision: 2, corrected: true, ...flagged('high', 5) }),
    scoredWindow(15, { news2: null, ...flagged('high', 5) }),
    scoredWindow(0, { end: start + 24 * 60 * minute, horizon: 'PT24H' }),
  ];
  const at = (offset: number) => new Date(start + offset * minute).toISOString();
  const written = (key: string, status: string, rest: object = {}) => ({
    ...{ key, revision: 1, status, versions: 1, resolves: true, ...rest },
  });
  const corrected = { revision: 2, versions: 2 };
  const well: HotPathEvidence = {
    windows,
    horizonMs: 5 * minute,
    assessments: [
      { ...written(`a ${at(0)}/${at(5)}`, 'final'), band: 'low' },
      { ...written(`a ${at(5)}/${at(10)}`, 'preliminary'), band: 'high' },
      { ...written(`a ${at(10)}/${at(15)}`, 'corrected', corrected), band: 'low' },
      { ...written(`a ${at(15)}/${at(20)}`, 'final'), band: null },
      { ...written(`a ${at(0)}/${at(1440)}`, 'final'), band: 'low' },
    ],
    scores: [
      { ...written(`a/PT5M/${at(0)}`, 'final'), total: 1 },
      { ...written(`a/PT5M/${at(5)}`, 'preliminary'), total: null },
      { ...written(`a/PT5M/${at(10)}`, 'corrected', corrected), total: 1 },
      { ...written(`a/PT5M/${at(15)}`, 'final'), total: null },
      { ...written(`a/PT24H/${at(0)}`, 'final'), total: 1 },
    ],
    flags: [
      {
        ...{ patient: 'a', kind: 'deterioration', since: start + 5 * minute, raisedAt: start + 10 * minute },
        ...{ level: 'high', vitals: [], ended: null, versions: 1, resolves: true },
      },
    ],
  };
  const allOf = (expected: number) => ({
    ...{ expected, found: expected, lost: [], duplicated: [], wrong: [], rewritten: [] },
  });

  test('is one risk assessment and one score a window, and one flag an episode', () =>
    expect(compareHotPath(well)).toEqual({ riskAssessments: allOf(5), scores: allOf(5), flags: allOf(1) }));

  const [first, second, third] = well.assessments as [
    HotPathEvidence['assessments'][0],
    ...HotPathEvidence['assessments'],
  ];
  const [flag] = well.flags as [HotPathEvidence['flags'][0]];
  const key = first.key;
  const flagName = `a deterioration ${at(5)}`;
  test.each<[string, Partial<HotPathEvidence>, object]>([
    [
      'a window without one',
      { assessments: well.assessments.slice(1) },
      { riskAssessments: { found: 4, lost: [key] } },
    ],
    ['two for one window', { assessments: [...well.assessments, first] }, { riskAssessments: { duplicated: [key] } }],
    ['another band', { assessments: [{ ...first, band: 'high' }] }, { riskAssessments: { wrong: [key] } }],
    ['another status', { assessments: [{ ...first, status: 'corrected' }] }, { riskAssessments: { wrong: [key] } }],
    [
      'an older revision',
      { assessments: [{ ...(third as typeof first), revision: 1 }] },
      { riskAssessments: { wrong: [third?.key] } },
    ],
    ['a reference to nothing', { assessments: [{ ...first, resolves: false }] }, { riskAssessments: { wrong: [key] } }],
    [
      'one more version',
      { assessments: [{ ...first, versions: 2 }] },
      { riskAssessments: { wrong: [], rewritten: [key] } },
    ],
    ['one of a window that is not', { assessments: [{ ...first, key: 'b' }] }, { riskAssessments: { wrong: ['b'] } }],
    [
      'another total',
      { scores: [{ ...(well.scores[0] as never as object), total: 2 } as never] },
      { scores: { wrong: [`a/PT5M/${at(0)}`] } },
    ],
    ['no flag', { flags: [] }, { flags: { lost: [flagName] } }],
    ['two flags', { flags: [flag, flag] }, { flags: { duplicated: [flagName] } }],
    ['another level', { flags: [{ ...flag, level: 'medium' }] }, { flags: { wrong: [flagName] } }],
    [
      'a flag that ended',
      { flags: [{ ...flag, ended: { time: start, reason: 'improved' } }] },
      { flags: { wrong: [flagName] } },
    ],
    ['a flag that was touched', { flags: [{ ...flag, versions: 2 }] }, { flags: { rewritten: [flagName] } }],
  ])('tells %s', (_, evidence, finding) => {
    expect(compareHotPath({ ...well, ...evidence })).toMatchObject(finding);
    expect(second?.band).toBe('high');
  });

  test('the repository has the same windows and episodes', () => {
    const { versions: _, resolves: __, ...episode } = flag;
    const rows = well.assessments.map(({ key, revision }, index) => {
      const band = index === 3 ? null : index === 1 ? 'high' : 'low';
      const total = index === 1 || index === 3 ? null : 1;
      return { key, revision, band, total, flagLevel: index === 0 || index === 4 ? null : 'high' };
    });
    const repository = { windows: rows, episodes: [episode] };
    expect(compareHotPath({ ...well, repository }).rows).toEqual(allOf(6));
    const worse = { windows: rows.map((row) => ({ ...row, revision: 1 })), episodes: [{ ...episode, level: null }] };
    expect(compareHotPath({ ...well, repository: worse }).rows).toMatchObject({
      found: 6,
      wrong: [rows[2]?.key, flagName],
    });
  });

  test('is read from what the function writes, by what it is about', async () => {
    const fhir = new FhirInProcess();
    const patient = new KernelPatient();
    const charted = { device: normalDevice, charted: normalCharted, presence: [stay('start', dayStart)] };
    const first = scored(patient.result(charted));
    const grave = scored(patient.result({ device: { respirationRate: 30, oxygenSaturation: 90, heartRate: 135 } }));
    const silent = [scored(patient.result({})), scored(patient.result({}))];
    const sent = [first, grave, ...silent, { ...first, revision: 2, corrected: true }, grave];
    await new HotPathStep(fhir.transport).handle(sent);
    const reader = {
      all: async <T>(type: string, search?: string) =>
        fhir.all<{ version: number; category?: unknown }>(type).flatMap(({ version, ...resource }) => {
          const isMeant = search === undefined || JSON.stringify(resource.category).includes('survey');
          return isMeant ? [{ ...resource, meta: { versionId: String(version) } } as T] : [];
        }),
      has: async () => false,
    };
    const read = await readHotPath(reader, new Set());
    const found = compareHotPath({ windows: sent, horizonMs: 5 * minute, ...read });
    expect(found).toEqual({ riskAssessments: allOf(4), scores: allOf(4), flags: allOf(2) });
    const twice = compareHotPath({ windows: sent.slice(0, 4), horizonMs: 5 * minute, ...read });
    expect(twice.riskAssessments.wrong).toHaveLength(1);
    fhir.close();
  });

  test('is waited for as long as it gets better', async () => {
    const rounds = [[], [first], well.assessments];
    const compare = async () => compareHotPath({ ...well, assessments: rounds.shift() ?? well.assessments });
    const options = { settled: async () => {}, compare, pollMs: 1, quietMs: 60_000 };
    expect((await drainHotPath(options)).riskAssessments).toEqual(allOf(5));
    const lost = await drainHotPath({
      ...options,
      quietMs: 5,
      compare: async () => compareHotPath({ ...well, flags: [] }),
    });
    expect(lost.flags.lost).toEqual([flagName]);
  });
});

describe('the verdict', () => {
  const expected = messagesOf([60, 61, 62]);
  const all = expected.map((message) => copyOf(message));
  const times = new Map(expected.map((message) => [message.messageId, 1]));
  const samples = { expected: 6, found: 6 };
  const allScored: WindowComparison = {
    expected: 3,
    found: 3,
    lost: [],
    duplicated: [],
    wrong: [],
    revised: 0,
    samples,
  };

  const options = (extra: Partial<Parameters<typeof judge>[0]> = {}) => ({
    expected,
    startedAt: start,
    sendTimes: times,
    receiveTimes: times,
    readDeviceData: async () => all,
    readRaw: async () => all,
    acceptedCounts: () => new Map<string, number>(),
    settled: async () => {},
    readRecord: async () => ({ observations: expected.flatMap(observationsOf), identities: identities }),
    windows: async () => allScored,
    countDeadLetters: async () => 0,
    drain: {
      clock: { now: () => start, advanceTo: async () => {} },
      advanceByMs: 6 * minute,
      pollMs: 1,
      settleMs: 5,
      quietMs: 20,
    },
    ...extra,
  });

  test('is one line that the command prints', async () => {
    const { verdict } = await judge(options());
    expect(JSON.stringify(verdict)).toBe(
      '{"sent":3,"devicedata":3,"raw":3,"lost":0,"duplicated":0,"redelivered":0,"deadLettered":0,"wrong":0,' +
        '"values":{"expected":6,"found":6,"lost":0,"duplicated":0,"wrong":0,"rewritten":0},' +
        '"windows":{"expected":3,"found":3,"lost":0,"duplicated":0,"wrong":0,"revised":0,"samples":{"expected":6,"found":6}},' +
        '"delayMs":{"p50":0,"p95":0}}',
    );
    expect(isGood(verdict)).toBe(true);
  });

  test('waits until virtual time has closed the raw batches, and for what a gateway delivers late', async () => {
    const raw: Copy[] = [];
    const receiveTimes = new Map<string, number>();
    const advances: number[] = [];
    const late = setInterval(() => receiveTimes.set(expected[receiveTimes.size]?.messageId ?? '', 5), 10);
    let now = start;
    const advanceTo = async (time: number) => {
      now = time;
      advances.push(time);
      raw.push(...all.filter((copy) => receiveTimes.has(copy.key) && !raw.includes(copy)));
    };
    const drain = {
      clock: { now: () => now, advanceTo },
      advanceByMs: 6 * minute,
      pollMs: 1,
      settleMs: 2000,
      quietMs: 8000,
    };
    const { verdict } = await judge(options({ readRaw: async () => [...raw], receiveTimes, drain }));
    clearInterval(late);
    expect(verdict).toMatchObject({ lost: 0, raw: 3 });
    expect(advances).toEqual([start + 6 * minute]);
  });

  test('comes also when something never arrives, and names it', async () => {
    const missing = all.slice(1);
    const judgement = await judge(options({ readRaw: async () => missing }));
    const { verdict } = judgement;
    expect(verdict).toMatchObject({ sent: 3, devicedata: 3, raw: 2, lost: 1 });
    expect(isGood(verdict)).toBe(false);
    expect(describeFindings(judgement)).toEqual([`lost: ${all[0]?.key}`]);
    const lost = Array.from({ length: 7 }, (_, i) => `k${i}`);
    const worse = { ...judgement, comparison: { ...judgement.comparison, lost } };
    expect(verdictOf(worse, 0, verdict.delayMs).lost).toBe(7);
    expect(describeFindings(worse)).toEqual(['lost: k0, k1, k2, k3, k4 and 2 more']);
  });

  test('is bad when a window is lost, doubled or wrong, or a sample is in none', async () => {
    const bad = [
      { lost: ['patient-a 2026-01-05T00:00:00.000Z'] },
      { duplicated: ['x'] },
      { wrong: ['x'] },
      { samples: { expected: 6, found: 5 } },
    ];
    for (const one of bad) {
      const { verdict } = await judge(options({ windows: async () => ({ ...allScored, ...one }) }));
      expect(isGood(verdict)).toBe(false);
    }
  });

  test('has what the hot path wrote down, where there is one, and is bad when something of it is not in order', async () => {
    const part = { expected: 3, found: 3, lost: [], duplicated: [], wrong: [], rewritten: [] };
    const well = { riskAssessments: part, scores: part, flags: part, rows: part };
    const { verdict } = await judge(options({ hotPath: async () => well }));
    const counts = { expected: 3, found: 3, lost: 0, duplicated: 0, wrong: 0, rewritten: 0 };
    expect(verdict.hotPath).toEqual({ riskAssessments: counts, scores: counts, flags: counts, rows: counts });
    expect(isGood(verdict)).toBe(true);
    for (const fault of ['lost', 'duplicated', 'wrong', 'rewritten'] as const) {
      for (const name of ['riskAssessments', 'scores', 'flags', 'rows'] as const) {
        const judgement = await judge(
          options({ hotPath: async () => ({ ...well, [name]: { ...part, [fault]: ['x'] } }) }),
        );
        expect(isGood(judgement.verdict)).toBe(false);
        const words = { riskAssessments: 'risk assessments', scores: 'scores', flags: 'flags', rows: 'rows' };
        expect(describeFindings(judgement)).toEqual([`${words[name]} ${fault}: x`]);
      }
    }
  });
});

describe('with the real clients', () => {
  let context: TestContext;
  let hubs: TestEventHubs;
  let client: EventHubConsumerClient;
  const expected = messagesOf([60, 61, 62, 63, 64, 65]);
  const atEnd: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    context = await testContext();
    trust(context.certificates);
    hubs = await new TestEventHubs(context).start();
    await hubs.hub('devicedata', 2);
    const credential = context.authority.credential(hubs.owner());
    client = new EventHubConsumerClient('$Default', hubs.host, 'devicedata', credential, {
      retryOptions: { timeoutInMs: 5000 },
    });
  });

  afterEach(async () => {
    for (const end of atEnd.splice(0)) await end();
    await client.close();
    await hubs.service.close();
    context.close();
  });

  /** An event as IoT Hub's route sends it. */
  function event(message: TelemetryMessage, source = 'Telemetry'): EventHubEvent {
    const systemProperties = {
      'iothub-connection-device-id': message.deviceId,
      'iothub-enqueuedtime': new Date(message.creationTime),
      'iothub-message-source': source,
    };
    return { body: message.body, messageId: message.messageId, systemProperties, contentType: 'application/json' };
  }

  const send = (events: readonly EventHubEvent[]) =>
    hubs.service.send(
      hubs.owner(),
      hubIdOf('devicedata'),
      events.map((sent, index) => ({ partitionKey: `key-${index}`, event: sent })),
    );

  test('devicedata is read from its first event to its last, telemetry only', async () => {
    expect(await readDeviceData(client)).toEqual([]);
    await send([
      event(expected[0] as TelemetryMessage, 'twinChangeEvents'),
      ...expected.map((message) => event(message)),
    ]);
    const copies = await readDeviceData(client);
    expect(copies.toSorted((a, b) => a.enqueuedAt - b.enqueuedAt)).toEqual(expected.map((message) => copyOf(message)));
  });

  test('the watch sees messages as they come, and goes on where it was when its process is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'judge-test-'));
    atEnd.push(async () => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'received.jsonl');
    const live: string[] = [];
    const options = { file, onMessage: (copy: Copy) => live.push(copy.key), warn: () => {} };
    await send(expected.slice(0, 1).map((message) => event(message)));
    const first = await DeviceDataWatch.start(client, options);
    await send(expected.slice(1, 3).map((message) => event(message)));
    await until('two messages', () => first.receiveTimes.size === 2);
    await first.close();
    const receivedFirst = new Map(first.receiveTimes);
    await send(expected.slice(1).map((message) => event(message)));
    const second = await DeviceDataWatch.start(client, options);
    atEnd.push(() => second.close());
    await until('all messages', () => second.receiveTimes.size === 5);
    for (const [key, at] of receivedFirst) expect(second.receiveTimes.get(key)).toBe(at);
    expect(live.toSorted()).toEqual([...expected.slice(1, 3), ...expected.slice(1)].map((m) => m.messageId).toSorted());
    expect(readFileSync(file, 'utf8')).not.toContain('"hr"');
  });

  test('the raw container is read blob by blob, and a line that is not JSON is told', async () => {
    const blobs = new Blobs(context);
    atEnd.push(() => blobs.close());
    const { raw } = await provisionWriterAccounts(context, blobs);
    const line = (message: TelemetryMessage) =>
      JSON.stringify({
        EnqueuedTimeUtc: new Date(message.creationTime).toISOString(),
        Properties: {},
        SystemProperties: { messageId: message.messageId, connectionDeviceId: message.deviceId },
        Body: JSON.parse(message.body.toString()),
      });
    const upload = async (name: string, lines: string[]) => {
      const text = lines.map((each) => `${each}\n`).join('');
      await raw.getBlockBlobClient(name).upload(text, Buffer.byteLength(text));
    };
    const warnings: string[] = [];
    const copies = new RawCopies(raw, (warning) => warnings.push(warning));
    await upload('hub/00/a.json', [
      ...expected.slice(0, 3).map(line),
      '{"SystemProperties":{},"Body":{"opType":"created"}}',
    ]);
    expect(await copies.read()).toEqual(expected.slice(0, 3).map((message) => copyOf(message)));
    await upload('hub/01/b.json', ['{"cut sho', ...expected.slice(3).map(line)]);
    expect(await copies.read()).toEqual(expected.map((message) => copyOf(message)));
    expect(warnings).toEqual(['Line 1 of the raw blob hub/01/b.json is not JSON.']);
  });
});
