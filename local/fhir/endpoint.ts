import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { OperationOutcomeError } from '@medplum/core';
import type { OperationOutcome, Resource } from '@medplum/fhirtypes';
import { AzureError, type Principal, type ServiceContext } from '../contracts';
import { capabilities } from './capabilities';
import { isResourceType } from './definitions';
import type { RequestFault } from './faults';
import type { FhirAnswer, FhirService } from './fhirService';
import { invalid, notFound, outcome, refused, statusOf } from './outcomes';

/** Far above what 500 entries hold; keeps one request from taking all memory. */
const maxBodyBytes = 100 * 1024 * 1024;

const jsonTypes: readonly string[] = ['application/fhir+json', 'application/json', 'application/json-patch+json'];
const formType = 'application/x-www-form-urlencoded';

/** The HTTPS end of one FHIR service. */
export class Endpoint {
  private readonly server: Server;

  constructor(
    private readonly context: ServiceContext,
    private readonly service: FhirService,
    private readonly base: string,
    /** What tokens must be for. Changes with the service's authentication. */
    public audience: string,
  ) {
    const { key, cert } = context.certificates.server;
    this.server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (request, response) => {
      response.setHeader('Date', new Date(context.clock.now()).toUTCString());
      this.serve(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else respondWith(response, error);
      });
    });
  }

  async listen(): Promise<void> {
    const port = Number(new URL(this.base).port);
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const path = url.replace(/\?.*$/, '');
    if (method === 'GET' && path === '/health/check') {
      sendJson(response, 200, { overallStatus: 'Healthy', details: [] }, 'application/json');
      return;
    }
    if (method === 'GET' && path === '/metadata') {
      send(response, { status: 200, body: capabilities(this.base, this.context.clock.now()) });
      return;
    }
    const caller = await this.caller(request);
    const fault = this.service.faults.nextRequest();
    if (fault) {
      sendFault(response, fault);
      return;
    }
    const [type = ''] = path.split('/').filter(Boolean);
    if (type !== '' && !isResourceType(type)) throw notFound(`The resource type '${type}'`);
    const body = await readBody(request);
    const answer = await this.service.call({ caller, method, url, headers: request.headers, body });
    this.answer(response, answer);
  }

  private async caller(request: IncomingMessage): Promise<Principal> {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new AzureError(401, 'Unauthorized', 'The request has no bearer token.');
    return this.context.authority.authenticate(token, this.audience);
  }

  private answer(response: ServerResponse, answer: FhirAnswer): void {
    const { resourceType, id, meta } = answer.body;
    if (answer.status < 300 && meta?.versionId !== undefined && meta.lastUpdated !== undefined) {
      response.setHeader('ETag', `W/"${meta.versionId}"`);
      response.setHeader('Last-Modified', new Date(meta.lastUpdated).toUTCString());
      const address = `${this.base}/${resourceType}/${id}/_history/${meta.versionId}`;
      response.setHeader(answer.status === 201 ? 'Location' : 'Content-Location', address);
    }
    send(response, answer);
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw refused('too-large', 'too-long', `The body is longer than ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  const text = Buffer.concat(chunks).toString();
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === formType) return formFields(text);
  if (!jsonTypes.includes(type)) {
    throw refused('media-type', 'not-supported', `The media type '${type}' is not one of ${jsonTypes.join(', ')}.`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalid(`The body is not JSON: ${(error as Error).message}`);
  }
}

function formFields(text: string): Record<string, string[]> {
  const search = new URLSearchParams(text);
  return Object.fromEntries([...search.keys()].map((name) => [name, search.getAll(name)]));
}

function sendFault(response: ServerResponse, { status, retryAfterSeconds = 1 }: RequestFault): void {
  response.setHeader('Retry-After', String(Math.ceil(retryAfterSeconds)));
  response.setHeader('x-ms-retry-after-ms', String(Math.round(retryAfterSeconds * 1000)));
  const body =
    status === 429
      ? outcome('too-many-requests', 'throttled', 'The request rate is too large; retry after some time.')
      : outcome('unavailable', 'transient', 'The service is unavailable; retry after some time.');
  send(response, { status, body });
}

function respondWith(response: ServerResponse, error: unknown): void {
  if (error instanceof AzureError) {
    if (error.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    send(response, { status: error.status, body: outcome(error.code, 'login', error.message) });
    return;
  }
  const text = error instanceof Error ? error.message : String(error);
  const body = error instanceof OperationOutcomeError ? error.outcome : outcome('internal', 'exception', text);
  send(response, { status: statusOf(body), body });
}

function send(response: ServerResponse, { status, body }: FhirAnswer): void {
  if (status === 204) response.writeHead(status).end();
  else sendJson(response, status, withoutStatusId(body), 'application/fhir+json; charset=utf-8');
}

/** An outcome's id says its status within this service and is of no use outside. */
function withoutStatusId(body: Resource): Resource {
  return body.resourceType === 'OperationOutcome' ? ({ ...body, id: undefined } as OperationOutcome) : body;
}

function sendJson(response: ServerResponse, status: number, body: unknown, type: string): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) }).end(text);
}
