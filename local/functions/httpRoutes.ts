/** Where a function is called by HTTP. */
export interface HttpRoute {
  /** With the app's prefix and without a slash at its front, as in `api/scored` and `api/patients/{id}`. */
  readonly route: string;
  /** In capitals. */
  readonly methods: readonly string[];
}

export interface RouteMatch<T> {
  readonly target: T;
  /** Values of the route's parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
}

const segmentPattern = /^(?:[\w.~-]+|\{[A-Za-z_]\w*\})$/;

/**
 * Reads a route: literal segments and `{parameter}`s.
 * @param prefix `extensions.http.routePrefix` of host.json
 * @throws Error for what ASP.NET Core's routes have beside: constraints, optional and catch-all parameters, mixed segments
 */
export function fullRoute(name: string, prefix: string, route: string): string {
  const segments = segmentsOf(`${prefix}/${route}`);
  const refused = segments.find((segment) => !segmentPattern.test(segment));
  if (refused === undefined) return segments.join('/');
  throw new Error(
    `The function '${name}' has '${refused}' in its route '${route}'; offered here are literal segments and {parameter}.`,
  );
}

/**
 * Which of them answers, literal segments before parameters. Case does not count, as in ASP.NET Core. Another method of a
 * path that is there finds nothing either: the method is a constraint of the route in Azure's host, which answers 404.
 */
export function findRoute<T>(
  targets: readonly { readonly target: T; readonly http: HttpRoute }[],
  method: string,
  path: string,
): RouteMatch<T> | undefined {
  const given = segmentsOf(path).map(decoded);
  const matches = targets
    .filter(({ http }) => http.methods.includes(method))
    .flatMap(({ target, http }) => {
      const params = paramsOf(segmentsOf(http.route), given);
      return params === undefined ? [] : [{ target, params }];
    })
    .sort((one, other) => Object.keys(one.params).length - Object.keys(other.params).length);
  return matches[0];
}

function paramsOf(route: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (route.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of route.entries()) {
    const value = given[index] ?? '';
    if (segment.startsWith('{')) params[segment.slice(1, -1)] = value;
    else if (segment.toLowerCase() !== value.toLowerCase()) return undefined;
  }
  return params;
}

const segmentsOf = (path: string) => path.split('/').filter((segment) => segment !== '');

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
