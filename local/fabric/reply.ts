/** An answer of the API. */
export interface Reply {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request of the API, whose caller is known. */
export interface FabricRequest {
  readonly method: string;
  /** Segments of the path, from the version on. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly caller: { readonly objectId: string; readonly name: string };
}

const ok = (body: object): Reply => ({ status: 200, body });

/** A page of a list, from where the token of the page before says (Learn: "Pagination"). */
export function pageOf(all: readonly object[], query: URLSearchParams, size: number): Reply {
  const from = Number(query.get('continuationToken') ?? 0);
  const next = from + size;
  return ok({ value: all.slice(from, next), ...(next < all.length ? { continuationToken: String(next) } : {}) });
}
