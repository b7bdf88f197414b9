import { ConsumerGroup } from '@pulumi/azure-native/eventhub/consumerGroup';
import { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import { Namespace, type NamespaceArgs } from '@pulumi/azure-native/eventhub/namespace';
import { NamespaceNetworkRuleSet } from '@pulumi/azure-native/eventhub/namespaceNetworkRuleSet';
import * as pulumi from '@pulumi/pulumi';
import { type Capture, captureDescription } from './capture';
import { type Children, nameFromId, parseArmId, type Surroundings } from './component';
import type { Identity } from './identity';
import type { KeyReference } from './keys';
import type { Problems } from './validation';

/** Tiers of Event Hubs that the architecture can use; Basic has neither consumer groups nor private endpoints. */
export const EventHubsSku = {
  /** Throughput units; up to 32 partitions a hub, retention up to 7 days. */
  Standard: 'Standard',
  /** Processing units of one's own; up to 100 partitions a hub, retention up to 90 days, customer-managed keys. */
  Premium: 'Premium',
} as const;
/** Tier of an Event Hubs namespace. */
export type EventHubsSku = (typeof EventHubsSku)[keyof typeof EventHubsSku];

/** Limits by tier ("Event Hubs quotas and limits"; Premium's processing units come in fixed sizes). */
export const eventHubsLimits = {
  Standard: { mostCapacity: 40, mostPartitions: 32, mostRetentionHours: 7 * 24, mostConsumerGroups: 20 },
  Premium: { mostCapacity: 16, mostPartitions: 100, mostRetentionHours: 90 * 24, mostConsumerGroups: 100 },
} as const;
const premiumCapacities = [1, 2, 4, 6, 8, 10, 12, 16];

/** An Event Hubs namespace and what it needs around it. */
export interface NamespaceSettings {
  readonly name: pulumi.Input<string>;
  readonly sku: EventHubsSku;
  readonly capacity: pulumi.Input<number>;
  /** Above `capacity`, the namespace grows by itself up to here (Standard only). */
  readonly maximumThroughputUnits?: pulumi.Input<number>;
  readonly zoneRedundant: pulumi.Input<boolean>;
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
  readonly key?: KeyReference;
  /** Identities that Capture of its hubs may write with: they must be on the namespace. */
  readonly captureIdentities: readonly Identity[];
}

/** A namespace as components use it: a new one or one that exists. */
export interface NamespaceReference {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly serviceBusEndpoint: pulumi.Output<string>;
}

/** A namespace that takes no keys, only identities, and lets in trusted services alone when it is private. */
export function eventHubsNamespace(
  children: Children,
  { resourceGroupName, location, tags }: Surroundings,
  settings: NamespaceSettings,
  opts: pulumi.CustomResourceOptions,
): NamespaceReference {
  const { sku, capacity, maximumThroughputUnits, publicNetworkAccess, key } = settings;
  const carried = [...(key ? [key.identity] : []), ...settings.captureIdentities];
  const args: NamespaceArgs = {
    resourceGroupName,
    namespaceName: settings.name,
    location,
    tags,
    sku: { name: sku, tier: sku, capacity },
    // Said on Standard in both cases: what a program no longer says, Azure leaves as it was.
    ...(sku === EventHubsSku.Standard && { isAutoInflateEnabled: maximumThroughputUnits !== undefined }),
    ...(maximumThroughputUnits !== undefined && { maximumThroughputUnits }),
    zoneRedundant: settings.zoneRedundant,
    disableLocalAuth: true,
    minimumTlsVersion: '1.2',
    publicNetworkAccess,
    ...(carried.length > 0 && {
      identity: { type: 'UserAssigned', userAssignedIdentities: carried.map(({ id }) => id) },
    }),
    ...(key && {
      encryption: {
        keySource: 'Microsoft.KeyVault',
        keyVaultProperties: [
          {
            keyName: key.keyName,
            keyVaultUri: key.keyVaultUri,
            identity: { userAssignedIdentity: key.identity.id },
          },
        ],
      },
    }),
  };
  const namespace = new Namespace(...children.of('event-hubs', args, opts));
  const name = nameFromId(namespace.id);
  // Open ones have it, too, and it goes with the namespace alone: azure-native deletes a rule set by closing the namespace.
  new NamespaceNetworkRuleSet(
    ...children.of(
      'event-hubs-network',
      {
        resourceGroupName,
        namespaceName: name,
        defaultAction: publicNetworkAccess === 'Disabled' ? 'Deny' : 'Allow',
        publicNetworkAccess,
        // IoT Hub routes from outside of any virtual network; it comes in as a trusted service.
        trustedServiceAccessEnabled: true,
      },
      { retainOnDelete: true },
    ),
  );
  return { id: namespace.id, name, resourceGroupName, serviceBusEndpoint: namespace.serviceBusEndpoint };
}

/** A namespace that exists already, and which user-assigned identities it carries: by ARM id, what Azure says of each. */
export interface ExistingNamespace extends NamespaceReference {
  readonly userAssignedIdentities: pulumi.Output<Readonly<Record<string, { readonly principalId: string }>>>;
}

/** A namespace that exists already, read and never changed. */
export function existingNamespace(children: Children, namespaceId: pulumi.Input<string>): ExistingNamespace {
  const parts = pulumi.output(namespaceId).apply((id) => parseArmId(id, 'Microsoft.EventHub/namespaces'));
  const [name, , opts] = children.of('event-hubs', {});
  const namespace = Namespace.get(name, namespaceId, opts);
  return {
    id: pulumi.output(namespaceId),
    name: parts.apply((part) => part.name),
    resourceGroupName: parts.apply((part) => part.resourceGroupName),
    serviceBusEndpoint: namespace.serviceBusEndpoint,
    userAssignedIdentities: namespace.identity.apply((identity) => identity?.userAssignedIdentities ?? {}),
  };
}

/** Where an event hub lies. */
export type NamespacePlace = Pick<NamespaceReference, 'name' | 'resourceGroupName'>;

/** An event hub with its consumer groups, one for each reader. */
export function eventHub(
  children: Children,
  namespace: NamespacePlace,
  settings: {
    readonly eventHubName: string;
    readonly partitionCount: pulumi.Input<number>;
    readonly retentionHours: pulumi.Input<number>;
    readonly consumerGroups: readonly string[];
    readonly capture?: Capture;
  },
  opts: pulumi.CustomResourceOptions,
): { hub: EventHub; consumerGroups: ConsumerGroup[] } {
  const { eventHubName, partitionCount, retentionHours, consumerGroups, capture } = settings;
  const place = { resourceGroupName: namespace.resourceGroupName, namespaceName: namespace.name };
  const hub = new EventHub(
    ...children.of(
      eventHubName,
      {
        ...place,
        eventHubName,
        partitionCount,
        retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: retentionHours },
        ...(capture && { captureDescription: captureDescription(capture) }),
      },
      opts,
    ),
  );
  const groups = consumerGroups.map(
    (consumerGroupName) =>
      new ConsumerGroup(
        ...children.of(`${eventHubName}-${consumerGroupName}-readers`, {
          ...place,
          eventHubName: nameFromId(hub.id),
          consumerGroupName,
        }),
      ),
  );
  return { hub, consumerGroups: groups };
}

