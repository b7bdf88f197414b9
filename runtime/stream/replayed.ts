import { type DeadLetter, type ReplayedFrom, replayedProperty } from '../contracts/deadLetter';
import type { ReceivedEvent } from './eventBatch';
import { deviceIdProperty } from './marks';

/**
 * A replayed dead letter as its original arrived: with its system properties (IoT Hub's device id among them, which no
 * sender can set) and its time. Any other event as it is, also one of a device that claims to be a replay.
 */
export function restored(event: ReceivedEvent): ReceivedEvent {
  const claim = event.properties[replayedProperty];
  if (typeof claim !== 'string' || Object.hasOwn(event.systemProperties, deviceIdProperty)) return event;
  const from = parse(claim);
  if (from === undefined) return event;
  const { [replayedProperty]: _claim, ...properties } = event.properties;
  return { ...event, properties, systemProperties: from.systemProperties, enqueuedTime: from.enqueuedTime };
}

/** The application properties with which a dead letter is sent again. */
export function replayProperties(name: string, letter: DeadLetter): Record<string, unknown> {
  const from: ReplayedFrom = {
    deadLetter: name,
    enqueuedTime: letter.enqueuedTime,
    systemProperties: letter.systemProperties,
  };
  return { ...letter.properties, [replayedProperty]: JSON.stringify(from) };
}

function parse(text: string): ReplayedFrom | undefined {
  try {
    const from = JSON.parse(text) as Partial<ReplayedFrom> | null;
    const isReplay =
      typeof from?.enqueuedTime === 'string' &&
      !Number.isNaN(Date.parse(from.enqueuedTime)) &&
      typeof from.systemProperties === 'object' &&
      from.systemProperties !== null;
    return isReplay ? (from as ReplayedFrom) : undefined;
  } catch {
    return undefined;
  }
}
