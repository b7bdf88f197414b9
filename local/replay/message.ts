import type { VitalSignsRow } from './csv';

/** A telemetry message as a device of the replay sends it: JSON in UTF-8, said so by content type and encoding. */
export interface TelemetryMessage {
  readonly deviceId: string;
  /** The natural key: device and time. The same row has the same one, however often it is sent. */
  readonly messageId: string;
  /** When it was measured, milliseconds since 1970; sent as `iothub-creation-time-utc`. */
  readonly creationTime: number;
  /** `{"time": <ISO 8601, UTC>, "<column>": <number>, ...}` with the columns that were measured. */
  readonly body: Buffer;
}

/** Natural key of a measurement: at most 64 + 1 + 24 characters (IoT Hub allows 128 in a message id). */
export function naturalKey(deviceId: string, time: number): string {
  return `${deviceId}:${new Date(time).toISOString()}`;
}

/** The messages of a recording whose minute 0 is at `start` (milliseconds since 1970): one a row with a value. */
export function telemetryMessages(rows: readonly VitalSignsRow[], start: number): TelemetryMessage[] {
  return rows.filter((row) => Object.keys(row.vitals).length > 0).map((row) => telemetryMessage(row, start));
}

function telemetryMessage(row: VitalSignsRow, start: number): TelemetryMessage {
  const creationTime = start + row.offsetMs;
  return {
    deviceId: row.deviceId,
    messageId: naturalKey(row.deviceId, creationTime),
    creationTime,
    body: Buffer.from(JSON.stringify({ time: new Date(creationTime).toISOString(), ...row.vitals })),
  };
}
