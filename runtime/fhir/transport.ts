import { ManagedIdentityCredential, type TokenCredential } from '@azure/identity';
import type { Bundle } from './batch';
import { FhirFault } from './fhirFault';

/** Longer than the FHIR service takes for a batch of 500, and shorter than a load balancer keeps an idle connection. */
const timeOutMs = 100_000;

/** What came back for a bundle; `bundle` is there when it was taken. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bundle?: Bundle;
}

/** Sends a bundle to a FHIR service. @throws FhirFault when there is no answer. */
export type Transport = (body: string) => Promise<Answer>;

export interface FhirEndpoint {
  /** Base URL of the service. */
  readonly url: string;
  /** For whom tokens are asked; of Azure's FHIR service its URL. */
  readonly audience: string;
  /** Client id of the user-assigned identity that reads and writes. */
  readonly clientId: string;
}

/** To the service as that identity; connections stay open (Node's fetch). */
export function identityTransport({ url, audience, clientId }: FhirEndpoint): Transport {
  return transport(url, audience, new ManagedIdentityCredential({ clientId }));
}

/** @param credential keeps its token until shortly before it expires, as those of @azure/identity do */
export function transport(url: string, audience: string, credential: TokenCredential): Transport {
  return async (body) => {
    const token = await tokenFor(credential, audience);
    const response = await answered(
      fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/fhir+json',
          accept: 'application/fhir+json',
          // What was written is not wanted back.
          prefer: 'return=minimal',
        },
        body,
        signal: AbortSignal.timeout(timeOutMs),
      }),
    );
    const { status, headers } = response;
    const text = await answered(response.text());
    return response.ok ? { status, headers, bundle: bundleOf(text) } : { status, headers };
  };
}

async function tokenFor(credential: TokenCredential, audience: string): Promise<string> {
  const token = await answered(credential.getToken(`${audience.replace(/\/$/, '')}/.default`));
  if (token === null) throw new FhirFault(undefined);
  return token.token;
}

async function answered<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (cause) {
    throw new FhirFault(undefined, undefined, { cause });
  }
}

/** Something between us and the service may answer 200 with a page of its own. */
function bundleOf(text: string): Bundle {
  try {
    const bundle = JSON.parse(text) as Partial<Bundle> | null;
    if (bundle?.resourceType === 'Bundle') return bundle as Bundle;
  } catch (cause) {
    throw new FhirFault(undefined, undefined, { cause });
  }
  throw new FhirFault(undefined);
}
