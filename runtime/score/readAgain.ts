import type { EventHubConsumerClient, ReceivedEventData, Subscription } from '@azure/event-hubs';
import { anyFault, hold } from '../stream/hold';
import { type EnrichedEvent, readEnriched } from './enrichedEvent';
import type { ReadAgain } from './partitions';

/** What is needed of a consumer of `enriched`. */
export type RebuildConsumer = Pick<EventHubConsumerClient, 'subscribe'>;

const batchSize = 500;
/** A hub that gives nothing for so long, though the events are there, is asked anew. */
const patienceMs = 30_000;

/**
 * Reads events that lie in the hub, without an epoch, so that the host's own reader is not cut off, and in a consumer group
 * of its own. Events that the hub no longer keeps are missing without a word; two batches at a time are in memory.
 */
export function readAgain(consumer: RebuildConsumer): ReadAgain {
  return async function* (partition, from, to, log) {
    const reader = new PartitionReader(consumer, partition, from);
    try {
      for (let last = from - 1; last < to; ) {
        const events = await hold('score', log, () => reader.next(), anyFault);
        last = events.at(-1)?.sequence ?? last;
        const wanted = events.filter(({ sequence }) => sequence <= to);
        if (wanted.length > 0) yield wanted;
      }
    } finally {
      await reader.close();
    }
  };
}

interface Waiting {
  resolve(events: readonly ReceivedEventData[]): void;
  reject(error: unknown): void;
}

/** Takes batch by batch from a subscription; the next one is received only when the last one has been taken. */
class PartitionReader {
  private subscription: Subscription | undefined;
  private waiting: Waiting | undefined;
  private received: readonly ReceivedEventData[] | undefined;
  private taken: (() => void) | undefined;

  constructor(
    private readonly consumer: RebuildConsumer,
    private readonly partition: string,
    private position: number,
  ) {}

  async next(): Promise<readonly EnrichedEvent[]> {
    this.subscription ??= this.subscribe();
    try {
      const events = this.received ?? (await this.arrival());
      this.received = undefined;
      this.taken?.();
      this.position = (events.at(-1)?.sequenceNumber ?? this.position - 1) + 1;
      return events.map(eventOf);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const { subscription } = this;
    this.subscription = undefined;
    this.received = undefined;
    this.taken?.();
    await subscription?.close().catch(() => {});
  }

  private arrival(): Promise<readonly ReceivedEventData[]> {
    return new Promise((resolve, reject) => {
      const silent = Object.assign(new Error('The hub does not answer.'), { code: 'ETIMEDOUT' });
      const timer = setTimeout(() => this.waiting?.reject(silent), patienceMs);
      const end = <T>(finish: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer);
          this.waiting = undefined;
          finish(value);
        };
      };
      this.waiting = { resolve: end(resolve), reject: end(reject) };
    });
  }

  private subscribe(): Subscription {
    return this.consumer.subscribe(
      this.partition,
      {
        processEvents: async (events) => {
          if (events.length === 0) return;
          const taken = new Promise<void>((resolve) => {
            this.taken = resolve;
          });
          this.received = events;
          this.waiting?.resolve(events);
          await taken;
        },
        processError: async (error) => this.waiting?.reject(error),
      },
      {
        ...{ startPosition: { sequenceNumber: this.position, isInclusive: true }, maxBatchSize: batchSize },
        ...{ maxWaitTimeInSeconds: 1, skipParsingBodyAsJson: true },
      },
    );
  }
}

function eventOf({ sequenceNumber, body }: ReceivedEventData): EnrichedEvent {
  return { sequence: sequenceNumber, message: readEnriched(body as Buffer) };
}
