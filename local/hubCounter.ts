import { EventHubConsumerClient, latestEventPosition } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import { kindProperty } from '../runtime/contracts/clockMark';

const options = { startPosition: latestEventPosition, maxBatchSize: 500, maxWaitTimeInSeconds: 1 };

/**
 * Reads an event hub of the path beside its own reader, and counts what comes, for a step of the live page.
 * @param onData gets how many events other than clock marks came
 * @throws Error when the event hub cannot be asked
 */
export async function countData(
  host: string,
  hub: string,
  credential: TokenCredential,
  onData: (count: number) => void,
): Promise<{ close(): Promise<void> }> {
  const client = new EventHubConsumerClient('$Default', host, hub, credential);
  const subscriptions = (await client.getPartitionIds()).map((partition) =>
    client.subscribe(
      partition,
      {
        processEvents: async (events) => {
          const count = events.filter(({ properties }) => properties?.[kindProperty] === undefined).length;
          if (count > 0) onData(count);
        },
        // A namespace that is being started again passes, and counts for a page are not worth more.
        processError: async () => {},
      },
      { ...options, skipParsingBodyAsJson: true },
    ),
  );
  return {
    close: async () => {
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
      await client.close();
    },
  };
}
