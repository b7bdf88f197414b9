import { type Authority, AzureError, type Principal, type Properties, type Resources } from '../../contracts';
import { idKey } from '../../controlPlane/armIds';
import { textAt, valuesAt } from '../../controlPlane/values';

export const blobActions = {
  read: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
  write: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write',
  delete: 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete',
} as const;

/** A place in a data lake, as in `abfss://container@account.dfs.core.windows.net/folder`. */
export interface LakePlace {
  readonly container: string;
  readonly account: string;
  /** `container@account.dfs.core.windows.net`. */
  readonly authority: string;
  /** Without slashes at its ends. */
  readonly path: string;
}

/** Undefined for what is no such URL. */
export function lakePlaceOf(url: string): LakePlace | undefined {
  const match = /^abfss:\/\/(([a-z0-9-]{3,63})@([a-z0-9]{3,24})\.dfs\.[a-z0-9.]+)(\/.*)?$/.exec(url);
  if (!match) return undefined;
  const [, authority = '', container = '', account = '', path = ''] = match;
  return { container, account, authority, path: path.replaceAll(/^\/+|\/+$/g, '') };
}

/** True when `url` is at or below `location`. */
export function lies(url: string, location: string): boolean {
  const [inner, outer] = [lakePlaceOf(url), lakePlaceOf(location)];
  if (!inner || !outer || inner.authority !== outer.authority) return false;
  return outer.path === '' || inner.path === outer.path || inner.path.startsWith(`${outer.path}/`);
}

/** ARM id of the container; undefined when it, or its account, does not exist. */
export function containerIdOf({ account, container }: LakePlace, azure: Resources): string | undefined {
  const found = azure.list('storage:StorageAccount').find(({ id }) => idKey(id).endsWith(`/${account}`));
  return found && azure.get(`${found.id}/blobServices/default/containers/${container}`)?.id;
}

export function accountOf({ account }: LakePlace, azure: Resources) {
  return azure.list('storage:StorageAccount').find(({ id }) => idKey(id).endsWith(`/${account}`));
}

/**
 * Who a credential with `azureManagedIdentity` acts as.
 * @throws AzureError 404 when there is no such access connector or it has no such identity
 */
export function principalOf(credential: Properties, azure: Resources, authority: Authority): Principal {
  const connectorId = textAt(credential, 'azureManagedIdentity.accessConnectorId') ?? '';
  const connector = azure.get(connectorId);
  if (connector?.kind !== 'databricks:AccessConnector') {
    throw new AzureError(404, 'NotFound', `There is no access connector '${connectorId}'.`);
  }
  const user = textAt(credential, 'azureManagedIdentity.managedIdentityId');
  if (user === undefined) return authority.identity(connector.id);
  const attached = valuesAt(connector.inputs, 'identity.userAssignedIdentities[]').map(({ value }) => String(value));
  if (attached.some((id) => idKey(id) === idKey(user))) return authority.identity(user);
  throw new AzureError(404, 'NotFound', `The access connector '${connectorId}' does not have the identity '${user}'.`);
}
