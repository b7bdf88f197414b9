import type { EventData, EventHubProducerClient } from '@azure/event-hubs';
import { clockMarkKind, kindProperty } from '../contracts/clockMark';
import type { ScoredClockMark, ScoredWindow } from '../contracts/scored';
import { anyFault, hold, holdForAll } from '../stream/hold';
import type { PartitionIds } from '../stream/partitionIds';
import type { StepLog } from '../stream/stepLog';
import type { StepName } from '../stream/stepName';

/** What is needed of a producer of `scored`. */
export type ScoredProducer = Pick<EventHubProducerClient, 'createBatch' | 'sendBatch'>;

const parallelSends = 16;

/**
 * The hub `scored`. A patient's windows all go to one partition, chosen by a hash of the patient's id: a partition key would
 * do the same in a batch for each patient, of which a ward that closes at one instant has hundreds.
 */
export class ScoredHub {
  constructor(
    private readonly producer: ScoredProducer,
    /** Of this hub. */
    private readonly partitions: PartitionIds,
    private readonly step: StepName,
  ) {}

  /** Sends windows, those of a patient in their order. Holds while the hub refuses. */
  async send(windows: readonly ScoredWindow[], log: StepLog): Promise<void> {
    if (windows.length === 0) return;
    const ids = await hold(this.step, log, () => this.partitions.ids(), anyFault);
    const queues = new Map<string, EventData[]>();
    for (const window of windows) {
      const id = ids[hash(window.patient) % ids.length] as string;
      const queue = queues.get(id) ?? [];
      queue.push({ body: Buffer.from(JSON.stringify(window)), contentType: 'application/json' });
      queues.set(id, queue);
    }
    await holdForAll(this.step, log, parallelSends, [...queues], ([id, events]) => this.empty(id, events));
  }

  /** Says in every partition that all windows of a source up to that time have been sent. */
  async sendMark(source: string, sources: number, time: number, log: StepLog): Promise<void> {
    const mark: ScoredClockMark = { kind: 'clockMark', source, sources, time: new Date(time).toISOString() };
    const event = {
      ...{ body: Buffer.from(JSON.stringify(mark)), contentType: 'application/json' },
      properties: { [kindProperty]: clockMarkKind },
    };
    const ids = await hold(this.step, log, () => this.partitions.ids(), anyFault);
    await holdForAll(this.step, log, parallelSends, ids, async (id) => this.empty(id, [event]));
  }

  /** Takes from the queue what the hub has acknowledged. */
  private async empty(partitionId: string, events: EventData[]): Promise<void> {
    while (events.length > 0) {
      const batch = await this.producer.createBatch({ partitionId });
      let count = 0;
      while (count < events.length && batch.tryAdd(events[count] as EventData)) count += 1;
      if (count === 0) throw new Error('A scored window is larger than the event hub takes.');
      await this.producer.sendBatch(batch);
      events.splice(0, count);
    }
  }
}

function hash(patient: string): number {
  let hash = 0;
  for (let index = 0; index < patient.length; index++) hash = (Math.imul(31, hash) + patient.charCodeAt(index)) | 0;
  return hash >>> 0;
}
