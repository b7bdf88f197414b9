import { EventHubConsumerClient, type ReceivedEventData } from '@azure/event-hubs';
import { ManagedIdentityCredential } from '@azure/identity';
import { machineTime } from '../childProcess';

/** When each message was received, by message id, in milliseconds since 1970. */
export type Arrivals = ReadonlyMap<string, number>;

/** The real client, in this process; `IDENTITY_ENDPOINT` and the TLS authority must be set before. */
export function consumer(host: string, eventHub: string): EventHubConsumerClient {
  return new EventHubConsumerClient('$Default', host, eventHub, new ManagedIdentityCredential());
}

/** Receives from now on; resolves once every partition is followed. */
export async function followArrivals(
  client: EventHubConsumerClient,
): Promise<{ arrivals: Arrivals; close(): Promise<void> }> {
  const arrivals = new Map<string, number>();
  let failure: Error | undefined;
  const processEvents = async (events: ReceivedEventData[]) => {
    const at = machineTime();
    for (const { messageId } of events) arrivals.set(String(messageId), at);
  };
  const processError = async (error: Error) => {
    failure = error;
  };
  const partitions = await client.getPartitionIds();
  const subscriptions = await Promise.all(
    partitions.map(async (partition) => {
      const { isEmpty, lastEnqueuedSequenceNumber } = await client.getPartitionProperties(partition);
      const startPosition = { sequenceNumber: isEmpty ? -1 : lastEnqueuedSequenceNumber, isInclusive: false };
      const options = { startPosition, maxBatchSize: 100, skipParsingBodyAsJson: true };
      return client.subscribe(partition, { processEvents, processError }, options);
    }),
  );
  return {
    arrivals,
    close: async () => {
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
      if (failure) throw failure;
    },
  };
}

/** How many events the event hub holds, as it tells a real client. */
export async function messagesHeld(client: EventHubConsumerClient): Promise<number> {
  const partitions = await client.getPartitionIds();
  const properties = await Promise.all(partitions.map((partition) => client.getPartitionProperties(partition)));
  return properties.reduce((sum, one) => sum + (one.isEmpty ? 0 : one.lastEnqueuedSequenceNumber + 1), 0);
}
