import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import * as pulumi from '@pulumi/pulumi';
import { dataAccess } from '../azure/commonDefaults';
import { nameFromId } from '../azure/component';
import type { Encryption } from '../azure/encryption';
import { container, expiringAccount } from '../azure/storage';
import type { ConnectorSite } from './site';

/** Where messages lie that a step gave up. They hold patient data like the raw copies. */
export interface DeadLetterStore {
  readonly account: StorageAccount;
  readonly container: BlobContainer;
  readonly containerUrl: pulumi.Output<string>;
}

export const deadLettersChild = 'dead-letters';

export function buildDeadLetters(
  { children, names, surroundings, settings, protection }: ConnectorSite,
  { key, ready }: Encryption,
): DeadLetterStore {
  const account = expiringAccount(
    children,
    surroundings,
    deadLettersChild,
    {
      name: names.of('storageAccount', settings.names?.deadLetterStorageAccount, 'dead'),
      replication: 'Standard_ZRS',
      publicNetworkAccess: dataAccess(settings),
      deleteAfterDays: settings.deadLetterRetentionDays,
      key,
    },
    { ...protection, dependsOn: ready },
  );
  const made = container(children, surroundings.resourceGroupName, account, deadLettersChild, protection);
  return {
    account,
    container: made,
    containerUrl: pulumi.interpolate`${account.primaryEndpoints.blob}${nameFromId(made.id)}`,
  };
}
