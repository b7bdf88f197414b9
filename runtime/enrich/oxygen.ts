import type { ObservationValue } from '../medtech/fhir/resources';
import type { CodeableConcept } from '../medtech/mapping/fhirTemplate';
import { chartedNumber, flow, percent } from './chartedUnits';
import { type StoredObservation, tokensOf } from './fhirShapes';

/** Inhaled oxygen flow rate, L/min: LOINC 3151-8. */
export const oxygenFlow = 'http://loinc.org|3151-8';
/** Inhaled oxygen concentration, %: LOINC 3150-6; air has 21. */
export const oxygenConcentration = 'http://loinc.org|3150-6';
/** What a value, or a finding, can say: SNOMED CT. */
const findings: ReadonlyMap<string, 0 | 1> = new Map([
  ['http://snomed.info/sct|722742002', 0],
  ['http://snomed.info/sct|371825009', 1],
]);
/** Oxygen therapy, whose value is one of the findings. */
export const oxygenTherapy = 'http://snomed.info/sct|57485005';
/** By which charted oxygen is searched for. */
export const oxygenCodes: readonly string[] = [oxygenFlow, oxygenConcentration, oxygenTherapy, ...findings.keys()];

const air = 21;

export interface ChartedOxygen {
  /** 0 air, 1 oxygen; null: something that scoring does not know; undefined: the unit cannot be used. */
  readonly value: 0 | 1 | null | undefined;
  readonly code: string;
}

/** What an Observation says about oxygen, by itself or in its components; undefined when it says nothing. */
export function oxygenIn(observation: StoredObservation): ChartedOxygen | undefined {
  const parts = [observation, ...(observation.component ?? [])];
  const found = parts.flatMap((part) => oxygenOf(part.code, part) ?? []);
  // Any oxygen is oxygen: 2 L/min at an unknown concentration, 40 % at a flow that is not.
  return found.find(({ value }) => value === 1) ?? found.find(({ value }) => value === 0) ?? found[0];
}

function oxygenOf(
  concept: CodeableConcept | undefined,
  part: ObservationValue & { readonly valueBoolean?: boolean },
): ChartedOxygen | undefined {
  const codes = tokensOf(concept);
  const { valueQuantity, valueCodeableConcept, valueBoolean } = part;
  const finding = codes.find((code) => findings.has(code));
  if (finding !== undefined && !Object.keys(part).some((name) => /^value(?!Boolean)|^dataAbsentReason$/.test(name))) {
    return valueBoolean === false ? undefined : { value: findings.get(finding), code: finding };
  }
  const measured = codes.find((code) => code === oxygenFlow || code === oxygenConcentration);
  if (measured !== undefined && valueQuantity !== undefined) {
    const [units, none] = measured === oxygenFlow ? [flow, 0] : [percent, air];
    const number = chartedNumber(valueQuantity, units);
    const value = number === undefined || number === null ? number : number > none ? 1 : 0;
    return { value, code: measured };
  }
  if (measured === undefined && !codes.includes(oxygenTherapy)) return undefined;
  if (valueCodeableConcept === undefined) return undefined;
  const said = tokensOf(valueCodeableConcept).find((code) => findings.has(code));
  return said === undefined ? { value: null, code: codes[0] ?? '' } : { value: findings.get(said), code: said };
}
