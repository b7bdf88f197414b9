import type { IncludeTarget, SearchRequest } from '@medplum/core';
import { isResourceType, parametersOf } from '../definitions';
import { invalid } from '../outcomes';
import type { FhirStore, StoredVersion } from '../store';

/** Learn: "FHIR search examples": `_include` and `_revinclude` are limited to 100 items a page. */
export const maxIncluded = 100;

export interface Included {
  readonly resources: readonly StoredVersion[];
  /** There were more than Azure includes. */
  readonly truncated: boolean;
}

/** What a page takes along: what its matches refer to, and what refers to them. */
export function includesOf(store: FhirStore, request: SearchRequest, matches: readonly StoredVersion[]): Included {
  const found = new Map<number, StoredVersion>();
  const seen = new Set(matches.map(({ key }) => key));
  const add = (resources: readonly StoredVersion[]) => {
    const fresh = resources.filter(({ key }) => !seen.has(key));
    for (const resource of fresh) {
      seen.add(resource.key);
      found.set(resource.key, resource);
    }
    return fresh;
  };
  const { include = [], revInclude = [] } = request;
  let from = add([...follow(store, include, matches), ...followBack(store, revInclude, matches)]);
  const again = (targets: readonly IncludeTarget[]) => targets.filter(({ modifier }) => modifier === 'iterate');
  while (from.length > 0 && found.size <= maxIncluded && again([...include, ...revInclude]).length > 0) {
    from = add([...follow(store, again(include), from), ...followBack(store, again(revInclude), from)]);
  }
  return { resources: [...found.values()].slice(0, maxIncluded), truncated: found.size > maxIncluded };
}

function follow(store: FhirStore, targets: readonly IncludeTarget[], from: readonly StoredVersion[]): StoredVersion[] {
  return targets.flatMap((target) => {
    const number = referenceNumber(store, target);
    const keys = from.filter(({ type }) => type === target.resourceType).map(({ key }) => key);
    const texts = store.rows(
      'SELECT DISTINCT text FROM entry WHERE parameter = ? AND resource IN (SELECT value FROM json_each(?))',
      ...[number, JSON.stringify(keys)],
    );
    return texts.flatMap(({ text }) => {
      const [type = '', id = ''] = String(text).split('/');
      if (target.targetType !== undefined && target.targetType !== type) return [];
      const resource = store.current(type, id);
      return resource && !resource.deleted ? [resource] : [];
    });
  });
}

function followBack(
  store: FhirStore,
  targets: readonly IncludeTarget[],
  from: readonly StoredVersion[],
): StoredVersion[] {
  return targets.flatMap((target) => {
    const texts = from
      .filter(({ type }) => target.targetType === undefined || target.targetType === type)
      .map(({ type, id }) => `${type}/${id}`);
    return store.versions(
      `SELECT * FROM resource WHERE key IN (SELECT resource FROM entry
        WHERE parameter = ? AND text IN (SELECT value FROM json_each(?))) ORDER BY key LIMIT ?`,
      ...[referenceNumber(store, target), JSON.stringify(texts), maxIncluded + 1],
    );
  });
}

function referenceNumber(store: FhirStore, { resourceType, searchParam }: IncludeTarget): number {
  const isReference = isResourceType(resourceType) && parametersOf(resourceType).get(searchParam)?.type === 'reference';
  if (!isReference) throw invalid(`'${resourceType}:${searchParam}' is not a reference to include.`);
  return store.parameter(resourceType, searchParam);
}
