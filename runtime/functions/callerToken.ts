import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';

/** Who may call: the app setting HTTP_CALLERS. */
export interface CallerSettings {
  readonly tenantId: string;
  /** As tokens have it in `iss`: `https://login.microsoftonline.com/<tenant>/v2.0`. Its metadata name the keys. */
  readonly issuer: string;
  /** As tokens have it in `aud`. */
  readonly audience: string;
  /** Client ids of those who may call: `azp` of a token, or `appid` of one of version 1. */
  readonly allowedClientIds: readonly string[];
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
  const { issuer, allowedClientIds } = given;
  const isAddress = isText(issuer) && URL.canParse(issuer as string) && (issuer as string).startsWith('https://');
  const wrong = [
    ...['tenantId', 'audience'].filter((name) => !isText(given[name])),
    ...(isAddress ? [] : ['issuer']),
    ...(Array.isArray(allowedClientIds) && allowedClientIds.length > 0 && allowedClientIds.every(isText)
      ? []
      : ['allowedClientIds']),
  ];
  if (wrong.length === 0) return given as unknown as CallerSettings;
  throw new Error(
    `The app setting HTTP_CALLERS has missing or wrong members: ${wrong.join(', ')}. It is empty, or JSON with tenantId and audience (texts), issuer (an HTTPS address) and allowedClientIds (one or more).`,
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
    private readonly keys: JWTVerifyGetKey = keysOf(settings.issuer),
  ) {}

  /**
   * @param authorization the header of that name
   * @throws Error when the keys of the tenant cannot be had
   */
  async check(authorization: string | null): Promise<CallerVerdict> {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return 'unknown';
    try {
      const { issuer, audience } = this.settings;
      const required = { requiredClaims: ['exp', 'tid'], clockTolerance: clockToleranceSeconds };
      const { payload } = await jwtVerify(token, this.keys, { issuer, audience, algorithms, ...required });
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

/** The tenant's keys, as its metadata name them; they are kept, and asked for again when a token names another one. */
function keysOf(issuer: string): JWTVerifyGetKey {
  let known: Promise<JWTVerifyGetKey> | undefined;
  return async (header, token) => {
    known ??= remoteKeys(issuer).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return (await known)(header, token);
  };
}

async function remoteKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(address, { signal: AbortSignal.timeout(10_000) });
  const { jwks_uri: keys } = (await response.json()) as { readonly jwks_uri?: string };
  if (!response.ok || keys === undefined || !keys.startsWith('https://')) {
    throw new Error('The metadata of the issuer name no keys.');
  }
  return createRemoteJWKSet(new URL(keys));
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
