import type { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import * as pulumi from '@pulumi/pulumi';
import type { Capture } from '../azure/capture';
import { type ExistingNamespace, eventHub, existingNamespace, namespaceHost } from '../azure/eventHubs';
import {
  consumerGroupsOf,
  type EventHubPlace,
  type EventHubReference,
  eventHubPlace,
  existingEventHub,
} from '../azure/existingEventHub';
import type { Identity } from '../azure/identity';
import { propagated } from '../azure/propagation';
import type { MLScoringPathArgs } from '../mlScoringPath';
import { captureGrants } from './access';
import { mlInputGroup, rebuildGroup, scoreGroup } from './defaults';
import type { ScoringLake } from './lake';
import type { ScoringSite } from './site';

export const enrichedHub = 'enriched';
export const scoredHub = 'scored';

/** The hubs of the path, all in the namespace of `normalizeddata`. */
export interface ScoringStream {
  readonly normalizedData: EventHubReference;
  readonly namespaceHost: pulumi.Output<string>;
  /** Undefined where charted values are searched for. */
  readonly fhirEvents?: EventHubPlace;
  readonly enriched: EventHub;
  readonly enrichedPartitions: pulumi.Input<number>;
  readonly scored: EventHub;
  readonly scoredPartitions: pulumi.Input<number>;
  /** Consumer groups that functions read with. */
  readonly readers: pulumi.Resource[];
}

export function buildStream(site: ScoringSite, args: MLScoringPathArgs, lake: ScoringLake): ScoringStream {
  const { children, settings, protection, grants } = site;
  const source = sourceOf(site, args);
  const { normalizedData, fhirEvents } = source;
  const { eventHubs, lake: files, enrichedConsumerGroups, scoredConsumerGroups } = settings;
  const enrichedPartitions = eventHubs.enrichedPartitions ?? normalizedData.partitionCount;
  const scoredPartitions = eventHubs.scoredPartitions ?? enrichedPartitions;

  const roles = grants.add(...captureGrants(source.capture, lake));
  // Event Hubs tries the identity on the container when a hub is made that is captured.
  const dependsOn = grants.afterTold(propagated(site, 'capture-role-propagation', roles));
  const captured: Omit<Capture, 'container'> = {
    storageAccountId: lake.account.id,
    identity: source.capture,
    intervalSeconds: pulumi.output(files.captureMinutes).apply((minutes) => minutes * 60),
    sizeMegabytes: files.captureMegabytes,
  };
  const hub = (
    eventHubName: string,
    partitionCount: pulumi.Input<number>,
    consumerGroups: string[],
    container: Capture['container'],
  ) =>
    eventHub(
      children,
      normalizedData.namespace,
      {
        eventHubName,
        partitionCount,
        retentionHours: eventHubs.retentionHours,
        consumerGroups,
        capture: { ...captured, container },
      },
      { ...protection, dependsOn },
    );
  // The job reads over Kafka, whose consumer groups are no resources.
  const ownReaders = settings.compute === 'databricks' ? [] : [scoreGroup, rebuildGroup];
  const enriched = hub(enrichedHub, enrichedPartitions, [...ownReaders, ...enrichedConsumerGroups], lake.bronze);
  const scored = hub(scoredHub, scoredPartitions, scoredConsumerGroups, lake.scored);
  const eventReaders = fhirEvents ? consumerGroupsOf(children, 'fhirevents', fhirEvents, [mlInputGroup]) : [];
  return {
    normalizedData,
    namespaceHost: normalizedData.namespaceHost,
    fhirEvents,
    enriched: enriched.hub,
    enrichedPartitions,
    scored: scored.hub,
    scoredPartitions,
    readers: [...enriched.consumerGroups, ...scored.consumerGroups, ...eventReaders],
  };
}

/** What is there already. Of the namespace, what nobody told is read, in one read. */
function sourceOf({ children, settings }: ScoringSite, args: MLScoringPathArgs) {
  const { existingNormalizedDataHubId, existingFhirEventsHubId } = args;
  const given = settings.managedIdentities?.capture;
  const needsRead = args.eventHubsNamespaceHost === undefined || given === undefined;
  const { namespaceId } = eventHubPlace(existingNormalizedDataHubId);
  const namespace = needsRead ? existingNamespace(children, namespaceId) : undefined;
  const normalizedData = existingEventHub(children, 'normalizeddata', existingNormalizedDataHubId, {
    namespaceHost: args.eventHubsNamespaceHost ?? namespace?.serviceBusEndpoint.apply(namespaceHost),
    partitionCount: args.normalizedDataPartitions,
  });
  const isPolled = settings.chartedValues === 'polling' || existingFhirEventsHubId === undefined;
  return {
    normalizedData,
    fhirEvents: isPolled ? undefined : eventHubPlace(existingFhirEventsHubId),
    capture: given
      ? { id: pulumi.output(given.id), principalId: pulumi.output(given.principalId) }
      : identityOn(namespace as ExistingNamespace),
  };
}

/** The namespace's identity for Capture: its only one, or the only one that is named for it, as `IoMTIngest` names it. */
function identityOn({ id, userAssignedIdentities }: ExistingNamespace): Identity {
  const found = pulumi.all([id, userAssignedIdentities]).apply(([namespaceId, identities]) => {
    const all = Object.entries(identities).map(([identityId, { principalId }]) => ({ id: identityId, principalId }));
    const named = all.filter((one) => /[/-]capture(-|$)/i.test(one.id));
    const [only, ...others] = all.length === 1 ? all : named;
    if (only && others.length === 0) return only;
    throw new Error(
      `The Event Hubs namespace ${namespaceId} carries ${all.length} user-assigned identities, of which none is known to be for Capture; put one on the namespace, and give it as managedIdentities.capture.`,
    );
  });
  return { id: found.apply((one) => one.id), principalId: found.apply((one) => one.principalId) };
}
