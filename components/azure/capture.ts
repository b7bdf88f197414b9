import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type { input } from '@pulumi/azure-native/types';
import * as pulumi from '@pulumi/pulumi';
import { nameFromId } from './component';
import type { Identity } from './identity';

/** Where Event Hubs keeps a copy of everything that a hub takes: Avro files in a container, a folder a partition and time. */
export interface Capture {
  readonly storageAccountId: pulumi.Input<string>;
  readonly container: BlobContainer;
  /** Writes the files: on the namespace, and with its role on the container before the hub is made. */
  readonly identity: Identity;
  /** A file ends after so many seconds (60 to 900) or megabytes (10 to 500), whichever comes first. */
  readonly intervalSeconds: pulumi.Input<number>;
  readonly sizeMegabytes: pulumi.Input<number>;
}

/** Folders by partition and time of arrival; readers go by the events' own times. */
export const captureNameFormat = '{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}-{Namespace}';

const bytesPerMegabyte = 1_048_576;

export function captureDescription(capture: Capture): input.eventhub.CaptureDescriptionArgs {
  return {
    enabled: true,
    encoding: 'Avro',
    intervalInSeconds: capture.intervalSeconds,
    sizeLimitInBytes: pulumi.output(capture.sizeMegabytes).apply((size) => size * bytesPerMegabyte),
    skipEmptyArchives: true,
    destination: {
      name: 'EventHubArchive.AzureBlockBlob',
      storageAccountResourceId: capture.storageAccountId,
      blobContainer: nameFromId(capture.container.id),
      archiveNameFormat: captureNameFormat,
      identity: { type: 'UserAssigned', userAssignedIdentity: capture.identity.id },
    },
  };
}
