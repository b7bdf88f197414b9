import type { Observation, Period, Quantity, Reference, Resource } from '../medtech/fhir/resources';
import type { CodeableConcept } from '../medtech/mapping/fhirTemplate';

// The parts of FHIR R4 resources that enrichment reads, beside those of the engine.

/** A resource as a service gives it. */
export interface StoredResource extends Resource {
  readonly meta?: { readonly versionId?: string; readonly lastUpdated?: string };
}

export type StoredObservation = Observation &
  StoredResource & { readonly effectiveInstant?: string; readonly valueBoolean?: boolean };

export interface StoredPatient extends StoredResource {
  readonly birthDate?: string;
  readonly deceasedBoolean?: boolean;
  readonly deceasedDateTime?: string;
}

export interface Encounter extends StoredResource {
  readonly status?: string;
  readonly class?: { readonly system?: string; readonly code?: string };
  readonly subject?: Reference;
  readonly period?: Period;
}

/** What the resources that say something lasting about a patient have in common, each as far as it has it. */
export interface Statement extends StoredResource {
  readonly status?: string;
  readonly clinicalStatus?: CodeableConcept;
  readonly verificationStatus?: CodeableConcept;
  readonly lifecycleStatus?: string;
  readonly intent?: string;
  readonly doNotPerform?: boolean;
  readonly code?: CodeableConcept;
  readonly category?: readonly CodeableConcept[];
  readonly subject?: Reference;
  readonly patient?: Reference;
  readonly onsetDateTime?: string;
  readonly onsetPeriod?: Period;
  readonly abatementDateTime?: string;
  readonly recordedDate?: string;
  readonly startDate?: string;
  readonly statusDate?: string;
  readonly dateTime?: string;
  readonly authoredOn?: string;
  readonly period?: Period;
  readonly occurrencePeriod?: Period;
  readonly provision?: { readonly period?: Period };
  readonly target?: readonly {
    readonly measure?: CodeableConcept;
    readonly detailRange?: { readonly low?: Quantity; readonly high?: Quantity };
  }[];
}

/** Codings of a concept as `system|code`. */
export function tokensOf(concept: CodeableConcept | undefined): readonly string[] {
  return (concept?.coding ?? []).map(({ system, code }) => `${system ?? ''}|${code}`);
}

/** The id in a reference to a Patient of the same service, relative or absolute. */
export function patientIdOf(reference: Reference | undefined): string | undefined {
  return /(?:^|\/)Patient\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/.exec(reference?.reference ?? '')?.[1];
}
