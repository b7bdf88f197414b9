import { setTimeout as pause } from 'node:timers/promises';
import type { EventBatch, ReceivedEvent } from '../../runtime/stream/eventBatch';

/** Default of `maximumBatchEvents`. */
const maxEvents = 1000;

/**
 * One partition of `normalizeddata` as an Event Hubs trigger hands it over: one batch after the other, each once it has
 * 1,000 events or its time is over.
 */
export class PartitionFeed {
  private readonly waiting: { readonly event: ReceivedEvent; readonly enqueued: number }[] = [];
  private ended = false;
  /** Milliseconds from the enqueueing of each event to the end of its handler. */
  readonly delays: number[] = [];

  constructor(
    private readonly partitionId: string,
    private readonly flushSeconds: number,
  ) {}

  add(event: ReceivedEvent): void {
    this.waiting.push({ event, enqueued: performance.now() });
  }

  /** No more events come; what waits is handed over at its time. */
  end(): void {
    this.ended = true;
  }

  async run(handle: (batch: EventBatch) => Promise<void>): Promise<void> {
    while (!this.ended || this.waiting.length > 0) {
      if (!this.isDue()) {
        await pause(2);
        continue;
      }
      const taken = this.waiting.splice(0, maxEvents);
      const events = taken.map(({ event }) => event);
      await handle({ eventHub: 'normalizeddata', partitionId: this.partitionId, events });
      const now = performance.now();
      this.delays.push(...taken.map(({ enqueued }) => now - enqueued));
    }
  }

  private isDue(): boolean {
    const [first] = this.waiting;
    if (first === undefined) return false;
    return this.waiting.length >= maxEvents || performance.now() - first.enqueued >= this.flushSeconds * 1000;
  }
}
