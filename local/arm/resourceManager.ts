import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { AzureError, type Principal, type ServiceContext } from '../contracts';
import { cloudMetadata } from './metadata';
import type { SiteDeployments } from './siteDeployments';

const audiences = ['https://management.azure.com', 'https://management.core.windows.net'];
const siteRoute = /^(\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Web\/sites\/[^/]+)\/(.+)$/i;

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The REST end of Azure Resource Manager, as far as a deployer calls it past Pulumi's provider: which cloud this is, and
 * deployments of function apps.
 */
export class ResourceManager {
  private readonly server: Server;
  private port = 0;

  /** @param deployer who may call; ARM asks for roles on the management plane, which the local cloud has none of */
  constructor(
    private readonly context: Pick<ServiceContext, 'authority' | 'certificates'>,
    private readonly deployer: Principal,
    private readonly deployments: SiteDeployments,
  ) {
    const { key, cert } = context.certificates.server;
    this.server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (request, response) => {
      this.answer(request)
        .catch(errorAnswer)
        .then(({ status, body, headers }) => {
          response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
        });
    });
  }

  /** `localhost:<port>`: the value for ARM_METADATA_HOSTNAME. */
  get host(): string {
    return `localhost:${this.port}`;
  }

  /** @param port 0: any free one */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => this.server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const body = await text(request);
    const url = new URL(request.url ?? '/', `https://${this.host}`);
    const apiVersion = url.searchParams.get('api-version');
    if (apiVersion === null) throw new AzureError(400, 'MissingApiVersionParameter', 'api-version is missing.');
    if (request.method === 'GET' && url.pathname === '/metadata/endpoints') {
      return { status: 200, body: cloudMetadata(this.host, this.deployer.tenantId, apiVersion) };
    }
    await this.authorize(request.headers.authorization);
    const [, site = '', rest = ''] = siteRoute.exec(decodeURIComponent(url.pathname)) ?? [];
    const [, deploymentId] = /^deployments\/([\w-]+)$/i.exec(rest) ?? [];
    if (request.method === 'PUT' && /^extensions\/onedeploy$/i.test(rest)) return this.deploy(site, body, apiVersion);
    if (request.method === 'GET' && /^extensions\/onedeploy$/i.test(rest)) {
      return { status: 200, body: this.deployments.status(site, 'latest') };
    }
    if (request.method === 'GET' && deploymentId !== undefined) {
      return { status: 200, body: this.deployments.status(site, deploymentId) };
    }
    throw new AzureError(404, 'NotFound', `${request.method} ${url.pathname} is not offered by the local cloud.`);
  }

  private deploy(site: string, body: string, apiVersion: string): Answer {
    const { properties } = readJson(body) as { properties?: Record<string, unknown> };
    if (properties?.remoteBuild === true) {
      throw new AzureError(400, 'BadRequest', 'remoteBuild is true; the local cloud takes built packages only.');
    }
    const { id, body: deployment } = this.deployments.begin(site, String(properties?.packageUri ?? ''));
    const location = `https://${this.host}${site}/deployments/${id}?api-version=${apiVersion}`;
    return { status: 202, body: deployment, headers: { location, 'retry-after': '1' } };
  }

  private async authorize(authorization: string | undefined): Promise<void> {
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      throw new AzureError(401, 'AuthenticationFailed', "The 'Authorization' header is missing or no bearer token.");
    }
    const principal = await this.context.authority.authenticate(token, audiences);
    if (principal.objectId === this.deployer.objectId) return;
    throw new AzureError(403, 'AuthorizationFailed', `'${principal.name}' is not who deploys here.`);
  }
}

function readJson(body: string): object {
  try {
    return JSON.parse(body) as object;
  } catch {
    throw new AzureError(400, 'InvalidRequestContent', 'The body is no JSON.');
  }
}

function errorAnswer(error: unknown): Answer {
  const { status, code, message } =
    error instanceof AzureError ? error : new AzureError(500, 'InternalServerError', String(error));
  return { status, body: { error: { code, message } } };
}
