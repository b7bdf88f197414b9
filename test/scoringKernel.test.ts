import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { EnrichedMeasurement, PatientPresence, RejectionReason } from '../runtime/contracts/enriched';
import type { FlagDecision } from '../runtime/contracts/scored';
import { vitals } from '../runtime/contracts/scoringSource';
import type * as kernelEntry from '../runtime/databricks/kernelEntry';
import { contentOf, sameContent } from '../runtime/scoring/content';
import { featureNames, featuresOf } from '../runtime/scoring/features';
import { defaultKernelSettings, readKernelSettings, windowStartOf } from '../runtime/scoring/kernelSettings';
import type { PatientWindow, SlotColumns } from '../runtime/scoring/kernelTypes';
import { rejectionOf } from '../runtime/scoring/plausibility';
import { scoreColumns } from '../runtime/scoring/scoreColumns';
import { Slots } from '../runtime/scoring/slots';
import { kernelVersion, step, stepWindow, stepWindowWith } from '../runtime/scoring/stepWindow';
import {
  adult,
  dayStart,
  item,
  KernelPatient,
  key,
  measurement,
  normalCharted,
  normalDevice,
  sample,
} from './support/kernelPatient';

const minutes = (count: number) => count * 60_000;
const asNew = (patient: string): PatientWindow => ({
  patient,
  state: null,
  presence: [],
  context: null,
  rejected: [],
  baseline: null,
});

describe('slots', () => {
  const slotsOf = (measurements: readonly EnrichedMeasurement[]) => {
    const slots = new Slots(dayStart, defaultKernelSettings);
    const changes = measurements.map((one) => slots.add(one));
    return { slots, changes };
  };
  const rowsOf = (slots: Slots, patients?: readonly string[]) => {
    const columns = slots.columns(patients);
    return Array.from(columns.time, (time, row) => ({
      patient: columns.patient[row],
      vital: vitals[columns.vital[row] ?? 99],
      time: time - dayStart,
      value: columns.value[row],
      source: columns.source[row],
      superseded: columns.superseded[row],
    }));
  };
  const hr = (
    time: number,
    value: number | null,
    given: Partial<EnrichedMeasurement> & { priority?: number; rejected?: RejectionReason; spot?: true } = {},
  ) => {
    const { priority = 0, rejected, spot, ...rest } = given;
    const one = sample('heartRate', value, { priority, ...(rejected && { rejected }), ...(spot && { spot }) });
    return measurement(dayStart + time, { samples: [one], ...rest });
  };

  test('one a second: the lowest priority number wins, then the latest, then the greatest key', () => {
    const winner = (...given: EnrichedMeasurement[]) => rowsOf(slotsOf(given).slots).map(({ value }) => value);
    expect(winner(hr(1000, 70), hr(1999, 71), hr(2000, 72))).toEqual([71, 72]);
    expect(winner(hr(1000, 70), hr(1999, 71, { priority: 1 }))).toEqual([70]);
    expect(winner(hr(1000, 70, { key: key(1, 1) }), hr(1000, 71, { key: key(1, 2) }))).toEqual([71]);
    expect(winner(hr(1000, 70, { key: key(1, 2) }), hr(1000, 71, { key: key(1, 1) }))).toEqual([70]);
  });

  test('says whether a measurement changed anything; the same one again does not', () => {
    const late = hr(1999, 71);
    expect(slotsOf([hr(1000, 70), hr(1000, 70), late, late, hr(1000, 70)]).changes).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(slotsOf([hr(1999, 71), hr(1000, 70), hr(1000, 70)]).changes).toEqual([true, true, false]);
    expect(
      slotsOf([hr(1000, 400, { rejected: 'implausible' }), hr(1000, 400, { rejected: 'implausible' })]).changes,
    ).toEqual([true, false]);
    expect(() => slotsOf([hr(300_000, 70)])).toThrow(RangeError);
    expect(() => slotsOf([hr(-1, 70)])).toThrow(RangeError);
  });

  test('counts what it superseded up to 15, and tells samples by the tail of their key', () => {
    const many = Array.from({ length: 40 }, (_, index) => hr(1000 + index, 70 + index));
    const superseded = (count: number) => rowsOf(slotsOf(many.slice(0, count)).slots)[0]?.superseded;
    expect([1, 2, 16, 17, 40].map(superseded)).toEqual([0, 1, 15, 15, 15]);
    const changedLater = [hr(1000, 70, { key: key(1, 1) }), hr(1000, 71, { key: key(1, 2) })];
    expect(rowsOf(slotsOf(changedLater).slots)).toMatchObject([{ value: 71, superseded: 0 }]);
  });

  test('rejected samples take no slot and are counted by distinct key', () => {
    const { slots } = slotsOf([
      hr(1000, 70),
      hr(1500, 400, { rejected: 'implausible' }),
      hr(1500, 400, { rejected: 'implausible' }),
      hr(1600, 400, { rejected: 'implausible' }),
      hr(1700, null, { rejected: 'unreadable' }),
    ]);
    expect(rowsOf(slots)).toMatchObject([{ value: 70, superseded: 0 }]);
    expect(slots.measured('p').rejected).toEqual([
      { vital: 'heartRate', reason: 'implausible', count: 2 },
      { vital: 'heartRate', reason: 'unreadable', count: 1 },
    ]);
  });

  test('a value that is taken back leaves its slot empty, unless something better is in it', () => {
    const takenBack = hr(1000, null, { rejected: 'enteredInError', key: key(1, 2), source: 'charted' });
    const charted = hr(1000, 70, { key: key(1, 1), source: 'charted' });
    for (const order of [
      [charted, takenBack],
      [takenBack, charted],
    ]) {
      const { slots } = slotsOf(order);
      expect(rowsOf(slots)).toEqual([]);
      expect(slots.measured('p').rejected).toEqual([{ vital: 'heartRate', reason: 'enteredInError', count: 1 }]);
    }
    const { slots } = slotsOf([takenBack, hr(1500, 80)]);
    expect(rowsOf(slots)).toMatchObject([{ value: 80 }]);
    expect(slots.measured('p').rejected).toEqual([]);
  });

  test('context is that of the newest measurement, whatever came last and whether it was good', () => {
    const scale2 = { ...adult, oxygenSaturationScale: item(2 as const) };
    const newest = hr(2000, 400, { rejected: 'implausible', context: scale2 });
    for (const order of [
      [newest, hr(1000, 70)],
      [hr(1000, 70), newest],
    ])
      expect(slotsOf(order).slots.measured('p').context).toBe(scale2);
    expect(slotsOf([]).slots.measured('q')).toEqual({ context: null, rejected: [] });
  });

  test('columns are of the patients that are asked for, by their place', () => {
    const { slots } = slotsOf(['a', 'b', 'c'].map((patient, index) => hr(1000, 70 + index, { patient })));
    expect(slots.patients).toEqual(['a', 'b', 'c']);
    expect(rowsOf(slots, ['c', 'x', 'a'])).toMatchObject([
      { patient: 0, value: 72 },
      { patient: 2, value: 70 },
    ]);
    const kinds = [hr(0, 1), hr(1000, 1, { spot: true }), hr(2000, 1, { source: 'charted' })];
    expect(rowsOf(slotsOf(kinds).slots).map(({ source }) => source)).toEqual([0, 1, 2]);
  });

  test('what a window holds depends neither on order nor on duplicates', () => {
    const anySample = fc.record({
      vital: fc.constantFrom('heartRate' as const, 'temperature' as const),
      value: fc.integer({ min: 30, max: 40 }),
      priority: fc.integer({ min: 0, max: 1 }),
      rejected: fc.constantFrom(undefined, undefined, undefined, 'implausible' as const, 'enteredInError' as const),
    });
    const anyMeasurement = fc
      .record({
        patient: fc.constantFrom('a', 'b'),
        time: fc.integer({ min: 0, max: 5 }).map((half) => dayStart + half * 500),
        seed: fc.integer({ min: 0, max: 40 }),
        samples: fc.array(anySample, { maxLength: 3 }),
        source: fc.constantFrom('device' as const, 'charted' as const),
      })
      .map(({ seed, samples, ...given }) =>
        measurement(given.time, { ...given, key: key(given.time, 0, seed), samples: samples.map(withoutUndefined) }),
      );
    const measurements = fc.uniqueArray(anyMeasurement, { selector: (one) => one.key, maxLength: 30 });
    fc.assert(
      fc.property(
        measurements.chain((all) =>
          fc.tuple(fc.constant(all), fc.array(fc.nat({ max: 29 }), { maxLength: 20 }), fc.infiniteStream(fc.nat())),
        ),
        ([all, repeated, order]) => {
          const again = [...all, ...repeated.flatMap((index) => all[index] ?? [])];
          const shuffled = again
            .map((one) => ({ one, place: order.next().value as number }))
            .sort((one, other) => one.place - other.place)
            .map(({ one }) => one);
          expect(contents(slotsOf(shuffled).slots)).toEqual(contents(slotsOf(all).slots));
        },
      ),
    );
  });

  function contents(slots: Slots) {
    const patients = ['a', 'b'];
    const rows = rowsOf(slots, patients).map((row) => JSON.stringify(row));
    return { rows: rows.sort(), measured: patients.map((patient) => slots.measured(patient)) };
  }
});

