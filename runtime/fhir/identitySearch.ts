import type { Resource } from '../medtech/fhir/resources';
import type { StepLog } from '../stream/stepLog';
import { halves } from './batch';
import { type DeviceUseStatement, usesOf } from './deviceUse';
import type { FhirClient, Found } from './fhirClient';
import { FhirFault, isSuccess } from './fhirFault';
import { hasIdentifier, type IdentifiedType, type Known } from './knownResources';

/** Values in one search, so that matches and what is included with them fit on few pages. */
const valuesPerSearch = 50;
const pageSize = 100;
/**
 * From this many on, the service may have left included resources out: Azure's gives 100 to 1,000 a page, by version
 * (MS Learn, "FHIR search examples", _revinclude). The statements are then searched on their own, page by page.
 */
const includedAtMost = 100;

/** What is known of each value; a value for which the service refuses the search is missing. */
export type KnownByValue = ReadonlyMap<string, Known>;

/**
 * Finds resources by identifier, many at once.
 *
 * @param system of the identifiers; undefined: any.
 */
export async function findByIdentifiers(
  client: FhirClient,
  type: IdentifiedType,
  values: readonly string[],
  system: string | undefined,
  log: StepLog,
): Promise<KnownByValue> {
  const included = type === 'Device' ? '&_revinclude=DeviceUseStatement:device' : '';
  const urlOf = (part: readonly string[]) =>
    `${type}?identifier=${listOf(part.map((value) => tokenOf(value, system)))}${included}&_count=${pageSize}`;
  const known = new Map<string, Known>();
  await searchParts(client, values, urlOf, log, async (part, found) => {
    const statements = type === 'Device' ? await statementsOf(client, found, log) : [];
    const matches = found.resources.filter(({ resourceType }) => resourceType === type);
    for (const value of part) {
      // Azure's service compares the first 128 characters only.
      const own = unique(matches.filter((resource) => hasIdentifier(resource, { system, value })));
      const [only] = own;
      known.set(value, { matches: own, uses: only === undefined ? [] : usesOf(only, statements) });
    }
  });
  return known;
}

/** Identifier values of each Patient, by id; a Patient that does not exist is missing. */
export async function identifiersOfPatients(
  client: FhirClient,
  ids: readonly string[],
  log: StepLog,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const urlOf = (part: readonly string[]) => `Patient?_id=${listOf(part.map(escaped))}&_count=${pageSize}`;
  const values = new Map<string, ReadonlySet<string>>();
  await searchParts(client, ids, urlOf, log, async (_part, { resources }) => {
    for (const { id, identifier = [] } of resources) {
      values.set(id ?? '', new Set(identifier.flatMap(({ value }) => value ?? [])));
    }
  });
  return values;
}

/** Searches for the values in parts; one that is refused is divided until the value that brings it about is alone. */
async function searchParts(
  client: FhirClient,
  values: readonly string[],
  urlOf: (part: readonly string[]) => string,
  log: StepLog,
  use: (part: readonly string[], found: Found) => Promise<void>,
): Promise<void> {
  let parts = partsOf(values);
  while (parts.length > 0) {
    const answers = await client.search(parts.map(urlOf), log);
    const refused: (readonly string[])[] = [];
    for (const [index, found] of answers.entries()) {
      const part = parts[index] ?? [];
      if (isSuccess(found.status)) await use(part, found);
      else if (part.length > 1) refused.push(...halves(part));
    }
    parts = refused;
  }
}

async function statementsOf(client: FhirClient, found: Found, log: StepLog): Promise<readonly DeviceUseStatement[]> {
  const included = found.resources.filter(isStatement);
  if (found.includedOnPage < includedAtMost) return included;
  const devices = found.resources.filter(({ resourceType }) => resourceType === 'Device');
  const urls = devices.map(({ id }) => `DeviceUseStatement?device=Device/${id}&_count=1000`);
  const all = await client.search(urls, log);
  const refused = all.find(({ status }) => !isSuccess(status));
  // Without them a wrong patient could be found.
  if (refused !== undefined) throw new FhirFault(refused.status);
  return all.flatMap(({ resources }) => resources.filter(isStatement));
}

const isStatement = (resource: Resource): resource is DeviceUseStatement =>
  resource.resourceType === 'DeviceUseStatement';

function unique(resources: readonly Resource[]): readonly Resource[] {
  return [...new Map(resources.map((resource) => [resource.id, resource])).values()];
}

function partsOf(values: readonly string[]): readonly (readonly string[])[] {
  const all = [...new Set(values)];
  return Array.from({ length: Math.ceil(all.length / valuesPerSearch) }, (_, index) =>
    all.slice(index * valuesPerSearch, (index + 1) * valuesPerSearch),
  );
}

/** A search value for an identifier; without a system, of any. */
export function tokenOf(value: string, system: string | undefined): string {
  return system === undefined ? escaped(value) : `${escaped(system)}|${escaped(value)}`;
}

/** FHIR's separators within a search value are escaped by a backslash. */
const escaped = (value: string) => value.replaceAll(/[\\,$|]/g, '\\$&');

const listOf = (values: readonly string[]) => values.map(encodeURIComponent).join(',');
