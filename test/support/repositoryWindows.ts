import fc from 'fast-check';
import { unknownContext } from '../../runtime/contracts/patientContext';
import type { Band, ScoredMessage, ScoredWindow } from '../../runtime/contracts/scored';

/** Noon of a day, UTC, and the length of a hot window. */
export const noon = Date.UTC(2026, 0, 5, 12);
export const minute = 60_000;
export const windowSeconds = 300;
const length = windowSeconds * 1000;

type Level = Exclude<Band, 'low'> | null;

/** What differs from a quiet window of patient p, the `at`th after noon. */
export interface WindowGiven {
  readonly patient?: string;
  readonly at?: number;
  readonly total?: number;
  readonly level?: Level;
  /** Window after noon that raised what stands; the window itself where left out. */
  readonly since?: number;
  readonly mayLower?: boolean;
  readonly gapSince?: number;
  /** Minutes after the window's start at which monitoring ended. */
  readonly endsAfter?: number;
  readonly revision?: number;
  readonly more?: Partial<ScoredWindow>;
}

export const startOf = (at: number) => noon + at * length;

export function scoredWindow(given: WindowGiven = {}): ScoredWindow {
  const { patient = 'p', at = 0, total = 1, level = null, mayLower = true, revision = 1, more = {} } = given;
  const start = startOf(at);
  const since = level === null ? null : startOf(given.since ?? at);
  return {
    ...{ kind: 'window', patient, start, end: start + length, horizon: 'PT5M', revision, corrected: revision > 1 },
    ...{ rules: { name: 'NEWS2', version: '2017' }, kernel: '1.1.0' },
    vitals: { heartRate: vital(70 + total, start + 4 * minute), temperature: carried(37.2) },
    news2: scoreOf(total),
    applicability: { applicable: true, reasons: [], cautions: ['pregnancyUnknown'] },
    trend: { totalChange: 0, totalChangeHour: null, fromBaseline: {} },
    flag: { action: level === null ? 'none' : 'keep', level, since, rule: 'total7', mayLower },
    dataGap:
      given.gapSince === undefined
        ? { action: 'none', vitals: [], since: null }
        : { action: 'keep', vitals: ['heartRate'], since: startOf(given.gapSince) },
    monitoringEnd:
      given.endsAfter === undefined ? null : { time: start + given.endsAfter * minute, basis: 'encounter' },
    context: unknownContext,
    baseline: { version: null, reason: 'off' },
    prediction: null,
    ...more,
  };
}

export const clockMark = (source: string, sources: number, time: number): ScoredMessage => ({
  ...{ kind: 'clockMark', source, sources, time: new Date(time).toISOString() },
});

function scoreOf(total: number): ScoredWindow['news2'] {
  const band = total >= 7 ? 'high' : total >= 5 ? 'medium' : 'low';
  const parts = { resp: 0, spo2: 0, oxygen: 0, sbp: 0, pulse: 1, consciousness: 0, temp: 0 } as const;
  return { complete: true, total, parts, missing: [], floorTotal: total, ceilingTotal: total, band, scale: 1 };
}

function vital(value: number, lastTime: number): NonNullable<ScoredWindow['vitals']['heartRate']> {
  return {
    ...{ count: 60, superseded: 0, median: value, min: value - 2, max: value + 2, last: value, lastTime },
    ...{ slope: 0.01, longestGapSeconds: 60, used: value, source: 'device' },
  };
}

function carried(used: number): NonNullable<ScoredWindow['vitals']['temperature']> {
  return {
    ...{ count: 0, superseded: 0, median: null, min: null, max: null, last: null, lastTime: null, slope: null },
    ...{ longestGapSeconds: 300, used, source: 'charted', carriedSeconds: 900 },
  };
}

/** Streams of these patients' windows, in any order and any revision, as long as each decides by itself. */
export function windowStreams(patients: readonly string[]): fc.Arbitrary<readonly ScoredWindow[]> {
  const given = fc.record({
    patient: fc.constantFrom(...patients),
    at: fc.nat(4),
    revision: fc.integer({ min: 1, max: 3 }),
    level: fc.constantFrom(null, null, 'medium' as const, 'high' as const),
    mayLower: fc.boolean(),
    isGap: fc.boolean(),
    ends: fc.boolean(),
  });
  return fc.array(given, { minLength: 1, maxLength: 12 }).map((all) =>
    all.map(({ patient, at, revision, level, mayLower, isGap, ends }) =>
      scoredWindow({
        ...{ patient, at, revision, level, mayLower: level === null && mayLower },
        ...(isGap ? { gapSince: at } : {}),
        ...(ends && at === 4 ? { endsAfter: 1 } : {}),
      }),
    ),
  );
}
