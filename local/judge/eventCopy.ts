import type { ReceivedEventData } from '@azure/event-hubs';
import { type Copy, telemetrySource } from './copies';

/**
 * An event as IoT Hub routes it to an event hub, received with `skipParsingBodyAsJson`.
 * Undefined when it is not telemetry with a message id (twin changes, lifecycle events, clock marks).
 */
export function eventCopy(event: ReceivedEventData): Copy | undefined {
  const system = event.systemProperties ?? {};
  if (event.messageId === undefined || system['iothub-message-source'] !== telemetrySource) return undefined;
  return {
    key: String(event.messageId),
    deviceId: String(system['iothub-connection-device-id']),
    enqueuedAt: timeOf(system['iothub-enqueuedtime']) ?? event.enqueuedTimeUtc.getTime(),
    body: jsonOf(event.body),
  };
}

function timeOf(value: unknown): number | undefined {
  const time = value instanceof Date ? value.getTime() : typeof value === 'string' ? Date.parse(value) : value;
  return typeof time === 'number' && Number.isFinite(time) ? time : undefined;
}

function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : String(body));
  } catch {
    return undefined;
  }
}
