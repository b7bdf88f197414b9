import type { CodeableConcept, Coding } from '../mapping/fhirTemplate';
import { connectorSystem } from './resources';

/** The template's codes and the connector's own, by which it finds the Observation or component again. */
export function codeOf(text: string, codes: readonly Coding[]): CodeableConcept {
  return { coding: [...codes, { system: connectorSystem, code: text, display: text }], text };
}

export const unknownReason: CodeableConcept = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/data-absent-reason', code: 'unknown', display: 'Unknown' }],
};
