import type { EventHubArgs } from '@pulumi/azure-native/eventhub/eventHub';
import type { NamespaceArgs } from '@pulumi/azure-native/eventhub/namespace';
import type { IotHubResourceArgs } from '@pulumi/azure-native/iothub/iotHubResource';
import type { ResourceArgs } from '@pulumi/azure-native/resources/resource';
import type { BlobContainerArgs } from '@pulumi/azure-native/storage/blobContainer';
import type { BlobServicePropertiesArgs } from '@pulumi/azure-native/storage/blobServiceProperties';
import type { ManagementPolicyArgs } from '@pulumi/azure-native/storage/managementPolicy';
import type { StorageAccountArgs } from '@pulumi/azure-native/storage/storageAccount';
import type { Overrides, SecurityFloor } from '../azure/merge';
import type { CompleteSettings } from './defaults';

/** What can be overridden, in azure-native's own types. */
export interface IngestOverrides {
  'iot-hub'?: Partial<IotHubResourceArgs>;
  'event-hubs'?: Partial<NamespaceArgs>;
  devicedata?: Partial<EventHubArgs>;
  'raw-storage'?: Partial<StorageAccountArgs>;
  'raw-storage-blobs'?: Partial<BlobServicePropertiesArgs>;
  'raw-storage-lifecycle'?: Partial<ManagementPolicyArgs>;
  'raw-container'?: Partial<BlobContainerArgs>;
  'device-administration-container'?: Partial<BlobContainerArgs>;
  provisioning?: Partial<ResourceArgs>;
}

/**
 * Checks overrides against azure-native's types, which the argument itself cannot carry into other languages:
 * `overrides: ingestOverrides({ 'iot-hub': { properties: { comments: 'ward 7' } } })`.
 */
export function ingestOverrides(overrides: IngestOverrides): Overrides {
  return { ...overrides };
}

export const overridable: readonly (keyof IngestOverrides)[] = [
  'iot-hub',
  'event-hubs',
  'devicedata',
  'raw-storage',
  'raw-storage-blobs',
  'raw-storage-lifecycle',
  'raw-container',
  'device-administration-container',
  'provisioning',
];

const immutabilityState = 'immutableStorageWithVersioning.immutabilityPolicy.state';

/** What overrides cannot lower, unless the risk is accepted by name. */
export function securityFloors({ deviceAuthentication, edge }: CompleteSettings): SecurityFloor[] {
  const floor = (child: keyof IngestOverrides, path: string, risk: string, ...allowed: (string | boolean)[]) => ({
    child,
    path: path.split('.'),
    risk,
    allowed,
  });
  const byCertificate = deviceAuthentication === 'x509';
  return [
    floor('iot-hub', 'properties.disableLocalAuth', 'localAuthentication', true),
    ...(byCertificate ? [floor('iot-hub', 'properties.disableDeviceSAS', 'localAuthentication', true)] : []),
    ...(edge ? [] : [floor('iot-hub', 'properties.disableModuleSAS', 'localAuthentication', true)]),
    floor('iot-hub', 'properties.minTlsVersion', 'outdatedTls', '1.2'),
    floor('event-hubs', 'disableLocalAuth', 'localAuthentication', true),
    floor('event-hubs', 'minimumTlsVersion', 'outdatedTls', '1.2', '1.3'),
    floor('raw-storage', 'allowSharedKeyAccess', 'sharedKeyAccess', false),
    floor('raw-storage', 'isLocalUserEnabled', 'sharedKeyAccess', false),
    floor('raw-storage', 'immutableStorageWithVersioning.enabled', 'mutableRawData', true),
    floor('raw-storage', immutabilityState, 'mutableRawData', 'Unlocked', 'Locked'),
    floor('raw-storage', immutabilityState, 'lockedImmutability', 'Unlocked', 'Disabled'),
    floor('raw-storage', 'allowBlobPublicAccess', 'publicBlobAccess', false),
    floor('raw-storage', 'enableHttpsTrafficOnly', 'outdatedTls', true),
    floor('raw-storage', 'minimumTlsVersion', 'outdatedTls', 'TLS1_2', 'TLS1_3'),
    floor('raw-container', 'publicAccess', 'publicBlobAccess', 'None'),
    floor('device-administration-container', 'publicAccess', 'publicBlobAccess', 'None'),
  ];
}
