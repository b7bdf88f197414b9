import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type ArmResource, AzureError, type Properties, type Service, type ServiceContext } from '../contracts';
import { idKey } from '../controlPlane/armIds';

/** A line of a log, as Application Insights keeps it in its table `traces`. */
export interface Trace {
  /** When it arrived, on the virtual clock, in milliseconds since 1970. */
  readonly time: number;
  readonly message: string;
  /** 0 verbose, 1 information, 2 warning, 3 error, 4 critical. */
  readonly severity: number;
  /** `ai.cloud.roleName`: the app. */
  readonly role: string;
  /** `ai.operation.name`: the function. */
  readonly operation: string;
  readonly properties: Readonly<Record<string, string>>;
}

const ingestAction = 'Microsoft.Insights/Telemetry/Write';
const audience = 'https://monitor.azure.com';
/** How many traces a component keeps; older ones go. */
const most = 5_000;

interface Envelope {
  readonly iKey?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly data?: { readonly baseType?: string; readonly baseData?: Readonly<Record<string, unknown>> };
}

interface Kept {
  readonly component: ArmResource;
  readonly traces: Trace[];
}

/**
 * Application Insights, as far as code that sends to it needs it: an ingestion endpoint that checks tokens and roles, and
 * the last traces in memory. Other telemetry than traces is taken and forgotten; nothing is sampled, nothing can be
 * queried but `traces`, and alarms are not raised.
 */
export class ApplicationInsights implements Service {
  readonly kinds = ['applicationinsights:Component'] as const;
  private readonly kept = new Map<string, Kept>();
  private listening: Promise<{ server: Server; port: number }> | undefined;

  constructor(private readonly context: ServiceContext) {}

  async provision(component: ArmResource): Promise<Properties> {
    const { port } = await this.start();
    const { instrumentationKey, appId } = component.outputs;
    this.kept.set(idKey(component.id), { component, traces: this.kept.get(idKey(component.id))?.traces ?? [] });
    const endpoint = `https://localhost:${port}/`;
    const parts = { InstrumentationKey: instrumentationKey, IngestionEndpoint: endpoint, LiveEndpoint: endpoint };
    const connectionString = Object.entries({ ...parts, ApplicationId: appId }).map(
      ([name, value]) => `${name}=${value}`,
    );
    return { connectionString: connectionString.join(';') };
  }

  async deprovision({ id }: ArmResource): Promise<void> {
    this.kept.delete(idKey(id));
  }

  /** What a component has been sent, the oldest first. */
  traces(componentId: string): readonly Trace[] {
    return this.kept.get(idKey(componentId))?.traces ?? [];
  }

  async close(): Promise<void> {
    const started = await this.listening;
    started?.server.closeAllConnections();
    await new Promise<void>((resolve) => (started ? started.server.close(() => resolve()) : resolve()));
  }

  private start(): Promise<{ server: Server; port: number }> {
    this.listening ??= (async () => {
      const { key, cert } = this.context.certificates.server;
      const server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (request, response) => {
        this.serve(request, response).catch((error: unknown) => respond(response, error));
      });
      const port = await this.context.ports.get('application-insights');
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
      return { server, port };
    })();
    return this.listening;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    if (request.method !== 'POST' || !/^\/v2(\.1)?\/track$/.test(request.url ?? '')) {
      throw new AzureError(404, 'NotFound', `${request.method} ${request.url} is not offered here.`);
    }
    const envelopes = readEnvelopes(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
    const targets = envelopes.map((envelope) => this.target(envelope));
    for (const { component } of new Set(targets)) await this.authorize(component, request.headers.authorization);
    for (const [index, envelope] of envelopes.entries()) this.keep(targets[index]?.traces ?? [], envelope);
    const answer = { itemsReceived: envelopes.length, itemsAccepted: envelopes.length, errors: [] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  private target({ iKey }: Envelope): Kept {
    const found = [...this.kept.values()].find(({ component }) => component.outputs.instrumentationKey === iKey);
    if (found === undefined) throw new AzureError(400, 'InvalidInstrumentationKey', 'There is no such component.');
    return found;
  }

  /** @throws AzureError 401 without a token where the component wants one, 403 for an identity without the role */
  private async authorize(component: ArmResource, authorization: string | undefined): Promise<void> {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined && component.inputs.disableLocalAuth !== true) return;
    if (token === undefined)
      throw new AzureError(401, 'Unauthorized', 'Local authentication is off: a token is needed.');
    const principal = await this.context.authority.authenticate(token, audience);
    this.context.authority.require(principal, ingestAction, component.id);
  }

  private keep(traces: Trace[], { tags, data }: Envelope): void {
    if (data?.baseType !== 'MessageData') return;
    const { message, severityLevel, properties } = data.baseData ?? {};
    traces.push({
      time: this.context.clock.now(),
      message: String(message),
      severity: Number(severityLevel ?? 1),
      role: tags?.['ai.cloud.roleName'] ?? '',
      operation: tags?.['ai.operation.name'] ?? '',
      properties: (properties ?? {}) as Record<string, string>,
    });
    if (traces.length > most) traces.splice(0, traces.length - most);
  }
}

/** A JSON array, or one JSON object a line. @throws AzureError 400 */
function readEnvelopes(body: Buffer): Envelope[] {
  const content = body.toString('utf8').trim();
  try {
    if (content.startsWith('[')) return JSON.parse(content) as Envelope[];
    return content.split('\n').map((line) => JSON.parse(line) as Envelope);
  } catch {
    throw new AzureError(400, 'InvalidJson', 'The body is neither a JSON array nor one JSON object a line.');
  }
}

function respond(response: ServerResponse, error: unknown): void {
  const { status, code, message } =
    error instanceof AzureError ? error : new AzureError(500, 'InternalError', String(error));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { code, message } }));
}
