import { type ArmResource, AzureError, type Properties, type Resources } from '../contracts';
import type { KeyUse } from '../identity/encryptionKey';

const hourMs = 3_600_000;

/** Event Hubs quotas per tier: partitions and consumer groups per hub, hubs per namespace, retention. */
const quotas: Readonly<
  Record<string, { partitions: number; consumerGroups: number; eventHubs: number; days: number }>
> = {
  Basic: { partitions: 32, consumerGroups: 1, eventHubs: 10, days: 1 },
  Standard: { partitions: 32, consumerGroups: 20, eventHubs: 10, days: 7 },
  Premium: { partitions: 100, consumerGroups: 100, eventHubs: 100, days: 90 },
};

/** What a hub's ARM properties mean here; defaults are ARM's (four partitions, seven days or the tier's most). */
export interface HubProperties {
  readonly partitionCount: number;
  readonly retentionMs: number;
}

/**
 * Reads and checks a hub against its namespace's tier.
 * @throws AzureError 400 for what Azure refuses, 501 for what it has and the local cloud has not.
 */
export function hubProperties(hub: ArmResource, namespace: ArmResource, previous?: ArmResource): HubProperties {
  const sku = tierOf(namespace);
  const quota = quotas[sku];
  if (!quota) throw notHere(`The tier '${sku}' of the namespace ${namespace.id}`, 'use Basic, Standard or Premium');
  const retention = hub.inputs.retentionDescription as Properties | undefined;
  if (String(retention?.cleanupPolicy ?? 'Delete') !== 'Delete') {
    throw notHere(`The clean-up policy '${retention?.cleanupPolicy}' of ${hub.id}`, "use 'Delete'");
  }
  const partitionCount = Number(hub.inputs.partitionCount ?? 4);
  between(`partitionCount of ${hub.id}`, partitionCount, 1, quota.partitions, sku);
  checkPartitionChange(hub, partitionCount, sku, previous);
  const days = Number(hub.inputs.messageRetentionInDays ?? Math.min(7, quota.days));
  const hours = Number(retention?.retentionTimeInHours ?? days * 24);
  between(`retention of ${hub.id} in hours`, hours, 1, quota.days * 24, sku);
  return { partitionCount, retentionMs: hours * hourMs };
}

/** @throws AzureError 400 when the namespace would have more hubs than its tier allows. */
export function checkHubCount(namespace: ArmResource, hubIds: readonly string[]): void {
  const sku = tierOf(namespace);
  between(`The number of event hubs in ${namespace.id}`, hubIds.length, 0, quotas[sku]?.eventHubs ?? 0, sku);
}

/** @throws AzureError 400 when the hub would have more consumer groups, `$Default` included, than its tier allows. */
export function checkConsumerGroupCount(hubId: string, count: number, resources: Resources): void {
  const sku = tierOf(resources.get(namespaceIdOf(hubId)));
  between(`The number of consumer groups of ${hubId}`, count, 0, quotas[sku]?.consumerGroups ?? 0, sku);
}

export function tierOf(namespace: ArmResource | undefined): string {
  return String((namespace?.inputs.sku as Properties | undefined)?.name ?? 'Standard');
}

/** ARM id of the namespace above a hub or consumer group. */
export function namespaceIdOf(id: string): string {
  return id.split('/').slice(0, 9).join('/');
}

/** ARM id of the hub above a consumer group, or the hub's own. */
export function hubIdOf(id: string): string {
  return id.split('/').slice(0, 11).join('/');
}

export function nameOf(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** Event Hubs features: partitions can be added on Premium and Dedicated only, and never be taken away. */
function checkPartitionChange(hub: ArmResource, count: number, sku: string, previous?: ArmResource): void {
  const before = Number(previous?.inputs.partitionCount ?? (previous ? 4 : count));
  if (count === before || (count > before && sku === 'Premium')) return;
  throw new AzureError(
    400,
    'BadRequest',
    `partitionCount of ${hub.id} is ${before} and cannot become ${count}: on ${sku} it ${
      sku === 'Premium' ? 'can only grow' : 'is fixed; make a new event hub, or use Premium to let it grow'
    }.`,
  );
}

function between(what: string, given: number, least: number, most: number, sku: string): void {
  if (given >= least && given <= most && Number.isInteger(given)) return;
  throw new AzureError(400, 'BadRequest', `${what} is ${given}; on ${sku} it is ${least} to ${most}.`);
}

function notHere(what: string, instead: string): AzureError {
  return new AzureError(501, 'NotImplemented', `${what} is not part of the local cloud; ${instead} there.`);
}

/** The customer-managed keys of a namespace's `encryption`. */
export function namespaceKeys({ keyVaultProperties }: Properties): KeyUse[] {
  return (Array.isArray(keyVaultProperties) ? (keyVaultProperties as Properties[]) : []).map(
    ({ keyVaultUri, keyName, identity }) => ({
      keyVaultUri: String(keyVaultUri),
      keyName: String(keyName),
      userAssignedIdentityId: String((identity as Properties | undefined)?.userAssignedIdentity),
    }),
  );
}
