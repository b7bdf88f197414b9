/** Where a message comes from; IoT Hub's `RoutingSource`. */
export const messageSources = [
  'DeviceMessages',
  'DeviceLifecycleEvents',
  'DeviceConnectionStateEvents',
  'TwinChangeEvents',
  'DeviceJobLifecycleEvents',
] as const;
export type MessageSource = (typeof messageSources)[number];

/** Value of the system property `iothub-message-source` for each source. */
export const messageSourceNames: Record<MessageSource, string> = {
  DeviceMessages: 'Telemetry',
  DeviceLifecycleEvents: 'deviceLifecycleEvents',
  DeviceConnectionStateEvents: 'deviceConnectionStateEvents',
  TwinChangeEvents: 'twinChangeEvents',
  DeviceJobLifecycleEvents: 'deviceJobLifecycleEvents',
};

/** The system properties that the sender of a message sets (`$.mid`, `$.ct` ... in an MQTT topic). */
export interface SenderProperties {
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly userId?: string;
  readonly contentType?: string;
  readonly contentEncoding?: string;
}

/** A message as IoT Hub takes it in. */
export interface IotHubMessage extends SenderProperties {
  readonly source: MessageSource;
  readonly deviceId: string;
  /** Application properties. */
  readonly properties: Readonly<Record<string, string>>;
  /** `iothub-connection-auth-method`: how the device authenticated, as JSON; none for the hub's own events. */
  readonly authMethod?: string;
  /** `iothub-connection-auth-generation-id`: tells a device from an earlier one of the same id. */
  readonly generationId?: string;
  readonly body: Buffer;
}

/** An enrichment whose value is known: the application property that messages to these endpoints get. */
export interface Stamp {
  readonly key: string;
  readonly value: string;
  readonly endpointNames: readonly string[];
}

/** What the ingress log keeps of a message: where it goes was decided when it was accepted. */
export interface AcceptedMessage extends IotHubMessage {
  readonly endpointNames: readonly string[];
  readonly stamps: readonly Stamp[];
  /** Machine time at which the hub took it, in milliseconds; only for the delays on the live page. */
  readonly acceptedAt: number;
}

const headerLengthBytes = 4;

/** Length of the header (u32), the header as JSON, the body as it came. */
export function encodeAccepted(message: AcceptedMessage): Buffer {
  const { body, ...header } = message;
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.allocUnsafe(headerLengthBytes);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, body]);
}

export function decodeAccepted(payload: Buffer): AcceptedMessage {
  const bodyStart = headerLengthBytes + payload.readUInt32LE();
  const header = JSON.parse(payload.toString('utf8', headerLengthBytes, bodyStart)) as Omit<AcceptedMessage, 'body'>;
  return { ...header, body: payload.subarray(bodyStart) };
}

/** Application properties as they leave towards an endpoint: the message's own and the enrichments for it. */
export function propertiesFor(message: AcceptedMessage, endpointName: string): Record<string, string> {
  const properties = { ...message.properties };
  for (const { key, value, endpointNames } of message.stamps) {
    if (endpointNames.includes(endpointName)) properties[key] = value;
  }
  return properties;
}
