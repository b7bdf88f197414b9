import type { StoredPatient, StoredResource, Encounter as WatchedEncounter } from '../enrich/fhirShapes';
import type { Identifier, Period, Reference } from '../medtech/fhir/resources';
import type { CodeableConcept } from '../medtech/mapping/fhirTemplate';

// The parts of FHIR R4 resources that routing reads.

export interface PersonalIdentifier extends Identifier {
  readonly use?: string;
  readonly type?: CodeableConcept;
  readonly period?: Period;
}

interface HumanName {
  readonly use?: string;
  readonly text?: string;
  readonly family?: string;
  readonly given?: readonly string[];
  readonly period?: Period;
}

export interface NamedPatient extends StoredPatient {
  readonly identifier?: readonly PersonalIdentifier[];
  readonly name?: readonly HumanName[];
}

export interface Encounter extends WatchedEncounter {
  readonly location?: readonly {
    readonly location?: Reference;
    readonly status?: string;
    readonly period?: Period;
  }[];
}

export interface Location extends StoredResource {
  readonly name?: string;
  /** HL7's location-physical-type; `wa` is a ward. */
  readonly physicalType?: CodeableConcept;
  readonly partOf?: Reference;
}

export interface CareTeam extends StoredResource {
  readonly name?: string;
  readonly status?: string;
  readonly subject?: Reference;
  readonly encounter?: Reference;
  readonly period?: Period;
  readonly participant?: readonly Participant[];
}

export interface Participant {
  readonly role?: readonly CodeableConcept[];
  readonly member?: Reference;
  readonly period?: Period;
}

export interface PractitionerRole extends StoredResource {
  readonly identifier?: readonly PersonalIdentifier[];
  readonly active?: boolean;
  readonly period?: Period;
  readonly practitioner?: Reference;
  readonly code?: readonly CodeableConcept[];
  readonly location?: readonly Reference[];
}

export interface Practitioner extends StoredResource {
  readonly identifier?: readonly PersonalIdentifier[];
  readonly active?: boolean;
}

/** The id in a reference to a resource of that type of the same service, relative or absolute. */
export function idIn(type: string, reference: Reference | undefined): string | undefined {
  const [, found, id] =
    /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/.exec(reference?.reference ?? '') ?? [];
  return found === type ? id : undefined;
}
