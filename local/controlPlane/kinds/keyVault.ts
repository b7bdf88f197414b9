import { createHash } from 'node:crypto';
import { inGroup, type Kind } from './kind';
import { atMost, matches, oneOf, range, refersTo } from './rules';

export const vault: Kind = {
  kind: 'keyvault:Vault',
  armType: 'Microsoft.KeyVault/vaults',
  id: inGroup('Microsoft.KeyVault/vaults/{vaultName}'),
  name: {
    min: 3,
    max: 24,
    pattern: /^[A-Za-z](-?[A-Za-z0-9])*$/,
    allowed: 'letters, digits and single hyphens, starting with a letter, ending with a letter or digit',
  },
  isGlobalName: true,
  immutable: ['properties.softDeleteRetentionInDays'],
  rules: [
    range('properties.softDeleteRetentionInDays', 7, 90, 'ARM types'),
    matches('properties.tenantId', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'a GUID', 'ARM types'),
    oneOf('properties.sku.family', ['A'], 'ARM types'),
    oneOf('properties.publicNetworkAccess', ['enabled', 'disabled'], 'ARM types'),
    refersTo('properties.networkAcls.virtualNetworkRules[].id', 'Microsoft.Network/virtualNetworks/subnets'),
    atMost('properties.accessPolicies', 1024, 'ARM types'),
    // Learn: "Enabling purge protection is irreversible".
    (inputs, { current }) => {
      const on = (p: unknown) => (p as { enablePurgeProtection?: unknown } | undefined)?.enablePurgeProtection;
      if (on(current?.inputs.properties) !== true || on(inputs.properties) === true) return [];
      return [
        { property: 'properties.enablePurgeProtection', reason: 'purge protection is on and cannot be switched off.' },
      ];
    },
  ],
  defaults: () => ({
    properties: { enableSoftDelete: true, softDeleteRetentionInDays: 90, enableRbacAuthorization: false },
  }),
  computed: ({ inputs }) => ({
    properties: { vaultUri: `https://${String(inputs.vaultName)}.vault.azure.net/`, provisioningState: 'Succeeded' },
  }),
};

export const key: Kind = {
  kind: 'keyvault:Key',
  armType: 'Microsoft.KeyVault/vaults/keys',
  id: inGroup('Microsoft.KeyVault/vaults/{vaultName}/keys/{keyName}'),
  name: { min: 1, max: 127, pattern: /^[A-Za-z0-9-]+$/, allowed: 'letters, digits and hyphens' },
  immutable: ['properties.kty', 'properties.keySize', 'properties.curveName'],
  rules: [oneOf('properties.keySize', [2048, 3072, 4096], 'ARM types')],
  computed: ({ id, inputs }) => {
    const uri = `https://${String(inputs.vaultName)}.vault.azure.net/keys/${String(inputs.keyName)}`;
    // A version is 32 hex digits; the first ones of its own id will do.
    const version = Buffer.from(id).toString('hex').padEnd(32, '0').slice(-32);
    return { keyUri: uri, keyUriWithVersion: `${uri}/${version}` };
  },
};

/** For the local cloud's own use and for tests: the library refers to secrets and never declares one. */
export const secret: Kind = {
  kind: 'keyvault:Secret',
  armType: 'Microsoft.KeyVault/vaults/secrets',
  id: inGroup('Microsoft.KeyVault/vaults/{vaultName}/secrets/{secretName}'),
  name: { min: 1, max: 127, pattern: /^[A-Za-z0-9-]+$/, allowed: 'letters, digits and hyphens' },
  computed: ({ id, inputs }) => {
    const uri = `https://${String(inputs.vaultName)}.vault.azure.net/secrets/${String(inputs.secretName)}`;
    const version = createHash('sha256').update(id).digest('hex').slice(0, 32);
    // Azure never answers the value.
    return { properties: { value: undefined, secretUri: uri, secretUriWithVersion: `${uri}/${version}` } };
  },
};
