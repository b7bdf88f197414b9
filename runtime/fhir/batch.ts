import type { Resource } from '../medtech/fhir/resources';

/** One request within a FHIR batch. */
export interface BatchRequest {
  readonly method: 'GET' | 'PUT';
  /** Relative to the service's base: `Observation/id`, `Device?identifier=...`. */
  readonly url: string;
  readonly resource?: Resource;
  /** Version that the stored resource must have, as `W/"3"`. */
  readonly ifMatch?: string;
  /** `*`: only when there is no such resource yet. */
  readonly ifNoneMatch?: '*';
}

/** What became of one request of a batch. */
export interface BatchAnswer {
  readonly status: number;
  readonly resource?: Resource;
  /** Version that is stored now, as `W/"3"`, where the service says it. */
  readonly etag?: string;
}

/** The parts of a FHIR Bundle that are written and read here. */
export interface Bundle extends Resource {
  readonly resourceType: 'Bundle';
  readonly type: string;
  readonly link?: readonly { readonly relation?: string; readonly url?: string }[];
  readonly entry?: readonly BundleEntry[];
}

export interface BundleEntry {
  readonly resource?: Resource;
  readonly search?: { readonly mode?: string };
  readonly request?: Omit<BatchRequest, 'resource'>;
  /** Its `status` begins with the HTTP status: `201 Created`. */
  readonly response?: { readonly status?: string; readonly etag?: string; readonly outcome?: Resource };
}

/** Most entries that the FHIR service of Azure Health Data Services takes in a bundle. */
export const maxEntries = 500;
/** A bundle stays below this length, so that one that is retried or split is small beside the batch. */
const maxLength = 1_000_000;

export function batchBundle(requests: readonly BatchRequest[]): Bundle {
  const entry = requests.map(({ resource, ...request }) =>
    resource === undefined ? { request } : { resource, request },
  );
  return { resourceType: 'Bundle', type: 'batch', entry };
}

/** Divides requests into batches that the service takes; a request too long for any is a batch of its own. */
export function divide(requests: readonly BatchRequest[]): readonly (readonly BatchRequest[])[] {
  const batches: BatchRequest[][] = [];
  let length = 0;
  for (const request of requests) {
    const own = JSON.stringify(request).length;
    const last = batches.at(-1);
    if (last === undefined || last.length >= maxEntries || length + own > maxLength) {
      batches.push([request]);
      length = own;
    } else {
      last.push(request);
      length += own;
    }
  }
  return batches;
}

export function halves<T>(items: readonly T[]): readonly (readonly T[])[] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)].filter((half) => half.length > 0);
}
