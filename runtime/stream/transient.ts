/** The parts of an error that tell what kind of fault it is, as the Azure SDKs, fhir-kit-client and Node name them. */
interface Fault {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly retryable?: unknown;
  readonly response?: { readonly status?: unknown; readonly headers?: unknown };
  readonly cause?: unknown;
  /** Of an AggregateError, as the Event Hubs client throws after its own retries: what each attempt came to. */
  readonly errors?: readonly unknown[];
}

/** Codes of Node and of the Azure SDKs for a peer that cannot be reached, is busy, or does not know the caller yet. */
const transientCodes = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'REQUEST_SEND_ERROR',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
  'UnauthorizedError',
]);

/** What @azure/identity throws while no token can be had, and what fetch throws after a time-out. */
const transientNames = new Set([
  'AggregateAuthenticationError',
  'AuthenticationError',
  'CredentialUnavailableError',
  'TimeoutError',
]);

/**
 * Whether a fault will pass without a change of the message: time-outs, 408, 429, 5xx, the network, and 401 and 403,
 * which a role assignment brings about that is not effective yet or was taken away by mistake.
 */
export function isTransientFault(error: unknown): boolean {
  const fault = asFault(error);
  if (fault === undefined) return false;
  const status = statusOf(fault);
  if (status !== undefined) return [401, 403, 408, 429].includes(status) || status >= 500;
  return (
    fault.retryable === true ||
    transientCodes.has(String(fault.code)) ||
    transientNames.has(String(fault.name)) ||
    isTransientFault(fault.cause)
  );
}

/** A word for an `iomt.held` line: status, code or name of a fault. Never its text, which may hold values of a message. */
export function causeOf(error: unknown): string {
  const fault = asFault(error);
  if (fault === undefined) return 'unknown';
  const cause = asFault(fault.cause);
  const word = statusOf(fault) ?? fault.code ?? cause?.code ?? fault.name ?? 'unknown';
  return String(word)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, 60);
}

/** How long a service asks to be left alone, in milliseconds; undefined when it does not say. */
export function retryAfterOf(error: unknown): number | undefined {
  const headers = asFault(error)?.response?.headers;
  const exact = Number(headerOf(headers, 'x-ms-retry-after-ms') ?? headerOf(headers, 'retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(exact)) return exact;
  const seconds = Number(headerOf(headers, 'retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

/** Of several attempts the last one counts. */
function asFault(error: unknown): Fault | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const fault = error as Fault;
  return (fault.name === 'AggregateError' && asFault(fault.errors?.at(-1))) || fault;
}

function statusOf({ statusCode, status, response }: Fault): number | undefined {
  return [statusCode, status, response?.status].find((value) => typeof value === 'number');
}

/** Headers are a `Headers`, the Azure SDKs' own collection, or a plain object with names in lower case. */
function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const { get } = headers as { get?: (name: string) => string | null | undefined };
  const value = typeof get === 'function' ? get.call(headers, name) : (headers as Record<string, unknown>)[name];
  return value === null || value === undefined ? undefined : String(value);
}
