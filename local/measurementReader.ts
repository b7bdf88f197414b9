import { EventHubConsumerClient, latestEventPosition } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';

/** Marks of time travel between the measurements, and are no messages of step 6. */
const kindProperty = 'iomt-kind';

/**
 * Reads `normalizeddata` as the ML Input function will, and counts what comes: step 6 of the live page.
 * @param onMeasurements gets how many measurements came
 */
export function readMeasurements(
  host: string,
  credential: TokenCredential,
  onMeasurements: (count: number) => void,
): { close(): Promise<void> } {
  const client = new EventHubConsumerClient('$Default', host, 'normalizeddata', credential);
  const subscription = client.subscribe(
    {
      processEvents: async (events) => {
        const count = events.filter(({ properties }) => properties?.[kindProperty] === undefined).length;
        if (count > 0) onMeasurements(count);
      },
      // A namespace that is being started again passes; the client goes on by itself.
      processError: async () => {},
    },
    { startPosition: latestEventPosition, maxBatchSize: 500, maxWaitTimeInSeconds: 1, skipParsingBodyAsJson: true },
  );
  return {
    close: async () => {
      await subscription.close();
      await client.close();
    },
  };
}
