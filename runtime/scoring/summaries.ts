import type { RejectionReason } from '../contracts/enriched';
import type { Band, VitalSummary } from '../contracts/scored';
import { type Vital, vitals } from '../contracts/scoringSource';
import { chartValue, isCoded } from './chart';
import type { ContextInForce } from './context';
import type { KernelSettings, PatientWindow } from './kernelTypes';
import type { CarriedValue, PatientState } from './patientState';
import type { WindowStatistics } from './windowStatistics';

/** Never a continuous signal: what a sensor does not send now is not known now. */
const carriedVitals: ReadonlySet<Vital> = new Set([
  'systolicBloodPressure',
  'diastolicBloodPressure',
  'temperature',
  'consciousness',
  'supplementalOxygen',
]);

/** A window's time, in milliseconds. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Before {
  readonly carried: PatientState['carried'];
  readonly limitMilliseconds: number;
  readonly context: ContextInForce;
}

/** After a band of low-medium or above, carried values are believed for a shorter time. */
export function carryMilliseconds(band: Band | null, { carrySeconds, carrySecondsAtRisk }: KernelSettings): number {
  return (band === null || band === 'low' ? carrySeconds : carrySecondsAtRisk) * 1000;
}

/** What each vital was in the window, or what is carried into it; a vital with neither, and without a rejected sample, is left out. */
export function summaries(
  statistics: WindowStatistics,
  patient: number,
  span: Span,
  rejected: PatientWindow['rejected'],
  before: Before,
): Partial<Record<Vital, VitalSummary>> {
  const found: Partial<Record<Vital, VitalSummary>> = {};
  vitals.forEach((vital, index) => {
    const row = patient * vitals.length + index;
    const measured = (statistics.count[row] as number) > 0;
    const counts = rejectedOf(vital, rejected);
    const carried = measured ? null : carriedInto(vital, span.end, before);
    if (!measured && carried === null && counts === null) return;
    found[vital] = {
      ...(measured ? measuredSummary(statistics, row, vital, span.start) : emptySummary(span, carried)),
      ...(counts !== null && { rejected: counts }),
    };
  });
  return found;
}

/** What may be carried into later windows after this one: of two values of a vital the later one. */
export function carriedAfter(
  carried: PatientState['carried'],
  found: Partial<Record<Vital, VitalSummary>>,
  statistics: WindowStatistics,
  patient: number,
): PatientState['carried'] {
  const after: Partial<Record<Vital, CarriedValue>> = { ...carried };
  for (const vital of carriedVitals) {
    const { used, source, lastTime, count } = found[vital] ?? { count: 0 };
    const isContinuous = statistics.lastSource[patient * vitals.length + vitals.indexOf(vital)] === 0;
    if (count === 0 || isContinuous || used == null || source == null || lastTime == null) continue;
    if (lastTime >= (after[vital]?.time ?? Number.NEGATIVE_INFINITY)) after[vital] = { used, time: lastTime, source };
  }
  return after;
}

function measuredSummary(statistics: WindowStatistics, row: number, vital: Vital, start: number): VitalSummary {
  const number = (column: Float64Array) => column[row] as number;
  const coded = isCoded(vital);
  const last = number(statistics.last);
  const slope = number(statistics.slope);
  return {
    count: statistics.count[row] as number,
    superseded: statistics.superseded[row] as number,
    ...(statistics.supersededAtLeast[row] === 1 && { supersededAtLeast: true as const }),
    median: coded ? null : number(statistics.median),
    min: coded ? null : number(statistics.min),
    max: coded ? null : number(statistics.max),
    last,
    lastTime: start + (statistics.lastOffset[row] as number),
    slope: coded || Number.isNaN(slope) ? null : slope,
    longestGapSeconds: (statistics.longestGap[row] as number) / 1000,
    used: coded ? last : chartValue(vital, number(statistics.median)),
    source: statistics.lastSource[row] === 2 ? 'charted' : 'device',
  };
}

function emptySummary({ start, end }: Span, carried: CarriedValue | null): VitalSummary {
  return {
    count: 0,
    superseded: 0,
    median: null,
    min: null,
    max: null,
    last: null,
    lastTime: null,
    slope: null,
    longestGapSeconds: (end - start) / 1000,
    used: carried?.used ?? null,
    source: carried?.source ?? null,
    ...(carried !== null && { carriedSeconds: (end - carried.time) / 1000 }),
  };
}

function carriedInto(vital: Vital, end: number, { carried, limitMilliseconds, context }: Before): CarriedValue | null {
  if (!carriedVitals.has(vital)) return null;
  const value = carried[vital];
  if (value !== undefined && end - value.time <= limitMilliseconds) return value;
  return vital === 'supplementalOxygen' ? statedOxygen(end, limitMilliseconds, context) : null;
}

/** What the patient's record says about oxygen, as if it had been charted then. */
function statedOxygen(
  end: number,
  limitMilliseconds: number,
  { supplementalOxygen }: ContextInForce,
): CarriedValue | null {
  if (supplementalOxygen === null || supplementalOxygen.date === null) return null;
  const time = Date.parse(supplementalOxygen.date);
  if (!(time < end && end - time <= limitMilliseconds)) return null;
  return { used: supplementalOxygen.value ? 1 : 0, time, source: 'charted' };
}

function rejectedOf(vital: Vital, rejected: PatientWindow['rejected']): VitalSummary['rejected'] | null {
  const counts: Partial<Record<RejectionReason, number>> = {};
  for (const one of rejected) if (one.vital === vital) counts[one.reason] = (counts[one.reason] ?? 0) + one.count;
  return Object.keys(counts).length === 0 ? null : counts;
}
