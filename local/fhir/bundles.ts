import { allOk, OperationOutcomeError } from '@medplum/core';
import { type FhirRequest, type FhirResponse, type FhirRouter, processBatch } from '@medplum/fhir-router';
import type { Bundle, BundleEntry, OperationOutcome } from '@medplum/fhirtypes';
import type { FhirFaults } from './faults';
import { invalid, outcome, refused } from './outcomes';
import type { Repository } from './repository';

/** Learn: "Supported FHIR features": at most 500 entries in a bundle. */
export const maxEntries = 500;

interface BundleContext {
  readonly base: string;
  readonly faults: FhirFaults;
}

/** A batch, of which each entry has its own fate, or a transaction, of which all entries have one. */
export async function processBundle(
  request: FhirRequest,
  repository: Repository,
  router: FhirRouter,
  context: BundleContext,
): Promise<FhirResponse> {
  const bundle = request.body as Bundle;
  if (bundle?.resourceType !== 'Bundle') throw invalid('What is posted to the root is a Bundle.');
  if (bundle.type !== 'batch' && bundle.type !== 'transaction') {
    throw invalid(`The bundle's type is '${bundle.type}'; allowed are batch and transaction.`);
  }
  const entries = bundle.entry ?? [];
  if (entries.length > maxEntries) {
    const text = `The number of entries in the bundle, ${entries.length}, exceeded the limit of ${maxEntries}.`;
    throw refused('too-large', 'too-costly', text);
  }
  const run = bundle.type === 'batch' ? batch : transaction;
  const entry = entries.length === 0 ? [] : await run(entries, request, repository, router, context);
  return [allOk, { resourceType: 'Bundle', type: `${bundle.type}-response`, entry }];
}

async function batch(
  entries: readonly BundleEntry[],
  request: FhirRequest,
  repository: Repository,
  router: FhirRouter,
  { base, faults }: BundleContext,
): Promise<BundleEntry[]> {
  const answers: (BundleEntry | undefined)[] = entries.map(() => (faults.nextEntry() ? throttled() : undefined));
  const served = entries.filter((_, i) => answers[i] === undefined);
  if (served.length === 0) return answers as BundleEntry[];
  const bundle: Bundle = { resourceType: 'Bundle', type: 'batch', entry: served };
  const done = await processBatch(request, repository, router, bundle);
  const results = (done.entry ?? []).map((answer, i) => finished(answer, served[i], base));
  return answers.map((answer) => answer ?? (results.shift() as BundleEntry));
}

/**
 * The router's own transactions take 50 updates or 8 conditional entries, Azure's 500 of each. So the router runs the
 * entries one by one, and here is seen to it that all stay or none.
 */
async function transaction(
  entries: readonly BundleEntry[],
  request: FhirRequest,
  repository: Repository,
  router: FhirRouter,
  { base }: BundleContext,
): Promise<BundleEntry[]> {
  refuseTwice(entries);
  const bundle: Bundle = { resourceType: 'Bundle', type: 'transaction', entry: [...entries] };
  return repository.withTransaction(async () => {
    const done = await processBatch(request, repository, router, bundle);
    for (const { response } of done.entry ?? []) {
      if (Number(response?.status) >= 400) throw new OperationOutcomeError(response?.outcome as OperationOutcome);
    }
    return (done.entry ?? []).map((answer, i) => finished(answer, entries[i], base));
  });
}

/** R4: a resource may be changed by one entry of a transaction only. */
function refuseTwice(entries: readonly BundleEntry[]): void {
  const seen = new Set<string>();
  for (const { request } of entries) {
    if (!request?.url?.includes('/') || request.method === 'GET') continue;
    if (seen.has(request.url)) throw invalid(`Two entries of the transaction change ${request.url}.`);
    seen.add(request.url);
  }
}

/** An entry's answer as Azure gives it: ETag, time and address of what was written, an outcome only where it failed. */
function finished({ response, resource }: BundleEntry, asked: BundleEntry | undefined, base: string): BundleEntry {
  const status = response?.status ?? '500';
  if (Number(status) >= 400) return { response: { status, outcome: response?.outcome } };
  if (asked?.request?.method === 'DELETE') return { response: { status: '204' } };
  const { versionId, lastUpdated } = resource?.meta ?? {};
  if (!resource || versionId === undefined) return { resource, response: { status } };
  const { resourceType, id } = resource;
  const location = `${base}/${resourceType}/${id}/_history/${versionId}`;
  return { resource, response: { status, location, etag: `W/"${versionId}"`, lastModified: lastUpdated } };
}

function throttled(): BundleEntry {
  const result = outcome('too-many-requests', 'throttled', 'The request rate is too large; retry after some time.');
  return { response: { status: '429', outcome: result } };
}
