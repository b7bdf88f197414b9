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
  const id = pulumi.output(eventHubId);
  const namespaceId = id.apply(namespaceIdOf);
  const parts = namespaceId.apply((text) => parseArmId(text, 'Microsoft.EventHub/namespaces'));
  return {
    id,
    name: nameFromId(id),
    partitionCount: pulumi.output(known.partitionCount ?? readPartitionCount(children, child, id)),
    namespace: {
      name: parts.apply(({ name }) => name),
      resourceGroupName: parts.apply(({ resourceGroupName }) => resourceGroupName),
    },
    namespaceHost: pulumi.output(
      known.namespaceHost ?? existingNamespace(children, namespaceId).serviceBusEndpoint.apply(namespaceHost),
    ),
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
  { namespace, name }: EventHubReference,
  consumerGroups: readonly string[],
): ConsumerGroup[] {
  const place = { resourceGroupName: namespace.resourceGroupName, namespaceName: namespace.name, eventHubName: name };
  return consumerGroups.map(
    (consumerGroupName) =>
      new ConsumerGroup(...children.of(`${child}-${consumerGroupName}-readers`, { ...place, consumerGroupName })),
  );
}