function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}

describe('statistics of a window', () => {
  interface Row {
    readonly second: number;
    readonly value: number;
  }
  const columnsOf = (rows: readonly (Row & { patient: number; vital: number })[]): SlotColumns => ({
    patient: Int32Array.from(rows, ({ patient }) => patient),
    vital: Uint8Array.from(rows, ({ vital }) => vital),
    time: Float64Array.from(rows, ({ second }) => dayStart + second * 1000),
    value: Float64Array.from(rows, ({ value }) => value),
    source: new Uint8Array(rows.length),
    superseded: new Uint8Array(rows.length),
  });
  const request = (patients: number) => ({
    start: dayStart,
    settings: defaultKernelSettings,
    baselineVersion: null,
    patients: Array.from({ length: patients }, (_, index) => asNew(`p${index}`)),
  });
  const naive = (rows: readonly Row[]) => {
    const byTime = [...rows].sort((one, other) => one.second - other.second);
    const sorted = rows.map(({ value }) => value).sort((one, other) => one - other);
    const middle = Math.floor(sorted.length / 2);
    const times = byTime.map(({ second }) => second);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const x = byTime.map(({ second }) => (second * 1000) / 60_000);
    const mx = sum(x) / x.length;
    const my = sum(byTime.map(({ value }) => value)) / x.length;
    const slope =
      sum(byTime.map(({ value }, index) => ((x[index] as number) - mx) * (value - my))) /
      sum(x.map((one) => (one - mx) * (one - mx)));
    const gaps = [...times, 300].map((time, index) => time - (times[index - 1] ?? 0));
    return {
      count: rows.length,
      median:
        sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2,
      min: sorted[0],
      max: sorted.at(-1),
      last: byTime.at(-1)?.value,
      lastTime: dayStart + (times.at(-1) as number) * 1000,
      slope: rows.length < 2 ? null : slope,
      longestGapSeconds: Math.max(...gaps),
    };
  };
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 60, max: 70 }) },
    { weight: 1, arbitrary: fc.integer({ min: 20_000, max: 300_000 }).map((thousandths) => thousandths / 1000) },
  );
  const series = fc.uniqueArray(fc.record({ second: fc.integer({ min: 0, max: 299 }), value }), {
    selector: ({ second }) => second,
    minLength: 1,
    maxLength: 300,
    size: 'max',
  });

  test('are those of a naive evaluation, to the last bit, for runs of every length', () => {
    fc.assert(
      fc.property(series, series, (one, other) => {
        const rows = [
          ...one.map((row) => ({ ...row, patient: 0, vital: 0 })),
          ...other.map((row) => ({ ...row, patient: 1, vital: 5 })),
        ];
        const [first, second] = stepWindow(request(2), columnsOf(rows));
        expect(first?.result?.vitals.heartRate).toMatchObject(naive(one));
        expect(second?.result?.vitals.temperature).toMatchObject(naive(other));
      }),
      { numRuns: 60 },
    );
  });

  test('do not depend on the order of the slots, and one patient alone is the same as among others', () => {
    fc.assert(
      fc.property(series, series, fc.infiniteStream(fc.nat()), (one, other, order) => {
        const rows = [
          ...one.map((row) => ({ ...row, patient: 0, vital: 0 })),
          ...other.map((row) => ({ ...row, patient: 1, vital: 2 })),
        ];
        const shuffled = rows
          .map((row) => ({ row, place: order.next().value as number }))
          .sort((a, b) => a.place - b.place)
          .map(({ row }) => row);
        const steps = stepWindow(request(2), columnsOf(rows));
        expect(JSON.stringify(stepWindow(request(2), columnsOf(shuffled)))).toBe(JSON.stringify(steps));
        const { patients, ...window } = request(1);
        const alone = step(window, asNew('p1'), columnsOf(other.map((row) => ({ ...row, patient: 0, vital: 2 }))));
        expect(alone).toEqual(steps[1]);
      }),
      { numRuns: 40 },
    );
  });

  test('in columns they are the same, with the same score', () => {
    fc.assert(
      fc.property(series, fc.constantFrom(1, 2), (rows, scale) => {
        const all = rows.flatMap((row) =>
          vitals.map((_, vital) => ({ ...row, patient: 0, vital, value: vital > 5 ? row.second % 2 : row.value })),
        );
        const columns = scoreColumns(columnsOf(all), Uint8Array.of(scale), dayStart, 300_000);
        const context = { ...adult, oxygenSaturationScale: item(scale as 1 | 2) };
        const { patients, ...window } = request(1);
        const { result } = step(window, { ...asNew('p'), context }, columnsOf(all));
        expect(columns.median[0]).toBe(result?.vitals.heartRate?.median);
        expect(columns.slope[0]).toBe(result?.vitals.heartRate?.slope ?? Number.NaN);
        expect([columns.total[0], columns.floorTotal[0]]).toEqual([result?.news2?.total, result?.news2?.floorTotal]);
      }),
      { numRuns: 40 },
    );
  });

  test('codes have a last value and a count, and no median', () => {
    const rows = [
      { patient: 0, vital: 6, second: 200, value: 0 },
      { patient: 0, vital: 6, second: 100, value: 3 },
    ];
    const [{ result } = { result: null }] = stepWindow(request(1), columnsOf(rows));
    expect(result?.vitals.consciousness).toMatchObject({
      count: 2,
      last: 0,
      used: 0,
      median: null,
      min: null,
      max: null,
      slope: null,
      longestGapSeconds: 100,
    });
  });

  test('slots of another window, patient or vital are refused', () => {
    for (const row of [
      { patient: 0, vital: 0, second: 300, value: 1 },
      { patient: 0, vital: 0, second: -1, value: 1 },
      { patient: 1, vital: 0, second: 0, value: 1 },
      { patient: -1, vital: 0, second: 0, value: 1 },
      { patient: 0, vital: 8, second: 0, value: 1 },
    ])
      expect(() => stepWindow(request(1), columnsOf([row]))).toThrow(RangeError);
  });
});

