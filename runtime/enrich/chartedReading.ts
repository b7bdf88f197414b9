import type { VitalSample } from '../contracts/enriched';
import type { Vital } from '../contracts/scoringSource';
import { beginOf } from '../fhir/deviceUse';
import { connectorSystem, type ObservationValue } from '../medtech/fhir/resources';
import type { CodeableConcept } from '../medtech/mapping/fhirTemplate';
import type { VitalLimits } from '../scoring/plausibility';
import { chartedNumbers, consciousnessAnswers, consciousnessCodes } from './chartedCodes';
import { chartedNumber } from './chartedUnits';
import { sampleOf } from './deviceSamples';
import { patientIdOf, type StoredObservation, tokensOf } from './fhirShapes';
import { oxygenIn } from './oxygen';
import { quantisedTime } from './quantise';

/** What an Observation charts, for whom and when. */
export interface ChartedReading {
  readonly patient: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly samples: readonly VitalSample[];
}

/** Why a charted value cannot be used. */
export type ChartedProblem = 'unit' | 'time' | 'patient';

export interface ChartedContent {
  readonly reading?: ChartedReading;
  readonly problems: readonly ChartedProblem[];
}

/** Preferred to a device's value in the same slot: somebody saw the patient. */
const chartedPriority = 0;

const nothing: ChartedContent = { problems: [] };

/** Whether the connector wrote it: what it holds came by the stream. */
export function isConnectors({ id, identifier = [] }: StoredObservation): boolean {
  return isComputedId(id ?? '') || identifier.some(({ system }) => system === connectorSystem);
}

/** Ids that the connector computes: 64 hexadecimal digits. */
export function isComputedId(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id);
}

/** The vital signs in an Observation, whatever its status. */
export function chartedContent(observation: StoredObservation, limits: VitalLimits): ChartedContent {
  const { samples, hasUnusableUnit } = samplesIn(observation, limits);
  if (samples.length === 0 && !hasUnusableUnit) return nothing;
  const patient = patientIdOf(observation.subject);
  const time = timeOf(observation);
  const problems: ChartedProblem[] = [
    ...(hasUnusableUnit ? (['unit'] as const) : []),
    ...(patient === undefined ? (['patient'] as const) : []),
    ...(time === undefined ? (['time'] as const) : []),
  ];
  if (patient === undefined || time === undefined || samples.length === 0) return { problems };
  return { reading: { patient, time, samples }, problems };
}

function samplesIn(observation: StoredObservation, limits: VitalLimits) {
  const samples = new Map<Vital, VitalSample>();
  let hasUnusableUnit = false;
  const add = (vital: Vital, value: number | null | undefined) => {
    if (value === undefined) hasUnusableUnit = true;
    else if (!samples.has(vital)) samples.set(vital, sampleOf(vital, value, chartedPriority, { limits }));
  };
  for (const part of [observation, ...(observation.component ?? [])]) {
    const found = valueIn(part.code, part);
    if (found !== undefined) add(found.vital, found.value);
  }
  const oxygen = oxygenIn(observation);
  if (oxygen !== undefined) add('supplementalOxygen', oxygen.value);
  return { samples: [...samples.values()], hasUnusableUnit };
}

function valueIn(concept: CodeableConcept | undefined, { valueQuantity, valueCodeableConcept }: ObservationValue) {
  const codes = tokensOf(concept);
  const number = codes.map((code) => chartedNumbers.get(code)).find((one) => one !== undefined);
  if (number !== undefined && valueQuantity !== undefined) {
    return { vital: number.vital, value: chartedNumber(valueQuantity, number.units) };
  }
  if (valueCodeableConcept === undefined || !codes.some((code) => consciousnessCodes.includes(code))) return undefined;
  const answer = tokensOf(valueCodeableConcept)
    .map((token) => consciousnessAnswers.get(token))
    .find((one) => one !== undefined);
  return { vital: 'consciousness' as const, value: answer ?? null };
}

/** The moment; of a period its end. A day is no moment. */
function timeOf({ effectiveDateTime, effectiveInstant, effectivePeriod }: StoredObservation): number | undefined {
  const text = effectiveDateTime ?? effectiveInstant ?? effectivePeriod?.end ?? effectivePeriod?.start ?? '';
  const ticks = text.includes('T') ? beginOf(text) : undefined;
  return ticks === undefined ? undefined : quantisedTime(ticks);
}
