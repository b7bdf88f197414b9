import type { DataGapDecision } from '../contracts/scored';
import type { Vital } from '../contracts/scoringSource';
import type { PatientState } from './patientState';

/** Vitals that a sensor sends all the time: without them the device is off, or its battery or link is. */
export const continuousVitals: readonly Vital[] = ['heartRate', 'oxygenSaturation'];

/**
 * A gap is two windows in a row without a sample; it is kept apart from the clinical flag.
 *
 * @param without those of `continuousVitals` without a sample in this window
 * @param withoutBefore the same of the window just before; null when that was not due
 */
export function decideDataGap(
  start: number,
  without: readonly Vital[],
  withoutBefore: readonly Vital[] | null,
  standing: PatientState['gap'],
): DataGapDecision {
  const absent = without.filter((vital) => withoutBefore?.includes(vital));
  if (absent.length === 0) return { action: standing === null ? 'none' : 'lower', vitals: [], since: null };
  const joins = absent.some((vital) => !standing?.vitals.includes(vital));
  return { action: joins ? 'raise' : 'keep', vitals: absent, since: standing?.since ?? start };
}
