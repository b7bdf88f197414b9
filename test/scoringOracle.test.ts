import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnrichedMeasurement, PatientPresence, VitalSample } from '../runtime/contracts/enriched';
import { type ContextItem, type PatientContext, unknownContext } from '../runtime/contracts/patientContext';
import type { Vital } from '../runtime/contracts/scoringSource';
import type { KernelSettings } from '../runtime/scoring/kernelTypes';
import {
  askOracle,
  differencesFromOracle,
  type OracleInput,
  type WindowContent,
  whyNoOracle,
} from './support/scoringOracle';

const why = whyNoOracle();
if (why) console.log(`Not run: the oracle of scored windows, since ${why}.`);
const withOracle = why ? describe.skip : describe;

const midnight = Date.UTC(2026, 0, 5);
const minute = 60_000;
const hour = 60 * minute;
/** Milliseconds of `h:mm:ss` after midnight. */
const at = (clock: string): number => {
  const [h = 0, m = 0, s = 0] = clock.split(':').map(Number);
  return midnight + h * hour + m * minute + s * 1000;
};
const settings: KernelSettings = {
  ...{ windowSeconds: 300, latenessSeconds: 120, sampleSeconds: 1, carrySeconds: 4 * 3600, carrySecondsAtRisk: 3600 },
  ...{ spinalCordInjury: 'caution', baselines: false },
  flagRules: { mediumTimes: 2, mediumWindows: 3, lowerWindows: 3, lowerSeconds: 1800 },
};

/** A measurement of patient `p` with one sample; its key is made of `name`. */
function row(
  clock: string,
  vital: Vital,
  value: number | null,
  more: Partial<VitalSample> = {},
  of: Partial<EnrichedMeasurement> = {},
): EnrichedMeasurement {
  const name = `${clock}${vital}${more.priority ?? 0}`;
  return {
    ...{ kind: 'measurement', patient: 'p', time: at(clock), arrival: at(clock), late: false },
    ...{ key: keyOf(name), source: 'device', type: vital, context: unknownContext, ...of },
    samples: [{ vital, value, priority: 0, ...more }],
  };
}

/** As a natural key's: twelve zeros, and sixteen digits of which the last eight differ for different texts here. */
function keyOf(text: string): string {
  let hash = 7;
  for (const character of text) hash = (hash * 31 + character.charCodeAt(0)) % 0xffff_ffff;
  return hash.toString(16).padStart(28, '0');
}

const all = (clock: string, values: Partial<Record<Vital, number>>, of: Partial<EnrichedMeasurement> = {}) =>
  Object.entries(values).map(([vital, value]) => row(clock, vital as Vital, value, {}, of));
/** All parts of NEWS2 at 0 points. */
const well: Record<string, number> = {
  ...{ heartRate: 70, respirationRate: 16, oxygenSaturation: 98, systolicBloodPressure: 120 },
  ...{ temperature: 37, consciousness: 0, supplementalOxygen: 0 },
};
const ask = (measurements: readonly EnrichedMeasurement[], until: string, more: Partial<OracleInput> = {}) =>
  askOracle({ settings, measurements, until: at(until), ...more });
const first = (windows: readonly WindowContent[]) => windows[0] as WindowContent;
/** Starts of windows, as `0:05`. */
const starts = (windows: readonly WindowContent[]) =>
  windows.map(({ start }) => new Date(start).toISOString().slice(11, 16));

