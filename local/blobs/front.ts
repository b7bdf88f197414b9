import {
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { createServer, type Server } from 'node:https';
import { pipeline } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
} from '@azure/storage-blob';
import type { Principal, ServiceContext } from '../contracts';
import { type Accounts, retentionKey } from './accounts';
import type { Azurite } from './azurite';
import { Delegation } from './delegation';
import { permissionMismatch, respondWithError } from './errors';
import { type BlobRequest, readRequest } from './operations';
import type { BlobStatistics } from './statistics';

const tenYears = 10 * 365 * 24 * 60 * 60 * 1000;

/**
 * The HTTPS end of Blob Storage: takes tokens, checks roles and retention as Azure does, and hands on to Azurite what is
 * allowed. All accounts share one port, told apart by the first segment of the path.
 */
export class BlobFront {
  private readonly server: Server;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly signatures = new Map<string, string>();
  private readonly delegation = new Delegation();

  constructor(
    private readonly context: ServiceContext,
    private readonly azurite: Azurite,
    private readonly accounts: Accounts,
    private readonly statistics: BlobStatistics,
  ) {
    const { key, cert } = context.certificates.server;
    this.server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (request, response) => {
      this.serve(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else respondWithError(response, error);
      });
    });
    // An upload may take longer than Node's five minutes when a replay keeps the machine busy.
    this.server.requestTimeout = 0;
  }

  async listen(): Promise<number> {
    const port = await this.context.ports.get('blobs');
    await new Promise<void>((resolve, reject) => this.server.once('error', reject).listen(port, '127.0.0.1', resolve));
    return port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
    this.agent.destroy();
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', search = ''] = splitOnce(incoming.url ?? '', '?');
    const query = new URLSearchParams(search);
    const account = decodeURIComponent(path.split('/')[1] ?? '');
    const delegated = query.has('skoid') ? unsigned(query) : undefined;
    const bearer =
      delegated === undefined
        ? await this.accounts.authenticate(account, incoming.headers.authorization, query.has('sig'))
        : undefined;
    const request = readRequest(incoming.method ?? '', path, delegated ?? query, incoming.headers);
    const principal = bearer ?? this.delegation.signer(query, readable(request));
    this.accounts.authorize(principal, request);
    if (request.operation.comp === 'userdelegationkey') return this.answerKey(incoming, response, principal, account);
    this.accounts.checkRetention(request, this.azurite.retentions);
    await this.forward(incoming, response, request, `${path}?${delegated ?? search}`);
  }

  private async answerKey(
    incoming: IncomingMessage,
    response: ServerResponse,
    principal: Principal,
    account: string,
  ): Promise<void> {
    const body = await text(incoming);
    const version = String(incoming.headers['x-ms-version']);
    const answer = this.delegation.keyFor(principal, account, body, version);
    response.writeHead(200, { 'content-type': 'application/xml', 'x-ms-version': version }).end(answer);
  }

  /** @param target path and query, without a signature */
  private forward(
    incoming: IncomingMessage,
    response: ServerResponse,
    request: BlobRequest,
    target: string,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        agent: this.agent,
        host: '127.0.0.1',
        port: this.azurite.port,
        method: incoming.method,
        path: `${target}${target.endsWith('?') ? '' : '&'}${this.signature(request.account)}`,
        headers: this.headersFor(incoming, request),
      });
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      outgoing.on('error', reject);
      outgoing.on('response', (answer) => {
        try {
          this.settle(request, answer.statusCode ?? 500, bytes);
        } catch (error) {
          answer.destroy();
          reject(error);
          return;
        }
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        // A client that goes away ends the pipeline with an error that is of interest to nobody.
        pipeline(answer, response, () => resolve());
      });
      pipeline(incoming, outgoing, (error) => {
        if (error) outgoing.destroy(error);
      });
    });
  }

  /** Before the client hears of it: notes what was done, and makes it durable. */
  private settle(request: BlobRequest, status: number, bytes: number): void {
    if (request.operation.method === 'GET' || request.operation.method === 'HEAD') return;
    if (status < 300) {
      this.noteRetention(request);
      const blobs = request.operation.effect === 'create' ? 1 : 0;
      if (request.blob !== '') {
        this.statistics.count(this.accounts.containerId(request.account, request.container), blobs, bytes);
      }
    }
    this.azurite.flush();
  }

  private noteRetention(request: BlobRequest): void {
    const { retentions } = this.azurite;
    if (request.operation.deletesContainer) retentions.forgetBelow(`${request.account}/${request.container}/`);
    if (request.operation.effect === 'delete') retentions.forget(retentionKey(request));
    const period = request.operation.effect === 'create' ? this.accounts.retention(request.account) : 0;
    if (period > 0) retentions.protect(retentionKey(request), this.context.clock.now() + period);
  }

  private headersFor(incoming: IncomingMessage, request: BlobRequest): OutgoingHttpHeaders {
    const { authorization: _, connection: __, expect: ___, ...headers } = incoming.headers;
    // Of two that create the same protected blob at the same time, the second must not overwrite.
    const isNew = this.azurite.retentions.until(retentionKey(request)) === undefined;
    const creates = request.operation.effect === 'create' && this.accounts.retention(request.account) > 0;
    return creates && isNew && headers['if-match'] === undefined ? { ...headers, 'if-none-match': '*' } : headers;
  }

  /** Azurite's own authentication: this process is the only one that it serves. */
  private signature(account: string): string {
    let signature = this.signatures.get(account);
    if (signature === undefined) {
      signature = generateAccountSASQueryParameters(
        {
          expiresOn: new Date(Date.now() + tenYears),
          permissions: AccountSASPermissions.parse('rwdlacuptfix'),
          resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
          services: AccountSASServices.parse('b').toString(),
        },
        this.azurite.credential(account),
      ).toString();
      this.signatures.set(account, signature);
    }
    return signature;
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

/** The query without the parameters of a signature. */
function unsigned(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => !/^(s\w{1,5}|rsc\w)$/.test(name) || name === 'snapshot'));
}

/** A signature is taken for reading only. @throws AzureError 403 */
function readable(request: BlobRequest): BlobRequest {
  if (request.action.endsWith('/blobs/read') && request.blob !== '') return request;
  throw permissionMismatch('A user delegation SAS is taken here for reading a blob, and for nothing else.');
}
