import type { EventContext, Receiver } from 'rhea';
import { AmqpRefusal } from './amqpRefusal';
import type { EventHub } from './eventHub';
import { batchFormat, eventsOf } from './storedEvent';

/** Event Hubs quotas: size of an event or batch on Standard, in bytes. */
export const largestMessage = 1024 * 1024;

/** Appends what a client sends on its link; a transfer is accepted once it is in the log, as a whole or not at all. */
export function takeEvents(link: Receiver, hub: EventHub, partitionId?: string): void {
  link.on('message', ({ message, delivery, format }: EventContext & { format?: number }) => {
    const transfer = message as unknown as Buffer;
    append(transfer, format === batchFormat ? batchFormat : 0, hub, partitionId).then(
      () => delivery?.accept(),
      (error: unknown) => {
        const { condition, description } = AmqpRefusal.from(error);
        delivery?.reject({ condition, description });
      },
    );
  });
}

async function append(transfer: Buffer, format: number, hub: EventHub, partitionId?: string): Promise<void> {
  if (transfer.length > largestMessage) {
    throw new AmqpRefusal(
      'amqp:link:message-size-exceeded',
      `The message has ${transfer.length} bytes; at most ${largestMessage} are taken.`,
    );
  }
  await hub.append(eventsOf(transfer, format), partitionId);
}
