import type { ReceivedEventData } from '@azure/event-hubs';
import type { EventHubOptions } from './eventHubOptions';

/** What a reader does with events: calls the function, and remembers up to where it did. */
export interface PartitionWork {
  /** Calls the function with its retries. Resolves whether they failed or not; rejects only when the app is stopping. */
  readonly call: (events: readonly ReceivedEventData[]) => Promise<void>;
  readonly checkpoint: (last: ReceivedEventData) => Promise<void>;
  /** The function is done with all events up to this one. */
  readonly handled: (last: ReceivedEventData) => void;
}

/**
 * Hands the events of one partition to the function, in batches, one after the other.
 *
 * Azure's rule of checkpoints (`EventHubListener.PartitionProcessor.cs`): written after the invocation whether or not it
 * failed after its retries, and not when the app is stopping: then the batch comes again.
 */
export class PartitionReader {
  private collected: ReceivedEventData[] = [];
  private collectingSince = 0;
  private batches = 0;

  constructor(
    private readonly options: EventHubOptions,
    private readonly isSingle: boolean,
    private readonly work: PartitionWork,
    private readonly isStopping: () => boolean,
  ) {}

  /** @param events none when nothing came for `maxWaitMs` */
  async take(events: readonly ReceivedEventData[]): Promise<void> {
    if (this.isSingle) return this.each(events);
    if (this.collected.length === 0) this.collectingSince = performance.now();
    this.collected.push(...events);
    const { maxEventBatchSize, minEventBatchSize, maxWaitMs } = this.options;
    for (;;) {
      const isDue = performance.now() - this.collectingSince >= maxWaitMs;
      const isEnough = this.collected.length >= minEventBatchSize || (isDue && this.collected.length > 0);
      if (!isEnough || this.isStopping()) return;
      const batch = this.collected.splice(0, maxEventBatchSize);
      await this.work.call(batch);
      await this.done(batch);
      this.collectingSince = performance.now();
    }
  }

  private async each(events: readonly ReceivedEventData[]): Promise<void> {
    for (const event of events) await this.work.call([event]);
    await this.done(events);
  }

  private async done(batch: readonly ReceivedEventData[]): Promise<void> {
    const last = batch.at(-1);
    if (last === undefined || this.isStopping()) return;
    this.batches += 1;
    if (this.batches % this.options.batchCheckpointFrequency === 0) await this.work.checkpoint(last);
    this.work.handled(last);
  }
}
