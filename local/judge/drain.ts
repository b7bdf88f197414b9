import { setTimeout as wait } from 'node:timers/promises';

export interface DrainOptions {
  /** Messages that the judge has not seen yet: on `devicedata`, and in the raw container. */
  missing(): Promise<{ readonly deviceData: number; readonly raw: number }>;
  readonly clock: { now(): number | Promise<number>; advanceTo(time: number): Promise<void> };
  /** How far virtual time goes on so that raw batches are written: the route's batch frequency and a minute, in ms. */
  readonly advanceByMs: number;
  /** Gives up after this long without another message seen. Default 180 s. */
  readonly quietMs?: number;
  /** Moves time on again after this long without another message seen. Default 10 s. */
  readonly settleMs?: number;
  /** Default 200 ms. */
  readonly pollMs?: number;
}

/**
 * After the last row: waits until everything has come through to `devicedata`, moves virtual time on so that the raw
 * batches that are still open are written, and waits for those. Time is moved on at least once, which keeps the next
 * replay apart from this one. What a gateway delivers late is waited for as long as it goes on coming.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { clock, advanceByMs, quietMs = 180_000, settleMs = 10_000, pollMs = 200 } = options;
  let least = Number.POSITIVE_INFINITY;
  let progressAt = Date.now();
  let advancedAtLeast: number | undefined;
  for (;;) {
    const missing = await options.missing();
    const total = missing.deviceData + missing.raw;
    if (total < least) {
      least = total;
      progressAt = Date.now();
    }
    const stalledMs = Date.now() - progressAt;
    const isFirst = advancedAtLeast === undefined && missing.deviceData === 0;
    if (isFirst || (stalledMs >= settleMs && advancedAtLeast !== least)) {
      await clock.advanceTo((await clock.now()) + advanceByMs);
      advancedAtLeast = least;
    } else if (total === 0 || stalledMs >= quietMs) return;
    else await wait(pollMs);
  }
}
