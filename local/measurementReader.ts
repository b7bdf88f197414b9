import { EventHubConsumerClient, latestEventPosition } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import { kindProperty } from '../runtime/contracts/clockMark';

const options = { startPosition: latestEventPosition, maxBatchSize: 500, maxWaitTimeInSeconds: 1 };

/**
 * Reads `normalizeddata` as the ML Input function will, and counts what comes: step 6 of the live page.
 * @param onMeasurements gets how many measurements came
 * @throws Error when the event hub cannot be asked
 */
export async function readMeasurements(
  host: string,
  credential: TokenCredential,
  onMeasurements: (count: number) => void,
): Promise<{ close(): Promise<void> }> {
  const client = new EventHubConsumerClient('$Default', host, 'normalizeddata', credential);
  const subscriptions = (await client.getPartitionIds()).map((partition) =>
    client.subscribe(
      partition,
      {
        processEvents: async (events) => {
          // Clock marks travel between the measurements, and are no messages of step 6.
          const count = events.filter(({ properties }) => properties?.[kindProperty] === undefined).length;
          if (count > 0) onMeasurements(count);
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
