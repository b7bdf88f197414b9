import { setTimeout as wait } from 'node:timers/promises';
import type { WindowComparison } from './windows';

export interface ScoringDrainOptions {
  /** What the windows on `scored` come to now. */
  compare(): WindowComparison;
  /** Machine's clock when something new came on `scored`. */
  newsAt(): number;
  readonly clock: { now(): number | Promise<number>; advanceTo(time: number): Promise<void> };
  /** Virtual time that a window needs to close after its last reading: its length, its lateness, and two clock marks. */
  readonly closesAfterMs: number;
  /** Gives up after this long without anything new. Default 600 s: a start of Spark on a busy machine is within it. */
  readonly quietMs?: number;
  /** Default 2 s. */
  readonly settleMs?: number;
  /** Default 200 ms. */
  readonly pollMs?: number;
}

/** How far virtual time goes on at once while the judge waits: a tick of the timers that repair. */
const stepMs = 60_000;

/**
 * After the last reading: lets virtual time go on until every window has closed, and what came late is repaired. Waits as
 * long as something new comes, since a window can be scored again; what is complete needs to be still only for a moment.
 */
export async function drainScoring(options: ScoringDrainOptions): Promise<WindowComparison> {
  const { clock, closesAfterMs, quietMs = 600_000, settleMs = 2_000, pollMs = 200 } = options;
  await clock.advanceTo((await clock.now()) + closesAfterMs);
  const begunAt = Date.now();
  let advancedAt = begunAt;
  for (;;) {
    const stillMs = Date.now() - Math.max(options.newsAt(), begunAt);
    if (stillMs >= settleMs) {
      const comparison = options.compare();
      if (stillMs >= quietMs || isComplete(comparison)) return comparison;
    }
    if (Date.now() - advancedAt >= settleMs) {
      await clock.advanceTo((await clock.now()) + stepMs);
      advancedAt = Date.now();
    }
    await wait(pollMs);
  }
}

function isComplete({ lost, wrong, samples }: WindowComparison): boolean {
  return lost.length === 0 && wrong.length === 0 && samples.found === samples.expected;
}
