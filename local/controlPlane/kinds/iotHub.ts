import type { Properties } from '../../contracts';
import { textAt } from '../values';
import { routingRules } from './iotHubRouting';
import { type Failure, inGroup, type Kind, type Surroundings } from './kind';
import { identity, oneOf, outside, range } from './rules';

const quotas = 'Learn: IoT Hub quotas and throttling';

/** Learn: "IoT Hub quotas and throttling", units per tier. */
const maxUnits: Readonly<Record<string, number>> = { F1: 1, B1: 200, B2: 200, B3: 10, S1: 200, S2: 200, S3: 10 };

export const iotHub: Kind = {
  kind: 'iothub:IotHubResource',
  armType: 'Microsoft.Devices/IotHubs',
  id: inGroup('Microsoft.Devices/IotHubs/{resourceName}'),
  name: {
    min: 3,
    max: 50,
    pattern: /^[A-Za-z0-9-]*[A-Za-z0-9]$/,
    allowed: 'letters, digits and hyphens, not ending in a hyphen',
  },
  isGlobalName: true,
  immutable: ['properties.enableDataResidency', 'properties.eventHubEndpoints.events.partitionCount'],
  rules: [
    ...identity(),
    units,
    range('properties.eventHubEndpoints.events.retentionTimeInDays', 1, 7, quotas),
    range('properties.eventHubEndpoints.events.partitionCount', 2, 32, quotas),
    range('properties.cloudToDevice.maxDeliveryCount', 1, 100, 'ARM types'),
    range('properties.cloudToDevice.feedback.maxDeliveryCount', 1, 100, 'ARM types'),
    range('properties.messagingEndpoints.*.maxDeliveryCount', 1, 100, 'ARM types'),
    oneOf('properties.minTlsVersion', ['1.0', '1.2'], 'Learn: IoT Hub TLS support'),
    ...routingRules(),
  ],
  defaults: () => ({
    properties: {
      disableLocalAuth: false,
      disableDeviceSAS: false,
      disableModuleSAS: false,
      publicNetworkAccess: 'Enabled',
      features: 'None',
      eventHubEndpoints: { events: { partitionCount: 4, retentionTimeInDays: 1 } },
    },
  }),
  computed: ({ inputs }) => ({
    properties: {
      hostName: `${String(inputs.resourceName)}.azure-devices.net`,
      state: 'Active',
      provisioningState: 'Succeeded',
    },
  }),
};

function units(inputs: Properties): Failure[] {
  const sku = textAt(inputs, 'sku.name');
  const max = sku ? maxUnits[sku] : undefined;
  return max ? outside(inputs, 'sku.capacity', 1, max, `on ${sku} (${quotas})`) : [];
}

export const certificate: Kind = {
  kind: 'iothub:Certificate',
  armType: 'Microsoft.Devices/IotHubs/certificates',
  id: inGroup('Microsoft.Devices/IotHubs/{resourceName}/certificates/{certificateName}'),
  name: { min: 1, max: 64, pattern: /^[A-Za-z0-9._-]+$/, allowed: 'letters, digits, periods, hyphens and underscores' },
  rules: [unchangedCertificate],
};

/**
 * IoT Hub and DPS REST: "If-Match ... required to update an existing certificate". azure-native sends no such header, and Azure
 * answers 412 `PreconditionFailed`.
 */
export function unchangedCertificate(inputs: Properties, { current }: Surroundings): Failure[] {
  const property = 'properties.certificate';
  const [was, wanted] = [textAt(current?.inputs, property), textAt(inputs, property)];
  if (was === undefined || wanted === undefined || was === wanted) return [];
  const reason =
    'the certificate differs from the one of this name, and Azure changes none without its ETag (412 PreconditionFailed), which azure-native does not send; give the new one another name.';
  return [{ property, reason }];
}

export const builtInConsumerGroup: Kind = {
  kind: 'iothub:IotHubResourceEventHubConsumerGroup',
  armType: 'Microsoft.Devices/IotHubs/eventHubEndpoints/ConsumerGroups',
  id: inGroup(
    'Microsoft.Devices/IotHubs/{resourceName}/eventHubEndpoints/{eventHubEndpointName}/ConsumerGroups/{name}',
  ),
  name: {
    min: 1,
    max: 50,
    pattern: /^[A-Za-z0-9$]([A-Za-z0-9._-]*[A-Za-z0-9])?$/,
    allowed: 'letters, digits, periods, hyphens and underscores',
  },
  rules: [oneOf('eventHubEndpointName', ['events'], 'Learn: built-in endpoint')],
};
