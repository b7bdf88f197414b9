import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Authority, AzureError, type Certificates } from '../contracts';
import { answerConnections } from './connections';
import { answerItems } from './items';
import type { FabricRequest, Reply } from './reply';
import { answerCapacities, answerWorkspaces, type FabricParts } from './workspaces';

const fabricAudience = 'https://api.fabric.microsoft.com';
const powerBiAudience = 'https://analysis.windows.net/powerbi/api';

/** What Power BI's own API answers here: refreshes of semantic models. */
export type RefreshHandler = (request: FabricRequest, workspaceId: string, modelId: string, id?: string) => Reply;

/** HTTPS in front of what Fabric keeps: who calls, and which part of the API is meant. */
export class FabricApi {
  private readonly server: Server;
  private port = 0;

  constructor(
    private readonly authority: Pick<Authority, 'authenticate'>,
    { server: { key, cert } }: Certificates,
    private readonly parts: FabricParts,
    private readonly refreshes: RefreshHandler,
  ) {
    this.server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (request, response) => {
      void this.answer(request)
        .catch(errorReply)
        .then((reply) => send(response, reply));
    });
  }

  /** The value for `fabricApiUrl`. */
  get url(): string {
    return `https://localhost:${this.port}/v1`;
  }

  /** The value for `powerBiApiUrl`. */
  get powerBiUrl(): string {
    return `https://localhost:${this.port}/v1.0/myorg`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => this.server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(incoming: IncomingMessage): Promise<Reply> {
    const url = new URL(incoming.url ?? '/', this.url);
    const [version = '', ...path] = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    const isPowerBi = version === 'v1.0';
    const caller = await this.caller(incoming, isPowerBi ? powerBiAudience : fabricAudience);
    const request: FabricRequest = {
      ...{ method: incoming.method ?? 'GET', path, query: url.searchParams, caller },
      body: jsonOf(await text(incoming)),
    };
    return isPowerBi ? this.powerBi(request) : this.fabric(request);
  }

  private fabric(request: FabricRequest): Reply {
    const [collection, ...path] = request.path;
    const below = { ...request, path };
    if (collection === 'capacities') return answerCapacities(below, this.parts);
    if (collection === 'workspaces') return answerItems(below, this.parts) ?? answerWorkspaces(below, this.parts);
    if (collection === 'connections') return answerConnections(below, this.parts);
    const [id = '', what] = path;
    if (collection === 'operations') {
      return what === 'result' ? this.parts.operations.result(id) : this.parts.operations.state(id);
    }
    throw new AzureError(404, 'NotFound', `/${request.path.join('/')} is not offered by the local cloud.`);
  }

  private powerBi(request: FabricRequest): Reply {
    const [myorg, groups, workspaceId = '', datasets, modelId = '', refreshes, id] = request.path;
    if ([myorg, groups, datasets, refreshes].join() === 'myorg,groups,datasets,refreshes') {
      return this.refreshes(request, workspaceId, modelId, id);
    }
    throw new AzureError(404, 'NotFound', `/${request.path.join('/')} is not offered by the local cloud.`);
  }

  private async caller({ headers }: IncomingMessage, audience: string) {
    const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
    if (token === undefined)
      throw new AzureError(401, 'Unauthorized', "The 'Authorization' header has no bearer token.");
    return this.authority.authenticate(token, audience);
  }
}

function send(response: ServerResponse, { status, body, headers }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function jsonOf(body: string): Record<string, unknown> {
  if (body === '') return {};
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    throw new AzureError(400, 'InvalidRequest', 'The body is no JSON.');
  }
}

function errorReply(error: unknown): Reply {
  const { status, code, message } =
    error instanceof AzureError ? error : new AzureError(500, 'UnknownError', String(error));
  return { status, body: { errorCode: code, message } };
}
