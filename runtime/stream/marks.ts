import { clockMarkKind, kindProperty } from '../contracts/clockMark';
import type { ReceivedEvent } from './eventBatch';

/** System property that IoT Hub puts on every message of a device, and on nothing else. */
export const deviceIdProperty = 'iothub-connection-device-id';

/** Whether an event is a clock mark: a device cannot send one. */
export function isClockMark({ properties, systemProperties }: ReceivedEvent): boolean {
  return properties[kindProperty] === clockMarkKind && !Object.hasOwn(systemProperties, deviceIdProperty);
}