/** The host of a namespace as clients take it, with its port where that is not 443. */
export function namespaceHost(serviceBusEndpoint: string): string {
  return new URL(serviceBusEndpoint).host;
}

/** What can be wrong with the sizes of a namespace and of one hub in it. */
export function validateEventHubs(
  problems: Problems,
  path: string,
  settings: {
    readonly sku: EventHubsSku;
    readonly capacity?: pulumi.Input<number>;
    readonly maximumThroughputUnits?: pulumi.Input<number>;
    readonly partitions?: pulumi.Input<number>;
    readonly partitionsName: string;
    readonly retentionHours?: pulumi.Input<number>;
    readonly consumerGroups?: readonly string[];
  },
): void {
  const { sku, capacity } = settings;
  problems.oneOf(`${path}.sku`, sku, Object.values(EventHubsSku), 'the tier of Event Hubs');
  const limit = eventHubsLimits[sku] ?? eventHubsLimits.Premium;
  if (sku === 'Premium' && typeof capacity === 'number' && !premiumCapacities.includes(capacity)) {
    problems.add(
      `${path}.capacity`,
      `processing units on Premium must be one of ${premiumCapacities.join(', ')}; given is ${capacity}.`,
    );
  } else if (sku !== 'Premium') {
    problems.wholeNumber(`${path}.capacity`, capacity, 1, limit.mostCapacity, `throughput units on ${sku}`);
  }
  if (sku === 'Premium' && settings.maximumThroughputUnits !== undefined) {
    problems.add(`${path}.maximumThroughputUnits`, 'auto-inflate exists on Standard only; leave it out on Premium.');
  }
  const least = typeof capacity === 'number' ? Math.max(1, capacity) : 1;
  problems.wholeNumber(
    `${path}.maximumThroughputUnits`,
    settings.maximumThroughputUnits,
    least,
    eventHubsLimits.Standard.mostCapacity,
    'the throughput units up to which the namespace grows',
  );
  const partitionsPath = `${path}.${settings.partitionsName}`;
  problems.wholeNumber(
    partitionsPath,
    settings.partitions,
    1,
    limit.mostPartitions,
    `partitions of an event hub on ${sku}`,
  );
  const retention = `hours of retention on ${sku}`;
  problems.wholeNumber(`${path}.retentionHours`, settings.retentionHours, 1, limit.mostRetentionHours, retention);
  validateConsumerGroups(problems, settings.consumerGroups ?? [], sku, limit.mostConsumerGroups);
}

/** @param path of the setting that lists them */
export function consumerGroupNameProblems(problems: Problems, path: string, groups: readonly string[]): void {
  const rule =
    'the name of a consumer group must be 1 to 50 letters, digits, periods, hyphens and underscores, starting and ending with a letter or digit';
  groups.forEach((name, i) => {
    problems.text(`${path}[${i}]`, name, /^(?=.{1,50}$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, rule);
  });
  if (new Set(groups).size < groups.length) problems.add(path, 'each consumer group must be named once.');
}

function validateConsumerGroups(problems: Problems, groups: readonly string[], sku: string, most: number): void {
  consumerGroupNameProblems(problems, 'consumerGroups', groups);
  // $Default counts too.
  if (groups.length > most - 1) {
    problems.add(
      'consumerGroups',
      `an event hub on ${sku} has at most ${most - 1} consumer groups beside $Default; given are ${groups.length}.`,
    );
  }
}