withOracle('one window, worked out by hand', () => {
  test('slots, statistics and superseded samples, whatever the order and however often', () => {
    const rows = [
      row('0:00:10', 'heartRate', 100),
      row('0:01:10', 'heartRate', 104),
      row('0:03:10', 'heartRate', 111),
      // The same second from the pulse: ranks behind, is counted as superseded.
      row('0:03:10', 'heartRate', 90, { priority: 1 }),
      // Alone in its second, of lower rank, but implausible: no slot.
      row('0:04:00', 'heartRate', 999, { rejected: 'implausible' }),
    ];
    const { heartRate } = first(ask([...rows, ...rows].reverse(), '0:07')).vitals;
    expect(heartRate).toEqual({
      ...{ count: 3, superseded: 1, rejected: { implausible: 1 } },
      ...{ median: 104, min: 100, max: 111, last: 111, lastTime: at('0:03:10') },
      // x = 1/6, 7/6, 19/6, mean 3/2; y mean 105. Sum of products: (-4/3)(-5) + (-1/3)(-1) + (5/3)(6) = 17; of squares:
      // 16/9 + 1/9 + 25/9 = 14/3. 17 : 14/3 = 51/14.
      slope: expect.closeTo(51 / 14, 9),
      // 10 s before the first, 60 s, 120 s, 110 s after the last.
      longestGapSeconds: 120,
      ...{ used: 104, source: 'device' },
    });
  });

  test('medians between two values are rounded half up to the chart', () => {
    const rows = [
      // 20.5 -> 21: 2 points, where 20 has none.
      ...[row('0:00', 'respirationRate', 20), row('0:01', 'respirationRate', 21)],
      // 38.05 -> 38.1: 1 point, where 38.0 has none.
      ...[row('0:00', 'temperature', 38), row('0:01', 'temperature', 38.1)],
      // 91.499 -> 91: 3 points.
      row('0:02', 'oxygenSaturation', 91.499),
    ];
    const { vitals, news2 } = first(ask(rows, '0:07'));
    expect([vitals.respirationRate?.used, vitals.temperature?.used, vitals.oxygenSaturation?.used]).toEqual([
      21, 38.1, 91,
    ]);
    expect(news2).toEqual({
      ...{ complete: false, total: null, parts: { resp: 2, spo2: 3, temp: 1 }, scale: 1 },
      missing: ['oxygen', 'sbp', 'pulse', 'consciousness'],
      // 2 + 3 + 1; oxygen may add 2, each of three others 3.
      ...{ floorTotal: 6, ceilingTotal: 17, band: 'medium' },
    });
  });

  test('a charted value that is taken back leaves its slot empty', () => {
    const charted = { source: 'charted' } as const;
    const text = '0:01temperature0';
    const later = { ...charted, key: `0000000000ff${keyOf(text).slice(12)}` };
    const rows = [
      row('0:01', 'temperature', 36.4, {}, charted),
      row('0:01', 'temperature', null, { rejected: 'enteredInError' }, later),
      row('0:02', 'temperature', 36.9, {}, charted),
    ];
    expect(first(ask(rows, '0:07')).vitals.temperature).toMatchObject({
      ...{ count: 1, superseded: 0, rejected: { enteredInError: 1 }, last: 36.9, source: 'charted' },
    });
  });

  test('more samples in a slot than can be told apart', () => {
    // 20 readings within one second: 16 are told apart, so 15 superseded, "or more".
    const rows = Array.from({ length: 20 }, (_, i) => {
      const time = at('0:01') + i;
      return row('0:01', 'heartRate', 60 + i, {}, { time, key: keyOf(`reading ${i}`) });
    });
    expect(first(ask(rows, '0:07')).vitals.heartRate).toMatchObject({
      ...{ count: 1, superseded: 15, supersededAtLeast: true, last: 79 },
    });
  });

  test('scale 2, oxygen and who is not scored, by the context of the newest measurement', () => {
    const item = <T>(value: T, validUntil: string | null = null): ContextItem<T> => ({
      ...{ value, resource: 'Observation/a', code: 'a|b', date: '2026-01-04T23:30:00.000Z', validUntil },
    });
    const news2Of = (context: Partial<PatientContext>, spo2: number) =>
      first(ask(all('0:01', { oxygenSaturation: spo2 }, { context: { ...unknownContext, ...context } }), '0:07'));
    const scale2 = { oxygenSaturationScale: item<1 | 2>(2) };
    // 95 on scale 2 without knowing of oxygen: 0 on air, 2 on oxygen, so neither known nor missing.
    expect(news2Of(scale2, 95).news2).toMatchObject({
      ...{ parts: {}, indeterminate: ['spo2'], missing: ['resp', 'oxygen', 'sbp', 'pulse', 'consciousness', 'temp'] },
      // 3 + 2 + 3 + 3 + 3 + 3 + 3.
      ...{ scale: 2, floorTotal: 0, ceilingTotal: 20 },
    });
    // On oxygen since half an hour before the window began: 2 for 95 %, 2 for the oxygen, 35 minutes old at its end.
    const onOxygen = news2Of({ ...scale2, supplementalOxygen: item(true) }, 95);
    expect(onOxygen.news2?.parts).toEqual({ spo2: 2, oxygen: 2 });
    expect(onOxygen.vitals.supplementalOxygen).toMatchObject({ used: 1, source: 'charted', carriedSeconds: 2100 });
    expect(news2Of({ ...scale2, supplementalOxygen: item(false) }, 97).news2?.parts).toEqual({ spo2: 0, oxygen: 0 });
    // A prescription that ended at the window's start holds no more: scale 1, where 90 % is 3 points.
    const ended = { oxygenSaturationScale: item<1 | 2>(2, '2026-01-05T00:00:00.000Z') };
    expect(news2Of(ended, 90).news2).toMatchObject({ parts: { spo2: 3 }, scale: 1, band: 'low-medium' });
    const child = news2Of({ underSixteen: item(true), spinalCordInjury: item(true) }, 90);
    expect(child).toMatchObject({
      ...{ news2: null, trend: null, flag: { action: 'none', rule: 'noScore', mayLower: false } },
      applicability: {
        ...{ applicable: false, reasons: ['underSixteen'], cautions: ['spinalCordInjury', 'pregnancyUnknown'] },
      },
    });
  });
});

