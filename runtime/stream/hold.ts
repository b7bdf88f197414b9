import { setTimeout as pause } from 'node:timers/promises';
import { concurrently } from './concurrently';
import type { StepLog } from './stepLog';
import type { StepName } from './stepName';
import { causeOf, isTransientFault, retryAfterOf } from './transient';

/** The wait before the second attempt; it doubles with each further one. */
const firstWaitMs = 100;
/** So that a partition goes on within half a minute after the cause is gone. */
const longestWaitMs = 30_000;

/** For what can only fail for reasons outside of the message, such as a send: every fault is waited out. */
export const anyFault = (): boolean => true;

/**
 * Makes attempts until one succeeds, and so holds the partition whose batch is being handled: the host checkpoints a batch
 * once its handler has ended, also when that failed, so ending would lose what was not delivered. Says `iomt.held` before
 * each wait, which an alarm reads.
 *
 * @param isTransient faults to wait out; every other one is thrown
 * @param retryAfterMs how long the service asked to wait, if it did; never waits less
 */
export async function hold<T>(
  step: StepName,
  log: StepLog,
  attempt: () => Promise<T>,
  isTransient: (error: unknown) => boolean = isTransientFault,
  retryAfterMs: (error: unknown) => number | undefined = retryAfterOf,
): Promise<T> {
  for (let wait = firstWaitMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransient(error)) throw error;
      log.warn(`iomt.held step=${step} cause=${causeOf(error)}`);
      await pause(Math.max(retryAfterMs(error) ?? 0, withJitter(wait)));
    }
  }
}

/**
 * Does the work for every item, at most `limit` at a time, and holds until it is done for all. An attempt begins with
 * those that are left; whatever the fault, it is waited out.
 */
export async function holdForAll<T>(
  step: StepName,
  log: StepLog,
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  let left = items;
  const attempt = async (): Promise<void> => {
    const failed: T[] = [];
    let fault: unknown;
    await concurrently(limit, left, (item) =>
      work(item).catch((error: unknown) => {
        failed.push(item);
        fault = error;
      }),
    );
    left = failed;
    if (failed.length > 0) throw fault;
  };
  await hold(step, log, attempt, anyFault);
}

/** Partitions that one fault holds do not come back all at once. */
function withJitter(wait: number): number {
  return wait * (0.75 + Math.random() / 2);
}
