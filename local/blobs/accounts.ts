import { type ArmResource, AzureError, type Principal, type Properties, type ServiceContext } from '../contracts';
import type { KeyUse } from '../identity/encryptionKey';
import { permissionMismatch } from './errors';
import { retentionOf } from './immutability';
import type { BlobRequest } from './operations';
import type { Retentions } from './retentions';

/** The storage accounts that exist, and who may do what in them. */
export class Accounts {
  private readonly accounts = new Map<string, ArmResource>();

  constructor(private readonly context: Pick<ServiceContext, 'authority' | 'clock'>) {}

  /** @throws AzureError 409 when another account has the name: it is a DNS name, one for all subscriptions */
  add(account: ArmResource): void {
    const name = lastSegment(account.id);
    const holder = this.accounts.get(name);
    if (holder !== undefined && holder.id.toLowerCase() !== account.id.toLowerCase()) {
      throw new AzureError(409, 'StorageAccountAlreadyTaken', `The storage account named ${name} is already taken.`);
    }
    this.accounts.set(name, account);
  }

  remove(account: ArmResource): void {
    this.accounts.delete(lastSegment(account.id));
  }

  /** @throws AzureError 404 */
  get(name: string): ArmResource {
    const account = this.accounts.get(name);
    if (account === undefined) throw new AzureError(404, 'ResourceNotFound', `There is no storage account "${name}".`);
    return account;
  }

  containerId(account: string, container: string): string {
    return `${this.get(account).id}/blobServices/default/containers/${container}`;
  }

  /** The principal of a bearer token. @throws AzureError 401 */
  async authenticate(account: string, authorization: string | undefined, hasSas: boolean): Promise<Principal> {
    if (hasSas || /^SharedKey/i.test(authorization ?? '')) throw noKeys(this.get(account));
    const token = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      throw new AzureError(
        401,
        'NoAuthenticationInformation',
        'A bearer token is missing in the Authorization header.',
      );
    }
    const audiences = ['https://storage.azure.com', `https://${account}.blob.core.windows.net`];
    try {
      return await this.context.authority.authenticate(token, audiences);
    } catch (error) {
      if (!(error instanceof AzureError)) throw error;
      throw new AzureError(401, 'InvalidAuthenticationInfo', error.message);
    }
  }

  /** @throws AzureError 403 AuthorizationPermissionMismatch */
  authorize(principal: Principal, request: Pick<BlobRequest, 'account' | 'container' | 'action'>): void {
    const scope =
      request.container === '' ? this.get(request.account).id : this.containerId(request.account, request.container);
    if (this.context.authority.allows(principal, request.action, scope)) return;
    throw permissionMismatch(`${principal.name} needs ${request.action} on ${scope}.`);
  }

  /** How long a blob that is created now in the account is protected, in milliseconds. */
  retention(account: string): number {
    return retentionOf(this.get(account));
  }

  /** @throws AzureError 409 when the request would overwrite, change or delete what is protected */
  checkRetention(request: BlobRequest, retentions: Retentions): void {
    const now = this.context.clock.now();
    if (request.operation.deletesContainer) {
      const blob = retentions.protectedBelow(`${request.account}/${request.container}/`, now);
      if (blob !== undefined) throw protectedFromDeletion('container', blob);
    }
    if ((request.operation.effect ?? 'none') === 'none') return;
    const until = retentions.until(retentionKey(request));
    if (until === undefined || until <= now) return;
    throw withinRetention(until);
  }
}

export function withinRetention(until: number): AzureError {
  return new AzureError(
    409,
    'BlobImmutableDueToPolicy',
    `This operation is not permitted as the blob is immutable due to a policy until ${new Date(until).toISOString()}.`,
  );
}

/** @param what `account` or `container` */
export function protectedFromDeletion(what: string, blob: string): AzureError {
  const code = what === 'container' ? 'ContainerProtectedFromDeletion' : 'AccountProtectedFromDeletion';
  return new AzureError(409, code, `The storage ${what} is protected from deletion by the immutability of ${blob}.`);
}

export function retentionKey(request: Pick<BlobRequest, 'account' | 'container' | 'blob'>): string {
  return `${request.account}/${request.container}/${request.blob}`;
}

export function lastSegment(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function noKeys(account: ArmResource): AzureError {
  const message =
    account.inputs.allowSharedKeyAccess === false
      ? 'Key based authentication is not permitted on this storage account.'
      : 'The local cloud gives out no account keys and takes no SAS of one: use a token, or a SAS by user delegation.';
  return new AzureError(403, 'KeyBasedAuthenticationNotPermitted', message);
}

/** The customer-managed key of a storage account's `encryption`. */
export function accountKeys({ keySource, keyVaultProperties, encryptionIdentity }: Properties): KeyUse[] {
  if (String(keySource).toLowerCase() !== 'microsoft.keyvault') return [];
  const { keyVaultUri, keyName } = (keyVaultProperties ?? {}) as Properties;
  const { encryptionUserAssignedIdentity } = (encryptionIdentity ?? {}) as Properties;
  return [
    {
      keyVaultUri: String(keyVaultUri),
      keyName: String(keyName),
      userAssignedIdentityId: String(encryptionUserAssignedIdentity),
    },
  ];
}