withOracle('windows after each other, worked out by hand', () => {
  test('what is charted or taken now and then is carried for 4 hours, or 1 hour at risk; signals never are', () => {
    const continuous = { heartRate: 70, respirationRate: 16, oxygenSaturation: 98 };
    const quiet = ['0:00', '0:05', '1:00', '3:55', '4:00'].flatMap((clock) => all(clock, continuous));
    const cuff = row('0:02', 'systolicBloodPressure', 118, { spot: true, priority: 1 });
    const used = (windows: readonly WindowContent[]) =>
      windows.map(({ vitals }) => vitals.systolicBloodPressure?.used ?? null);
    const low = ask([...quiet, cuff], '4:07');
    // At 4:00 the cuff is 3:58 old; at 4:05 it is 4:03.
    expect(starts(low)).toEqual(['00:00', '00:05', '01:00', '03:55', '04:00']);
    expect(used(low)).toEqual([118, 118, 118, 118, null]);
    expect(low[1]?.vitals.systolicBloodPressure).toEqual({
      ...{ count: 0, superseded: 0, median: null, min: null, max: null, last: null, lastTime: null, slope: null },
      ...{ longestGapSeconds: 300, used: 118, source: 'device', carriedSeconds: 480 },
    });
    // 24 a minute and 92 %: 2 + 2 points and a 3 for the pulse of 135: 7, high; at 1:05 the cuff is 1:03 old.
    const ill = all('0:05', { heartRate: 135, respirationRate: 24, oxygenSaturation: 92 });
    const others = quiet.filter(({ time }) => time !== at('0:05'));
    expect(used(ask([...others, cuff, ...ill], '1:07'))).toEqual([118, 118, null]);
    const signal = row('0:02', 'systolicBloodPressure', 118);
    expect(used(ask([...quiet, signal], '0:12'))).toEqual([118, null]);
  });

  test('a 3 of a sensor is flagged the second time, and lowered after half an hour below', () => {
    // 135 a minute is 3 points, all else 0: low-medium by band. Windows 0:00 and 0:05 have it, ten more are well.
    const clocks = Array.from({ length: 10 }, (_, i) => `0:${10 + 5 * i}`);
    const rows = [
      ...['0:00', '0:05'].flatMap((clock) => all(clock, { ...well, heartRate: 135 })),
      ...clocks.flatMap((clock) => all(clock, well)),
    ];
    const flags = ask(rows, '1:02').map(({ flag }) => flag);
    const standing = { level: 'low-medium', since: at('0:05') };
    expect(flags[0]).toEqual({ action: 'none', level: null, since: null, rule: 'below', mayLower: false });
    expect(flags[1]).toEqual({ action: 'raise', ...standing, rule: 'singleTwice', mayLower: false });
    // 0:10 to 0:35 are six windows, of which the last ends half an hour after the first began.
    for (const flag of flags.slice(2, 7)) {
      expect(flag).toEqual({ action: 'keep', ...standing, rule: 'standing', mayLower: false });
    }
    expect(flags[7]).toEqual({ action: 'lower', level: null, since: null, rule: 'belowLongEnough', mayLower: true });
    expect(flags[8]).toEqual({ action: 'none', level: null, since: null, rule: 'below', mayLower: true });
  });

  test('a missing vital never lowers, a charted 3 and a 7 flag at once, a 5 the second time', () => {
    const { temperature: _, ...withoutTemperature } = well;
    const charted = { source: 'charted' } as const;
    const voice = row('0:00', 'consciousness', 2, {}, charted);
    const { consciousness: __, ...awake } = well;
    const rows = [
      ...[...all('0:00', awake), voice],
      // 25 a minute: 3; on oxygen: 2; together 5.
      ...['0:05', '0:15'].flatMap((c) => all(c, { ...well, respirationRate: 25, supplementalOxygen: 1 })),
      ...all('0:10', well),
      // 25, oxygen, 92 %: 3 + 2 + 2.
      ...all('0:20', { ...well, respirationRate: 25, supplementalOxygen: 1, oxygenSaturation: 92 }),
      ...['0:25', '0:30', '0:35', '0:40', '0:45', '0:50'].flatMap((clock) => all(clock, withoutTemperature)),
    ];
    const flags = ask(rows, '0:57').map(({ flag }) => flag);
    expect(flags.slice(0, 5).map(({ action, level, rule }) => [action, level, rule])).toEqual([
      ['raise', 'low-medium', 'singleCharted'],
      ['keep', 'low-medium', 'standing'],
      ['keep', 'low-medium', 'standing'],
      ['raise', 'medium', 'mediumTwice'],
      ['raise', 'high', 'high'],
    ]);
    expect(flags[4]?.since).toBe(at('0:00'));
    // Without temperature the worst is 3 points, low-medium: below high, so it is lowered to that after half an hour.
    expect(flags.slice(5).map(({ action }) => action)).toEqual(['keep', 'keep', 'keep', 'keep', 'keep', 'lower']);
    expect(flags[10]).toMatchObject({ level: 'low-medium', since: at('0:00') });
  });

  test('trend is against the window before and the hour before, from the baseline of the day', () => {
    const rows = [
      ...all('8:00', well),
      ...all('8:55', { ...well, heartRate: 95 }),
      ...all('9:00', { ...well, heartRate: 112 }),
    ];
    const patients = { p: { medians: { heartRate: 68.5 }, windows: 288 } };
    const version = '2026-01-05';
    const windows = ask(rows, '9:07', {
      settings: { ...settings, baselines: true },
      baselines: { [version]: { version, upTo: midnight, patients } },
    });
    // 112 a minute is 2 points, 95 is 1, 70 is 0.
    expect(windows.at(-1)?.trend).toEqual({
      ...{ totalChange: 1, totalChangeHour: 2, fromBaseline: { heartRate: 43.5 } },
    });
    expect(windows[0]?.trend).toMatchObject({ totalChange: null, totalChangeHour: null });
    expect(windows[0]?.baseline).toEqual({ version });
    // Before six in the morning the day before's version counts, of which there is none.
    expect(first(ask(all('5:55', well), '6:02', { settings: { ...settings, baselines: true } })).baseline).toEqual({
      ...{ version: null, reason: 'notReady' },
    });
  });

  test('windows are due while present, without data too, and a silent sensor is a gap in the second one', () => {
    const event = (clock: string, kind: 'start' | 'end', more: Partial<PatientPresence> = {}): PatientPresence => ({
      ...{ kind: 'presence', patient: 'p', event: kind, basis: 'encounter', resource: 'Encounter/a' },
      ...{ time: at(clock), key: keyOf(clock), ...more },
    });
    const presence = [event('0:03', 'start'), event('0:25', 'end')];
    const windows = ask([row('0:07', 'heartRate', 70), row('0:32', 'heartRate', 70)], '0:47', { presence });
    // The window of 0:25 tells that it ended then. In 0:30 nobody is there any more, and there is a measurement.
    expect(starts(windows)).toEqual(['00:00', '00:05', '00:10', '00:15', '00:20', '00:25', '00:30']);
    expect(windows.map(({ monitoringEnd }) => monitoringEnd)).toEqual([
      ...Array(5).fill(null),
      { time: at('0:25'), basis: 'encounter' },
      null,
    ]);
    expect(windows.map(({ dataGap }) => [dataGap.action, ...dataGap.vitals])).toEqual([
      ['none'],
      ['raise', 'oxygenSaturation'],
      ['keep', 'oxygenSaturation'],
      ['raise', 'heartRate', 'oxygenSaturation'],
      ['keep', 'heartRate', 'oxygenSaturation'],
      ['keep', 'heartRate', 'oxygenSaturation'],
      // What stood ended with the stay; oxygen was missing in the window before, too.
      ['raise', 'oxygenSaturation'],
    ]);
    expect(windows[4]?.dataGap.since).toBe(at('0:05'));
    const death = event('0:12', 'end', { basis: 'death', resource: 'Patient/p' });
    expect(starts(ask([], '0:47', { presence: [...presence, death] }))).toEqual(['00:00', '00:05', '00:10']);
  });

  test('a recording, read as the starter mappings do', () => {
    const folder = mkdtempSync(join(tmpdir(), 'recording-'));
    try {
      const file = join(folder, 'bed-9.csv');
      const header = 'minute,hr,pulse,abpsys,abpdias,nbpsys,nbpdias,temp,avpu,oxygen';
      writeFileSync(file, `${header}\n0,70,71,,,120,80,36.66,1,1\n1,400,72,110,70,,,,,\n`);
      const limits = { heartRate: { least: 0, most: 300 } };
      const recordings = { paths: [file], start: midnight, limits };
      const { patient, vitals, news2 } = first(askOracle({ settings, until: at('0:07'), recordings }));
      expect(patient).toBe('patient-bed-9');
      // Minute 0: ECG before pulse. Minute 1: the ECG's 400 is none, so the pulse counts. Median of 70 and 72.
      expect(vitals.heartRate).toMatchObject({ count: 2, superseded: 1, rejected: { implausible: 1 }, median: 71 });
      expect(vitals.systolicBloodPressure).toMatchObject({ count: 2, min: 110, max: 120, used: 115 });
      expect(vitals.temperature).toMatchObject({ last: 36.66, used: 36.7 });
      expect(vitals.consciousness).toMatchObject({ used: 5, median: null });
      expect(news2?.parts).toEqual({ oxygen: 2, sbp: 0, pulse: 0, consciousness: 3, temp: 0 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

withOracle('windows are compared with the oracle', () => {
  test('the last revision counts; each difference is named with what was found and expected', () => {
    const expected = ask([...all('0:00', well), ...all('0:05', well)], '0:12');
    const [a, b] = expected as [WindowContent, WindowContent];
    const said = (windows: readonly object[]) => differencesFromOracle(windows as WindowContent[], expected);
    const revised = { ...a, revision: 2, corrected: true, kernel: '1' };
    expect(said([revised, { ...a, revision: 1, end: 0 }, b])).toEqual([]);
    expect(said([a])).toEqual(['p 2026-01-05T00:05:00.000Z: missing']);
    expect(said([a, b, { ...a, patient: 'q' }])).toEqual(['q 2026-01-05T00:00:00.000Z: not expected']);
    const vitals = { ...a.vitals, heartRate: { ...a.vitals.heartRate, used: 71, slope: 0 } };
    expect(said([{ ...a, vitals }, b])).toEqual([
      'p 2026-01-05T00:00:00.000Z vitals.heartRate.slope: 0, expected null',
      'p 2026-01-05T00:00:00.000Z vitals.heartRate.used: 71, expected 70',
    ]);
  });
});
