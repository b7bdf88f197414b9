/** A message from the `devicedata` hub, as the normalizing step gets it. */
export interface DeviceMessage {
  /** UTF-8 JSON of any shape; empty is allowed and means null. */
  readonly body: string;
  /** Application properties; IoT Hub puts `iothub-creation-time-utc` here. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** What the broker knows; IoT Hub puts `iothub-connection-device-id` and `iothub-enqueuedtime` here. */
  readonly systemProperties: Readonly<Record<string, unknown>>;
  /** When the hub took the message, ISO 8601; becomes the measurement's IngestionTimeUtc. */
  readonly enqueuedTime?: string;
}
