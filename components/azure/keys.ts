import * as pulumi from '@pulumi/pulumi';
import type { Identity } from './identity';
import { known, type Problems } from './validation';

/** Encrypts data at rest with a key of your own. */
export interface CustomerManagedKey {
  /**
   * URI of a key in a Key Vault with purge protection: `https://<vault>.vault.azure.net/keys/<name>/<version>`. FHIR
   * services and SQL servers need the version, and are given it; all others follow the key's rotation.
   */
  keyUri: pulumi.Input<string>;
  /** ARM id of that key, on which the component's identity gets its role: `.../vaults/<vault>/keys/<name>`. */
  keyId: pulumi.Input<string>;
}

/** What a customer-managed key means for each service; printed in the documentation. */
export const customerManagedKeySupport = {
  'Event Hubs': 'encrypted with the key; needs the Premium tier',
  'Blob storage': 'encrypted with the key',
  'Azure SQL':
    'databases are encrypted with the key (TDE): first with the version that is named, from then on with each newer one',
  'FHIR service':
    'encrypted with the version of the key that is named; a rotated key is taken up by naming its version',
  'IoT Hub': 'has no customer-managed keys: encrypted with keys of the platform',
  'Device Provisioning Service': 'has no customer-managed keys: encrypted with keys of the platform',
} as const;

/** A key as resources want it: vault, name and version apart. */
export interface KeyReference {
  readonly keyVaultUri: pulumi.Output<string>;
  readonly keyName: pulumi.Output<string>;
  readonly identity: Identity;
}

/** Takes the key's URI apart. A version in it is dropped: without one, Azure follows the key's rotation. */
export function keyReference({ keyUri }: CustomerManagedKey, identity: Identity): KeyReference {
  const parts = pulumi.output(keyUri).apply(parseKeyUri);
  return {
    keyVaultUri: parts.apply(({ vaultUri }) => vaultUri),
    keyName: parts.apply(({ name }) => name),
    identity,
  };
}

const keyUriPattern = /^(https:\/\/[^/]+)\/keys\/([A-Za-z0-9-]{1,127})(?:\/[0-9a-f]*)?$/;
const keyUriRule = 'customerManagedKey.keyUri must look like https://<vault>.vault.azure.net/keys/<name>';

export function parseKeyUri(uri: string): { vaultUri: string; name: string } {
  const [, vaultUri, name] = keyUriPattern.exec(uri) ?? [];
  if (!vaultUri || !name) throw new Error(`${keyUriRule}; given is "${uri}".`);
  return { vaultUri: `${vaultUri}/`, name };
}

/** Both name the same key: a role on another one would be refused only when the account is created. */
export function validateCustomerManagedKey(problems: Problems, key: CustomerManagedKey | undefined): void {
  if (key === undefined) return;
  problems.text('customerManagedKey.keyUri', key.keyUri, keyUriPattern, keyUriRule);
  const [uri, id] = [known(key.keyUri), known(key.keyId)];
  const name = uri === undefined ? undefined : keyUriPattern.exec(uri)?.[2];
  if (id === undefined || name === undefined || id.toLowerCase().endsWith(`/keys/${name.toLowerCase()}`)) return;
  problems.add(
    'customerManagedKey.keyId',
    `must be the ARM id of the key "${name}" that keyUri names; given is "${id}".`,
  );
}
