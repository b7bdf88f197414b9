import type { ArmResource, Properties } from '../../contracts';
import { parentId } from '../armIds';
import { isUnknownAt, textAt, valueAt, valuesAt } from '../values';
import { type Failure, inGroup, type Kind, type Surroundings } from './kind';
import { atMost, attachedIdentity, identity, identityIds, matches, oneOf, outside, range, refersTo } from './rules';

const entityName = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const entityNameText = 'letters, digits, periods, hyphens and underscores, starting and ending with a letter or digit';
const captureIdentityPath = 'captureDescription.destination.identity.userAssignedIdentity';
const tierLimits = 'Learn: Event Hubs quotas and limits';

interface Tier {
  readonly maxPartitions: number;
  readonly maxRetentionHours: number;
  readonly maxCapacity: number;
  readonly maxConsumerGroups: number;
}

/** Learn: "Azure Event Hubs quotas and limits", table by tier. Premium capacity counts processing units. */
const tiers: Readonly<Record<string, Tier>> = {
  Basic: { maxPartitions: 32, maxRetentionHours: 24, maxCapacity: 40, maxConsumerGroups: 1 },
  Standard: { maxPartitions: 32, maxRetentionHours: 7 * 24, maxCapacity: 40, maxConsumerGroups: 20 },
  Premium: { maxPartitions: 100, maxRetentionHours: 90 * 24, maxCapacity: 16, maxConsumerGroups: 100 },
};

export const namespace: Kind = {
  kind: 'eventhub:Namespace',
  armType: 'Microsoft.EventHub/namespaces',
  id: inGroup('Microsoft.EventHub/namespaces/{namespaceName}'),
  name: {
    min: 6,
    max: 50,
    pattern: /^[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$/,
    allowed: 'letters, digits and hyphens, starting with a letter, ending with a letter or digit',
  },
  isGlobalName: true,
  immutable: ['clusterArmId', 'zoneRedundant', 'encryption.requireInfrastructureEncryption'],
  rules: [
    ...identity(),
    namespaceTier,
    oneOf('sku.tier', ['Basic', 'Standard', 'Premium'], 'ARM types'),
    oneOf('minimumTlsVersion', ['1.0', '1.1', '1.2'], 'ARM types'),
    refersTo(
      'encryption.keyVaultProperties[].identity.userAssignedIdentity',
      'Microsoft.ManagedIdentity/userAssignedIdentities',
    ),
    attachedIdentity('encryption.keyVaultProperties[].identity.userAssignedIdentity'),
    encryptionKey,
  ],
  defaults: (inputs) => ({
    sku: { name: 'Standard', tier: textAt(inputs, 'sku.name') ?? 'Standard', capacity: 1 },
    disableLocalAuth: false,
    isAutoInflateEnabled: false,
    maximumThroughputUnits: 0,
    kafkaEnabled: textAt(inputs, 'sku.name') !== 'Basic',
    minimumTlsVersion: '1.2',
    publicNetworkAccess: 'Enabled',
    zoneRedundant: true,
  }),
  computed: ({ id, inputs }) => ({
    serviceBusEndpoint: `https://${String(inputs.namespaceName)}.servicebus.windows.net:443/`,
    metricId: id,
    status: 'Active',
    provisioningState: 'Succeeded',
  }),
};

/** Throughput units, auto-inflate and customer-managed keys each belong to certain tiers. */
function namespaceTier(inputs: Properties): Failure[] {
  const name = isUnknownAt(inputs, 'sku.name') ? undefined : (textAt(inputs, 'sku.name') ?? 'Standard');
  const tier = name ? tiers[name] : undefined;
  if (!name || !tier) return [];
  const failures = outside(inputs, 'sku.capacity', 1, tier.maxCapacity, `on ${name} (${tierLimits})`);
  failures.push(...outside(inputs, 'maximumThroughputUnits', 0, 40, `(${tierLimits})`));
  const tierGiven = textAt(inputs, 'sku.tier');
  if (tierGiven && tierGiven !== name) {
    failures.push({
      property: 'sku.tier',
      reason: `sku.tier is '${tierGiven}', but sku.name is '${name}'; they must be equal.`,
    });
  }
  if (inputs.isAutoInflateEnabled === true && name !== 'Standard') {
    failures.push({
      property: 'isAutoInflateEnabled',
      reason: `isAutoInflateEnabled is true on ${name}; only Standard inflates.`,
    });
  }
  if (inputs.encryption !== undefined && name !== 'Premium') {
    failures.push({ property: 'encryption', reason: `customer-managed keys are given on ${name}; they need Premium.` });
  }
  return failures;
}

/** A customer-managed key must exist in a vault that exists. */
function encryptionKey(inputs: Properties, { resources }: Surroundings): Failure[] {
  return valuesAt(inputs, 'encryption.keyVaultProperties[]').flatMap(({ path, value }) => {
    const [uri, name] = [textAt(value, 'keyVaultUri'), textAt(value, 'keyName')];
    if (!uri || !name) return [];
    const known = resources.list('keyvault:Key').some((key) =>
      String(key.outputs.keyUri)
        .toLowerCase()
        .startsWith(`${uri.replace(/\/$/, '')}/keys/${name}`.toLowerCase()),
    );
    return known
      ? []
      : [{ property: `${path}.keyName`, reason: `there is no key '${name}' in the key vault '${uri}'.` }];
  });
}

export const eventHub: Kind = {
  kind: 'eventhub:EventHub',
  armType: 'Microsoft.EventHub/namespaces/eventhubs',
  id: inGroup('Microsoft.EventHub/namespaces/{namespaceName}/eventhubs/{eventHubName}'),
  name: { min: 1, max: 256, pattern: entityName, allowed: entityNameText },
  rules: [
    hubTier,
    range('captureDescription.intervalInSeconds', 60, 900, 'ARM types'),
    range('captureDescription.sizeLimitInBytes', 10_485_760, 524_288_000, 'ARM types'),
    oneOf(
      'captureDescription.destination.name',
      ['EventHubArchive.AzureBlockBlob'],
      'ARM types; Data Lake Gen1 is retired',
    ),
    matches(
      'captureDescription.destination.archiveNameFormat',
      /^(?=.*\{Namespace\})(?=.*\{EventHub\})(?=.*\{PartitionId\})(?=.*\{Year\})(?=.*\{Month\})(?=.*\{Day\})(?=.*\{Hour\})(?=.*\{Minute\})(?=.*\{Second\})/,
      'all of {Namespace} {EventHub} {PartitionId} {Year} {Month} {Day} {Hour} {Minute} {Second}',
      'ARM types',
    ),
    refersTo('captureDescription.destination.storageAccountResourceId', 'Microsoft.Storage/storageAccounts'),
    captureContainer,
    captureTier,
    captureDestination,
    refersTo(captureIdentityPath, 'Microsoft.ManagedIdentity/userAssignedIdentities'),
    captureIdentity,
  ],
  defaults: () => ({
    partitionCount: 4,
    retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: 168 },
    status: 'Active',
  }),
  computed: ({ inputs }) => ({
    partitionIds: Array.from({ length: Number(inputs.partitionCount ?? 4) }, (_, i) => String(i)),
  }),
};

