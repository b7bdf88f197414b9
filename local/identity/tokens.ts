import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';
import { AzureError, type Principal } from '../contracts';

/** As long as the tokens that App Service hands to a managed identity. */
const lifetimeSeconds = 24 * 60 * 60;
const algorithm = 'RS256';

export interface AccessToken {
  readonly token: string;
  /** Seconds since 1970, as `expires_on` counts. */
  readonly expiresOn: number;
}

/** Tokens whose verification is remembered at most. */
const mostVerified = 500;

/** Issues and verifies access tokens of the shape that Microsoft Entra ID (version 1.0) gives them. */
export class Tokens {
  /** Claims of tokens that have been verified, by audiences and token: a client shows the same one at each request. */
  private readonly verified = new Map<string, JWTPayload>();

  private constructor(
    private readonly privateKey: CryptoKey,
    private readonly publicKey: CryptoKey,
    /** The public key, as metadata of the tenant name it. */
    readonly published: JWK,
  ) {}

  /** Takes the key pair from the folder, or makes one: tokens stay valid over a restart. */
  static async open(folder: string): Promise<Tokens> {
    const file = join(folder, 'signingKey.json');
    if (!existsSync(file)) await makeKey(folder, file);
    const secret = JSON.parse(readFileSync(file, 'utf8')) as JWK;
    const { kty, n, e } = secret;
    const key = { kty, n, e };
    const published = { ...key, alg: algorithm, use: 'sig', kid: await calculateJwkThumbprint(key) };
    return new Tokens(await importKey(secret), await importKey(key), published);
  }

  /** A token for `principal` to show to the service that `audience` names (`https://storage.azure.com`). */
  async issue(principal: Principal, audience: string): Promise<AccessToken> {
    const now = Math.floor(Date.now() / 1000);
    const expiresOn = now + lifetimeSeconds;
    const { objectId, clientId, tenantId } = principal;
    const claims = { oid: objectId, sub: objectId, appid: clientId, tid: tenantId, idtyp: 'app', ver: '1.0' };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', kid: this.published.kid })
      .setIssuer(issuerOf(tenantId))
      .setAudience(audience)
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(expiresOn)
      .sign(this.privateKey);
    return { token, expiresOn };
  }

  /** The claims of a token that is ours, in time and for one of the audiences. Throws AzureError 401 otherwise. */
  async verify(token: string, audiences: readonly string[]): Promise<JWTPayload> {
    const asked = `${audiences.join(' ')} ${token}`;
    const known = this.verified.get(asked);
    if (known && Number(known.exp) * 1000 > Date.now()) return known;
    const payload = await this.verifyFirst(token, audiences);
    if (this.verified.size >= mostVerified) this.verified.clear();
    this.verified.set(asked, payload);
    return payload;
  }

  private async verifyFirst(token: string, audiences: readonly string[]): Promise<JWTPayload> {
    const spellings = audiences.map((a) => a.replace(/\/+$/, '')).flatMap((a) => [a, `${a}/`]);
    try {
      const { payload } = await jwtVerify(token, this.publicKey, { algorithms: [algorithm], audience: spellings });
      if (payload.iss !== issuerOf(String(payload.tid))) throw new Error(`issuer ${String(payload.iss)}`);
      return payload;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new AzureError(
        401,
        'InvalidAuthenticationToken',
        `The access token is not valid here (${why}); ask for one for ${audiences.join(' or ')}.`,
      );
    }
  }
}

/** Of tokens of version 1, as they have it in `iss`. */
export function issuerOf(tenantId: string): string {
  return `https://sts.windows.net/${tenantId}/`;
}

async function makeKey(folder: string, file: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const next = `${file}.next`;
  writeFileSync(next, JSON.stringify(await exportJWK(privateKey)), { mode: 0o600 });
  renameSync(next, file);
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  const key = await importJWK(jwk, algorithm);
  if (key instanceof Uint8Array) throw new Error('The signing key is not an RSA key.');
  return key;
}
