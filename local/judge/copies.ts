/** A message as it lies in one of the places that the judge reads. */
export interface Copy {
  /** `messageId`: the natural key of a replayed message. */
  readonly key: string;
  /** The device that the hub says it is from. */
  readonly deviceId: string;
  /** When the hub accepted it: virtual time, milliseconds since 1970. */
  readonly enqueuedAt: number;
  /** The JSON body; undefined when it is not JSON. */
  readonly body: unknown;
}

/** The message source that IoT Hub writes on what devices send; twin changes and lifecycle events have others. */
export const telemetrySource = 'Telemetry';