function tierOf(around: Surroundings): { name: string; limits: Tier } | undefined {
  const above = around.id ? namespaceOf(around.id, around) : undefined;
  if (!above) return undefined;
  const name = textAt(above.outputs, 'sku.name') ?? 'Standard';
  const limits = tiers[name];
  return limits ? { name, limits } : undefined;
}

function namespaceOf(id: string, { resources }: Surroundings): ArmResource | undefined {
  for (let at: string | undefined = id; at; at = parentId(at)) {
    const found = resources.get(at);
    if (found?.kind === 'eventhub:Namespace') return found;
  }
  return undefined;
}

/** Partitions and retention by tier; partitions never go down, and go up on Premium only. */
function hubTier(inputs: Properties, around: Surroundings): Failure[] {
  // Before its namespace exists, the limits of the widest tier still hold.
  const { name, limits } = tierOf(around) ?? { name: 'any tier', limits: tiers.Premium as Tier };
  const where = `on ${name} (${tierLimits})`;
  const failures = [
    ...outside(inputs, 'partitionCount', 1, limits.maxPartitions, where),
    ...outside(inputs, 'messageRetentionInDays', 1, limits.maxRetentionHours / 24, where),
    ...outside(inputs, 'retentionDescription.retentionTimeInHours', 1, limits.maxRetentionHours, where),
  ];
  const [now, wanted] = [around.current?.outputs.partitionCount, inputs.partitionCount];
  if (typeof now === 'number' && typeof wanted === 'number' && failures.length === 0) {
    const allowed = name === 'Premium' ? wanted >= now : wanted === now;
    if (!allowed) failures.push(fixedPartitions(now, wanted, name));
  }
  return failures;
}

