import type { TokenCredential } from '@azure/identity';

/** How a data plane is reached: whose token, for what, and how long to go on. All of it lies in the resource's state. */
export interface DataPlaneAccess {
  /** Token scope, as in `https://iothubs.azure.net/.default`. */
  readonly tokenScope: string;
  readonly tenantId: string;
  /** Microsoft Entra's sign-in address in the cloud. */
  readonly authorityHost: string;
  /** For how many seconds a refused or failing call is repeated: a new role takes minutes to work. */
  readonly limitSeconds: number;
}

export interface DataPlaneRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes and texts go as they are, all else as JSON. */
  readonly body?: unknown;
  /** Statuses that are answers as well, beside 2xx and 404. */
  readonly answers?: readonly number[];
  /** Statuses that may heal by themselves here, and then are no answer. */
  readonly heals?: readonly number[];
  /** How long one attempt may take; default 30 s. */
  readonly timeoutSeconds?: number;
  /** The thing called for, in words, for error sentences. */
  readonly what: string;
  /** What gives the deployer the right, where it is not a role of Azure's; a part of an error sentence. */
  readonly rightRemedy?: string;
}

export interface DataPlaneAnswer {
  readonly status: number;
  /** What the JSON says; the text itself where it is none. */
  readonly body: unknown;
  readonly headers: Headers;
}

const firstPauseSeconds = 1;
const longestPauseSeconds = 20;
const defaultTimeoutSeconds = 30;

/**
 * Calls a data plane with the deployer's token (DefaultAzureCredential) and repeats what may heal by itself: 401 and 403
 * (a role on its way), 408, 429, 5xx and connection failures, with growing pauses or as Retry-After asks.
 *
 * @returns any 2xx or 404 answer, and what the request takes for one
 * @throws Error in one sentence for any other answer, or when the limit has passed
 */
export async function call(request: DataPlaneRequest, access: DataPlaneAccess): Promise<DataPlaneAnswer> {
  const credential = await credentialOf(access);
  const deadline = Date.now() + access.limitSeconds * 1000;
  for (let pause = firstPauseSeconds; ; pause = Math.min(pause * 2, longestPauseSeconds)) {
    const attempt = await callOnce(request, access, credential);
    if ('answer' in attempt) return attempt.answer;
    const seconds = attempt.retryAfterSeconds ?? pause;
    if (!attempt.mayHeal || Date.now() + seconds * 1000 > deadline) throw new Error(failure(request, attempt, access));
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

/** Loaded when used: the program itself, which runs at every preview, never needs it. */
async function credentialOf({ tenantId, authorityHost }: DataPlaneAccess): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new DefaultAzureCredential({ tenantId, authorityHost });
}

interface Failed {
  readonly reason: string;
  readonly status?: number;
  readonly mayHeal: boolean;
  readonly retryAfterSeconds?: number;
}

async function callOnce(
  request: DataPlaneRequest,
  { tokenScope }: DataPlaneAccess,
  credential: TokenCredential,
): Promise<{ answer: DataPlaneAnswer } | Failed> {
  const { method, url, headers, body, answers = [], heals = [], timeoutSeconds = defaultTimeoutSeconds } = request;
  const token = await credential.getToken(tokenScope);
  if (!token) return { reason: 'no token for the deployer', mayHeal: false };
  try {
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${token.token}`, 'content-type': 'application/json', ...headers },
      body: encode(body),
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
    });
    const text = await response.text();
    const { status } = response;
    const answered = response.ok || status === 404 || answers.includes(status);
    if (answered && !heals.includes(status)) {
      return { answer: { status, body: parse(text), headers: response.headers } };
    }
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      reason: `${status} ${withoutSignatures(text).slice(0, 300)}`.trim(),
      status,
      mayHeal: [401, 403, 408, 429, ...heals].includes(status) || status >= 500,
      retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : undefined,
    };
  } catch (error) {
    return { reason: connectionError(error), mayHeal: true };
  }
}

function encode(body: unknown): string | Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined || typeof body === 'string') return body;
  // Node's own buffers and those of libraries are never shared between threads.
  return body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body);
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  return /^\s*[[{]/.test(text) ? JSON.parse(text) : text;
}

/** A service may repeat in an error what it was asked, signed addresses among it. */
export function withoutSignatures(text: string): string {
  return text.replace(/\bsig=[^&\s"'<]+/gi, 'sig=***');
}

function connectionError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? cause.message || cause.name : error.message;
}

const roleRemedy =
  'give the deployer its data-plane role (deployerPrincipalId) and let its address in (deployerIpAddresses)';

function failure(
  { method, url, what, rightRemedy }: DataPlaneRequest,
  failed: Failed,
  { limitSeconds }: DataPlaneAccess,
): string {
  const host = new URL(url).host;
  const front = `${method} of ${what} at ${host} failed with ${failed.reason}`;
  if (!failed.mayHeal) return `${front}.`;
  const forbidden = failed.status === 401 || failed.status === 403;
  const remedy = forbidden ? (rightRemedy ?? roleRemedy) : 'deploy from where the host can be reached';
  return `${front} for ${limitSeconds} s; ${remedy}, or set deployerReach to "none" and have the emitted files applied by hand.`;
}
