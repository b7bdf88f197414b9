import { createHmac } from 'node:crypto';
import { call, type DataPlaneAccess } from './request';

/** A key that the service makes for one who calls with a token; what it signs can do no more than the caller. */
export interface UserDelegationKey {
  readonly objectId: string;
  readonly tenantId: string;
  readonly start: string;
  readonly expiry: string;
  readonly service: string;
  readonly version: string;
  /** Base64. */
  readonly value: string;
}

/** Version of the blob service, for requests and for what is signed. */
export const blobServiceVersion = '2022-11-02';

/** Members of the service's answer, in XML ("Get User Delegation Key"). */
const members = {
  objectId: 'SignedOid',
  tenantId: 'SignedTid',
  start: 'SignedStart',
  expiry: 'SignedExpiry',
  service: 'SignedService',
  version: 'SignedVersion',
  value: 'Value',
} as const;

/** @param blobEndpoint with a slash at its end */
export async function userDelegationKey(
  blobEndpoint: string,
  start: Date,
  expiry: Date,
  access: DataPlaneAccess,
): Promise<UserDelegationKey> {
  const { body } = await call(
    {
      method: 'POST',
      url: `${blobEndpoint}?restype=service&comp=userdelegationkey`,
      what: 'a user delegation key',
      headers: { 'content-type': 'application/xml', 'x-ms-version': blobServiceVersion },
      body: `<?xml version="1.0" encoding="utf-8"?><KeyInfo><Start>${seconds(start)}</Start><Expiry>${seconds(expiry)}</Expiry></KeyInfo>`,
      heals: [404],
    },
    access,
  );
  const found = Object.entries(members).map(([name, tag]) => {
    const [, text] = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(String(body)) ?? [];
    if (text === undefined) throw new Error(`The user delegation key from ${new URL(blobEndpoint).host} lacks ${tag}.`);
    return [name, text] as const;
  });
  return Object.fromEntries(found) as unknown as UserDelegationKey;
}

/**
 * The URL of a blob that lets whoever has it read this one blob until the expiry, over HTTPS ("Create a user delegation
 * SAS", version 2020-12-06 and later: 24 lines of which the last ten are not used here).
 */
export function readableUrl(
  blobEndpoint: string,
  container: string,
  blob: string,
  start: Date,
  expiry: Date,
  key: UserDelegationKey,
): string {
  const given = {
    sp: 'r',
    st: seconds(start),
    se: seconds(expiry),
    skoid: key.objectId,
    sktid: key.tenantId,
    skt: key.start,
    ske: key.expiry,
    sks: key.service,
    skv: key.version,
    spr: 'https',
    sv: blobServiceVersion,
    sr: 'b',
  };
  const { sp, st, se, skoid, sktid, skt, ske, sks, skv, spr, sv, sr } = given;
  const signed = [sp, st, se, `/blob/${accountOf(blobEndpoint)}/${container}/${blob}`];
  signed.push(skoid, sktid, skt, ske, sks, skv, '', '', '', '', spr, sv, sr, '', '', '', '', '', '', '');
  const sig = createHmac('sha256', Buffer.from(key.value, 'base64')).update(signed.join('\n'), 'utf8').digest('base64');
  return `${blobEndpoint}${container}/${blob}?${new URLSearchParams({ ...given, sig })}`;
}

/** The first label of the host, or the first segment of the path where the host serves many accounts. */
function accountOf(blobEndpoint: string): string {
  const { hostname, pathname } = new URL(blobEndpoint);
  const [segment = ''] = pathname.split('/').filter(Boolean);
  return segment || hostname.slice(0, hostname.indexOf('.'));
}

/** Signed times have no fraction of a second. */
function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
