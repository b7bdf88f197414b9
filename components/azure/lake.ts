import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import { BlobServiceProperties } from '@pulumi/azure-native/storage/blobServiceProperties';
import { ManagementPolicy } from '@pulumi/azure-native/storage/managementPolicy';
import { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import * as pulumi from '@pulumi/pulumi';
import { type Children, nameFromId, type Surroundings } from './component';
import { type AccountSettings, closedAccountArgs } from './storage';

/** What becomes of the blobs of one container, counted from when they were written last. */
export interface ContainerLifecycle {
  readonly container: string;
  readonly coolAfterDays?: pulumi.Input<number>;
  readonly coldAfterDays?: pulumi.Input<number>;
  readonly deleteAfterDays: pulumi.Input<number>;
}

export interface LakeAccountSettings extends AccountSettings {
  readonly lifecycles: readonly ContainerLifecycle[];
}

/** A lake as components use it: a new account or one that exists. */
export interface LakeAccount {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly resourceGroupName: pulumi.Input<string>;
  /** With a slash at its end. */
  readonly blobEndpoint: pulumi.Output<string>;
  /** Of its file system, with a slash at its end. */
  readonly dfsEndpoint: pulumi.Output<string>;
}

/** Days for which what was deleted by mistake can be brought back. Overwritten files cannot: such accounts have no versions. */
const softDeleteDays = 7;

/**
 * Azure Data Lake Storage Gen2: an account with a hierarchical namespace, which Spark renames folders in, without shared keys
 * and public blobs. It has no versions, change feed and point-in-time restore ("Blob Storage feature support").
 */
export function lakeAccount(
  children: Children,
  surroundings: Surroundings,
  child: string,
  settings: LakeAccountSettings,
  opts: pulumi.CustomResourceOptions,
): StorageAccount {
  const args = { ...closedAccountArgs(surroundings, settings), isHnsEnabled: true };
  const account = new StorageAccount(...children.of(child, args, opts));
  const place = { resourceGroupName: surroundings.resourceGroupName, accountName: nameFromId(account.id) };
  const kept = { enabled: true, days: softDeleteDays };
  new BlobServiceProperties(
    ...children.of(
      `${child}-blobs`,
      { ...place, blobServicesName: 'default', deleteRetentionPolicy: kept, containerDeleteRetentionPolicy: kept },
      // They go with the account: azure-native deletes them by putting back Azure's defaults.
      { retainOnDelete: true },
    ),
  );
  new ManagementPolicy(
    ...children.of(`${child}-lifecycle`, {
      ...place,
      managementPolicyName: 'default',
      policy: { rules: settings.lifecycles.map(lifecycleRule) },
    }),
  );
  return account;
}

/** Cold and not archive, which zone-redundant accounts lack, and which no reader waits for. */
function lifecycleRule({ container, coolAfterDays, coldAfterDays, deleteAfterDays }: ContainerLifecycle) {
  const after = (days: pulumi.Input<number>) => ({ daysAfterModificationGreaterThan: days });
  return {
    name: container,
    enabled: true,
    type: 'Lifecycle',
    definition: {
      filters: { blobTypes: ['blockBlob'], prefixMatch: [`${container}/`] },
      actions: {
        baseBlob: {
          ...(coolAfterDays !== undefined && { tierToCool: after(coolAfterDays) }),
          ...(coldAfterDays !== undefined && { tierToCold: after(coldAfterDays) }),
          delete: after(deleteAfterDays),
        },
      },
    },
  };
}

/** A new account as a lake. */
export function newLake(account: StorageAccount, { resourceGroupName }: Surroundings): LakeAccount {
  const endpoints = account.primaryEndpoints;
  return {
    id: account.id,
    name: nameFromId(account.id),
    resourceGroupName,
    blobEndpoint: endpoints.apply(({ blob }) => blob),
    dfsEndpoint: endpoints.apply(({ dfs }) => dfs),
  };
}

const accountIdPattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Storage\/storageAccounts\/([^/]+)$/i;

/** ARM id of a storage account. */
export const storageAccountIdPattern = accountIdPattern;

/** A lake that exists already, read and never changed; containers are made in it, its lifecycle is its owner's. */
export function existingLake(children: Children, child: string, accountId: pulumi.Input<string>): LakeAccount {
  const id = pulumi.output(accountId);
  const [name, , opts] = children.of(child, {});
  const endpoints = StorageAccount.get(name, id, opts).primaryEndpoints;
  return {
    id,
    name: nameFromId(id),
    resourceGroupName: id.apply((text) => accountIdPattern.exec(text)?.[1] ?? ''),
    blobEndpoint: endpoints.apply(({ blob }) => blob),
    dfsEndpoint: endpoints.apply(({ dfs }) => dfs),
  };
}

/** URL of a container, as blob clients take it. */
export function containerUrl({ blobEndpoint }: Pick<LakeAccount, 'blobEndpoint'>, container: BlobContainer) {
  return pulumi.interpolate`${blobEndpoint}${nameFromId(container.id)}`;
}

/** URL of a container's file system, as Spark takes it, without a slash at its end. */
export function containerFileUrl({ dfsEndpoint }: Pick<LakeAccount, 'dfsEndpoint'>, container: pulumi.Input<string>) {
  const host = dfsEndpoint.apply((endpoint) => new URL(endpoint).host);
  return pulumi.interpolate`abfss://${container}@${host}`;
}
