import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FhirServices } from './fhirServices';

/**
 * Writes every current resource of all FHIR services as NDJSON, one file a type (`Observation.ndjson`), as a FHIR
 * export would. Files of the same names are written anew, others are left alone. Memory does not grow with the data.
 * @returns how many resources of each type were written
 */
export async function exportNdjson(services: FhirServices, folder: string): Promise<Record<string, number>> {
  mkdirSync(folder, { recursive: true });
  const counts: Record<string, number> = {};
  const types = new Set(services.ids().flatMap((id) => services.resourceTypes(id)));
  for (const type of [...types].sort()) {
    counts[type] = 0;
    await pipeline(Readable.from(lines(services, type, counts)), createWriteStream(join(folder, `${type}.ndjson`)));
  }
  return counts;
}

function* lines(services: FhirServices, type: string, counts: Record<string, number>): Generator<string> {
  for (const id of services.ids()) {
    for (const resource of services.resources(id, type)) {
      counts[type] = (counts[type] ?? 0) + 1;
      yield `${JSON.stringify(resource)}\n`;
    }
  }
}
