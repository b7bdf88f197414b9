import { isDeepStrictEqual } from 'node:util';
import { type ArmResource, AzureError, type Properties, type ServiceContext } from '../contracts';

/** A customer-managed key as a resource names it, and the identity that is to use it. */
export interface KeyUse {
  readonly keyVaultUri: string;
  readonly keyName: string;
  readonly userAssignedIdentityId: string;
}

const keyActions = ['read', 'wrap/action', 'unwrap/action'].map((action) => `Microsoft.KeyVault/vaults/keys/${action}`);

/**
 * Azure reads a customer-managed key when the resource is created and when its encryption is changed.
 * @throws AzureError 403 when the identity lacks a data action on the key, 404 when there is no such key
 */
export function requireKeyAccess(
  resource: ArmResource,
  previous: ArmResource | undefined,
  keysOf: (encryption: Properties) => readonly KeyUse[],
  { authority, resources }: Pick<ServiceContext, 'authority' | 'resources'>,
): void {
  const { encryption } = resource.inputs;
  if (typeof encryption !== 'object' || encryption === null) return;
  if (previous && isDeepStrictEqual(previous.inputs.encryption, encryption)) return;
  for (const { keyVaultUri, keyName, userAssignedIdentityId } of keysOf(encryption as Properties)) {
    const uri = `${keyVaultUri.replace(/\/$/, '')}/keys/${keyName}`.toLowerCase();
    const key = resources.list('keyvault:Key').find(({ outputs }) => String(outputs.keyUri).toLowerCase() === uri);
    if (!key)
      throw new AzureError(
        404,
        'KeyNotFound',
        `There is no key '${uri}', with which '${resource.id}' is to be encrypted.`,
      );
    const principal = authority.identity(userAssignedIdentityId);
    for (const action of keyActions) authority.require(principal, action, key.id);
  }
}