describe('what is carried forward', () => {
  test('charted values and those taken now and then, never continuous signals', () => {
    const patient = new KernelPatient();
    patient.step({ device: normalDevice, charted: normalCharted, presence: [assigned] });
    const next = patient.result();
    expect(Object.keys(next.vitals).sort()).toEqual(Object.keys(normalCharted).sort());
    expect(next.vitals.temperature).toMatchObject({ count: 0, used: 37, source: 'charted', carriedSeconds: 540 });
    expect(next.news2).toMatchObject({ complete: false, missing: ['resp', 'spo2', 'pulse'], total: null });
    const other = new KernelPatient();
    other.step({ spot: { temperature: 36.5, heartRate: 70 }, device: { systolicBloodPressure: 110 } });
    const { vitals: carried } = other.result({ device: normalDevice });
    expect(carried.temperature).toMatchObject({ used: 36.5, source: 'device', carriedSeconds: 540 });
    expect(carried).not.toHaveProperty('systolicBloodPressure');
    expect(other.result({ device: { respirationRate: 16 } }).vitals).not.toHaveProperty('heartRate');
  });

  test.each([
    ['4 hours while the score is low', 0, 47],
    ['1 hour after a band of low-medium or above', 1, 11],
  ])('for at most %s', (_, consciousness, windows) => {
    const patient = new KernelPatient();
    patient.step({ device: normalDevice, charted: { ...normalCharted, consciousness } });
    for (let window = 1; window <= windows; window++)
      expect(patient.result({ device: normalDevice }).vitals.temperature).toMatchObject({ used: 37 });
    expect(patient.result({ device: normalDevice }).vitals).not.toHaveProperty('temperature');
  });

  test('not for longer again when parts are missing after a band above low: missing is not low', () => {
    const { supplementalOxygen, ...known } = normalCharted;
    const oxygenAfter = (charted: object, windows: number) => {
      const patient = new KernelPatient();
      patient.step({ device: normalDevice, charted: { ...normalCharted, consciousness: 1 } });
      patient.step({ device: normalDevice, charted });
      for (let window = 0; window < windows; window++) patient.step({ device: normalDevice });
      return patient.result({ device: normalDevice }).vitals.supplementalOxygen?.used;
    };
    // Consciousness is known again: the worst is low, and oxygen may be carried for four hours.
    expect(oxygenAfter({ ...known, supplementalOxygen: 0 }, 20)).toBe(0);
    const { consciousness, ...unknown } = known;
    expect(oxygenAfter({ ...unknown, supplementalOxygen: 0 }, 20)).toBeUndefined();
  });

  test('up to the limit and no longer', () => {
    const atStart = measurement(dayStart, { samples: [sample('temperature', 37)], source: 'charted' });
    const carried = [600, 599].map((seconds) => {
      const patient = new KernelPatient({ carrySeconds: seconds, carrySecondsAtRisk: seconds });
      patient.step({ measurements: [atStart] });
      return patient.result({ device: normalDevice }).vitals.temperature?.carriedSeconds;
    });
    expect(carried).toEqual([600, undefined]);
  });

  test('of two values the later one, and a measured one before any other', () => {
    const patient = new KernelPatient();
    patient.step({ charted: { temperature: 37 } });
    expect(patient.result({ charted: { temperature: 38.5 } }).vitals.temperature).toMatchObject({
      used: 38.5,
      count: 1,
    });
    expect(patient.result({ device: normalDevice }).vitals.temperature).toMatchObject({
      used: 38.5,
      carriedSeconds: 540,
    });
    patient.step({ device: { temperature: 36 } });
    expect(patient.result({ device: normalDevice }).vitals.temperature).toMatchObject({ used: 38.5 });
  });

  test('oxygen may come from the record, when that says since when and not too long ago', () => {
    const oxygen = (given: object) =>
      new KernelPatient().result({
        device: normalDevice,
        context: { ...adult, supplementalOxygen: item(true, given) },
      }).vitals.supplementalOxygen;
    expect(oxygen({ date: '2026-01-04T23:55:00Z' })).toMatchObject({ used: 1, source: 'charted', carriedSeconds: 600 });
    expect(oxygen({ date: null })).toBeUndefined();
    expect(oxygen({ date: '2026-01-05T00:05:00Z' })).toBeUndefined();
    expect(oxygen({ date: '2026-01-04T20:04:59Z' })).toBeUndefined();
    expect(oxygen({ date: '2026-01-04T23:55:00Z', validUntil: '2026-01-05T00:00:00Z' })).toBeUndefined();
    const measured = new KernelPatient().result({
      charted: { supplementalOxygen: 0 },
      context: { ...adult, supplementalOxygen: item(true, { date: '2026-01-04T23:55:00Z' }) },
    });
    expect(measured.vitals.supplementalOxygen).toMatchObject({ used: 0, count: 1 });
  });
});

