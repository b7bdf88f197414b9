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

  /** All resources of a type that there are now. @throws Error when the service refuses. */
  async all<T>(resourceType: string): Promise<T[]> {
    const found: T[] = [];
    let next: string | undefined = `${this.fhirUrl}/${resourceType}?_count=${pageSize}`;
    while (next !== undefined) {
      const page: SearchPage<T> = await this.page(next);
      found.push(...(page.entry ?? []).flatMap(({ resource }) => resource ?? []));
      next = page.link?.find(({ relation }) => relation === 'next')?.url;
    }
    return found;
  }

  private async page<T>(url: string): Promise<SearchPage<T>> {
    const token = await this.credential.getToken(`${this.fhirUrl}/.default`);
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${token?.token}`, accept: 'application/fhir+json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!answer.ok) throw new Error(`GET ${url} was answered with ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as SearchPage<T>;
  }
}
