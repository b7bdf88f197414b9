import type { SenderProperties } from './message';

/** What a device publishes, by topic (Azure IoT Hub, "Use MQTT to establish communication"). */
export type DevicePublish =
  | { readonly kind: 'telemetry'; readonly deviceId: string; readonly propertyBag: string }
  | { readonly kind: 'getTwin'; readonly requestId: string }
  | { readonly kind: 'patchReported'; readonly requestId: string }
  | { readonly kind: 'methodResponse'; readonly status: number; readonly requestId: string };

const telemetryTopic = /^devices\/([^/]+)\/messages\/events(?:\/(.*))?$/;
const methodResponseTopic = /^\$iothub\/methods\/res\/(-?\d+)\/\?(.*)$/;

/** What is published to this topic; nothing when it is none of IoT Hub's. */
export function parsePublishTopic(topic: string): DevicePublish | undefined {
  const telemetry = telemetryTopic.exec(topic);
  if (telemetry !== null) {
    return { kind: 'telemetry', deviceId: telemetry[1] as string, propertyBag: telemetry[2] ?? '' };
  }
  const response = methodResponseTopic.exec(topic);
  if (response !== null) {
    return { kind: 'methodResponse', status: Number(response[1]), requestId: requestIdOf(response[2] as string) };
  }
  if (topic.startsWith('$iothub/twin/GET/?')) return { kind: 'getTwin', requestId: requestIdOf(topic.slice(18)) };
  const reported = '$iothub/twin/PATCH/properties/reported/?';
  if (topic.startsWith(reported)) {
    return { kind: 'patchReported', requestId: requestIdOf(topic.slice(reported.length)) };
  }
  return undefined;
}

/** The topic filters that a device may subscribe to. */
export function maySubscribe(deviceId: string, filter: string): boolean {
  return (
    filter === '$iothub/twin/res/#' ||
    filter === '$iothub/twin/PATCH/properties/desired/#' ||
    filter === '$iothub/methods/POST/#' ||
    filter === `devices/${deviceId}/messages/devicebound/#`
  );
}

function requestIdOf(query: string): string {
  return new URLSearchParams(query).get('$rid') ?? '';
}

export interface PropertyBag extends SenderProperties {
  readonly properties: Record<string, string>;
}

/** System properties in an MQTT topic, as the device SDKs write them. */
const senderKeys: Record<string, keyof SenderProperties> = {
  '$.mid': 'messageId',
  '$.cid': 'correlationId',
  '$.uid': 'userId',
  '$.ct': 'contentType',
  '$.ce': 'contentEncoding',
};

/**
 * Reads `key=value&key=value`, percent-encoded. `$.ctime` becomes the application property `iothub-creation-time-utc`,
 * the name under which readers of the event hub find it; other system properties (`$.to`, `$.exp` ...) concern the way
 * to a device and are left out.
 * @throws URIError when it is not percent-encoded.
 */
export function parsePropertyBag(bag: string): PropertyBag {
  const properties: Record<string, string> = {};
  const sender: { -readonly [K in keyof SenderProperties]: string } = {};
  for (const pair of trimSlash(bag).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = decodeURIComponent(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decodeURIComponent(pair.slice(equals + 1));
    const senderKey = senderKeys[key];
    if (senderKey !== undefined) sender[senderKey] = value;
    else if (key === '$.ctime') properties['iothub-creation-time-utc'] = value;
    else if (!key.startsWith('$.')) properties[key] = value;
  }
  return { ...sender, properties };
}

function trimSlash(bag: string): string {
  return (bag.startsWith('?') ? bag.slice(1) : bag).replace(/\/$/, '');
}
