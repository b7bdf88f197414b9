import type * as pulumi from '@pulumi/pulumi';
import { type ExistingIdentity, hopIdentity } from './identity';
import { type KeyReference, keyReference } from './keys';
import { propagated } from './propagation';
import type { Site } from './site';

/** The customer-managed key of a component, where there is one. */
export interface Encryption {
  readonly key?: KeyReference;
  /** What must be there before a service that reads the key is made. */
  readonly ready: pulumi.Resource[];
}

/**
 * Services read the key when they are created, so its role has a gate of its own before them.
 *
 * @param purpose names the identity; each component of a hospital has one of its own
 * @param services in words, for the assignment's description, as in `Event Hubs and storage`
 */
export function encryptionKey(
  site: Site,
  purpose: string,
  existing: ExistingIdentity | undefined,
  services: string,
): Encryption {
  const { children, names, surroundings, settings, grants } = site;
  const { customerManagedKey } = settings;
  if (!customerManagedKey) return { ready: [] };
  const identity = hopIdentity(children, names, surroundings, purpose, existing);
  const assignments = grants.add({
    name: 'encryption-key',
    principalId: identity.principalId,
    principalType: 'ServicePrincipal',
    role: 'keyVaultCryptoServiceEncryptionUser',
    scope: customerManagedKey.keyId,
    reason: `${services} wrap their data keys with the customer-managed key.`,
  });
  return {
    key: keyReference(customerManagedKey, identity),
    ready: propagated(site, 'key-role-propagation', assignments),
  };
}
