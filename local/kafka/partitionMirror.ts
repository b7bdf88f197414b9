import type { Admin, Producer } from 'kafkajs';
import type { Partition } from '../eventHubs/partition';
import { type KafkaRecord, kafkaRecordOf } from './kafkaRecord';

/** What of one partition goes into one batch. */
const mostRecords = 1_000;
const mostBytes = 512 * 1024;
const mostFillers = 20_000;

/** The end of a topic's partition is not what it would be if it held its hub's events and nothing else. */
export class ForeignRecords extends Error {
  constructor(topic: string, partition: number, found: number, expected: number) {
    super(
      `Partition ${partition} of the topic ${topic} ends at offset ${found} instead of ${expected}: something else has written to it.`,
    );
    this.name = 'ForeignRecords';
  }
}

/**
 * Copies a partition of an event hub to the topic's partition, record by record at its own offset. Where it stands is the
 * topic's end, which the broker knows: nothing is noted, so nothing can be noted wrongly. One batch is under way at a
 * time. After an error it is unknown what has arrived: the mirror ends, and may go on only with another broker process,
 * in which nothing waits any more.
 */
export class PartitionMirror {
  private trimmedTo = 0;

  constructor(
    private readonly partition: Partition,
    readonly topic: string,
    private readonly clients: { readonly admin: Admin; readonly producer: Producer },
  ) {}

  private get number(): number {
    return Number(this.partition.id);
  }

  /** Brings the topic to where the hub's log begins. @returns the offset of the next record */
  async open(): Promise<number> {
    const offsets = await this.clients.admin.fetchTopicOffsets(this.topic);
    const own = offsets.find(({ partition }) => partition === this.number);
    const next = Number(own?.high ?? 0);
    this.trimmedTo = Number(own?.low ?? 0);
    if (next > this.partition.nextSequence) {
      throw new ForeignRecords(this.topic, this.number, next, this.partition.nextSequence);
    }
    return this.trim(next);
  }

  /** Copies what there is and what comes, until `signal` aborts. @throws Error when it is unknown what has arrived */
  async run(from: number, signal: AbortSignal): Promise<void> {
    let next = from;
    while (!signal.aborted) {
      next = await this.trim(next);
      const records = this.partition.read(next, mostRecords, mostBytes);
      if (records.length > 0) next = await this.send(next, records.map(kafkaRecordOf));
      else await this.moreThan(next, signal);
    }
  }

  /**
   * What the hub has forgotten, the topic forgets. Events that were forgotten before they were copied have to have been
   * there all the same, or the offsets after them would be too low: empty records stand in for them, and go at once.
   */
  private async trim(next: number): Promise<number> {
    const first = this.partition.firstSequence;
    let end = next;
    while (end < first) {
      const fillers = Array.from({ length: Math.min(mostFillers, first - end) }, () => filler);
      end = await this.send(end, fillers);
    }
    if (first > this.trimmedTo) {
      const partitions = [{ partition: this.number, offset: String(first) }];
      await this.clients.admin.deleteTopicRecords({ topic: this.topic, partitions });
      this.trimmedTo = first;
    }
    return end;
  }

  private async send(next: number, records: readonly KafkaRecord[]): Promise<number> {
    const messages = records.map((record) => ({ ...record, partition: this.number }));
    const [answer] = await this.clients.producer.send({ topic: this.topic, acks: -1, messages });
    const found = Number(answer?.baseOffset ?? -1);
    if (found !== next) throw new ForeignRecords(this.topic, this.number, found, next);
    return next + records.length;
  }

  private moreThan(next: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (this.partition.nextSequence <= next && !signal.aborted) return;
        stop();
        signal.removeEventListener('abort', check);
        resolve();
      };
      const stop = this.partition.onAppend(check);
      signal.addEventListener('abort', check);
      check();
    });
  }
}

const filler: KafkaRecord = { key: null, value: null, timestamp: '0', headers: {} };
