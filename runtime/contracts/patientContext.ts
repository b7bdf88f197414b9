/**
 * One fact about a patient that scoring needs, and where it comes from. Unknown is no item (null), never a guess.
 */
export interface ContextItem<Value> {
  readonly value: Value;
  /** The FHIR resource that says so, as `Observation/abc`. */
  readonly resource: string;
  /** System and code by which it was recognised, as `http://snomed.info/sct|77386006`; the element's path where it has none. */
  readonly code: string;
  /** Since when or as of when, ISO 8601 in UTC; null where the resource does not say. */
  readonly date: string | null;
  /** Until when it holds, ISO 8601 in UTC; null: until further notice. */
  readonly validUntil: string | null;
}

/**
 * The least that scoring must know of a patient (clinical-facts: who NEWS2 is not for, scale 2, limits of treatment). No
 * name, no date of birth, no diagnosis beyond these.
 */
export interface PatientContext {
  /** 2 only where a clinician has prescribed a target of 88 to 92 % for that patient; null is scored on scale 1. */
  readonly oxygenSaturationScale: ContextItem<1 | 2> | null;
  /** Whether the patient is given oxygen; null is not "air". */
  readonly supplementalOxygen: ContextItem<boolean> | null;
  /** From Patient.birthDate, at the time of the measurement: NEWS2 is for 16 and older. */
  readonly underSixteen: ContextItem<boolean> | null;
  /** Pregnant, or within the time after birth: NEWS2 does not hold. */
  readonly pregnant: ContextItem<boolean> | null;
  /** NEWS2 may be unreliable. */
  readonly spinalCordInjury: ContextItem<boolean> | null;
  /** End of life care or agreed limits of treatment: alerts may be muted by a clinician. */
  readonly limitsOfTreatment: ContextItem<boolean> | null;
}

export const unknownContext: PatientContext = {
  oxygenSaturationScale: null,
  supplementalOxygen: null,
  underSixteen: null,
  pregnant: null,
  spinalCordInjury: null,
  limitsOfTreatment: null,
};
