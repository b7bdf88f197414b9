import type { TokenCredential } from '@azure/identity';

interface SearchPage<T> {
  readonly entry?: readonly { readonly resource?: T }[];
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
}

const pageSize = 1000;
const timeoutMs = 60_000;

/** Reads a FHIR service as any client would, page by page. */
export class FhirReader {
  constructor(
    private readonly fhirUrl: string,
    private readonly credential: TokenCredential,
  ) {}

  /**
   * All resources of a type that there are now.
   * @param search further parameters, as `category=survey`
   * @throws Error when the service refuses
   */
  async all<T>(resourceType: string, search?: string): Promise<T[]> {
    const found: T[] = [];
    const parameters = [`_count=${pageSize}`, ...(search === undefined ? [] : [search])].join('&');
    let next: string | undefined = `${this.fhirUrl}/${resourceType}?${parameters}`;
    while (next !== undefined) {
      const page: SearchPage<T> = await this.page(next);
      found.push(...(page.entry ?? []).flatMap(({ resource }) => resource ?? []));
      next = page.link?.find(({ relation }) => relation === 'next')?.url;
    }
    return found;
  }

  /** Whether there is what a relative reference names, as `Observation/a`. */
  async has(reference: string): Promise<boolean> {
    const { status } = await this.get(`${this.fhirUrl}/${reference}`);
    return status === 200;
  }

  private async page<T>(url: string): Promise<SearchPage<T>> {
    const answer = await this.get(url);
    if (!answer.ok) throw new Error(`GET ${url} was answered with ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as SearchPage<T>;
  }

  private async get(url: string): Promise<Response> {
    const token = await this.credential.getToken(`${this.fhirUrl}/.default`);
    return fetch(url, {
      headers: { authorization: `Bearer ${token?.token}`, accept: 'application/fhir+json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
  }
}
