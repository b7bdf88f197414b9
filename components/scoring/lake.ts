import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import * as pulumi from '@pulumi/pulumi';
import { dataAccess } from '../azure/commonDefaults';
import { nameFromId } from '../azure/component';
import type { Encryption } from '../azure/encryption';
import { type ContainerLifecycle, existingLake, type LakeAccount, lakeAccount, newLake } from '../azure/lake';
import { type ContainerReference, container, existingContainer } from '../azure/storage';
import type { ScoringSite } from './site';

/** The lake of steps 9, 11 and 11a. */
export interface ScoringLake {
  readonly account: LakeAccount;
  /** The account, where scoring made it. */
  readonly own?: StorageAccount;
  /** What was captured of `enriched`. */
  readonly bronze: BlobContainer;
  /** What was captured of `scored` (step 11a). */
  readonly scored: BlobContainer;
  /** Open windows and revisions, and how far the search for charted values got. */
  readonly state: BlobContainer;
  readonly baselines: BlobContainer;
  /** Delta tables and checkpoints of the job; with `databricks` alone. */
  readonly databricks?: BlobContainer;
}

export const lakeChild = 'lake';

export function buildLake(site: ScoringSite, encryption: Encryption): ScoringLake {
  const { children, settings, protection } = site;
  const { existingLakeAccountId } = settings;
  const own = existingLakeAccountId === undefined ? newAccount(site, encryption) : undefined;
  const account = own
    ? newLake(own, site.surroundings)
    : existingLake(children, lakeChild, existingLakeAccountId as pulumi.Input<string>);
  const make = (name: string) => container(children, account.resourceGroupName, account, name, protection);
  return {
    account,
    own,
    bronze: make('bronze'),
    scored: make('scored'),
    state: make('state'),
    baselines: make('baselines'),
    databricks: settings.compute === 'databricks' ? make('databricks') : undefined,
  };
}

function newAccount(
  { children, names, surroundings, settings, protection }: ScoringSite,
  { key, ready }: Encryption,
): StorageAccount {
  return lakeAccount(
    children,
    surroundings,
    lakeChild,
    {
      name: names.of('storageAccount', settings.names?.lakeAccount, 'lake'),
      replication: settings.lake.replication,
      publicNetworkAccess: dataAccess(settings),
      lifecycles: lifecycles(settings),
      key,
    },
    { ...protection, dependsOn: ready },
  );
}

/**
 * Captured files age; baselines go with the scores that name them, and are read every window, so they stay hot. What is in
 * `state` and `databricks` is cleaned up by what writes it: age says nothing there.
 */
function lifecycles({ lake, existingDeadLetterContainerId, deadLetterRetentionDays }: ScoringSite['settings']) {
  const { coolAfterDays, coldAfterDays, bronzeRetentionDays, scoredRetentionDays } = lake;
  const aging = { coolAfterDays, coldAfterDays };
  const all: ContainerLifecycle[] = [
    { container: 'bronze', ...aging, deleteAfterDays: bronzeRetentionDays },
    { container: 'scored', ...aging, deleteAfterDays: scoredRetentionDays },
    { container: 'baselines', deleteAfterDays: scoredRetentionDays },
  ];
  if (existingDeadLetterContainerId === undefined)
    all.push({ container: deadLettersContainer, deleteAfterDays: deadLetterRetentionDays });
  return all;
}

const deadLettersContainer = 'dead-letters';

/** Where messages lie that `ml-input` gave up. */
export interface DeadLetters extends ContainerReference {
  /** The container, where scoring made it. */
  readonly own?: BlobContainer;
}

/** The connector's container, so that there is one place to look and to replay from; in the lake where there is none. */
export function buildDeadLetters(
  { children, settings, protection }: ScoringSite,
  { account }: ScoringLake,
): DeadLetters {
  const { existingDeadLetterContainerId, deadLetterContainerUrl } = settings;
  if (existingDeadLetterContainerId === undefined) {
    const own = container(children, account.resourceGroupName, account, deadLettersContainer, protection);
    const containerUrl = pulumi.interpolate`${account.blobEndpoint}${nameFromId(own.id)}`;
    return { containerId: own.id, containerUrl, own };
  }
  return existingContainer(children, deadLettersContainer, existingDeadLetterContainerId, deadLetterContainerUrl);
}
