import { type EventHubConsumerClient, earliestEventPosition, type Subscription } from '@azure/event-hubs';
import type { ScoredMessage, ScoredWindow } from '../../runtime/contracts/scored';

const options = {
  startPosition: earliestEventPosition,
  maxBatchSize: 500,
  maxWaitTimeInSeconds: 1,
  skipParsingBodyAsJson: true,
};

/** Everything that lies on `scored`, and what comes: all revisions of all windows, as their readers get them. */
export class ScoredWatch {
  /** In the order of arrival; what was sent again, as a restart does, once. */
  readonly windows: ScoredWindow[] = [];
  /** Machine's clock when something new came last. */
  newsAt = Date.now();
  private readonly seen = new Set<string>();
  private readonly subscriptions: Subscription[] = [];

  private constructor(private readonly onWindow: (window: ScoredWindow) => void) {}

  /**
   * @param onWindow gets each revision once
   * @throws Error when the event hub cannot be asked
   */
  static async start(client: EventHubConsumerClient, onWindow: (window: ScoredWindow) => void): Promise<ScoredWatch> {
    const watch = new ScoredWatch(onWindow);
    for (const partition of await client.getPartitionIds()) {
      const handlers = {
        processEvents: async (events: readonly { body: unknown }[]) => {
          for (const { body } of events) watch.take(Buffer.from(body as Uint8Array).toString('utf8'));
        },
        // The subscription goes on by itself once its hub is back.
        processError: async () => {},
      };
      watch.subscriptions.push(client.subscribe(partition, handlers, options));
    }
    return watch;
  }

  async close(): Promise<void> {
    await Promise.all(this.subscriptions.map((subscription) => subscription.close()));
  }

  private take(text: string): void {
    const message = JSON.parse(text) as ScoredMessage;
    if (message.kind !== 'window' || this.seen.has(text)) return;
    this.seen.add(text);
    this.newsAt = Date.now();
    this.windows.push(message);
    this.onWindow(message);
  }
}
