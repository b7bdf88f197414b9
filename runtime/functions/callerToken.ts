import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';

/** Who may call: the app setting HTTP_CALLERS. */
export interface CallerSettings {
  readonly tenantId: string;
  /** Of the tenant: `https://login.microsoftonline.com/<tenant>`. Its metadata name issuer and keys. */
  readonly authority: string;
  /** As tokens have it in `aud`: an application id URI, or a client id, which those of version 2 have always. */
  readonly audience: string;
  /** Client ids of those who may call: `azp` of a token, or `appid` of one of version 1. */
  readonly allowedClientIds: readonly string[];
}

/**
 * Versions of tokens. The application that they are for says which it gets, and they differ in who issues them (Learn:
 * "Access token claims reference", `aud`, `iss` and `ver`).
 */
export type TokenVersion = '1.0' | '2.0';

/** What a tenant's metadata say of the tokens of one version. */
export interface TokenIssuer {
  /** As tokens have it in `iss`. */
  readonly issuer: string;
  readonly keys: JWTVerifyGetKey;
}

/** `forbidden`: a token that holds, of somebody who may not call. */
export type CallerVerdict = 'allowed' | 'unknown' | 'forbidden';

/**
 * Reads the app setting HTTP_CALLERS; undefined where it is empty: nobody may call.
 * @throws Error naming the members that are missing or wrong
 */
export function readCallers(text: string): CallerSettings | undefined {
  if (text.trim() === '') return undefined;
  const given = parseObject(text);
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  const { authority, allowedClientIds } = given;
  const isAddress =
    isText(authority) && URL.canParse(authority as string) && (authority as string).startsWith('https://');
  const wrong = [
    ...['tenantId', 'audience'].filter((name) => !isText(given[name])),
    ...(isAddress ? [] : ['authority']),
    ...(Array.isArray(allowedClientIds) && allowedClientIds.length > 0 && allowedClientIds.every(isText)
      ? []
      : ['allowedClientIds']),
  ];
  if (wrong.length === 0) return given as unknown as CallerSettings;
  throw new Error(
    `The app setting HTTP_CALLERS has missing or wrong members: ${wrong.join(', ')}. It is empty, or JSON with tenantId and audience (texts), authority (an HTTPS address) and allowedClientIds (one or more).`,
  );
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  throw new Error('The app setting HTTP_CALLERS is not a JSON object.');
}

/** Signatures that Microsoft Entra gives; none with a shared secret, and never none at all. */
const algorithms = ['RS256'];
/** Between the clock of who issued a token and that of who checks it. */
const clockToleranceSeconds = 60;

/** Checks bearer tokens in code, so that a wrong setting of the platform lets nobody in. */
export class CallerCheck {
  constructor(
    private readonly settings: CallerSettings,
    private readonly issuerOf: (version: TokenVersion) => Promise<TokenIssuer> = issuersOf(settings.authority),
  ) {}

  /**
   * @param authorization the header of that name
   * @throws Error when the keys of the tenant cannot be had
   */
  async check(authorization: string | null): Promise<CallerVerdict> {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return 'unknown';
    try {
      const { audience } = this.settings;
      // What the token says of itself only chooses between two issuers that are both the tenant's.
      const { issuer, keys } = await this.issuerOf(decodeJwt(token).ver === '2.0' ? '2.0' : '1.0');
      const required = { requiredClaims: ['exp', 'tid'], clockTolerance: clockToleranceSeconds };
      const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms, ...required });
      return this.isAllowed(payload) ? 'allowed' : 'forbidden';
    } catch (error) {
      if (isAboutToken(error)) return 'unknown';
      throw error;
    }
  }

  private isAllowed({ tid, azp, appid }: JWTPayload): boolean {
    const client = azp ?? appid;
    return (
      tid === this.settings.tenantId && typeof client === 'string' && this.settings.allowedClientIds.includes(client)
    );
  }
}

/** Asked for once each, and again after a failure; keys are asked for again when a token names another one. */
function issuersOf(authority: string): (version: TokenVersion) => Promise<TokenIssuer> {
  const known = new Map<TokenVersion, Promise<TokenIssuer>>();
  return (version) => {
    const asked = known.get(version) ?? remoteIssuer(authority, version);
    known.set(version, asked);
    asked.catch(() => known.delete(version));
    return asked;
  };
}

async function remoteIssuer(authority: string, version: TokenVersion): Promise<TokenIssuer> {
  const base = `${authority.replace(/\/$/, '')}${version === '2.0' ? '/v2.0' : ''}`;
  const response = await fetch(`${base}/.well-known/openid-configuration`, { signal: AbortSignal.timeout(10_000) });
  const { issuer, jwks_uri: keys } = (await response.json()) as {
    readonly issuer?: string;
    readonly jwks_uri?: string;
  };
  if (!response.ok || issuer === undefined || keys === undefined || !keys.startsWith('https://')) {
    throw new Error("The tenant's metadata name no issuer or no keys.");
  }
  return { issuer, keys: createRemoteJWKSet(new URL(keys)) };
}

const aboutToken = [
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
];

const isAboutToken = (error: unknown) => aboutToken.some((kind) => error instanceof kind);
