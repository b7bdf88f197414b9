import type { Properties } from '../../contracts';
import { textAt, valueAt, valuesAt } from '../values';
import { type Failure, inGroup, type Kind, type Surroundings } from './kind';
import { atMost, attachedIdentity, identity, matches, needs, oneOf, range, refersTo, unique } from './rules';

const armTypes = 'ARM types';

export const storageAccount: Kind = {
  kind: 'storage:StorageAccount',
  armType: 'Microsoft.Storage/storageAccounts',
  id: inGroup('Microsoft.Storage/storageAccounts/{accountName}'),
  name: { min: 3, max: 24, pattern: /^[a-z0-9]+$/, allowed: 'lowercase letters and digits' },
  isGlobalName: true,
  // Learn: create-time only settings of a storage account.
  immutable: [
    'isHnsEnabled',
    'enableNfsV3',
    'dnsEndpointType',
    'extendedLocation',
    'encryption.requireInfrastructureEncryption',
    'immutableStorageWithVersioning.enabled',
  ],
  rules: [
    ...identity(),
    refersTo(
      'encryption.encryptionIdentity.encryptionUserAssignedIdentity',
      'Microsoft.ManagedIdentity/userAssignedIdentities',
    ),
    attachedIdentity('encryption.encryptionIdentity.encryptionUserAssignedIdentity'),
    range(
      'immutableStorageWithVersioning.immutabilityPolicy.immutabilityPeriodSinceCreationInDays',
      1,
      146_000,
      armTypes,
    ),
    range('keyPolicy.keyExpirationPeriodInDays', 0, 2_147_483_647, armTypes),
    refersTo(
      'networkRuleSet.virtualNetworkRules[].virtualNetworkResourceId',
      'Microsoft.Network/virtualNetworks/subnets',
    ),
    atMost('networkRuleSet.ipRules', 400, 'Learn: Storage firewall limits'),
    matches(
      'networkRuleSet.bypass',
      /^(None|(Logging|Metrics|AzureServices)(, ?(Logging|Metrics|AzureServices))*)$/,
      'None, or any of Logging, Metrics, AzureServices',
      armTypes,
    ),
    oneOf('minimumTlsVersion', ['TLS1_0', 'TLS1_1', 'TLS1_2', 'TLS1_3'], armTypes),
    immutability,
    encryptionKey,
  ],
  defaults: () => ({
    accessTier: 'Hot',
    allowBlobPublicAccess: false,
    allowSharedKeyAccess: true,
    enableHttpsTrafficOnly: true,
    isHnsEnabled: false,
    minimumTlsVersion: 'TLS1_0',
    publicNetworkAccess: 'Enabled',
    networkRuleSet: { bypass: 'AzureServices', defaultAction: 'Allow' },
    encryption: { keySource: 'Microsoft.Storage' },
  }),
  computed: ({ inputs }) => ({
    primaryEndpoints: endpointsOf(String(inputs.accountName)),
    primaryLocation: inputs.location,
    statusOfPrimary: 'available',
    provisioningState: 'Succeeded',
  }),
};

function endpointsOf(account: string): Properties {
  const services = ['blob', 'dfs', 'file', 'queue', 'table'];
  return Object.fromEntries(services.map((s) => [s, `https://${account}.${s}.core.windows.net/`]));
}

/** Version-level immutability: set at creation, not with a hierarchical namespace; a locked period only grows. */
function immutability(inputs: Properties, { current }: Surroundings): Failure[] {
  const failures: Failure[] = [];
  const at = 'immutableStorageWithVersioning';
  if (valueAt(inputs, `${at}.enabled`) === true && inputs.isHnsEnabled === true) {
    failures.push({
      property: `${at}.enabled`,
      reason:
        'version-level immutability needs blob versions, which an account with isHnsEnabled does not have (Learn: storage feature support).',
    });
  }
  if (valueAt(inputs, `${at}.immutabilityPolicy`) !== undefined && valueAt(inputs, `${at}.enabled`) === false) {
    failures.push({
      property: `${at}.immutabilityPolicy`,
      reason: `an immutability policy is given, but ${at}.enabled is false.`,
    });
  }
  if (textAt(current?.inputs, `${at}.immutabilityPolicy.state`) === 'Locked')
    failures.push(...locked(inputs, current?.inputs ?? {}, at));
  return failures;
}

/** Learn: "Locked: only increasing the retention interval is allowed". */
function locked(inputs: Properties, before: Properties, at: string): Failure[] {
  const failures: Failure[] = [];
  const state = textAt(inputs, `${at}.immutabilityPolicy.state`);
  if (state !== 'Locked') {
    failures.push({
      property: `${at}.immutabilityPolicy.state`,
      reason: `the immutability policy is Locked and cannot become '${state ?? 'absent'}'; a lock is for good.`,
    });
  }
  const path = `${at}.immutabilityPolicy.immutabilityPeriodSinceCreationInDays`;
  const [was, wanted] = [valueAt(before, path), valueAt(inputs, path)];
  if (typeof was === 'number' && typeof wanted === 'number' && wanted < was) {
    failures.push({
      property: path,
      reason: `the immutability period is ${wanted} days, and the locked policy holds ${was}; it can only be raised.`,
    });
  }
  return failures;
}