const assigned: PatientPresence = {
  kind: 'presence',
  patient: 'p',
  event: 'start',
  basis: 'assignment',
  resource: 'DeviceUseStatement/1',
  time: dayStart - 1000,
  key: key(1),
};

describe('the flag', () => {
  /** A complete set, or one that only a sensor gives. */
  const score = (device: object, charted: object | null = {}) => ({
    device: { ...normalDevice, ...device },
    ...(charted !== null && { charted: { ...normalCharted, ...charted } }),
  });
  const high = score({ respirationRate: 25, heartRate: 135, oxygenSaturation: 95 });
  const medium = score({ respirationRate: 22, heartRate: 115, oxygenSaturation: 95 });
  const single = score({ respirationRate: 25 });
  const normal = score({});
  const sensorOnly = score({}, null);
  const flags = (patient: KernelPatient, ...windows: Parameters<KernelPatient['result']>[0][]) =>
    windows.map((window) => short(patient.result(window).flag));
  const short = ({ action, level, rule, mayLower }: FlagDecision) =>
    `${action} ${level ?? '-'} ${rule}${mayLower ? ' mayLower' : ''}`;

  test('is raised at once by 7, and by a floor of 7', () => {
    const patient = new KernelPatient();
    const { flag, start } = patient.result(high);
    expect(flag).toEqual({ action: 'raise', level: 'high', since: start, rule: 'high', mayLower: false });
    const partial = { device: { respirationRate: 25, heartRate: 135, oxygenSaturation: 95 } };
    expect(flags(new KernelPatient(), partial)).toEqual(['raise high high']);
    expect(flags(patient, high)).toEqual(['keep high standing']);
    expect(patient.state?.flag?.since).toBe(start);
  });

  test('by a medium score in two of three windows', () => {
    expect(flags(new KernelPatient(), medium, medium)).toEqual(['none - below', 'raise medium mediumTwice']);
    expect(flags(new KernelPatient(), medium, normal, medium).at(-1)).toBe('raise medium mediumTwice');
    expect(flags(new KernelPatient(), medium, normal, normal, medium).at(-1)).toMatch(/^none - below/);
    const apart = new KernelPatient();
    apart.step(medium);
    apart.skip(2);
    expect(flags(apart, medium)).toEqual(['none - below']);
  });

  test('by a single 3 at once when somebody charted it, carried or not; when a sensor says it twice', () => {
    expect(flags(new KernelPatient(), score({}, { consciousness: 1 }))).toEqual(['raise low-medium singleCharted']);
    expect(flags(new KernelPatient(), single, single)).toEqual(['none - below', 'raise low-medium singleTwice']);
    expect(flags(new KernelPatient(), single, normal, single)).toEqual([
      'none - below',
      'none - below',
      'none - below',
    ]);
    const without = { device: { heartRate: 70, oxygenSaturation: 97 }, charted: normalCharted };
    expect(flags(new KernelPatient(), single, without, single).at(-1)).toBe('raise low-medium singleTwice');
    const twoParts = [single, score({ heartRate: 135 })];
    expect(flags(new KernelPatient(), ...twoParts)).toEqual(['none - below', 'none - below']);
  });

  test('rises at once and keeps since when', () => {
    const patient = new KernelPatient();
    const [, raised] = [patient.result(medium), patient.result(medium)];
    const risen = patient.result(high);
    expect(short(risen.flag)).toBe('raise high high');
    expect(risen.flag.since).toBe(raised.flag.since);
  });

  test('is lowered after three windows and 30 minutes below, to what the last three say', () => {
    const patient = new KernelPatient();
    patient.step(high);
    expect(flags(patient, normal, normal, normal, normal, normal)).toEqual(Array(5).fill('keep high standing'));
    expect(flags(patient, normal)).toEqual(['lower - belowLongEnough mayLower']);
    expect(patient.state?.flag).toBeNull();
    const partly = new KernelPatient();
    partly.step(high);
    flags(partly, ...Array(5).fill(normal));
    expect(flags(partly, medium)).toEqual(['lower medium belowLongEnough mayLower']);
    expect(partly.state?.flag).toEqual({ level: 'medium', since: dayStart });
  });

  test('waits anew after each window that is not below, not scored, or left out', () => {
    for (const between of [high, { ...normal, context: { ...adult, pregnant: item(true) } }, null]) {
      const patient = new KernelPatient();
      patient.step(high);
      flags(patient, ...Array(5).fill(normal));
      if (between === null) patient.skip(1);
      else patient.step(between);
      expect(flags(patient, ...Array(5).fill(normal)).map((one) => one.split(' ')[0])).toEqual(Array(5).fill('keep'));
      expect(flags(patient, normal)[0]).toMatch(/^lower/);
    }
  });

  test('missing data never lowers it: what is unknown is taken for the worst', () => {
    const patient = new KernelPatient({ carrySeconds: 0, carrySecondsAtRisk: 0 });
    patient.step({ ...high, presence: [assigned] });
    expect(flags(patient, ...Array(8).fill(sensorOnly))).toEqual(Array(8).fill('keep high standing'));
    expect(flags(patient, ...Array(8).fill({}))).toEqual(Array(8).fill('keep high standing'));
    const { supplementalOxygen, ...charted } = normalCharted;
    const known = { device: normalDevice, charted };
    expect(flags(patient, ...Array(6).fill(known)).at(-1)).toBe('lower - belowLongEnough mayLower');
    const { temperature, ...rest } = normalCharted;
    const other = new KernelPatient({ carrySeconds: 0, carrySecondsAtRisk: 0 });
    other.step(high);
    const withoutTemperature = { device: normalDevice, charted: rest };
    const lowered = 'lower low-medium belowLongEnough mayLower';
    expect(flags(other, ...Array(7).fill(withoutTemperature)).slice(-2)).toEqual([lowered, 'keep low-medium standing']);
  });

  test('an unknown part may be a single 3, except oxygen', () => {
    const charted = score({}, { consciousness: 1 });
    for (const [unknown, lowered] of [
      ['supplementalOxygen', true],
      ['temperature', false],
    ] as const) {
      const patient = new KernelPatient({ carrySeconds: 0, carrySecondsAtRisk: 0 });
      expect(flags(patient, charted)).toEqual(['raise low-medium singleCharted']);
      const seen = flags(patient, ...Array(6).fill(score({}, { [unknown]: undefined })));
      expect(seen.at(-1)?.startsWith('lower')).toBe(lowered);
    }
  });

  test('no window of unknown parts lowers more than its best completion would', () => {
    const shown = fc.subarray(Object.keys({ ...normalDevice, ...normalCharted }));
    fc.assert(
      fc.property(fc.array(shown, { minLength: 8, maxLength: 8 }), (windows) => {
        const settings = { carrySeconds: 0, carrySecondsAtRisk: 0 };
        const [full, partial] = [new KernelPatient(settings), new KernelPatient(settings)];
        for (const patient of [full, partial]) patient.step({ ...high, presence: [assigned] });
        for (const names of windows) {
          const part = (values: object) =>
            Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
          const before = partial.state?.flag;
          const known = partial.result({ device: part(normalDevice), charted: part(normalCharted) });
          const complete = full.result(normal);
          if (known.flag.action === 'lower' && before?.level === 'high') expect(complete.flag.level).toBeNull();
          if (known.flag.mayLower) expect(complete.flag.mayLower).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('stands while the score does not hold', () => {
    const patient = new KernelPatient();
    patient.step(high);
    const pregnant = { ...normal, context: { ...adult, pregnant: item(true) } };
    expect(flags(patient, pregnant)).toEqual(['keep high noScore']);
    expect(flags(new KernelPatient(), pregnant)).toEqual(['none - noScore']);
  });

  test('says that it may be lowered though none stands, for who holds one that a correction raised', () => {
    const patient = new KernelPatient();
    const seen = flags(patient, ...Array(7).fill(normal));
    expect(seen.map((one) => one.endsWith('mayLower'))).toEqual([false, false, false, false, false, true, true]);
  });

  test('waits as long as the site says', () => {
    const flagRules = { mediumTimes: 1, mediumWindows: 1, lowerWindows: 2, lowerSeconds: 0 };
    const patient = new KernelPatient({ flagRules });
    expect(flags(patient, medium, normal, normal)).toEqual([
      'raise medium mediumTwice',
      'keep medium standing',
      'lower - belowLongEnough mayLower',
    ]);
  });
});

describe('data gaps', () => {
  test('pulse or SpO2 absent for two windows in a row, apart from the flag', () => {
    const patient = new KernelPatient();
    const gaps = (...windows: object[]) =>
      windows.map((device) => {
        const { dataGap, flag } = patient.result({ device, presence: [assigned] });
        expect(flag.action).toBe('none');
        return `${dataGap.action} ${dataGap.vitals.join()}`;
      });
    const noPulse = { oxygenSaturation: 97 };
    expect(gaps(normalDevice, noPulse, noPulse, noPulse)).toEqual([
      'none ',
      'none ',
      'raise heartRate',
      'keep heartRate',
    ]);
    const { since } = patient.state?.gap ?? {};
    expect(since).toBe(dayStart + minutes(10));
    expect(gaps({}, {}, noPulse)).toEqual(['keep heartRate', 'raise heartRate,oxygenSaturation', 'keep heartRate']);
    expect(patient.state?.gap?.since).toBe(since);
    expect(gaps(normalDevice, normalDevice)).toEqual(['lower ', 'none ']);
  });

  test('a window before that was not due is no gap', () => {
    const patient = new KernelPatient();
    patient.step({ device: { respirationRate: 16 } });
    patient.skip(1);
    expect(patient.result({ device: { respirationRate: 16 } }).dataGap.action).toBe('none');
    expect(patient.result({ device: { respirationRate: 16 } }).dataGap.action).toBe('raise');
  });
});

describe('for whom the score holds', () => {
  const result = (context: object, settings = {}) =>
    new KernelPatient(settings).result({
      device: normalDevice,
      charted: normalCharted,
      context: { ...adult, ...context },
    });

  test('not under 16 and not when pregnant: values, no score, and the reason', () => {
    const {
      news2,
      applicability,
      vitals: values,
      trend,
      flag,
    } = result({ underSixteen: item(true), pregnant: item(true) });
    expect({ news2, trend, rule: flag.rule }).toEqual({ news2: null, trend: null, rule: 'noScore' });
    expect(applicability).toEqual({ applicable: false, reasons: ['underSixteen', 'pregnant'], cautions: [] });
    expect(values.heartRate).toMatchObject({ median: 70, used: 70 });
  });

  test('with a caution where it may mislead, or not at all when a site says so', () => {
    const injured = { spinalCordInjury: item(true) };
    expect(result({ ...injured, limitsOfTreatment: item(true) })).toMatchObject({
      news2: { total: 0 },
      applicability: { applicable: true, cautions: ['spinalCordInjury', 'limitsOfTreatment'] },
    });
    expect(result(injured, { spinalCordInjury: 'optOut' })).toMatchObject({
      news2: null,
      applicability: { applicable: false, reasons: ['spinalCordInjury'], cautions: [] },
    });
    expect(result({ underSixteen: null, pregnant: null }).applicability.cautions).toEqual([
      'ageUnknown',
      'pregnancyUnknown',
    ]);
  });

  test('what held until the window began is unknown, and is still shown', () => {
    const pregnant = item(true, { validUntil: '2026-01-05T00:00:00Z' });
    const { news2, applicability, context } = result({ pregnant });
    expect({ total: news2?.total, applicability, pregnant: context.pregnant }).toEqual({
      total: 0,
      applicability: { applicable: true, reasons: [], cautions: ['pregnancyUnknown'] },
      pregnant,
    });
    expect(result({ pregnant: item(true, { validUntil: '2026-01-05T00:00:00.001Z' }) }).news2).toBeNull();
  });

  test('scale 2 only where it is prescribed and in force', () => {
    const patient = (scale: object | null) =>
      new KernelPatient().result({
        device: { ...normalDevice, oxygenSaturation: 90 },
        charted: normalCharted,
        context: { ...adult, oxygenSaturationScale: scale } as typeof adult,
      }).news2;
    expect(patient(item(2))).toMatchObject({ scale: 2, parts: { spo2: 0 } });
    expect(patient(null)).toMatchObject({ scale: 1, parts: { spo2: 3 } });
    expect(patient(item(2, { validUntil: '2026-01-04T00:00:00Z' }))).toMatchObject({ scale: 1, parts: { spo2: 3 } });
  });

  test('context is kept for windows without a measurement', () => {
    const patient = new KernelPatient();
    const context = { ...adult, pregnant: item(true) };
    patient.step({ device: normalDevice, context, presence: [assigned] });
    expect(patient.result()).toMatchObject({ context, news2: null });
  });
});

describe('when windows are due', () => {
  const event = (given: Partial<PatientPresence>): PatientPresence => ({ ...assigned, ...given });
  const due = (patient: KernelPatient, ...presence: PatientPresence[]) => patient.step({ presence }).result !== null;

  test('from the start to the end of an assignment or encounter, empty or not', () => {
    const patient = new KernelPatient();
    expect(due(patient)).toBe(false);
    expect(due(patient, event({ time: dayStart + minutes(12) }))).toBe(false);
    expect(due(patient)).toBe(true);
    const empty = patient.result();
    expect(empty).toMatchObject({ vitals: {}, news2: { complete: false, floorTotal: 0, ceilingTotal: 20 } });
    const end = event({ event: 'end', time: dayStart + minutes(26), key: key(2) });
    expect([due(patient, end), due(patient), due(patient)]).toEqual([true, true, false]);
  });

  test('again, when an encounter is opened anew, or a device comes back', () => {
    const patient = new KernelPatient();
    const end = event({ event: 'end', time: dayStart + minutes(2), key: key(2) });
    const again = event({ time: dayStart + minutes(11), key: key(3) });
    expect([due(patient, assigned, end), due(patient), due(patient, again), due(patient)]).toEqual([
      ...[true, false, true, true],
    ]);
  });

  test('while one of several still runs; none after a death', () => {
    const patient = new KernelPatient();
    const encounter = event({ basis: 'encounter', resource: 'Encounter/1', key: key(3) });
    const end = event({ event: 'end', time: dayStart, key: key(4) });
    expect(due(patient, assigned, encounter, end)).toBe(true);
    const death = event({
      event: 'end',
      basis: 'death',
      resource: 'Patient/p',
      time: dayStart + minutes(7),
      key: key(5),
    });
    expect([due(patient, death), due(patient)]).toEqual([true, false]);
    expect(due(patient, event({ resource: 'Encounter/2' }))).toBe(false);
    expect(patient.step({ device: normalDevice }).result).not.toBeNull();
  });

  test('of what is said of a resource the greatest key counts, in any order', () => {
    const first = event({ event: 'end', time: dayStart + minutes(2), key: key(1, 1) });
    const corrected = event({ event: 'end', time: dayStart + minutes(12), key: key(1, 2) });
    for (const order of [
      [assigned, first, corrected],
      [corrected, assigned, first],
    ]) {
      const patient = new KernelPatient();
      due(patient, ...order);
      const seen = [due(patient), due(patient), due(patient)];
      expect(seen).toEqual([false, true, false]);
    }
  });

  test('an end or a death at the very start of a window still belongs to it, so that a window tells of it', () => {
    for (const given of [{ resource: assigned.resource }, { basis: 'death' as const, resource: 'Patient/p' }]) {
      const ended = (time: number) => {
        const patient = new KernelPatient();
        due(patient, assigned, event({ ...given, event: 'end', time, key: key(9) }));
        return patient.step().result?.monitoringEnd;
      };
      const basis = given.basis ?? 'assignment';
      expect(ended(dayStart + minutes(5) - 1)).toBeUndefined();
      expect(ended(dayStart + minutes(5))).toEqual({ time: dayStart + minutes(5), basis });
      expect(ended(dayStart + minutes(10) - 1)).toEqual({ time: dayStart + minutes(10) - 1, basis });
      expect(ended(dayStart + minutes(10))).toBeNull();
    }
  });

  test('the last window of a stay tells that it ended, by what, and nothing of it stands in the next stay', () => {
    const patient = new KernelPatient();
    const encounter = event({ basis: 'encounter', resource: 'Encounter/1', key: key(3) });
    const high = {
      device: { ...normalDevice, heartRate: 140, respirationRate: 30, oxygenSaturation: 85 },
      charted: normalCharted,
    };
    const raised = patient.result({ ...high, presence: [assigned, encounter] });
    expect(raised.monitoringEnd).toBeNull();
    expect(raised.flag.level).not.toBeNull();
    const unassigned = event({ event: 'end', time: dayStart + minutes(6), key: key(4) });
    expect(patient.result({ ...high, presence: [unassigned] }).monitoringEnd).toBeNull();
    const discharged = { ...encounter, event: 'end' as const, time: dayStart + minutes(12), key: key(5) };
    const last = patient.result({ ...high, presence: [discharged] });
    expect(last.monitoringEnd).toEqual({ time: dayStart + minutes(12), basis: 'encounter' });
    expect(last.flag.level).not.toBeNull();
    const again = event({ resource: 'Encounter/2', basis: 'encounter', time: dayStart + minutes(16), key: key(6) });
    expect(patient.result({ device: normalDevice, charted: normalCharted, presence: [again] }).flag).toMatchObject({
      action: 'none',
      level: null,
    });
  });

  test('a correction to an earlier end counts, when its key is the greater one', () => {
    const patient = new KernelPatient();
    const late = event({ event: 'end', time: dayStart + minutes(4), key: key(1, 1) });
    const early = event({ event: 'end', time: dayStart - 500, key: key(1, 2) });
    expect(due(patient, assigned, late, early)).toBe(false);
  });

  test('a rejected or taken back value makes a window due', () => {
    const rejected = measurement(dayStart + 1000, {
      samples: [sample('heartRate', 400, { rejected: 'implausible' })],
      context: adult,
    });
    expect(new KernelPatient().result({ measurements: [rejected] }).vitals.heartRate).toEqual({
      count: 0,
      superseded: 0,
      median: null,
      min: null,
      max: null,
      last: null,
      lastTime: null,
      slope: null,
      longestGapSeconds: 300,
      used: null,
      source: null,
      rejected: { implausible: 1 },
    });
  });

  test('who is gone is forgotten when nothing of theirs could be carried forward any more', () => {
    const patient = new KernelPatient({ carrySeconds: 900, carrySecondsAtRisk: 900 });
    patient.step({ charted: normalCharted });
    const known = [0, 1, 2].map(() => {
      expect(patient.step().result).toBeNull();
      return patient.state !== null;
    });
    expect(known).toEqual([true, true, false]);
    expect(patient.step({ presence: [event({ time: dayStart + minutes(600) })] }).state).not.toBeNull();
  });

  test('what is remembered does not grow', () => {
    const patient = new KernelPatient();
    const size = (windows: number) => {
      for (let window = 0; window < windows; window++) patient.step({ device: normalDevice, charted: normalCharted });
      return JSON.stringify(patient.state).length;
    };
    expect(size(40)).toBe(size(13));
    expect(patient.state?.windows).toHaveLength(12);
  });
});

describe('beside the score', () => {
  test('changes since the window before and the hour before, and the difference from the usual', () => {
    const patient = new KernelPatient();
    const at = (respirationRate: number, more = {}) =>
      patient.result({ device: { ...normalDevice, respirationRate }, charted: normalCharted, ...more });
    expect(at(16).trend).toEqual({ totalChange: null, totalChangeHour: null, fromBaseline: {} });
    expect(at(25).trend).toMatchObject({ totalChange: 3, totalChangeHour: null });
    for (let window = 2; window < 12; window++) at(16);
    const baseline = { medians: { heartRate: 64.5, temperature: 36.5, diastolicBloodPressure: 80 }, windows: 100 };
    const hourLater = at(22, { baseline, baselineVersion: '2026-01-05' });
    expect(hourLater.trend).toEqual({
      totalChange: 2,
      totalChangeHour: 2,
      fromBaseline: { heartRate: 5.5, temperature: 0.5 },
    });
    expect(hourLater).toMatchObject({ baseline: { version: '2026-01-05' }, news2: { total: 2 } });
    expect(at(22, { baseline }).trend).toMatchObject({ totalChange: 0, totalChangeHour: -1, fromBaseline: {} });
  });

  test('every result says which baseline it used, or why none', () => {
    const baselineOf = (settings: object, more: object) =>
      new KernelPatient(settings).result({ device: normalDevice, ...more }).baseline;
    expect(baselineOf({}, {})).toEqual({ version: null, reason: 'notReady' });
    expect(baselineOf({}, { baselineVersion: '2026-01-05' })).toEqual({ version: null, reason: 'unknownPatient' });
    expect(baselineOf({ baselines: false }, { baselineVersion: '2026-01-05' })).toEqual({
      version: null,
      reason: 'off',
    });
  });

  test('a model of the site is shown beside it, with what it was given', () => {
    const { result } = new KernelPatient().step({ device: normalDevice, charted: normalCharted });
    const features = featuresOf(result as NonNullable<typeof result>);
    expect(Object.keys(features)).toEqual(featureNames);
    expect(features).toMatchObject({
      'heartRate.median': 70,
      'heartRate.slope': Number.NaN,
      'diastolicBloodPressure.count': 0,
      'diastolicBloodPressure.median': Number.NaN,
      'news2.total': 0,
      'trend.totalChange': Number.NaN,
    });
    const request = { start: dayStart, settings: defaultKernelSettings, baselineVersion: null };
    const slots = new Slots(dayStart, defaultKernelSettings);
    slots.add(measurement(dayStart, { samples: [sample('heartRate', 81)] }));
    const stepped = (predict: (features: Readonly<Record<string, number>>) => Record<string, number>) =>
      stepWindowWith({ name: 'toy', version: '1', predict })(
        { ...request, patients: [asNew('p')] },
        slots.columns(),
      )[0];
    expect(stepped((given) => ({ risk: (given['heartRate.last'] ?? 0) / 100 }))?.result?.prediction).toEqual({
      model: 'toy',
      version: '1',
      kind: 'module',
      state: 'done',
      values: { risk: 0.81 },
    });
    expect(() => stepped(() => ({ risk: Number.NaN }))).toThrow('The model toy 1 gave no finite number for risk.');
    expect(result?.prediction).toBeNull();
  });

  test('two results are the same when they say the same, whichever revision', () => {
    const first = new KernelPatient().result({ device: normalDevice });
    const again = new KernelPatient().result({ device: normalDevice });
    const other = new KernelPatient().result({ device: { ...normalDevice, heartRate: 71 } });
    const sent = {
      ...Object.fromEntries(Object.entries(again).reverse()),
      kind: 'window',
      revision: 3,
      corrected: true,
    };
    expect(sameContent(first, sent as never)).toBe(true);
    expect(contentOf(first)).toBe(contentOf(again));
    expect(sameContent(first, other)).toBe(false);
  });
});

describe('what a site chooses', () => {
  test('settings have defaults; everything wrong is said at once', () => {
    expect(readKernelSettings('{}')).toEqual(defaultKernelSettings);
    expect(readKernelSettings('{"windowSeconds":60,"flagRules":{"lowerSeconds":600}}')).toMatchObject({
      windowSeconds: 60,
      flagRules: { lowerSeconds: 600, lowerWindows: 3 },
    });
    expect(() =>
      readKernelSettings('{"windowSeconds":7,"sampelSeconds":1,"baselines":"no","flagRules":{"lowerWindows":0}}'),
    ).toThrow(
      /windowSeconds is 7; .*no sampelSeconds; .*baselines is "no"; .*flagRules.lowerWindows is 0; it must be a whole number/,
    );
    expect(() => readKernelSettings('{"windowSeconds":420}')).toThrow('a part of a day without remainder');
    expect(() => readKernelSettings('{"sampleSeconds":7}')).toThrow('must be a multiple of sampleSeconds (7)');
    expect(() => readKernelSettings('{"carrySeconds":60}')).toThrow('carrySecondsAtRisk (3600) must be at most');
    expect(() => readKernelSettings('nonsense')).toThrow('not valid JSON');
  });

  test('windows are aligned to UTC', () => {
    expect(windowStartOf(dayStart + 299_999, { windowSeconds: 300 })).toBe(dayStart);
    expect(windowStartOf(dayStart + 300_000, { windowSeconds: 300 })).toBe(dayStart + 300_000);
    expect(windowStartOf(dayStart + 300_000, { windowSeconds: 86_400 })).toBe(dayStart);
    expect(new KernelPatient({ windowSeconds: 5400 }).result({ device: normalDevice }).horizon).toBe('PT1H30M');
  });

  test('samples are rejected with a reason', () => {
    expect(rejectionOf('heartRate', 70)).toBeUndefined();
    expect([null, Number.NaN].map((value) => rejectionOf('heartRate', value))).toEqual(['unreadable', 'unreadable']);
    expect([0, 19.999, 20, 300, 301, 255].map((value) => rejectionOf('heartRate', value))).toEqual([
      'implausible',
      'implausible',
      undefined,
      undefined,
      'implausible',
      undefined,
    ]);
    expect(rejectionOf('consciousness', 6)).toBe('unreadable');
    expect(rejectionOf('consciousness', 0.5)).toBe('unreadable');
    expect(rejectionOf('heartRate', 70, { value: 40, least: 50 })).toBe('signalQuality');
    expect(rejectionOf('heartRate', 70, { value: Number.NaN, least: 50 })).toBe('signalQuality');
    expect(rejectionOf('heartRate', 70, { value: 50, least: 50 })).toBeUndefined();
  });

  test('a state of another version is refused', () => {
    const patient = new KernelPatient();
    patient.state = { version: 2 } as never;
    expect(() => patient.step({ device: normalDevice })).toThrow('has version 2; this kernel knows version 1');
  });
});

describe('the bundle for a V8 without Node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const build = (name: string, options = '') => {
    const program = `import { buildKernel } from './setup/bundles.mjs'; await buildKernel(process.cwd(), { folder: ${JSON.stringify(join(folder, name))}, ${options} });`;
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: join(__dirname, '..') });
    return readFileSync(join(folder, name, 'kernel.js'), 'utf8');
  };
  /** Nothing of Node, nothing of a browser. */
  const load = (code: string) => runInNewContext(`${code};iomtKernel`, Object.create(null)) as typeof kernelEntry;
  const windows = () => {
    const slots = new Slots(dayStart, defaultKernelSettings);
    for (let second = 0; second < 300; second += 7)
      for (const patient of ['a', 'b'])
        slots.add(
          measurement(dayStart + second * 1000, { patient, samples: [sample('heartRate', 70 + Math.sin(second))] }),
        );
    const patients = ['a', 'b'].map((patient) => ({ ...asNew(patient), ...slots.measured(patient) }));
    const request = { start: dayStart, settings: defaultKernelSettings, baselineVersion: null, patients };
    return { request, columns: slots.columns(['a', 'b']) };
  };

  test('gives the same text as the kernel here, from columns that it made and from others', () => {
    const bundled = load(build('plain'));
    const { request, columns } = windows();
    const expected = JSON.stringify(stepWindow(request, columns));
    const { patient, vital, time, value, source, superseded } = columns;
    const json = JSON.stringify(request);
    expect(bundled.stepWindow(json, patient, vital, time, value, source, superseded)).toBe(expected);
    const shared = bundled.columns(time.length + 10);
    for (const name of ['patient', 'vital', 'time', 'value', 'source', 'superseded'] as const)
      shared[name].set(columns[name]);
    expect(bundled.stepColumns(json, shared, time.length)).toBe(expected);
    const lines = stepWindow(request, columns).flatMap(({ result, state }) =>
      [result, state].map((part) => JSON.stringify(part)),
    );
    expect(bundled.stepLines(json, shared, time.length)).toBe(lines.join('\n'));
    expect(() => bundled.stepColumns(json, shared, time.length + 11)).toThrow('There is room for');
    expect(bundled.version).toBe(kernelVersion);
    const scored = bundled.scoreColumns(shared, time.length, 2, dayStart, 300_000);
    expect(scored.median[0]).toBe(stepWindow(request, columns)[0]?.result?.vitals.heartRate?.median);
  });

  const setup = spawnSync(process.execPath, ['setup/python.mjs', 'numpy==1.26.4', 'mini-racer==0.14.1'], {
    cwd: join(__dirname, '..'),
    encoding: 'utf8',
  });
  const inPython = setup.status === 0 ? test : test.skip;
  inPython('gives the same text in V8 inside Python (skipped without Python 3 and its package index)', () => {
    build('python');
    const { request, columns } = windows();
    const plain = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, Array.from(column)]));
    const call = join(folder, 'call.json');
    writeFileSync(call, JSON.stringify({ request: JSON.stringify(request), columns: plain }));
    const script = join(__dirname, 'support', 'python', 'kernel_text.py');
    const interpreter = setup.stdout.trim().split('\n').at(-1) ?? '';
    const text = execFileSync(interpreter, [script, join(folder, 'python', 'kernel.js'), call], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(text).toBe(JSON.stringify(stepWindow(request, columns)));
  });

  test('is the same each time, and another one with a model of the site', () => {
    const module = join(folder, 'model.ts');
    writeFileSync(
      module,
      "export const model = { name: 'site', version: '2', predict: (f: Record<string, number>) => ({ twice: 2 * (f['heartRate.count'] ?? 0) }) };",
    );
    expect(build('again')).toBe(build('plain'));
    const { request, columns } = windows();
    const { patient, vital, time, value, source, superseded } = columns;
    const own = load(build('plain', `modelModule: ${JSON.stringify(module)}`));
    const steps = JSON.parse(own.stepWindow(JSON.stringify(request), patient, vital, time, value, source, superseded));
    expect(steps[0].result.prediction).toMatchObject({ model: 'site', kind: 'module', values: { twice: 86 } });
    expect(build('plain')).toBe(build('again'));
  });
});
