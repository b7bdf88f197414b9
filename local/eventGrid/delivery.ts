import type { Authority, EventHubSender, Log, Resources } from '../contracts';
import { type Subscription, subscriptionsTo } from './subscriptions';

/** An event in Event Grid's own schema. */
export interface GridEvent {
  readonly id: string;
  readonly topic: string;
  readonly subject: string;
  readonly eventType: string;
  /** ISO 8601. */
  readonly eventTime: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly dataVersion: string;
  readonly metadataVersion: '1';
}

/** Events that are still to be delivered, kept by the source in the transaction that caused them. */
export interface Outbox {
  /** Ids of the subscriptions for which events lie there. */
  waiting(): readonly string[];
  /** The oldest events of a subscription. */
  peek(subscription: string, count: number): readonly { readonly seq: number; readonly event: GridEvent }[];
  /** Takes out a subscription's events up to and with this one, or all. */
  remove(subscription: string, upTo?: number): void;
}

export interface DeliveryOptions {
  /** ARM id of the system topics' source. */
  readonly sourceId: string;
  readonly outbox: Outbox;
  readonly resources: Resources;
  readonly authority: Authority;
  readonly eventHubs: EventHubSender;
  readonly log: Log;
}

const eventsAtOnce = 100;
/** What happens within that time goes together: each delivery is a transaction of the outbox. */
const gatherMs = 100;
const firstRetryMs = 200;
const longestRetryMs = 10_000;

/**
 * Sends a source's events to the event hubs of its subscriptions, each once and in their order. While a hub or the
 * identity's role is missing they wait, longer from time to time. Azure gives up after a day; this one does not.
 */
export class Delivery {
  private working = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private retryMs = firstRetryMs;
  private closed = false;

  constructor(private readonly options: DeliveryOptions) {
    this.wake();
  }

  /** Something new lies in the outbox. */
  wake(): void {
    if (this.closed || this.timer) return;
    this.after(gatherMs);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.working;
  }

  private after(ms: number): void {
    this.timer = setTimeout(() => {
      this.working = this.deliver().then((isDone) => {
        this.timer = undefined;
        if (this.closed) return;
        if (!isDone) this.after(this.retryMs);
        else if (this.options.outbox.waiting().length > 0) this.after(0);
        this.retryMs = isDone ? firstRetryMs : Math.min(this.retryMs * 2, longestRetryMs);
      });
    }, ms).unref();
  }

  /** False when something has to be tried again. */
  private async deliver(): Promise<boolean> {
    const { outbox, resources, sourceId, log } = this.options;
    const subscriptions = new Map(subscriptionsTo(resources, sourceId).map((one) => [one.id, one]));
    let isDone = true;
    for (const id of outbox.waiting()) {
      const subscription = subscriptions.get(id);
      if (!subscription) {
        outbox.remove(id);
        continue;
      }
      try {
        await this.send(subscription);
      } catch (error) {
        isDone = false;
        // Said once an outage, and not at each retry.
        if (this.retryMs === firstRetryMs) log.warn(`Events of ${subscription.name} wait: ${(error as Error).message}`);
      }
    }
    return isDone;
  }

  private async send(subscription: Subscription): Promise<void> {
    const { outbox, authority, eventHubs } = this.options;
    const caller = authority.identity(subscription.identityId);
    const batch = outbox.peek(subscription.id, eventsAtOnce);
    await eventHubs.send(
      caller,
      subscription.eventHubId,
      batch.map(({ seq, event }) => ({
        partitionKey: event.id,
        from: { producer: subscription.id, sequence: seq },
        event: {
          // Event Grid sends a list also when it holds one event.
          body: Buffer.from(JSON.stringify([event])),
          properties: {
            'aeg-event-type': 'Notification',
            'aeg-subscription-name': subscription.name,
            'aeg-data-version': event.dataVersion,
            'aeg-metadata-version': event.metadataVersion,
          },
          messageId: event.id,
        },
      })),
    );
    const last = batch.at(-1);
    if (last) outbox.remove(subscription.id, last.seq);
  }
}
