import { isDeepStrictEqual } from 'node:util';
import type { WithId } from '@medplum/core';
import type { Meta, Resource } from '@medplum/fhirtypes';
import type { StoredVersion } from './store';

/** What is stored of a resource: all but its version and time, which stand beside it. */
export function contentOf(resource: Resource): string {
  const { resourceType, id, meta, ...rest } = resource;
  const { versionId: _, lastUpdated: __, ...kept } = (meta ?? {}) as Meta;
  return JSON.stringify({ resourceType, id, ...(Object.keys(kept).length > 0 ? { meta: kept } : {}), ...rest });
}

/** A stored resource as clients see it. */
export function resourceOf({ version, updated, content }: StoredVersion): WithId<Resource> {
  const { resourceType, id, meta, ...rest } = JSON.parse(content) as WithId<Resource>;
  const complete = { ...meta, versionId: String(version), lastUpdated: new Date(updated).toISOString() };
  return { resourceType, id, meta: complete, ...rest } as WithId<Resource>;
}

/** The same resource, whatever the order of its elements. */
export function sameContent(one: string, other: string): boolean {
  return one === other || isDeepStrictEqual(JSON.parse(one), JSON.parse(other));
}
