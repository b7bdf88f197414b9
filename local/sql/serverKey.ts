import { type ArmResource, AzureError, type ServiceContext } from '../contracts';

const actions = ['read', 'wrap/action', 'unwrap/action'].map((action) => `Microsoft.KeyVault/vaults/keys/${action}`);

/**
 * Azure tries a customer-managed key when it is added to a server, as the server's primary identity.
 * @throws AzureError 400 when the identity is missing or lacks a data action on the key
 */
export function requireServerKey(
  { id, inputs }: ArmResource,
  { authority, resources }: Pick<ServiceContext, 'authority' | 'resources'>,
): void {
  if (inputs.serverKeyType !== 'AzureKeyVault') return;
  const serverId = id.replace(/\/keys\/[^/]+$/i, '');
  const identityId = resources.get(serverId)?.inputs.primaryUserAssignedIdentityId;
  const uri = String(inputs.uri).toLowerCase();
  const key = resources
    .list('keyvault:Key')
    .find(({ outputs }) => String(outputs.keyUriWithVersion).toLowerCase() === uri);
  const principal = typeof identityId === 'string' ? authority.identity(identityId) : undefined;
  const missing = actions.filter((action) => !(key && principal && authority.allows(principal, action, key.id)));
  if (missing.length === 0) return;
  throw new AzureError(
    400,
    'AzureKeyVaultMissingPermissions',
    `The server '${serverId}' is missing permissions on the key '${uri}'${principal ? ` as '${principal.name}'` : ', since it has no primary identity'}: ${missing.join(', ')}.`,
  );
}
