import { allOk, badRequest, created, parseSearchRequest } from '@medplum/core';
import { type FhirRequest, type FhirResponse, type FhirRouteHandler, FhirRouter } from '@medplum/fhir-router';
import type { BundleEntry, OperationOutcome, Resource, ResourceType } from '@medplum/fhirtypes';
import { processBundle } from './bundles';
import type { FhirFaults } from './faults';
import { invalid } from './outcomes';
import { Repository } from './repository';
import { maxIncluded } from './search/includes';
import { unknownFilters } from './search/query';

/**
 * medplum's router over our repository, with Azure's answers where its own differ: a PUT that makes a resource (201) and
 * its conditions, paging links, unknown search parameters, and bundles.
 */
export function fhirRouter(base: string, faults: FhirFaults): FhirRouter {
  const router = new FhirRouter();
  const search = on((request, repository) => searched(request, repository, base));
  replace(
    router,
    'POST',
    '',
    on((request, repository) => processBundle(request, repository, router, { base, faults })),
  );
  replace(router, 'GET', ':resourceType', search);
  replace(router, 'POST', ':resourceType/_search', search);
  replace(router, 'PUT', ':resourceType/:id', on(put));
  return router;
}

type Handler = (request: FhirRequest, repository: Repository) => Promise<FhirResponse>;

function on(handler: Handler): FhirRouteHandler {
  return (request, repository) => {
    if (repository instanceof Repository) return handler(request, repository);
    throw new TypeError('The router was called with a foreign repository.');
  };
}

function replace(router: FhirRouter, method: string, path: string, handler: FhirRouteHandler): void {
  const segments = path.split('/').filter(Boolean);
  const route = router.router.routes.find(
    (one) =>
      one.method === method &&
      one.path.length === segments.length &&
      one.path.every(({ value, param }, i) => segments[i] === (param ? `:${value}` : value)),
  );
  if (!route) throw new Error(`The router has no route ${method} ${path}.`);
  route.handler = handler;
}

async function put({ params, headers, body }: FhirRequest, repository: Repository): Promise<FhirResponse> {
  const resource = body as Resource;
  if (resource?.resourceType !== params.resourceType) return [badRequest('Incorrect resource type')];
  if (resource.id !== params.id) return [badRequest('Incorrect resource ID')];
  const result = await repository.put(resource, {
    ifMatch: /"([^"]+)"/.exec(headers?.['if-match'] ?? '')?.[1],
    onlyNew: headers?.['if-none-match'] === '*',
  });
  return [result.created ? created : allOk, result.resource];
}

async function searched(
  { params, query, body, headers, method }: FhirRequest,
  repository: Repository,
  base: string,
): Promise<FhirResponse> {
  const type = params.resourceType as ResourceType;
  const asked = method === 'POST' ? { ...query, ...(body as FhirRequest['query']) } : query;
  const request = parseSearchRequest(type, asked);
  const unknown = unknownFilters(request).map(({ code }) => code);
  if (unknown.length > 0 && /handling\s*=\s*strict/i.test(String(headers?.prefer ?? ''))) {
    throw invalid(`${type} has no search parameter '${unknown.join("', '")}'.`);
  }
  const { bundle, next, truncated } = repository.searchPage(request);
  const warnings = unknown.map((code) => `${type} has no search parameter '${code}'; it was left out.`);
  if (truncated) warnings.push(`More than ${maxIncluded} resources are included; the others were left out.`);
  const entry = [...(bundle.entry ?? []), ...(warnings.length > 0 ? [warningEntry(warnings)] : [])];
  const link = [{ relation: 'self', url: linkTo(base, type, asked, unknown) }];
  if (next !== undefined)
    link.unshift({ relation: 'next', url: linkTo(base, type, { ...asked, _cursor: next }, unknown) });
  return [allOk, { ...bundle, link, entry: entry.length > 0 ? entry : undefined }];
}

function warningEntry(warnings: readonly string[]): BundleEntry {
  const issue = warnings.map((diagnostics): OperationOutcome['issue'][0] => ({
    severity: 'warning',
    code: 'not-supported',
    diagnostics,
  }));
  return { resource: { resourceType: 'OperationOutcome', issue }, search: { mode: 'outcome' } };
}

function linkTo(base: string, type: string, query: FhirRequest['query'], without: readonly string[]): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (without.includes(name.split(':')[0] ?? '')) continue;
    for (const one of [value].flat()) search.append(name, one ?? '');
  }
  const text = search.toString();
  return `${base}/${type}${text === '' ? '' : `?${text}`}`;
}