function encryptionKey(inputs: Properties, { resources }: Surroundings): Failure[] {
  const [uri, name] = [
    textAt(inputs, 'encryption.keyVaultProperties.keyVaultUri'),
    textAt(inputs, 'encryption.keyVaultProperties.keyName'),
  ];
  if (!uri || !name) return [];
  const prefix = `${uri.replace(/\/$/, '')}/keys/${name}`.toLowerCase();
  const known = resources.list('keyvault:Key').some((key) => String(key.outputs.keyUri).toLowerCase() === prefix);
  const reason = `there is no key '${name}' in the key vault '${uri}'.`;
  return known ? [] : [{ property: 'encryption.keyVaultProperties.keyName', reason }];
}

export const blobContainer: Kind = {
  kind: 'storage:BlobContainer',
  armType: 'Microsoft.Storage/storageAccounts/blobServices/containers',
  id: inGroup('Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}'),
  name: {
    min: 3,
    max: 63,
    pattern: /^(\$(root|web|logs)|[a-z0-9](-?[a-z0-9])*)$/,
    allowed: 'lowercase letters, digits and single hyphens, starting and ending with a letter or digit',
  },
  rules: [containerAccess],
  defaults: () => ({
    publicAccess: 'None',
    defaultEncryptionScope: '$account-encryption-key',
    denyEncryptionScopeOverride: false,
  }),
  computed: () => ({
    hasImmutabilityPolicy: false,
    hasLegalHold: false,
    leaseState: 'Available',
    leaseStatus: 'Unlocked',
  }),
};

/** Azure answers `PublicAccessNotPermitted`. */
function containerAccess(inputs: Properties, around: Surroundings): Failure[] {
  const access = textAt(inputs, 'publicAccess');
  const account = around.id?.slice(0, around.id.indexOf('/blobServices/'));
  if (!access || access === 'None' || !account) return [];
  const allowed = around.resources.get(account)?.outputs.allowBlobPublicAccess;
  if (allowed !== false) return [];
  return [
    {
      property: 'publicAccess',
      reason: `publicAccess is '${access}', but its storage account has allowBlobPublicAccess off.`,
    },
  ];
}

export const blobServiceProperties: Kind = {
  kind: 'storage:BlobServiceProperties',
  armType: 'Microsoft.Storage/storageAccounts/blobServices',
  id: inGroup('Microsoft.Storage/storageAccounts/{accountName}/blobServices/{blobServicesName}'),
  name: { min: 7, max: 7, pattern: /^default$/, allowed: "only 'default'" },
  autoName: { fixed: 'default' },
  comesWithParent: true,
  rules: [
    range('deleteRetentionPolicy.days', 1, 365, armTypes),
    range('containerDeleteRetentionPolicy.days', 1, 365, armTypes),
    range('changeFeed.retentionInDays', 1, 146_000, armTypes),
    range('restorePolicy.days', 1, 365, armTypes),
    versionsNeedFlatNames,
  ],
};

/** Learn: "Blob Storage feature support": versions, change feed and point-in-time restore need a flat namespace. */
function versionsNeedFlatNames(inputs: Properties, around: Surroundings): Failure[] {
  const account = around.id?.slice(0, around.id.indexOf('/blobServices/'));
  if (!account || around.resources.get(account)?.outputs.isHnsEnabled !== true) return [];
  return ['isVersioningEnabled', 'changeFeed.enabled', 'restorePolicy.enabled']
    .filter((path) => valueAt(inputs, path) === true)
    .map((property) => ({
      property,
      reason: `${property} is on, but its storage account has isHnsEnabled, which does not support it.`,
    }));
}

export const managementPolicy: Kind = {
  kind: 'storage:ManagementPolicy',
  armType: 'Microsoft.Storage/storageAccounts/managementPolicies',
  id: inGroup('Microsoft.Storage/storageAccounts/{accountName}/managementPolicies/{managementPolicyName}'),
  name: { min: 7, max: 7, pattern: /^default$/, allowed: "only 'default'" },
  autoName: { fixed: 'default' },
  rules: [
    needs('policy.rules', 'ARM types'),
    atMost('policy.rules', 100, 'Learn: lifecycle management policy'),
    unique('policy.rules[].name', 'Learn: lifecycle management policy'),
    oneOf('policy.rules[].type', ['Lifecycle'], armTypes),
    oneOf('policy.rules[].definition.filters.blobTypes[]', ['blockBlob', 'appendBlob'], armTypes),
    lifecycleDays,
    archiveTier,
  ],
};

/** ARM types: days count from 0. */
function lifecycleDays(inputs: Properties): Failure[] {
  const days = ['baseBlob', 'version', 'snapshot'].map((kind) => `policy.rules[].definition.actions.${kind}.*.*`);
  return days
    .flatMap((path) => valuesAt(inputs, path))
    .filter(({ value }) => typeof value === 'number' && value < 0)
    .map(({ path, value }) => ({
      property: path,
      reason: `${String(value)} days are given; allowed are 0 or more (${armTypes}).`,
    }));
}

/** Learn: "Archive access tier": only LRS, GRS and RA-GRS accounts have it. */
function archiveTier(inputs: Properties, around: Surroundings): Failure[] {
  const account = around.id?.slice(0, around.id.indexOf('/managementPolicies/'));
  const sku = account ? textAt(around.resources.get(account)?.outputs, 'sku.name') : undefined;
  if (!sku || !/ZRS$/.test(sku)) return [];
  return valuesAt(inputs, 'policy.rules[].definition.actions.baseBlob.tierToArchive').map(({ path }) => ({
    property: path,
    reason: `tierToArchive is given, but ${sku} has no archive tier; use tierToCold, or an LRS or GRS account.`,
  }));
}
