import type { EventHubProducerClient } from '@azure/event-hubs';
import { clockMarkKind, kindProperty } from '../contracts/clockMark';
import { concurrently } from '../stream/concurrently';
import type { PartitionIds } from '../stream/partitionIds';
import type { StepLog } from '../stream/stepLog';
import { causeOf } from '../stream/transient';

const parallelMarks = 32;

/**
 * Puts a clock mark into every partition of `devicedata`: an empty event, whose time is when the hub takes it. What fails
 * is said and left to the next tick, whose marks say as much.
 */
export async function sendClockMarks(
  producer: Pick<EventHubProducerClient, 'createBatch' | 'sendBatch'>,
  partitions: PartitionIds,
  log: StepLog,
): Promise<void> {
  const event = { body: Buffer.alloc(0), properties: { [kindProperty]: clockMarkKind } };
  try {
    await concurrently(parallelMarks, await partitions.ids(), async (partitionId) => {
      const batch = await producer.createBatch({ partitionId });
      batch.tryAdd(event);
      await producer.sendBatch(batch);
    });
  } catch (error) {
    partitions.forget();
    log.warn(`iomt.held step=clock-marks cause=${causeOf(error)}`);
  }
}
