import { isDeepStrictEqual } from 'node:util';
import { type ArmResource, AzureError, type Properties, type ServiceContext } from '../contracts';

/** What a hub's `captureDescription` means here; defaults are ARM's. */
export interface CaptureSettings {
  /** ARM id of the user-assigned identity that writes. */
  readonly identityId: string;
  readonly containerId: string;
  readonly nameFormat: string;
  /** A file is closed so long (cloud's clock) after its first event. */
  readonly intervalMs: number;
  /** A file is closed before the event that would bring its events above so many bytes. */
  readonly sizeLimitBytes: number;
  readonly skipEmptyArchives: boolean;
  readonly codec: 'null' | 'deflate';
}

const writeAction = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write';
const defaultNameFormat = '{Namespace}/{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}';

/**
 * The hub's Capture, undefined while it is off.
 * @throws AzureError 501 without a user-assigned identity: the local cloud has no first-party service identity
 */
export function captureSettings({ id, inputs }: ArmResource): CaptureSettings | undefined {
  const capture = inputs.captureDescription as Properties | undefined;
  if (!capture?.enabled) return undefined;
  const destination = (capture.destination ?? {}) as Properties;
  const identity = destination.identity as Properties | undefined;
  if (typeof identity?.userAssignedIdentity !== 'string') {
    throw new AzureError(
      501,
      'NotImplemented',
      `Capture of ${id} without a user-assigned identity is not part of the local cloud; set captureDescription.destination.identity.`,
    );
  }
  return {
    identityId: identity.userAssignedIdentity,
    containerId: `${destination.storageAccountResourceId}/blobServices/default/containers/${destination.blobContainer}`,
    nameFormat: String(destination.archiveNameFormat ?? defaultNameFormat),
    intervalMs: Number(capture.intervalInSeconds ?? 300) * 1000,
    sizeLimitBytes: Number(capture.sizeLimitInBytes ?? 314_572_800),
    skipEmptyArchives: capture.skipEmptyArchives === true,
    codec: capture.encoding === 'AvroDeflate' ? 'deflate' : 'null',
  };
}

/**
 * Azure asks whether the identity may write when Capture is turned on or changed.
 * @throws AzureError 403 when it lacks the data action on the container, 404 without the container
 */
export function requireCaptureAccess(
  resource: ArmResource,
  previous: ArmResource | undefined,
  { authority, resources }: Pick<ServiceContext, 'authority' | 'resources'>,
): void {
  const settings = captureSettings(resource);
  if (!settings) return;
  if (previous && isDeepStrictEqual(previous.inputs.captureDescription, resource.inputs.captureDescription)) return;
  if (!resources.get(settings.containerId)) {
    throw new AzureError(
      404,
      'ContainerNotFound',
      `There is no blob container ${settings.containerId} to capture into.`,
    );
  }
  authority.require(authority.identity(settings.identityId), writeAction, settings.containerId);
}
