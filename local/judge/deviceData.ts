import {
  type EventHubConsumerClient,
  earliestEventPosition,
  type PartitionProperties,
  type ReceivedEventData,
  type Subscription,
} from '@azure/event-hubs';
import type { Copy } from './copies';
import { eventCopy } from './eventCopy';

const quietMs = 60_000;

/** Reads all telemetry that lies on an event hub now. */
export function readDeviceData(client: EventHubConsumerClient): Promise<Copy[]> {
  return readEvents(client, eventCopy);
}

/**
 * Reads all events that lie on an event hub now, from the oldest one that is kept.
 * @param read undefined for what is of no interest
 * @throws Error when the hub refuses, or when a partition gives nothing for a minute before its end.
 */
export async function readEvents<T>(
  client: EventHubConsumerClient,
  read: (event: ReceivedEventData) => T | undefined,
): Promise<T[]> {
  const partitions = await Promise.all((await client.getPartitionIds()).map((id) => client.getPartitionProperties(id)));
  const found = await Promise.all(partitions.map((partition) => readPartition(client, partition, read)));
  return found.flat();
}

function readPartition<T>(
  client: EventHubConsumerClient,
  partition: PartitionProperties,
  read: (event: ReceivedEventData) => T | undefined,
): Promise<T[]> {
  if (partition.isEmpty) return Promise.resolve([]);
  const found: T[] = [];
  const last = partition.lastEnqueuedSequenceNumber;
  return new Promise<T[]>((resolve, reject) => {
    let subscription: Subscription | undefined;
    const end = (finish: () => void) => {
      clearTimeout(quiet);
      Promise.resolve(subscription?.close()).then(finish, reject);
    };
    const stalled = () =>
      end(() =>
        reject(
          new Error(`Partition ${partition.partitionId} of ${client.eventHubName} gives no events before ${last}.`),
        ),
      );
    const quiet = setTimeout(stalled, quietMs);
    const take = async (events: ReceivedEventData[]) => {
      if (events.length > 0) quiet.refresh();
      for (const event of events) {
        const one = event.sequenceNumber <= last ? read(event) : undefined;
        if (one !== undefined) found.push(one);
      }
      if ((events.at(-1)?.sequenceNumber ?? -1) >= last) end(() => resolve(found));
    };
    const fail = async (error: Error) => end(() => reject(error));
    subscription = client.subscribe(
      partition.partitionId,
      { processEvents: take, processError: fail },
      { startPosition: earliestEventPosition, maxBatchSize: 500, maxWaitTimeInSeconds: 1, skipParsingBodyAsJson: true },
    );
  });
}
