import type { StepLog } from '../stream/stepLog';
import { type ClosingTools, closeWindow, noteRepairs, type OwnedPartition, Superseded } from './closing';
import type { EnrichedEvent } from './enrichedEvent';
import { heldBlobs } from './heldBlobs';
import type { JsonBlob, JsonBlobs } from './jsonBlobs';
import { OpenPartition } from './openPartition';
import { blobNames, firstState, type PartitionState } from './partitionState';

/** Events of a partition that lie in the hub, from one sequence number to another, both included, in their order. */
export type ReadAgain = (
  partition: string,
  from: number,
  to: number,
  log: StepLog,
) => AsyncIterable<readonly EnrichedEvent[]>;

export interface ScoreTools extends ClosingTools {
  /** The app's state container. */
  readonly blobs: JsonBlobs;
  readonly readAgain: ReadAgain;
}

/**
 * The partitions of `enriched` that this instance works on. They are kept in memory from batch to batch; one that is new
 * here, or comes back after another instance had it, is built from its saved state and the hub.
 */
export class Partitions {
  private readonly owned = new Map<string, OwnedPartition>();

  constructor(private readonly tools: ScoreTools) {}

  /** Takes in a batch of one partition. Ends when all windows that it closes are published and all its repairs are noted. */
  async handle(id: string, events: readonly EnrichedEvent[], log: StepLog): Promise<void> {
    const [first] = events;
    if (first === undefined) return;
    const blobs = heldBlobs(this.tools.blobs, 'score', log);
    for (;;) {
      try {
        const owned = await this.partition(id, first.sequence, blobs, log);
        await this.take(owned, events, blobs, log);
        await noteRepairs(owned, blobs);
        return;
      } catch (error) {
        if (!(error instanceof Superseded)) {
          // What is in memory may be half of a batch.
          this.owned.delete(id);
          throw error;
        }
        log.info(`iomt.superseded partition=${id}`);
        await this.refresh(id, blobs);
      }
    }
  }

  private async partition(id: string, first: number, blobs: JsonBlobs, log: StepLog): Promise<OwnedPartition> {
    const known = this.owned.get(id);
    if (known !== undefined && first <= known.open.position + 1) return known;
    const { content, etag } = await this.savedState(id, first, blobs);
    const owned = { id, etag, open: new OpenPartition(content, this.tools.settings) };
    if (content.resumeFrom < first) {
      log.info(`iomt.rebuild partition=${id} events=${first - content.resumeFrom}`);
      for await (const events of this.tools.readAgain(id, content.resumeFrom, first - 1, log)) {
        await this.take(owned, events, blobs, log);
      }
    }
    this.owned.set(id, owned);
    return owned;
  }

  private async take(
    owned: OwnedPartition,
    events: readonly EnrichedEvent[],
    blobs: JsonBlobs,
    log: StepLog,
  ): Promise<void> {
    for (const event of events) {
      owned.open.take(event);
      if (event.message?.kind !== 'clockMark') continue;
      for (let due = owned.open.due(); due !== undefined; due = owned.open.due()) {
        await closeWindow(owned, due, blobs, this.tools, log);
      }
    }
  }

  private async savedState(id: string, first: number, blobs: JsonBlobs): Promise<JsonBlob<PartitionState>> {
    const name = blobNames.partition(id);
    for (;;) {
      const found = await blobs.read<PartitionState>(name);
      if (found !== undefined) return found;
      const content = firstState(first);
      const etag = await blobs.create(name, content);
      if (etag !== undefined) return { content, etag };
    }
  }

  /** A repair changes only patients: then what is in memory still holds. */
  private async refresh(id: string, blobs: JsonBlobs): Promise<void> {
    const known = this.owned.get(id);
    const saved = await blobs.read<PartitionState>(blobNames.partition(id));
    this.owned.delete(id);
    if (known === undefined || saved === undefined) return;
    const { lastSequence, closedUntil } = known.open.state;
    if (saved.content.lastSequence !== lastSequence || saved.content.closedUntil !== closedUntil) return;
    known.open.moveTo(saved.content);
    this.owned.set(id, { id, open: known.open, etag: saved.etag });
  }
}
