import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import * as pulumi from '@pulumi/pulumi';
import { dataAccess } from '../azure/commonDefaults';
import { nameFromId } from '../azure/component';
import type { Encryption } from '../azure/encryption';
import { type ContainerReference, container, existingContainer, expiringAccount } from '../azure/storage';
import type { HotPathSite } from './site';

/** Where results lie that a step gave up. They hold patient data. */
export interface DeadLetters extends ContainerReference {
  /** Account and container, where the hot path made them. */
  readonly own?: { readonly account: StorageAccount; readonly container: BlobContainer };
}

export const deadLettersChild = 'dead-letters';

/** The container of all other steps, so that there is one place to look and to replay from; a new one where there is none. */
export function buildDeadLetters(site: HotPathSite, encryption: Encryption): DeadLetters {
  const { existingDeadLetterContainerId, deadLetterContainerUrl } = site.settings;
  if (existingDeadLetterContainerId === undefined) return newContainer(site, encryption);
  return existingContainer(site.children, deadLettersChild, existingDeadLetterContainerId, deadLetterContainerUrl);
}

function newContainer(
  { children, names, surroundings, settings, protection }: HotPathSite,
  { key, ready }: Encryption,
): DeadLetters {
  const account = expiringAccount(
    children,
    surroundings,
    deadLettersChild,
    {
      name: names.of('storageAccount', settings.names?.deadLetterStorageAccount, 'hotdead'),
      replication: 'Standard_ZRS',
      publicNetworkAccess: dataAccess(settings),
      deleteAfterDays: settings.deadLetterRetentionDays,
      key,
    },
    { ...protection, dependsOn: ready },
  );
  const made = container(children, surroundings.resourceGroupName, account, deadLettersChild, protection);
  const containerUrl = pulumi.interpolate`${account.primaryEndpoints.blob}${nameFromId(made.id)}`;
  return { containerId: made.id, containerUrl, own: { account, container: made } };
}
