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

/**
 * Reads all telemetry that lies on an event hub now, from the oldest event that is kept.
 * @throws Error when the hub refuses, or when a partition gives nothing for a minute before its end.
 */
export async function readDeviceData(client: EventHubConsumerClient): Promise<Copy[]> {
  const partitions = await Promise.all((await client.getPartitionIds()).map((id) => client.getPartitionProperties(id)));
  const copies = await Promise.all(partitions.map((partition) => readPartition(client, partition)));
  return copies.flat();
}

function readPartition(client: EventHubConsumerClient, partition: PartitionProperties): Promise<Copy[]> {
  if (partition.isEmpty) return Promise.resolve([]);
  const copies: Copy[] = [];
  const last = partition.lastEnqueuedSequenceNumber;
  return new Promise<Copy[]>((resolve, reject) => {
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
        const copy = event.sequenceNumber <= last ? eventCopy(event) : undefined;
        if (copy) copies.push(copy);
      }
      if ((events.at(-1)?.sequenceNumber ?? -1) >= last) end(() => resolve(copies));
    };
    const fail = async (error: Error) => end(() => reject(error));
    subscription = client.subscribe(
      partition.partitionId,
      { processEvents: take, processError: fail },
      { startPosition: earliestEventPosition, maxBatchSize: 500, maxWaitTimeInSeconds: 1, skipParsingBodyAsJson: true },
    );
  });
}