function fixedPartitions(now: number, wanted: number, tier: string): Failure {
  const rule = tier === 'Premium' ? 'it can only be raised' : `it cannot change on ${tier}`;
  const reason = `partitionCount is ${wanted}, and the event hub has ${now}: ${rule} (Learn: Event Hubs FAQ); give the hub a new name.`;
  return { property: 'partitionCount', reason };
}

function captureContainer(inputs: Properties, around: Surroundings): Failure[] {
  const account = textAt(inputs, 'captureDescription.destination.storageAccountResourceId');
  const container = textAt(inputs, 'captureDescription.destination.blobContainer');
  if (!account || !container || around.exists(`${account}/blobServices/default/containers/${container}`)) return [];
  const property = 'captureDescription.destination.blobContainer';
  return [{ property, reason: `blobContainer '${container}' does not exist in '${account}'.` }];
}

function isCaptured(inputs: Properties): boolean {
  return valueAt(inputs, 'captureDescription.enabled') === true;
}

function captureTier(inputs: Properties, around: Surroundings): Failure[] {
  if (!isCaptured(inputs) || tierOf(around)?.name !== 'Basic') return [];
  const reason = `captureDescription.enabled is true on Basic; Capture needs Standard or Premium (${tierLimits}).`;
  return [{ property: 'captureDescription.enabled', reason }];
}

/** ARM types have all of it optional; without it there is nowhere to write to. */
function captureDestination(inputs: Properties): Failure[] {
  if (!isCaptured(inputs)) return [];
  const needed = ['encoding', 'destination.name', 'destination.storageAccountResourceId', 'destination.blobContainer'];
  return needed
    .map((name) => `captureDescription.${name}`)
    .filter((path) => valueAt(inputs, path) === undefined && !isUnknownAt(inputs, path))
    .map((property) => ({
      property,
      reason: `${property} is missing, and Capture is enabled (Learn: enable Capture by template).`,
    }));
}

/** Learn: "Event Hubs Capture with managed identities": a user-assigned one must be assigned to the namespace first. */
function captureIdentity(inputs: Properties, around: Surroundings): Failure[] {
  const id = textAt(inputs, captureIdentityPath);
  const above = around.id ? namespaceOf(around.id, around) : undefined;
  if (!id || !above || isUnknownAt(above.inputs, 'identity')) return [];
  const attached = identityIds(valueAt(above.inputs, 'identity.userAssignedIdentities'));
  if (attached.some((other) => String(other).toLowerCase() === id.toLowerCase())) return [];
  const reason = `identity '${id}' is not attached to the namespace ${above.id}; list it in the namespace's identity.userAssignedIdentities.`;
  return [{ property: captureIdentityPath, reason }];
}

export const consumerGroup: Kind = {
  kind: 'eventhub:ConsumerGroup',
  armType: 'Microsoft.EventHub/namespaces/eventhubs/consumergroups',
  id: inGroup(
    'Microsoft.EventHub/namespaces/{namespaceName}/eventhubs/{eventHubName}/consumergroups/{consumerGroupName}',
  ),
  name: { min: 1, max: 50, pattern: /^(\$Default|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)$/, allowed: entityNameText },
  rules: [groupLimit],
};

/** Learn: "Azure Event Hubs quotas and limits", consumer groups per event hub ($Default counts). */
function groupLimit(_inputs: Properties, around: Surroundings): Failure[] {
  const tier = tierOf(around);
  if (!tier || !around.id || around.current) return [];
  const hub = parentId(around.id) ?? '';
  const others = around.resources.below(hub).filter((r) => r.kind === 'eventhub:ConsumerGroup').length;
  if (others + 2 <= tier.limits.maxConsumerGroups) return [];
  const reason = `the event hub has ${others + 1} consumer groups; ${tier.name} allows at most ${tier.limits.maxConsumerGroups} (${tierLimits}).`;
  return [{ property: 'consumerGroupName', reason }];
}

export const namespaceNetworkRuleSet: Kind = {
  kind: 'eventhub:NamespaceNetworkRuleSet',
  armType: 'Microsoft.EventHub/namespaces/networkRuleSets',
  id: inGroup('Microsoft.EventHub/namespaces/{namespaceName}/networkRuleSets/default'),
  comesWithParent: true,
  rules: [
    atMost('ipRules', 128, 'Learn: Event Hubs IP firewall rules'),
    refersTo('virtualNetworkRules[].subnet.id', 'Microsoft.Network/virtualNetworks/subnets'),
    matches('ipRules[].ipMask', /^\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?$/, 'an IPv4 address or CIDR range', 'ARM types'),
  ],
  defaults: () => ({ defaultAction: 'Allow', publicNetworkAccess: 'Enabled' }),
};
