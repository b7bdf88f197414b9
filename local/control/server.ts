import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { publishControlAddress, secretHeader } from './address';

/** What can be asked of a running local cloud and done to it, by processes that may read its state folder. */
export interface ControlTargets {
  readonly clock: { now(): number; advanceTo(time: number): Promise<void> };
  /** Counts of all services, for people and tests. */
  stats(): unknown;
  /** What is held or broken, in words; empty when all is well. */
  health(): unknown;
  /** How often the hub accepted a message, by message id. */
  acceptedCounts(): Promise<ReadonlyMap<string, number>> | ReadonlyMap<string, number>;
  /** What can be broken on purpose, by name, as `gateway-uplink-cut`. True breaks it, false mends it. */
  readonly faults: Readonly<Record<string, (broken: boolean) => Promise<void> | void>>;
  /** Gets what the replay says about how far it is. */
  onReplayProgress?(progress: unknown): void;
}

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

const bodyLimit = 64 * 1024;

class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Serves the control API on 127.0.0.1, and writes its address and secret to `addressFile` (mode 600).
 *
 * | request | answer |
 * |---|---|
 * | GET /clock | `{now}`, milliseconds since 1970 |
 * | POST /clock `{advanceTo}` | `{now}`, when all that was due is done |
 * | GET /stats, GET /health | as the services say |
 * | GET /accepted | `{counts: {messageId: n}}` |
 * | POST /faults `{name, broken}` | `{}` when it is broken, or mended |
 * | POST /replay, a progress | `{}` |
 *
 * @param port 0 takes a free one
 */
export async function startControlServer(
  port: number,
  addressFile: string,
  targets: ControlTargets,
): Promise<ControlServer> {
  let secret = '';
  const server = createServer((request, response) => {
    answer(request, targets, secret)
      .then((body) => reply(response, 200, body))
      .catch((error: unknown) =>
        reply(response, error instanceof Refusal ? error.status : 500, {
          error: error instanceof Error ? error.message : String(error),
        }),
      );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`;
  secret = publishControlAddress(addressFile, url).secret;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, close };
}

async function answer(request: IncomingMessage, targets: ControlTargets, secret: string): Promise<unknown> {
  if (!isSecret(request.headers[secretHeader], secret)) {
    throw new Refusal(401, `The header ${secretHeader} must hold the secret of the local cloud's state folder.`);
  }
  const { clock } = targets;
  switch (`${request.method} ${request.url}`) {
    case 'GET /clock':
      return { now: clock.now() };
    case 'POST /clock':
      await clock.advanceTo(timeOf(await readBody(request)));
      return { now: clock.now() };
    case 'GET /stats':
      return targets.stats();
    case 'GET /health':
      return targets.health();
    case 'GET /accepted':
      return { counts: Object.fromEntries(await targets.acceptedCounts()) };
    case 'POST /faults':
      await setFault(targets.faults, await readBody(request));
      return {};
    case 'POST /replay':
      targets.onReplayProgress?.(await readBody(request));
      return {};
    default:
      throw new Refusal(404, `The control API has no ${request.method} ${request.url}.`);
  }
}

function isSecret(given: string | string[] | undefined, secret: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(secret)];
  return secret !== '' && a.length === b.length && timingSafeEqual(a, b);
}

function timeOf(body: Record<string, unknown>): number {
  const time = body.advanceTo;
  if (typeof time === 'number' && Number.isFinite(time) && time >= 0) return time;
  throw new Refusal(400, `advanceTo is ${JSON.stringify(time)}; it must be a time in milliseconds since 1970.`);
}

async function setFault(faults: ControlTargets['faults'], { name, broken }: Record<string, unknown>): Promise<void> {
  const fault = typeof name === 'string' && Object.hasOwn(faults, name) ? faults[name] : undefined;
  if (!fault)
    throw new Refusal(
      400,
      `There is no fault ${JSON.stringify(name)}; there are: ${Object.keys(faults).join(', ') || 'none'}.`,
    );
  if (typeof broken !== 'boolean')
    throw new Refusal(400, `broken is ${JSON.stringify(broken)}; it must be true or false.`);
  await fault(broken);
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new Refusal(413, `The body is larger than ${bodyLimit} bytes.`);
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Falls through to the same refusal as JSON that is not an object.
  }
  throw new Refusal(400, 'The body must be a JSON object.');
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
