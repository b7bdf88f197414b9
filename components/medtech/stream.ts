import type { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import type * as pulumi from '@pulumi/pulumi';
import { eventHub } from '../azure/eventHubs';
import { consumerGroupsOf, type EventHubReference, existingEventHub } from '../azure/existingEventHub';
import type { MedTechConnectorArgs } from '../medTechConnector';
import { mlInputGroup, writeObservationsGroup } from './defaults';
import type { ConnectorSite } from './site';

/** The hubs that the connector reads and writes, all in the namespace of `devicedata`. */
export interface ConnectorStream {
  readonly deviceData: EventHubReference;
  readonly normalizedData: EventHub;
  readonly normalizedDataPartitions: pulumi.Input<number>;
  readonly fhirEvents: EventHub;
  /** Consumer groups that functions read with. */
  readonly readers: pulumi.Resource[];
}

export const normalizedDataHub = 'normalizeddata';
export const fhirEventsHub = 'fhirevents';
/** Logical name of the hub that is read, and front of those of its consumer groups. */
const deviceDataChild = 'devicedata';

export function buildStream(
  { children, settings, protection }: ConnectorSite,
  { existingDeviceDataHubId, eventHubsNamespaceHost, deviceDataPartitions }: MedTechConnectorArgs,
): ConnectorStream {
  const { eventHubs, deviceDataConsumerGroup, normalizedDataConsumerGroups, fhirEventsConsumerGroups } = settings;
  const deviceData = existingEventHub(children, deviceDataChild, existingDeviceDataHubId, {
    namespaceHost: eventHubsNamespaceHost,
    partitionCount: deviceDataPartitions,
  });
  const deviceDataReaders = consumerGroupsOf(children, deviceDataChild, deviceData, [deviceDataConsumerGroup]);
  const normalizedDataPartitions = eventHubs.normalizedDataPartitions ?? deviceData.partitionCount;
  const { retentionHours } = eventHubs;
  // A managed service records the Observations itself, and nobody else would read with the group.
  const ownReaders = settings.engine === 'builtin' ? [writeObservationsGroup, mlInputGroup] : [mlInputGroup];
  const normalizedData = eventHub(
    children,
    deviceData.namespace,
    {
      eventHubName: normalizedDataHub,
      partitionCount: normalizedDataPartitions,
      retentionHours,
      consumerGroups: [...ownReaders, ...normalizedDataConsumerGroups],
    },
    protection,
  );
  const fhirEvents = eventHub(
    children,
    deviceData.namespace,
    {
      eventHubName: fhirEventsHub,
      partitionCount: eventHubs.fhirEventsPartitions,
      retentionHours,
      consumerGroups: fhirEventsConsumerGroups,
    },
    protection,
  );
  return {
    deviceData,
    normalizedData: normalizedData.hub,
    normalizedDataPartitions,
    fhirEvents: fhirEvents.hub,
    readers: [...deviceDataReaders, ...normalizedData.consumerGroups],
  };
}
