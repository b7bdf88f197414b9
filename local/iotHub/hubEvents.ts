import type { Device } from './device';
import type { DeviceChange } from './deviceRegistry';
import type { IotHubMessage, MessageSource } from './message';

/**
 * The events that a hub makes of what happens to its devices, as IoT Hub words them ("Non-telemetry event schemas"):
 * application properties hubName, deviceId, opType, operationTimestamp, iothub-message-schema, and a JSON body.
 */
function hubEvent(
  source: MessageSource,
  given: { hubName: string; deviceId: string; generationId: string; opType: string; schema: string; time: number },
  body: unknown,
): IotHubMessage {
  return {
    source,
    deviceId: given.deviceId,
    generationId: given.generationId,
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    properties: {
      hubName: given.hubName,
      deviceId: given.deviceId,
      opType: given.opType,
      operationTimestamp: new Date(given.time).toISOString(),
      'iothub-message-schema': given.schema,
    },
    body: Buffer.from(JSON.stringify(body)),
  };
}

export function lifecycleEvent(
  hubName: string,
  kind: 'created' | 'deleted',
  device: Device,
  time: number,
): IotHubMessage {
  const { deviceId, generationId, twin } = device;
  const opType = kind === 'created' ? 'createDeviceIdentity' : 'deleteDeviceIdentity';
  const given = { hubName, deviceId, generationId, opType, schema: 'deviceLifecycleNotification', time };
  return hubEvent('DeviceLifecycleEvents', given, {
    deviceId,
    etag: twin.etag,
    version: twin.version,
    tags: twin.tags,
    properties: { desired: versioned(twin.desired), reported: versioned(twin.reported) },
  });
}

export function connectionEvent(hubName: string, device: Device, connected: boolean, time: number): IotHubMessage {
  const { deviceId, generationId } = device;
  const opType = connected ? 'deviceConnected' : 'deviceDisconnected';
  const given = { hubName, deviceId, generationId, opType, schema: 'deviceConnectionStateNotification', time };
  // Azure sends a sequence number by which readers bring these events in order; time does it here.
  return hubEvent('DeviceConnectionStateEvents', given, { sequenceNumber: time.toString(16).padStart(16, '0') });
}

export function twinEvent(
  hubName: string,
  change: Extract<DeviceChange, { kind: 'twin' }>,
  time: number,
): IotHubMessage {
  const { deviceId, generationId, twin } = change.device;
  const opType = change.replaced ? 'replaceTwin' : 'updateTwin';
  const given = { hubName, deviceId, generationId, opType, schema: 'twinChangeNotification', time };
  const { tags, desired, reported } = change.patch;
  const properties = {
    ...(desired === undefined ? {} : { desired: { ...desired, $version: twin.desired.version } }),
    ...(reported === undefined ? {} : { reported: { ...reported, $version: twin.reported.version } }),
  };
  return hubEvent('TwinChangeEvents', given, {
    version: twin.version,
    ...(tags === undefined ? {} : { tags }),
    ...(Object.keys(properties).length === 0 ? {} : { properties }),
  });
}

function versioned({ values, version }: Device['twin']['desired']): Record<string, unknown> {
  return { ...values, $version: version };
}
