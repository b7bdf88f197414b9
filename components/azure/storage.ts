import { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import { BlobServiceProperties } from '@pulumi/azure-native/storage/blobServiceProperties';
import { ManagementPolicy } from '@pulumi/azure-native/storage/managementPolicy';
import { StorageAccount, type StorageAccountArgs } from '@pulumi/azure-native/storage/storageAccount';
import * as pulumi from '@pulumi/pulumi';
import { type Children, nameFromId, type Surroundings } from './component';
import type { KeyReference } from './keys';

/** How often and where a storage account keeps its data. */
export const StorageReplication = {
  /** Three copies in one data centre. */
  Standard_LRS: 'Standard_LRS',
  /** Three copies in three zones of the region. */
  Standard_ZRS: 'Standard_ZRS',
  /** As LRS, and a copy in the paired region. */
  Standard_GRS: 'Standard_GRS',
  /** As ZRS, and a copy in the paired region. */
  Standard_GZRS: 'Standard_GZRS',
} as const;
/** How often and where a storage account keeps its data. */
export type StorageReplication = (typeof StorageReplication)[keyof typeof StorageReplication];

/** Whether an immutability policy can still be taken back. */
export const ImmutabilityState = {
  /** Can be shortened and removed. */
  Unlocked: 'Unlocked',
  /** Can only be lengthened, for ever; the account cannot be deleted while it holds blobs within retention. */
  Locked: 'Locked',
} as const;
/** Whether an immutability policy can still be taken back. */
export type ImmutabilityState = (typeof ImmutabilityState)[keyof typeof ImmutabilityState];

/** An account that keeps what is written once for as long as the law asks. */
export interface WriteOnceAccountSettings extends AccountSettings {
  readonly retentionDays: pulumi.Input<number>;
  readonly immutabilityState: ImmutabilityState;
  readonly coolAfterDays: pulumi.Input<number>;
  readonly coldAfterDays: pulumi.Input<number>;
  readonly deleteAfterDays: pulumi.Input<number>;
}

/**
 * A plain blob account (no hierarchical namespace, which excludes versioning and change feed) with version-level
 * immutability, without shared keys and public blobs. Point-in-time restore is left off: it does not go with
 * version-level immutability ("Immutable storage for blobs", supported scenarios).
 */
export function writeOnceAccount(
  children: Children,
  surroundings: Surroundings,
  child: string,
  settings: WriteOnceAccountSettings,
  opts: pulumi.CustomResourceOptions,
): StorageAccount {
  const account = new StorageAccount(...children.of(child, accountArgs(surroundings, settings), opts));
  const place = { resourceGroupName: surroundings.resourceGroupName, accountName: nameFromId(account.id) };
  const thirtyDays = { enabled: true, days: 30 };
  new BlobServiceProperties(
    ...children.of(
      `${child}-blobs`,
      {
        ...place,
        blobServicesName: 'default',
        isVersioningEnabled: true,
        changeFeed: { enabled: true },
        deleteRetentionPolicy: thirtyDays,
        containerDeleteRetentionPolicy: thirtyDays,
      },
      // They go with the account: azure-native deletes them by putting back Azure's defaults, without versions.
      { retainOnDelete: true },
    ),
  );
  new ManagementPolicy(
    ...children.of(`${child}-lifecycle`, {
      ...place,
      managementPolicyName: 'default',
      policy: { rules: [lifecycleRule(settings)] },
    }),
  );
  return account;
}

function accountArgs(surroundings: Surroundings, settings: WriteOnceAccountSettings): StorageAccountArgs {
  return {
    ...closedAccountArgs(surroundings, settings),
    immutableStorageWithVersioning: {
      enabled: true,
      immutabilityPolicy: {
        state: settings.immutabilityState,
        immutabilityPeriodSinceCreationInDays: settings.retentionDays,
        allowProtectedAppendWrites: false,
      },
    },
  };
}

/** What every storage account of the components has, whatever it keeps. */
export interface AccountSettings {
  readonly name: pulumi.Input<string>;
  readonly replication: StorageReplication;
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
  /** When given, the public endpoint answers these addresses only. */
  readonly allowedAddresses?: readonly string[];
  readonly key?: KeyReference;
}

/** An account that opens to identities alone, over TLS, without public blobs. */
export function closedAccountArgs(
  { resourceGroupName, location, tags }: Surroundings,
  { name, replication, publicNetworkAccess, allowedAddresses, key }: AccountSettings,
): StorageAccountArgs {
  const ipRules = allowedAddresses?.flatMap(ipRule);
  return {
    resourceGroupName,
    accountName: name,
    location,
    tags,
    kind: 'StorageV2',
    sku: { name: replication },
    accessTier: 'Hot',
    allowSharedKeyAccess: false,
    defaultToOAuthAuthentication: true,
    allowBlobPublicAccess: false,
    allowCrossTenantReplication: false,
    isHnsEnabled: false,
    isLocalUserEnabled: false,
    isSftpEnabled: false,
    enableHttpsTrafficOnly: true,
    minimumTlsVersion: 'TLS1_2',
    publicNetworkAccess,
    networkRuleSet: {
      bypass: 'AzureServices',
      defaultAction: publicNetworkAccess === 'Disabled' || ipRules ? 'Deny' : 'Allow',
      ...(ipRules && { ipRules }),
    },
    encryption: accountEncryption(key),
    ...(key && { identity: { type: 'UserAssigned', userAssignedIdentities: [key.identity.id] } }),
  };
}

/** Storage takes no ranges of one or two addresses; those are given one by one ("Configure Azure Storage firewalls"). */
function ipRule(address: string): { iPAddressOrRange: string; action: 'Allow' }[] {
  const [first = '', bits] = address.split('/');
  const [end = ''] = first.split('.').slice(-1);
  const even = Number(end) & ~1;
  const front = first.slice(0, first.length - end.length);
  const each = bits === '31' ? [`${front}${even}`, `${front}${even + 1}`] : [bits === '32' ? first : address];
  return each.map((iPAddressOrRange) => ({ iPAddressOrRange, action: 'Allow' }));
}

/**
 * The account of one function app: its package, and what the Functions host notes (leases, checkpoints, the state of
 * timers), which is no patient data.
 */
export function hostAccount(
  children: Children,
  surroundings: Surroundings,
  child: string,
  settings: AccountSettings,
  opts: pulumi.CustomResourceOptions,
): StorageAccount {
  return new StorageAccount(...children.of(child, closedAccountArgs(surroundings, settings), opts));
}

/** An account whose blobs are deleted some days after they were written last. */
export function expiringAccount(
  children: Children,
  surroundings: Surroundings,
  child: string,
  settings: AccountSettings & { readonly deleteAfterDays: pulumi.Input<number> },
  opts: pulumi.CustomResourceOptions,
): StorageAccount {
  const account = new StorageAccount(...children.of(child, closedAccountArgs(surroundings, settings), opts));
  new ManagementPolicy(
    ...children.of(`${child}-lifecycle`, {
      resourceGroupName: surroundings.resourceGroupName,
      accountName: nameFromId(account.id),
      managementPolicyName: 'default',
      policy: {
        rules: [
          {
            name: 'expired',
            enabled: true,
            type: 'Lifecycle',
            definition: {
              filters: { blobTypes: ['blockBlob'] },
              actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: settings.deleteAfterDays } } },
            },
          },
        ],
      },
    }),
  );
  return account;
}

