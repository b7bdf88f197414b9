import { known, type Problems } from '../azure/validation';
import { fhirDestinationPattern, iotConnectorPattern } from './attach';
import type { CompleteConnector } from './defaults';

/** What a managed service that is taken over needs, and what nothing else has a use for. */
export function attachProblems(problems: Problems, settings: CompleteConnector): void {
  const { engine, existingIotConnectorId, existingFhirDestinationId, existingFhirServiceId } = settings;
  if (engine !== 'attach') {
    for (const key of ['existingIotConnectorId', 'existingFhirDestinationId'] as const) {
      if (settings[key] !== undefined)
        problems.add(key, 'is for engine attach; leave it out, or set engine to attach.');
    }
    return;
  }
  const given = { existingIotConnectorId, existingFhirDestinationId, existingFhirServiceId };
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined) problems.add(key, 'must be given with engine attach, which makes nothing that exists.');
  }
  const connector = 'must be the ARM id of a managed MedTech service, known when the program runs';
  problems.text('existingIotConnectorId', existingIotConnectorId, iotConnectorPattern, connector);
  const destination = 'must be the ARM id of a FHIR destination of that service, known when the program runs';
  problems.text('existingFhirDestinationId', existingFhirDestinationId, fhirDestinationPattern, destination);
  const [owner, owned] = [known(existingIotConnectorId), known(existingFhirDestinationId)];
  if (owner && owned && !owned.toLowerCase().startsWith(`${owner.toLowerCase()}/`)) {
    problems.add('existingFhirDestinationId', `must belong to existingIotConnectorId; given is "${owned}".`);
  }
  if (settings.resolutionType === 'LookupWithEncounter') {
    problems.add(
      'resolutionType',
      'a managed MedTech service resolves by Create or Lookup; given is "LookupWithEncounter".',
    );
  }
}
