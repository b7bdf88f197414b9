import { ConsumerGroup } from '@pulumi/azure-native/eventhub/consumerGroup';
import { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import * as pulumi from '@pulumi/pulumi';
import { type Children, nameFromId, parseArmId } from './component';
import { existingNamespace, type NamespacePlace, namespaceHost } from './eventHubs';

/** An event hub that exists already, and its namespace. */
export interface EventHubReference {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly partitionCount: pulumi.Output<number>;
  readonly namespace: NamespacePlace;
  /** Host of its namespace, as clients take it. */
  readonly namespaceHost: pulumi.Output<string>;
}

/**
 * An event hub of another component or stack, never changed. What is not known of it is read, which each preview shows as a
 * read of its own.
 */
export function existingEventHub(
  children: Children,
  child: string,
  eventHubId: pulumi.Input<string>,
  known: { readonly namespaceHost?: pulumi.Input<string>; readonly partitionCount?: pulumi.Input<number> },
): EventHubReference {
  const place = eventHubPlace(eventHubId);
  const { id, namespaceId } = place;
  return {
    ...place,
    partitionCount: pulumi.output(known.partitionCount ?? readPartitionCount(children, child, id)),
    namespaceHost: pulumi.output(
      known.namespaceHost ?? existingNamespace(children, namespaceId).serviceBusEndpoint.apply(namespaceHost),
    ),
  };
}

/** Where an event hub lies, told from its id alone. */
export type EventHubPlace = Pick<EventHubReference, 'id' | 'name' | 'namespace'> & {
  readonly namespaceId: pulumi.Output<string>;
};

export function eventHubPlace(eventHubId: pulumi.Input<string>): EventHubPlace {
  const id = pulumi.output(eventHubId);
  const namespaceId = id.apply(namespaceIdOf);
  const parts = namespaceId.apply((text) => parseArmId(text, 'Microsoft.EventHub/namespaces'));
  return {
    id,
    name: nameFromId(id),
    namespaceId,
    namespace: {
      name: parts.apply(({ name }) => name),
      resourceGroupName: parts.apply(({ resourceGroupName }) => resourceGroupName),
    },
  };
}

function readPartitionCount(children: Children, child: string, id: pulumi.Output<string>): pulumi.Output<number> {
  const [name, , opts] = children.of(child, {});
  return EventHub.get(name, id, opts).partitionCount.apply((count) => count ?? 1);
}

/** ARM id of an event hub in a namespace. */
export const eventHubIdPattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.EventHub\/namespaces\/[^/]+\/eventhubs\/[^/]+$/i;

function namespaceIdOf(eventHubId: string): string {
  if (eventHubIdPattern.test(eventHubId))
    return eventHubId.slice(0, eventHubId.toLowerCase().lastIndexOf('/eventhubs/'));
  throw new Error(`The id "${eventHubId}" is not the ARM id of an event hub.`);
}

/** Consumer groups of an event hub of another component. */
export function consumerGroupsOf(
  children: Children,
  child: string,
  { namespace, name }: Pick<EventHubReference, 'namespace' | 'name'>,
  consumerGroups: readonly string[],
): ConsumerGroup[] {
  const place = { resourceGroupName: namespace.resourceGroupName, namespaceName: namespace.name, eventHubName: name };
  return consumerGroups.map(
    (consumerGroupName) =>
      new ConsumerGroup(...children.of(`${child}-${consumerGroupName}-readers`, { ...place, consumerGroupName })),
  );
}
