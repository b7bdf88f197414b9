import type { BundleEntry, Resource } from '@medplum/fhirtypes';
import { resourceOf } from './resources';
import type { StoredVersion } from './store';

/** A version as a resource's history shows it. */
export function historyEntry(base: string, stored: StoredVersion): BundleEntry {
  const { type, id, version, updated, deleted } = stored;
  const method = deleted ? 'DELETE' : version === 1 ? 'POST' : 'PUT';
  const lastModified = new Date(updated).toISOString();
  return {
    fullUrl: `${base}/${type}/${id}`,
    ...(deleted ? {} : { resource: resourceOf(stored) }),
    request: { method, url: method === 'POST' ? type : `${type}/${id}` },
    response: { status: deleted ? '204' : version === 1 ? '201' : '200', etag: `W/"${version}"`, lastModified },
  };
}

/** @param fields only these elements, as `_elements` asks for */
export function searchEntry(
  base: string,
  stored: StoredVersion,
  mode: 'match' | 'include',
  fields?: readonly string[],
): BundleEntry {
  const resource = resourceOf(stored);
  return {
    fullUrl: `${base}/${stored.type}/${stored.id}`,
    resource: fields ? subset(resource, fields) : resource,
    search: { mode },
  };
}

/** Marked as not the whole, as R4 asks. */
function subset(resource: Resource, fields: readonly string[]): Resource {
  const kept = Object.entries(resource).filter(([name]) => ['resourceType', 'id', 'meta', ...fields].includes(name));
  const tag = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };
  const meta = { ...resource.meta, tag: [...(resource.meta?.tag ?? []), tag] };
  return { ...Object.fromEntries(kept), meta } as Resource;
}
