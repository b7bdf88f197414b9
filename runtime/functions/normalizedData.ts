import type { EventData, EventDataBatch, EventHubProducerClient } from '@azure/event-hubs';
import { type ClockMark, clockMarkKind, kindProperty } from '../contracts/clockMark';
import { anyFault, hold, holdForAll } from '../stream/hold';
import type { PartitionIds } from '../stream/partitionIds';
import type { StepLog } from '../stream/stepLog';
import type { NormalizedBatch, OutgoingMeasurement } from './normalizeBatch';

/** Keys that are sent at a time; there are at most 256 (see partitionKey). */
const parallelKeys = 32;
const parallelMarks = 32;

/** What is left to send of one partition key, in its order. */
interface Queue {
  readonly partitionKey: string;
  readonly measurements: OutgoingMeasurement[];
}

/** What is needed of a producer of `normalizeddata`. */
export type NormalizedProducer = Pick<EventHubProducerClient, 'createBatch'> & {
  sendBatch(batch: EventDataBatch): Promise<void>;
};

/** The hub `normalizeddata`, as the step `normalize` writes it. */
export class NormalizedData {
  constructor(
    private readonly producer: NormalizedProducer,
    /** Of this hub. */
    private readonly partitions: PartitionIds,
    /** Of the hub `devicedata`. */
    private readonly sources: PartitionIds,
  ) {}

  /**
   * Sends a batch: what has one key in its order, and each mark after the measurements before it. Holds while the hub
   * refuses; what an attempt sent before its connection was lost is sent again by the next one.
   *
   * @param source partition of `devicedata` that the batch is from
   * @returns the measurements that are larger than the hub takes
   */
  async send(
    outgoing: NormalizedBatch['outgoing'],
    source: string,
    log: StepLog,
  ): Promise<readonly OutgoingMeasurement[]> {
    const tooLarge: OutgoingMeasurement[] = [];
    let before: OutgoingMeasurement[] = [];
    for (const item of outgoing) {
      if (item.kind === 'measurement') {
        before.push(item);
        continue;
      }
      await this.sendMeasurements(before, tooLarge, log);
      before = [];
      await this.sendMark(source, item.time, log);
    }
    await this.sendMeasurements(before, tooLarge, log);
    return tooLarge;
  }

  private async sendMeasurements(
    measurements: readonly OutgoingMeasurement[],
    tooLarge: OutgoingMeasurement[],
    log: StepLog,
  ): Promise<void> {
    const queues = new Map<string, Queue>();
    for (const measurement of measurements) {
      const { partitionKey } = measurement;
      const queue = queues.get(partitionKey) ?? { partitionKey, measurements: [] };
      queue.measurements.push(measurement);
      queues.set(partitionKey, queue);
    }
    await holdForAll('normalize', log, parallelKeys, [...queues.values()], (queue) => this.empty(queue, tooLarge));
  }

  /** Takes from the queue what the hub has acknowledged. */
  private async empty({ partitionKey, measurements }: Queue, tooLarge: OutgoingMeasurement[]): Promise<void> {
    while (measurements.length > 0) {
      const batch = await this.producer.createBatch({ partitionKey });
      let count = 0;
      while (count < measurements.length && batch.tryAdd(eventOf(measurements[count] as OutgoingMeasurement)))
        count += 1;
      if (count === 0) {
        tooLarge.push(...measurements.splice(0, 1));
        continue;
      }
      await this.producer.sendBatch(batch);
      measurements.splice(0, count);
    }
  }

  private async sendMark(source: string, time: string, log: StepLog): Promise<void> {
    const { ids, sources } = await hold('normalize', log, () => this.whereTo(), anyFault);
    const mark: ClockMark = { source, sources, time };
    const event = { body: Buffer.from(JSON.stringify(mark)), properties: { [kindProperty]: clockMarkKind } };
    await holdForAll('normalize', log, parallelMarks, ids, async (partitionId) => {
      const batch = await this.producer.createBatch({ partitionId });
      batch.tryAdd(event);
      await this.producer.sendBatch(batch);
    });
  }

  private async whereTo(): Promise<{ ids: readonly string[]; sources: number }> {
    const [ids, sources] = await Promise.all([this.partitions.ids(), this.sources.ids()]);
    return { ids, sources: sources.length };
  }
}

function eventOf({ body, properties }: OutgoingMeasurement): EventData {
  return { body: Buffer.from(body), contentType: 'application/json', properties: { ...properties } };
}
