import type { ResolutionType } from '../medtech/fhir/identity';
import { type FhirMapping, loadFhirMapping } from '../medtech/mapping/fhirMapping';
import { problemText } from '../medtech/mapping/source';
import { readCompatibility } from './settings';

/**
 * A FHIR mapping that is ready for use.
 * @throws Error with all problems of the file
 */
export function readFhirMapping(text: string, file: string, compatibility: string): FhirMapping {
  const { mapping, problems } = loadFhirMapping(text, readCompatibility(compatibility));
  if (mapping !== undefined) return mapping;
  const errors = problems.filter(({ level }) => level === 'error');
  throw new Error(`The FHIR mapping ${file} cannot be used:\n${errors.map(problemText).join('\n')}`);
}

const resolutionTypes: readonly ResolutionType[] = ['Create', 'Lookup', 'LookupWithEncounter'];

/** Reads the app setting RESOLUTION_TYPE. */
export function readResolutionType(text: string): ResolutionType {
  const type = resolutionTypes.find((one) => one === text);
  if (type !== undefined) return type;
  throw new Error(`The app setting RESOLUTION_TYPE is '${text}'; allowed are ${resolutionTypes.join(', ')}.`);
}

/** Reads the app setting IDENTITY_CACHE_SECONDS. */
export function readCacheSeconds(text: string): number {
  const seconds = text.trim() === '' ? Number.NaN : Number(text);
  if (seconds >= 0 && seconds <= 60) return seconds;
  throw new Error(`The app setting IDENTITY_CACHE_SECONDS is '${text}'; allowed are 0 to 60.`);
}
