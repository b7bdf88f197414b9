import type { IotHubResource } from '@pulumi/azure-native/iothub/iotHubResource';
import type { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import { blobServiceOf, diagnose } from '../azure/diagnostics';
import type { NamespaceReference } from '../azure/eventHubs';
import { privateEndpoint } from '../azure/privateEndpoints';
import { lockResource } from '../azure/protection';
import type { ProvisioningService } from './provisioning';
import type { IngestSite } from './site';

/** Private endpoints, logs and metrics, and locks last: the same for each resource. */
export function observe(
  { children, names, surroundings, settings }: IngestSite,
  hub: IotHubResource,
  provisioning: ProvisioningService | undefined,
  namespace: NamespaceReference,
  account: StorageAccount,
): void {
  const ownNamespace = settings.existingEventHubsNamespaceId === undefined;
  const resources = [
    { child: 'iot-hub' as const, id: hub.id },
    ...(provisioning ? [{ child: 'provisioning' as const, id: provisioning.id }] : []),
    ...(ownNamespace ? [{ child: 'event-hubs' as const, id: namespace.id }] : []),
    { child: 'raw-storage' as const, id: account.id },
  ];
  for (const { child, id } of resources) {
    privateEndpoint(children, names, surroundings, child, id, settings.privateEndpoints, child);
    diagnose(children, child, id, settings.diagnosticSettings, child !== 'raw-storage');
  }
  diagnose(children, 'raw-storage-blobs', blobServiceOf(account.id), settings.diagnosticSettings);
  for (const { child, id } of resources) lockResource(children, child, id, settings);
}
