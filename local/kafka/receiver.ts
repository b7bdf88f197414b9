import { randomUUID } from 'node:crypto';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../contracts';
import type { EventHub } from '../eventHubs/eventHub';
import { disconnect } from './broker';
import { eventOf } from './kafkaRecord';

/** A topic that Kafka clients write to, and its hub. */
export interface Received {
  readonly hub: EventHub;
  /** Names the topic's life. */
  readonly life: string;
}

/**
 * Appends what Kafka clients send to the event hub of the topic's name, in the partition of the same number, in order and
 * once: an event carries its offset as its producer's sequence, which the partition remembers with the event itself.
 */
export class Receiver {
  /** Rejects when it cannot go on. */
  readonly failed: Promise<never>;
  private readonly consumer: Consumer;
  private fail: (error: Error) => void = () => {};

  private constructor(
    kafka: Kafka,
    private readonly topics: readonly Received[],
    private readonly clock: Clock,
  ) {
    // A group of its own each time: members that were killed are not waited for, and positions are the hubs'.
    this.consumer = kafka.consumer({
      groupId: `event-hubs-${randomUUID()}`,
      maxWaitTimeInMs: 100,
      retry: { retries: 10, initialRetryTime: 100, maxRetryTime: 5_000, restartOnFailure: async () => false },
    });
    this.failed = new Promise((_, reject) => {
      this.fail = reject;
    });
    this.failed.catch(() => {});
  }

  static async open(kafka: Kafka, topics: readonly Received[], clock: Clock): Promise<Receiver> {
    const receiver = new Receiver(kafka, topics, clock);
    if (topics.length > 0) await receiver.start();
    return receiver;
  }

  close(): Promise<void> {
    return disconnect(this.consumer);
  }

  private async start(): Promise<void> {
    this.consumer.on(this.consumer.events.CRASH, ({ payload }) => this.fail(payload.error));
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: this.topics.map(({ hub }) => hub.settings.name), fromBeginning: true });
    const joined = new Promise<void>(
      (resolve) => void this.consumer.on(this.consumer.events.GROUP_JOIN, () => resolve()),
    );
    await this.consumer.run({ autoCommit: false, eachBatch: (batch) => this.take(batch) });
    // `run` also comes back when it could not join.
    await Promise.race([joined, this.failed]);
    for (const { hub, life } of this.topics) {
      for (const partition of hub.partitions) {
        const offset = String((partition.lastOf(producer(life)) ?? -1) + 1);
        this.consumer.seek({ topic: hub.settings.name, partition: Number(partition.id), offset });
      }
    }
  }

  private async take({ batch }: EachBatchPayload): Promise<void> {
    const topic = this.topics.find(({ hub }) => hub.settings.name === batch.topic);
    if (!topic) return;
    const events = batch.messages.map((message) => eventOf(message, producer(topic.life)));
    await topic.hub.partition(String(batch.partition)).append(events, this.clock.now());
  }
}

const producer = (life: string) => `kafka/${life}`;
