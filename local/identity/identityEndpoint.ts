import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AzureError, type Principal } from '../contracts';
import type { LocalAuthority } from './authority';

const apiVersion = '2019-08-01';

/** Who may be asked for: a principal itself, or the ARM id of a managed identity, looked up at each request. */
export type Grantee = Principal | string;

/**
 * Hands out tokens the way App Service does to the code that runs in it: `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`
 * (Learn: "How to use managed identities for App Service and Azure Functions", REST endpoint reference).
 */
export class IdentityEndpoint {
  private readonly grants = new Map<string, readonly Grantee[]>();
  private readonly server: Server;

  constructor(private readonly authority: Pick<LocalAuthority, 'identity' | 'token'>) {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  /** Listens on 127.0.0.1 and answers the value for `IDENTITY_ENDPOINT`. */
  listen(port = 0): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        resolve(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}/msi/token`);
      });
    });
  }

  /** A new secret, the value for `IDENTITY_HEADER`: who shows it may have tokens of these identities and no others. */
  grantHeader(identities: readonly Grantee[]): string {
    const secret = randomBytes(24).toString('base64url');
    this.grants.set(secret, identities);
    return secret;
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await this.token(request);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    } catch (error) {
      const { status, message } =
        error instanceof AzureError ? error : new AzureError(500, 'InternalError', String(error));
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ statusCode: status, message }));
    }
  }

  private async token(request: IncomingMessage): Promise<Record<string, string>> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const secret = request.headers['x-identity-header'];
    const granted = typeof secret === 'string' ? this.grants.get(secret) : undefined;
    if (!granted) throw new AzureError(401, 'Unauthorized', 'The header X-IDENTITY-HEADER is missing or not known.');
    if (url.searchParams.get('api-version') !== apiVersion) {
      throw new AzureError(
        400,
        'BadRequest',
        `api-version is '${url.searchParams.get('api-version')}'; allowed is ${apiVersion}.`,
      );
    }
    const resource = url.searchParams.get('resource');
    if (!resource)
      throw new AzureError(400, 'BadRequest', 'The query parameter resource is missing; it names the audience.');
    const principal = this.choose(granted, url.searchParams);
    const { token, expiresOn } = await this.authority.token(principal, resource);
    const times = { expires_on: String(expiresOn) };
    return { access_token: token, ...times, resource, token_type: 'Bearer', client_id: principal.clientId };
  }

  private choose(granted: readonly Grantee[], query: URLSearchParams): Principal {
    const resourceId = (query.get('mi_res_id') ?? query.get('msi_res_id'))?.toLowerCase();
    const clientId = query.get('client_id');
    const objectId = query.get('principal_id') ?? query.get('object_id');
    const wanted = granted.filter((grantee) => {
      if (resourceId) return typeof grantee === 'string' && grantee.toLowerCase() === resourceId;
      if (!clientId && !objectId) return true;
      const principal = this.principal(grantee);
      return clientId ? principal.clientId === clientId : principal.objectId === objectId;
    });
    const [first, ...others] = wanted;
    if (first === undefined)
      throw new AzureError(400, 'BadRequest', 'The identity that was asked for is not attached here.');
    if (others.length > 0) {
      throw new AzureError(
        400,
        'BadRequest',
        `${wanted.length} identities are attached here; name one by client_id, principal_id or mi_res_id.`,
      );
    }
    return this.principal(first);
  }

  private principal(grantee: Grantee): Principal {
    return typeof grantee === 'string' ? this.authority.identity(grantee) : grantee;
  }
}
