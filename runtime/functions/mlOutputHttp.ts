import { setTimeout as pause } from 'node:timers/promises';
import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { parseScored } from '../contracts/parseScored';
import type { ScoredWindow } from '../contracts/scored';
import type { HotPathWriter } from '../hotPath/hotPathWriter';
import type { ResultWriter } from '../repository/resultWriter';
import type { StepLog } from '../stream/stepLog';
import { causeOf } from '../stream/transient';
import type { CallerCheck } from './callerToken';

/** What the function `mlOutputHttp` works with. */
export interface MlOutputHttpTools {
  readonly callers: Pick<CallerCheck, 'check'>;
  readonly writer: Pick<HotPathWriter, 'write'>;
  readonly repository: Pick<ResultWriter, 'write'>;
  /** Length of the windows that flags go by. */
  readonly windowMs: number;
  /** When results arrive, milliseconds since 1970: there is no event hub that says so. */
  readonly now: (log: StepLog) => Promise<number>;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  /** Of a request's body. */
  readonly bytes: number;
  /** Results in a request. */
  readonly results: number;
  /** For writing: below the 230 seconds after which Azure's load balancer closes a connection without data. */
  readonly milliseconds: number;
}

const usual: HttpLimits = { bytes: 4 * 1024 * 1024, results: 1_000, milliseconds: 100_000 };

/**
 * Another way for results into FHIR and the repository, for what cannot send to `scored`: a POST of one scored window or an array of
 * them, in the order in which they are to be followed. Off unless callers are named (HTTP_CALLERS). 200 says that all is
 * written in both; whatever else it says, the same may be sent again.
 *
 * 400 and 422: nothing is written of what is malformed, and what FHIR or the repository refuses is told by its place in the
 * array. 401 and 403 tell nothing. 413: more than 4 MiB or 1,000 results. 503: not written in time, or the tenant's keys cannot be
 * had.
 */
export async function mlOutputHttp(
  request: Pick<HttpRequest, 'headers' | 'body'>,
  tools: MlOutputHttpTools,
  log: StepLog,
): Promise<HttpResponseInit> {
  const limits = { ...usual, ...tools.limits };
  try {
    const verdict = await tools.callers.check(request.headers.get('authorization'));
    if (verdict === 'unknown') return { status: 401, headers: { 'www-authenticate': 'Bearer' } };
    if (verdict === 'forbidden') return { status: 403 };
  } catch (error) {
    log.error(`iomt.callers cause=${causeOf(error)}`);
    return later;
  }
  const text = await readAtMost(request, limits.bytes);
  if (text === undefined) return { status: 413 };
  const { windows, errors, isTooMuch } = parse(text, limits.results);
  if (isTooMuch) return { status: 413 };
  if (errors.length > 0) return { status: 400, jsonBody: { errors } };
  return (
    (await Promise.race([write(windows, tools, log), pause(limits.milliseconds, undefined, { ref: false })])) ?? later
  );
}

const later: HttpResponseInit = { status: 503, headers: { 'retry-after': '30' } };

async function write(
  windows: readonly ScoredWindow[],
  { writer, repository, windowMs, now }: MlOutputHttpTools,
  log: StepLog,
): Promise<HttpResponseInit> {
  const scoredAt = await now(log);
  const arrivals = windows.map((window, index) => ({ window, source: index }));
  const rows = arrivals.map(({ window, source }) => ({
    ...{ window, source, scoredAt, hot: window.end - window.start === windowMs },
  }));
  const [fhir, sql] = await Promise.all([writer.write(arrivals, null, log), repository.write(rows, log)]);
  const errors = [
    ...fhir.refused.map(({ source, reason }) => ({ index: source, message: reason.message })),
    ...sql.refused.map(({ arrival, reason }) => ({ index: arrival.source, message: reason })),
  ];
  log.info(`iomt.posted results=${windows.length} refused=${errors.length}`);
  if (errors.length > 0) return { status: 422, jsonBody: { errors } };
  return { status: 200, jsonBody: { fhir: fhir.written, repository: sql.written.length } };
}

interface Parsed {
  readonly windows: readonly ScoredWindow[];
  readonly errors: readonly { readonly index: number; readonly message: string }[];
  readonly isTooMuch: boolean;
}

/** Messages name members, never values. */
function parse(text: string, most: number): Parsed {
  const windows: ScoredWindow[] = [];
  const errors: { index: number; message: string }[] = [];
  let results: readonly unknown[];
  try {
    const body: unknown = JSON.parse(text);
    results = Array.isArray(body) ? body : [body];
  } catch {
    return { windows, errors: [{ index: 0, message: 'The body is not valid JSON.' }], isTooMuch: false };
  }
  if (results.length > most) return { windows, errors, isTooMuch: true };
  for (const [index, result] of results.entries()) {
    try {
      const message = parseScored(JSON.stringify(result));
      if (message.kind === 'window') windows.push(message);
      else errors.push({ index, message: 'Clock marks are not posted.' });
    } catch (error) {
      errors.push({ index, message: (error as Error).message });
    }
  }
  return { windows, errors, isTooMuch: false };
}

/** Undefined for more; what a header says of the length need not be true. */
async function readAtMost(
  { headers, body }: Pick<HttpRequest, 'headers' | 'body'>,
  bytes: number,
): Promise<string | undefined> {
  if (Number(headers.get('content-length') ?? 0) > bytes) return undefined;
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > bytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
