import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { ServiceContext } from '../contracts';
import type { FunctionApp } from './functionApp';
import type { HttpAnswer } from './messages';

/**
 * Bytes of a body that the host takes (Learn: "Azure Functions HTTP trigger", limits), unless the app setting
 * FUNCTIONS_REQUEST_BODY_SIZE_LIMIT says otherwise (Learn: "App settings reference for Azure Functions").
 */
const usualBodyLimit = 104_857_600;

/** Headers of one connection, and those that App Service lets nobody send from outside since code believes them. */
const ownOfFront = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|x-ms-client-principal.*)$/;

/** The app behind a front end, and its settings. */
export interface Behind {
  readonly app: Pick<FunctionApp, 'answers' | 'call'>;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * The front end of one site: HTTPS alone, on the port that its `defaultHostName` has. What differs from App Service's: plain
 * HTTP is never answered, a site's root has no page, and no call is given up after 230 seconds.
 */
export class HttpFront {
  private readonly server: Server;

  private constructor(
    private readonly context: Pick<ServiceContext, 'certificates' | 'clock'>,
    /** `localhost:<port>`. */
    readonly host: string,
    private readonly behind: () => Behind | undefined,
  ) {
    const { key, cert } = context.certificates.server;
    this.server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
  }

  static async listen(
    context: Pick<ServiceContext, 'certificates' | 'clock'>,
    port: number,
    behind: () => Behind | undefined,
  ): Promise<HttpFront> {
    const front = new HttpFront(context, `localhost:${port}`, behind);
    await new Promise<void>((resolve, reject) => {
      front.server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return front;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Date', new Date(this.context.clock.now()).toUTCString());
    const behind = this.behind();
    const { method = 'GET', url = '/' } = request;
    const path = new URL(url, `https://${this.host}`).pathname;
    const refused = behind === undefined ? plain(503, notRunning) : refusal(behind.app, method, path);
    if (behind === undefined || refused !== undefined) return send(response, refused ?? plain(503, notRunning), true);
    const body = await readAtMost(request, Number(behind.settings.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT || usualBodyLimit));
    if (body === undefined) return send(response, plain(413, ''), true);
    const headers = { ...passed(request.headers), ...this.added(request) };
    const answer = await behind.app.call(method, path, { method, url: `https://${this.host}${url}`, headers, body });
    send(response, answer ?? plain(503, notRunning), false);
  }

  /** Where the call came from, as App Service tells the code behind it. */
  private added(request: IncomingMessage): Record<string, string> {
    const from = `${request.socket.remoteAddress}:${request.socket.remotePort}`;
    const before = request.headers['x-forwarded-for'];
    return {
      'x-forwarded-for': before === undefined ? from : `${before}, ${from}`,
      'x-forwarded-proto': 'https',
      host: this.host,
    };
  }
}

const notRunning = 'Function host is not running.';

function refusal(app: Behind['app'], method: string, path: string): HttpAnswer | undefined {
  switch (app.answers(method, path)) {
    case 'yes':
      return undefined;
    case 'stopped':
      return plain(403, 'Error 403 - This web app is stopped.');
    case 'notRunning':
      return plain(503, notRunning);
    case 'no':
      return plain(404, '');
  }
}

const plain = (status: number, text: string): HttpAnswer => ({
  status,
  headers: text === '' ? [] : [['content-type', 'text/plain; charset=utf-8']],
  body: Buffer.from(text),
});

/** @param isUnread the caller may still be sending: then the connection ends with the answer */
function send(response: ServerResponse, { status, headers, body }: HttpAnswer, isUnread: boolean): void {
  for (const [name, value] of headers) response.appendHeader(name, value);
  if (isUnread) response.setHeader('connection', 'close');
  const hasNoBody = status === 204 || status === 304;
  if (!hasNoBody) response.setHeader('content-length', body.length);
  response.writeHead(status).end(hasNoBody ? undefined : body);
}

function passed(headers: IncomingHttpHeaders): Record<string, string> {
  const pairs = Object.entries(headers).filter(([name, value]) => value !== undefined && !ownOfFront.test(name));
  return Object.fromEntries(pairs.map(([name, value]) => [name, [value].flat().join(', ')]));
}

/** Undefined for more. */
async function readAtMost(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > most) return undefined;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > most) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
