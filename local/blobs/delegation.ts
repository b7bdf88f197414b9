import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  BlobSASPermissions,
  generateBlobSASQueryParameters,
  type SASProtocol,
  type UserDelegationKey,
} from '@azure/storage-blob';
import { AzureError, type Principal } from '../contracts';

/** Parameters of a signature that are understood; with any other (a directory's, an encryption scope's) it is refused. */
const known = ['sv', 'sr', 'st', 'se', 'sp', 'spr', 'skoid', 'sktid', 'skt', 'ske', 'sks', 'skv', 'sig'];
const longestKeyMs = 7 * 24 * 60 * 60 * 1000;

/** A blob that a request names. */
interface NamedBlob {
  readonly account: string;
  readonly container: string;
  readonly blob: string;
}

/**
 * User delegation keys, and the signatures made with them (Blob Storage REST reference: "Get User Delegation Key",
 * "Create a user delegation SAS"). Keys are derived from a secret of this process: a signature ends with it.
 * Times are the machine's, as whoever signs has no other.
 */
export class Delegation {
  private readonly secret = randomBytes(32);
  /** Who was given a key, by object id. */
  private readonly holders = new Map<string, Principal>();

  /**
   * Answers a request for a key.
   * @param body XML with the key's start and expiry
   * @throws AzureError 400 for times that are none or more than seven days apart from now
   */
  keyFor(principal: Principal, account: string, body: string, version: string): string {
    const time = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(body)?.[1] ?? '';
    const [start, expiry] = [time('Start') || new Date().toISOString(), time('Expiry')];
    const lasts = Date.parse(expiry) - Date.now();
    if (Number.isNaN(Date.parse(start)) || !(lasts > 0 && lasts <= longestKeyMs)) {
      throw new AzureError(400, 'InvalidXmlNodeValue', 'The expiry of a user delegation key lies within seven days.');
    }
    this.holders.set(principal.objectId, principal);
    const key = {
      oid: principal.objectId,
      tid: principal.tenantId,
      start: whole(start),
      expiry: whole(expiry),
      version,
    };
    const fields = [
      ['SignedOid', key.oid],
      ['SignedTid', key.tid],
      ['SignedStart', key.start],
      ['SignedExpiry', key.expiry],
      ['SignedService', 'b'],
      ['SignedVersion', key.version],
      ['Value', this.value(account, Object.values(key))],
    ];
    const members = fields.map(([name, value]) => `<${name}>${value}</${name}>`).join('');
    return `<?xml version="1.0" encoding="utf-8"?><UserDelegationKey>${members}</UserDelegationKey>`;
  }

  /**
   * Who signed a request to read a blob; what he himself may do is to be checked beyond.
   * @throws AzureError 403 for a signature that is wrong, over, of another blob, or not for reading
   */
  signer(query: URLSearchParams, { account, container, blob }: NamedBlob): Principal {
    const get = (name: string) => query.get(name) ?? '';
    const signed = [...query.keys()].filter((name) => /^s\w{1,5}$/.test(name) && name !== 'snapshot');
    const unknown = signed.find((name) => !known.includes(name));
    if (unknown !== undefined) throw refused(`the parameter ${unknown} is not taken here`);
    const holder = this.holders.get(get('skoid'));
    if (holder === undefined) throw refused('its user delegation key is not one of this account');
    const isWithin = get('sr') === 'b' ? blob !== '' : get('sr') === 'c';
    if (!isWithin) throw refused('it is for another kind of resource');
    const given = Buffer.from(get('sig'));
    const expected = Buffer.from(this.signature(query, { account, container, blob: get('sr') === 'b' ? blob : '' }));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refused('it does not match');
    const now = Date.now();
    if (Date.parse(get('st')) > now || !(Date.parse(get('se')) > now && Date.parse(get('ske')) > now)) {
      throw refused('it is not valid at this time');
    }
    if (!get('sp').includes('r')) throw refused(`it permits '${get('sp')}', which is not reading`);
    return holder;
  }

  private signature(query: URLSearchParams, { account, container, blob }: NamedBlob): string {
    const get = (name: string) => query.get(name) ?? '';
    const version = get('skv');
    const [signedStartsOn, signedExpiresOn] = [new Date(get('skt')), new Date(get('ske'))];
    const key: UserDelegationKey = {
      ...{ signedObjectId: get('skoid'), signedTenantId: get('sktid'), signedStartsOn, signedExpiresOn },
      ...{ signedService: get('sks'), signedVersion: version },
      value: this.value(account, [get('skoid'), get('sktid'), get('skt'), get('ske'), version]),
    };
    try {
      return (
        generateBlobSASQueryParameters(
          {
            ...{ containerName: container, blobName: blob || undefined, version: get('sv') },
            permissions: BlobSASPermissions.parse(get('sp')),
            startsOn: query.has('st') ? new Date(get('st')) : undefined,
            expiresOn: new Date(get('se')),
            protocol: query.has('spr') ? (get('spr') as SASProtocol) : undefined,
          },
          key,
          account,
        ).signature ?? ''
      );
    } catch (error) {
      throw refused(error instanceof Error ? error.message : String(error));
    }
  }

  private value(account: string, parts: readonly string[]): string {
    return createHmac('sha256', this.secret)
      .update([account, ...parts].join('\n'))
      .digest('base64');
  }
}

/** Signed times have no fraction of a second. */
function whole(time: string): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function refused(why: string): AzureError {
  return new AzureError(403, 'AuthenticationFailed', `The signature of the request is not taken: ${why}.`);
}
