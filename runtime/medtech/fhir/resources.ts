import type { CodeableConcept } from '../mapping/fhirTemplate';

/** The system of the identifiers and codings that the MedTech service gives, and so the engine does. */
export const connectorSystem = 'https://azure.microsoft.com/en-us/services/iomt-fhir-connector/';

// The parts of FHIR R4 resources that the engine reads and writes.

export interface Period {
  readonly start?: string;
  readonly end?: string;
}

export interface Reference {
  readonly reference?: string;
}

export interface Identifier {
  readonly system?: string;
  readonly value?: string;
}

export interface SampledData {
  readonly origin: { readonly value: number; readonly unit?: string };
  readonly period: number;
  readonly dimensions: number;
  readonly data?: string;
}

export interface Quantity {
  readonly value?: number;
  readonly unit?: string;
  readonly system?: string;
  readonly code?: string;
}

/** value[x] of an Observation or a component: at most one of them. */
export interface ObservationValue {
  readonly valueQuantity?: Quantity;
  readonly valueSampledData?: SampledData;
  readonly valueString?: string;
  readonly valueCodeableConcept?: CodeableConcept;
  readonly dataAbsentReason?: CodeableConcept;
}

export interface ObservationComponent extends ObservationValue {
  readonly code: CodeableConcept;
}

export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly identifier?: readonly Identifier[];
}

export interface Observation extends Resource, ObservationValue {
  readonly resourceType: 'Observation';
  readonly status: string;
  readonly category?: readonly CodeableConcept[];
  readonly code: CodeableConcept;
  readonly subject?: Reference;
  readonly device?: Reference;
  readonly encounter?: Reference;
  readonly effectiveDateTime?: string;
  readonly effectivePeriod?: Period;
  readonly issued?: string;
  readonly component?: readonly ObservationComponent[];
}

export interface Device extends Resource {
  readonly resourceType: 'Device';
  readonly patient?: Reference;
}
