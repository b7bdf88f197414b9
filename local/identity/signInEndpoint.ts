import { createServer, type Server } from 'node:https';
import type { Certificates } from '../contracts';
import type { LocalAuthority } from './authority';
import { issuerOf } from './tokens';

const metadataPath = /^\/([\w-]+)(\/v2\.0)?\/\.well-known\/openid-configuration$/;
const keysPath = /^\/([\w-]+)\/discovery(\/v2\.0)?\/keys$/;

/**
 * What Microsoft Entra's sign-in host tells without a token: a tenant's metadata, by version of its tokens, and its keys
 * (Learn: "OpenID Connect on the Microsoft identity platform", configuration document). Nobody signs in here: tokens come
 * from where Azure has them for code, the identity endpoint of what runs it. They are of version 1, as those for an
 * application that asks for nothing else.
 */
export class SignInEndpoint {
  private readonly server: Server;

  constructor(
    private readonly authority: Pick<LocalAuthority, 'keys'>,
    { server: { key, cert } }: Certificates,
    private readonly port: number,
  ) {
    this.server = createServer({ key, cert, minVersion: 'TLSv1.2' }, (request, response) => {
      const { pathname } = new URL(request.url ?? '/', this.url);
      const answer = request.method === 'GET' ? this.answer(pathname) : undefined;
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { error: 'invalid_request' }));
    });
  }

  get url(): string {
    return `https://localhost:${this.port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private answer(path: string): object | undefined {
    if (keysPath.test(path)) return { keys: this.authority.keys };
    const [, tenantId, version2] = metadataPath.exec(path) ?? [];
    if (tenantId === undefined) return undefined;
    return {
      issuer: version2 ? `https://login.microsoftonline.com/${tenantId}/v2.0` : issuerOf(tenantId),
      jwks_uri: `${this.url}/${tenantId}/discovery${version2 ?? ''}/keys`,
      id_token_signing_alg_values_supported: ['RS256'],
      subject_types_supported: ['pairwise'],
    };
  }
}
