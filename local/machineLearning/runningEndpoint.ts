import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import type { ArmResource, ServiceContext } from '../contracts';
import { isKubernetes } from '../controlPlane/kinds/onlineEndpoints';
import { isObject, textAt, valueAt } from '../controlPlane/values';
import { EndpointAccess } from './endpointAccess';
import { EndpointError, modelError, readJsonBody } from './scoringAnswer';

/** What stands for the model's container: from the request's JSON to the answer's. */
export type ModelHandler = (request: unknown) => unknown;

/** What an endpoint does wrong, until it is taken back by `{}`. Plain JSON, so that a control channel can carry it. */
export interface EndpointFaults {
  /** `unavailable` answers 503; `unreachable` cuts the connection. */
  readonly down?: 'unavailable' | 'unreachable';
  /** Real milliseconds that the model takes longer. */
  readonly slowMs?: number;
}

/** ARM types: requestTimeout "defaults to 5000 ms". */
const usualTimeoutMs = 5_000;
/** Learn: "Test a deployment": names the deployment, past the shares of traffic. */
const deploymentHeader = 'azureml-model-deployment';

/** The scoring end of one online endpoint. There is no container behind it: a handler stands for the model, or nothing. */
export class RunningEndpoint {
  faults: EndpointFaults = {};
  model: ModelHandler | undefined;
  readonly access: EndpointAccess;
  private readonly server: Server;
  private readonly closing = new AbortController();

  constructor(
    private readonly context: ServiceContext,
    private resource: ArmResource,
    private readonly port: number,
    key: string,
  ) {
    this.access = new EndpointAccess(context.authority, resource.id, key);
    const tls = context.certificates.server;
    this.server = createServer({ ...tls, minVersion: 'TLSv1.2' }, (request, response) => {
      this.serve(request, response).catch((error: unknown) => refuse(response, error));
    });
  }

  get scoringUri(): string {
    return `https://localhost:${this.port}${this.path}`;
  }

  update(resource: ArmResource): void {
    this.resource = resource;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    this.closing.abort();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private get path(): string {
    const { id, inputs } = this.resource;
    return isKubernetes(inputs) ? `/api/v1/endpoint/${id.slice(id.lastIndexOf('/') + 1)}/score` : '/score';
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.faults.down === 'unreachable') {
      request.socket.destroy();
      return;
    }
    if (this.faults.down === 'unavailable') throw new EndpointError(503, 'The endpoint is unavailable; retry later.');
    if (request.url?.replace(/\?.*$/, '') !== this.path) throw new EndpointError(404, `There is only ${this.path}.`);
    if (request.method !== 'POST') throw new EndpointError(405, 'An endpoint is asked by POST.');
    await this.access.require(textAt(this.resource.inputs, 'properties.authMode'), request.headers.authorization);
    const deployment = this.deployment(request.headers[deploymentHeader]);
    const answer = await this.answer(await readJsonBody(request), deployment);
    const text = JSON.stringify(answer);
    const headers = { 'content-type': 'application/json', [deploymentHeader]: nameOf(deployment) };
    response.writeHead(200, headers).end(text);
  }

  /** The deployment that the caller names, else the one with the greatest share of traffic. */
  private deployment(named: string | string[] | undefined): ArmResource {
    const { id, inputs } = this.resource;
    const find = (name: string) => this.context.resources.get(`${id}/deployments/${name}`);
    if (typeof named === 'string') {
      const found = find(named);
      if (found) return found;
      throw new EndpointError(404, `The endpoint has no deployment '${named}'.`);
    }
    const shares = valueAt(inputs, 'properties.traffic');
    const byShare = Object.entries(isObject(shares) ? shares : {}).sort(([, a], [, b]) => Number(b) - Number(a));
    const [name] = byShare.find(([, share]) => Number(share) > 0) ?? [];
    const found = name === undefined ? undefined : find(name);
    if (found) return found;
    throw new EndpointError(
      404,
      `The endpoint has no deployment with a share of traffic; give one in traffic, or name one in the header ${deploymentHeader}.`,
    );
  }

  private async answer(request: unknown, deployment: ArmResource): Promise<unknown> {
    const { model } = this;
    if (!model) {
      throw new EndpointError(
        503,
        `No model answers for '${this.resource.id}': the local cloud runs no containers. A test gives it one with setModel.`,
      );
    }
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, this.closing.signal]);
    const late = wait(timeoutMs(deployment), undefined, { signal }).then(() => {
      throw new EndpointError(408, 'The model took longer than requestTimeout of its deployment.');
    });
    late.catch(() => {});
    try {
      return await Promise.race([this.run(model, request, signal), late]);
    } finally {
      done.abort();
    }
  }

  private async run(model: ModelHandler, request: unknown, signal: AbortSignal): Promise<unknown> {
    if (this.faults.slowMs) await wait(this.faults.slowMs, undefined, { signal });
    try {
      return (await model(request)) ?? null;
    } catch (error) {
      throw modelError(500, error instanceof Error ? error.message : String(error));
    }
  }
}

function timeoutMs({ inputs }: ArmResource): number {
  const given = textAt(inputs, 'properties.requestSettings.requestTimeout');
  const [, minutes = 0, seconds = 0] = /^PT(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(given ?? '') ?? [];
  return given === undefined ? usualTimeoutMs : (Number(minutes) * 60 + Number(seconds)) * 1000;
}

function nameOf({ id }: ArmResource): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, message, headers } =
    error instanceof EndpointError ? error : { status: 500, message: String(error), headers: {} };
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ error: { message } }));
}
