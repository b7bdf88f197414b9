import { type ClockMark, clockMarkKind, kindProperty } from '../contracts/clockMark';
import { anyFault, hold } from '../stream/hold';
import { type HubProducer, HubSender } from '../stream/hubSender';
import type { PartitionIds } from '../stream/partitionIds';
import type { StepLog } from '../stream/stepLog';
import type { NormalizedBatch, OutgoingMeasurement } from './normalizeBatch';

/** What is needed of a producer of `normalizeddata`. */
export type NormalizedProducer = HubProducer;

/** The hub `normalizeddata`, as the step `normalize` writes it. */
export class NormalizedData {
  private readonly sender: HubSender;

  constructor(
    producer: NormalizedProducer,
    /** Of this hub. */
    partitions: PartitionIds,
    /** Of the hub `devicedata`. */
    private readonly sources: PartitionIds,
  ) {
    this.sender = new HubSender(producer, partitions, 'normalize');
  }

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
      tooLarge.push(...(await this.sender.send(before, log)));
      before = [];
      await this.sendMark(source, item.time, log);
    }
    tooLarge.push(...(await this.sender.send(before, log)));
    return tooLarge;
  }

  private async sendMark(source: string, time: string, log: StepLog): Promise<void> {
    const { length } = await hold('normalize', log, () => this.sources.ids(), anyFault);
    const mark: ClockMark = { source, sources: length, time };
    await this.sender.sendToAll(
      { body: Buffer.from(JSON.stringify(mark)), properties: { [kindProperty]: clockMarkKind } },
      log,
    );
  }
}
