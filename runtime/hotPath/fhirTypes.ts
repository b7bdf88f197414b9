import type { Identifier, Period, Reference, Resource } from '../medtech/fhir/resources';
import type { CodeableConcept as Concept, Coding as PlainCoding } from '../medtech/mapping/fhirTemplate';

// The parts of FHIR R4 resources that the hot path writes and reads again.

export interface Coding extends PlainCoding {
  readonly version?: string;
}

export interface CodeableConcept extends Concept {
  readonly coding?: readonly Coding[];
}

export interface Extension {
  readonly url: string;
  readonly extension?: readonly Extension[];
  readonly valueCode?: string;
  readonly valueDateTime?: string;
  readonly valuePositiveInt?: number;
  readonly valueCodeableConcept?: CodeableConcept;
  readonly valueReference?: Reference;
}

/** A resource as a service gives it. */
export interface Extended extends Resource {
  readonly meta?: { readonly versionId?: string; readonly lastUpdated?: string };
  readonly extension?: readonly Extension[];
}

export interface Note {
  readonly text: string;
}

export interface RiskPrediction {
  readonly outcome: CodeableConcept;
  readonly probabilityDecimal?: number;
  readonly qualitativeRisk?: CodeableConcept;
  readonly whenPeriod?: Period;
  readonly rationale?: string;
}

export interface RiskAssessment extends Extended {
  readonly resourceType: 'RiskAssessment';
  readonly id: string;
  readonly identifier: readonly Identifier[];
  readonly status: ResultStatus;
  readonly method: CodeableConcept;
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly occurrencePeriod: Period;
  readonly basis?: readonly Reference[];
  readonly prediction?: readonly RiskPrediction[];
  readonly note?: readonly Note[];
}

/** `preliminary` with a part unknown, `corrected` from the second revision on, else `final`. */
export type ResultStatus = 'preliminary' | 'final' | 'corrected';

export interface ScorePart {
  readonly code: CodeableConcept;
  readonly valueInteger?: number;
  readonly dataAbsentReason?: CodeableConcept;
}

export interface ScoreObservation extends Extended {
  readonly resourceType: 'Observation';
  readonly id: string;
  readonly identifier: readonly Identifier[];
  readonly status: ResultStatus;
  readonly category: readonly CodeableConcept[];
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectiveDateTime: string;
  readonly valueInteger?: number;
  readonly dataAbsentReason?: CodeableConcept;
  readonly interpretation?: readonly CodeableConcept[];
  readonly note?: readonly Note[];
  readonly method: CodeableConcept;
  readonly derivedFrom?: readonly Reference[];
  readonly component?: readonly ScorePart[];
}

export interface Flag extends Extended {
  readonly resourceType: 'Flag';
  readonly id: string;
  readonly extension: readonly Extension[];
  readonly identifier: readonly Identifier[];
  readonly status: 'active' | 'inactive' | 'entered-in-error';
  readonly category: readonly CodeableConcept[];
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly period: Period;
}
