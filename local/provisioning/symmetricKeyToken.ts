import { createHmac, timingSafeEqual } from 'node:crypto';

/** The key of one device of a symmetric-key group: HMAC-SHA256 of the registration id under the group's key. */
export function derivedKey(groupKey: string, registrationId: string): string {
  return createHmac('sha256', Buffer.from(groupKey, 'base64')).update(registrationId).digest('base64');
}

/**
 * Whether a SAS token (`SharedAccessSignature sr=...&sig=...&se=...&skn=registration`) is signed with `deviceKey` for this
 * registration and has not expired. Tokens expire by the machine's clock, by which foreign clients make them.
 */
export function isRegistrationToken(
  token: string,
  idScope: string,
  registrationId: string,
  deviceKey: string,
): boolean {
  const fields = new Map(
    token
      .replace(/^SharedAccessSignature /, '')
      .split('&')
      .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)] as const),
  );
  const resource = fields.get('sr') ?? '';
  const expiry = fields.get('se') ?? '';
  if (decodeURIComponent(resource).toLowerCase() !== `${idScope}/registrations/${registrationId}`.toLowerCase())
    return false;
  if (!(Number(expiry) * 1000 > Date.now())) return false;
  // The signature is over the resource as it stands in the token, still percent-encoded.
  const expected = createHmac('sha256', Buffer.from(deviceKey, 'base64')).update(`${resource}\n${expiry}`).digest();
  const given = Buffer.from(decodeURIComponent(fields.get('sig') ?? ''), 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
