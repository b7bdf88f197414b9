import { SystemTopic } from '@pulumi/azure-native/eventgrid/systemTopic';
import { SystemTopicEventSubscription } from '@pulumi/azure-native/eventgrid/systemTopicEventSubscription';
import * as pulumi from '@pulumi/pulumi';
import { type Children, nameFromId, type Surroundings } from './component';
import type { Identity } from './identity';
import { goesWith } from './protection';

/** Events of one Azure resource, delivered into an event hub. */
export interface EventsSettings {
  readonly systemTopicName: pulumi.Output<string>;
  /** ARM id of the resource that the events are about; Azure has one system topic for it. */
  readonly source: pulumi.Input<string>;
  readonly topicType: string;
  /** A system topic lies where its source lies. */
  readonly location: pulumi.Input<string>;
  readonly eventTypes: readonly string[];
  readonly eventHubId: pulumi.Input<string>;
  /** Who delivers; Event Grid checks its role on the event hub when the subscription is created. */
  readonly identity: Identity;
  readonly subscriptionName: string;
}

/** A system topic and a subscription to it that is delivered by identity. */
export function eventsToHub(
  children: Children,
  { resourceGroupName, tags }: Surroundings,
  settings: EventsSettings,
  gate: pulumi.Input<pulumi.Resource[]>,
): SystemTopic {
  const { identity } = settings;
  const topic = new SystemTopic(
    ...children.of('events-topic', {
      resourceGroupName,
      systemTopicName: settings.systemTopicName,
      location: settings.location,
      tags,
      source: settings.source,
      topicType: settings.topicType,
      identity: {
        type: 'UserAssigned',
        // The key is an output where the identity is new, so the whole map is one.
        userAssignedIdentities: pulumi.output(identity.id).apply((id) => ({ [id]: {} })),
      },
    }),
  );
  new SystemTopicEventSubscription(
    ...children.of(
      'events-subscription',
      {
        resourceGroupName,
        systemTopicName: nameFromId(topic.id),
        eventSubscriptionName: settings.subscriptionName,
        eventDeliverySchema: 'EventGridSchema',
        filter: { includedEventTypes: [...settings.eventTypes] },
        deliveryWithResourceIdentity: {
          identity: { type: 'UserAssigned', userAssignedIdentity: identity.id },
          destination: { endpointType: 'EventHub' as const, resourceId: settings.eventHubId },
        },
      },
      { ...goesWith(topic), dependsOn: gate },
    ),
  );
  return topic;
}
