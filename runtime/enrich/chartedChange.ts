import type { VitalSample } from '../contracts/enriched';
import type { Vital } from '../contracts/scoringSource';
import type { VitalLimits } from '../scoring/plausibility';
import { type ChartedProblem, type ChartedReading, chartedContent, isConnectors } from './chartedReading';
import type { StoredObservation, StoredResource } from './fhirShapes';
import type { ResourceChange } from './resourceChange';

const certain = ['final', 'amended', 'corrected'];
const takenBack = ['entered-in-error', 'cancelled'];

/** What a change of an Observation means: readings, among them values that are taken back. */
export interface ChartedMeaning {
  readonly readings: readonly ChartedReading[];
  readonly problems: readonly ChartedProblem[];
}

/**
 * The readings that hold now, and in place of each that held before and does not any more one that takes it back: the Observation
 * was deleted, entered in error, or is about another patient, time or vital now.
 */
export function chartedMeaning(change: ResourceChange, limits: VitalLimits): ChartedMeaning {
  const current = asCharted(change.current);
  const previous = asCharted(change.previous);
  const now = current !== undefined && certain.includes(current.status) ? chartedContent(current, limits) : undefined;
  const isTakenBack = current !== undefined && takenBack.includes(current.status);
  const before = [
    ...(isTakenBack ? [chartedContent(current, limits).reading] : []),
    ...(previous !== undefined && certain.includes(previous.status) ? [chartedContent(previous, limits).reading] : []),
  ].filter((one) => one !== undefined);
  const readings = [...missing(before, now?.reading), ...(now?.reading === undefined ? [] : [now.reading])];
  return { readings, problems: now?.problems ?? [] };
}

function asCharted(resource: StoredResource | undefined): StoredObservation | undefined {
  const observation = resource as StoredObservation | undefined;
  return observation === undefined || isConnectors(observation) ? undefined : observation;
}

function missing(before: readonly ChartedReading[], now: ChartedReading | undefined): readonly ChartedReading[] {
  const places = new Map<string, { readonly reading: ChartedReading; readonly vitals: Set<Vital> }>();
  for (const reading of before) {
    const place = placeOf(reading);
    const known = places.get(place) ?? { reading, vitals: new Set<Vital>() };
    for (const { vital } of reading.samples) known.vitals.add(vital);
    places.set(place, known);
  }
  return [...places].flatMap(([place, { reading, vitals }]) => {
    const kept = now !== undefined && placeOf(now) === place ? now.samples.map(({ vital }) => vital) : [];
    const samples = [...vitals].filter((vital) => !kept.includes(vital)).map(takenBackSample);
    return samples.length === 0 ? [] : [{ ...reading, samples }];
  });
}

const placeOf = ({ patient, time }: ChartedReading) => `${patient} ${time}`;

const takenBackSample = (vital: Vital): VitalSample => ({
  ...{ vital, value: null, priority: 0, rejected: 'enteredInError' },
});
