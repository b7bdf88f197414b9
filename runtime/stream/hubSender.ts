import type { EventData, EventDataBatch, EventHubProducerClient } from '@azure/event-hubs';
import { anyFault, hold, holdForAll } from './hold';
import type { PartitionIds } from './partitionIds';
import type { StepLog } from './stepLog';
import type { StepName } from './stepName';

/** Keys that are sent at a time; a hub of the path has at most 256 (see partitionKey). */
const parallelKeys = 32;
const parallelPartitions = 32;

/** An event on its way into a hub. */
export interface KeyedEvent {
  readonly partitionKey: string;
  /** JSON. */
  readonly body: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** What is left to send of one partition key, in its order. */
interface Queue<E> {
  readonly partitionKey: string;
  readonly events: E[];
}

/** What is needed of a producer. */
export type HubProducer = Pick<EventHubProducerClient, 'createBatch'> & {
  sendBatch(batch: EventDataBatch): Promise<void>;
};

/**
 * Writes an event hub in batches. Holds while the hub refuses; what an attempt sent before its connection was lost is sent
 * again by the next one.
 */
export class HubSender {
  constructor(
    private readonly producer: HubProducer,
    /** Of this hub. */
    private readonly partitions: PartitionIds,
    /** Who writes, for the line that says that a partition is held. */
    private readonly step: StepName,
  ) {}

  /**
   * Sends what has one key in its order; keys go side by side.
   * @returns the events that are larger than the hub takes
   */
  async send<E extends KeyedEvent>(events: readonly E[], log: StepLog): Promise<readonly E[]> {
    const queues = new Map<string, Queue<E>>();
    for (const event of events) {
      const { partitionKey } = event;
      const queue = queues.get(partitionKey) ?? { partitionKey, events: [] };
      queue.events.push(event);
      queues.set(partitionKey, queue);
    }
    const tooLarge: E[] = [];
    await holdForAll(this.step, log, parallelKeys, [...queues.values()], (queue) => this.empty(queue, tooLarge));
    return tooLarge;
  }

  /** Sends one event into every partition. */
  async sendToAll(event: EventData, log: StepLog): Promise<void> {
    const ids = await hold(this.step, log, () => this.partitions.ids(), anyFault);
    await holdForAll(this.step, log, parallelPartitions, ids, async (partitionId) => {
      const batch = await this.producer.createBatch({ partitionId });
      batch.tryAdd(event);
      await this.producer.sendBatch(batch);
    });
  }

  /** Takes from the queue what the hub has acknowledged. */
  private async empty<E extends KeyedEvent>({ partitionKey, events }: Queue<E>, tooLarge: E[]): Promise<void> {
    while (events.length > 0) {
      const batch = await this.producer.createBatch({ partitionKey });
      let count = 0;
      while (count < events.length && batch.tryAdd(eventOf(events[count] as E))) count += 1;
      if (count === 0) {
        tooLarge.push(...events.splice(0, 1));
        continue;
      }
      await this.producer.sendBatch(batch);
      events.splice(0, count);
    }
  }
}

function eventOf({ body, properties }: KeyedEvent): EventData {
  return { body: Buffer.from(body), contentType: 'application/json', properties: { ...properties } };
}
