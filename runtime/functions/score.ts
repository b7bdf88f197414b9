import { readEnriched } from '../score/enrichedEvent';
import type { Partitions } from '../score/partitions';
import type { EventBatch } from '../stream/eventBatch';
import type { StepLog } from '../stream/stepLog';

/**
 * Step 10: takes in a batch of `enriched` and closes the windows whose time has come by it. Ends when these are on `scored`
 * and kept, and all rows to be repaired are noted.
 */
export async function score(batch: EventBatch, partitions: Partitions, log: StepLog): Promise<void> {
  const events = batch.events.map(({ sequenceNumber, body }) => ({
    ...{ sequence: sequenceNumber, message: readEnriched(body) },
  }));
  const unreadable = events.filter(({ message }) => message === null).length;
  if (unreadable > 0) log.error(`iomt.unreadable step=score count=${unreadable}`);
  await partitions.handle(batch.partitionId, events, log);
}