function accountEncryption(key: KeyReference | undefined): StorageAccountArgs['encryption'] {
  const always = { requireInfrastructureEncryption: true };
  if (!key) return { ...always, keySource: 'Microsoft.Storage' };
  return {
    ...always,
    keySource: 'Microsoft.Keyvault',
    keyVaultProperties: { keyName: key.keyName, keyVaultUri: key.keyVaultUri },
    encryptionIdentity: { encryptionUserAssignedIdentity: key.identity.id },
  };
}

/** Cool, cold, gone; cold and not archive, which zone-redundant accounts lack. */
function lifecycleRule({ coolAfterDays, coldAfterDays, deleteAfterDays }: WriteOnceAccountSettings) {
  return {
    name: 'raw-data',
    enabled: true,
    type: 'Lifecycle',
    definition: {
      filters: { blobTypes: ['blockBlob'] },
      actions: {
        baseBlob: {
          tierToCool: { daysAfterModificationGreaterThan: coolAfterDays },
          tierToCold: { daysAfterModificationGreaterThan: coldAfterDays },
          delete: { daysAfterModificationGreaterThan: deleteAfterDays },
        },
        version: { delete: { daysAfterCreationGreaterThan: deleteAfterDays } },
      },
    },
  };
}

/** A container as components use it that write into it. */
export interface ContainerReference {
  readonly containerId: pulumi.Output<string>;
  readonly containerUrl: pulumi.Output<string>;
}

/** A container of another component, never changed; where it is not told at which URL, its account is read as `child`. */
export function existingContainer(
  children: Children,
  child: string,
  existingId: pulumi.Input<string>,
  url: pulumi.Input<string> | undefined,
): ContainerReference {
  const containerId = pulumi.output(existingId);
  if (url !== undefined) return { containerId, containerUrl: pulumi.output(url) };
  const [name, , opts] = children.of(child, {});
  const accountId = containerId.apply((id) => id.slice(0, id.toLowerCase().indexOf('/blobservices/')));
  const { primaryEndpoints } = StorageAccount.get(name, accountId, opts);
  return { containerId, containerUrl: pulumi.interpolate`${primaryEndpoints.blob}${nameFromId(containerId)}` };
}

/** A container that nobody reads without a role. */
export function container(
  children: Children,
  resourceGroupName: pulumi.Input<string>,
  account: { readonly id: pulumi.Input<string> },
  containerName: string,
  opts: pulumi.CustomResourceOptions,
  child = `${containerName}-container`,
): BlobContainer {
  const accountName = nameFromId(account.id);
  return new BlobContainer(
    ...children.of(child, { resourceGroupName, accountName, containerName, publicAccess: 'None' as const }, opts),
  );
}
