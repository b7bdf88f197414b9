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
  /** Gives up after this long in which nothing more came to be right. Default 600 s: a start of Spark on a busy machine is within it. */
  readonly quietMs?: number;
  /** Default 2 s. */
  readonly settleMs?: number;
  /** Default 200 ms. */
  readonly pollMs?: number;
}

/** How far virtual time goes on at once while the judge waits: a tick of the timers that repair. */
const stepMs = 60_000;

/**
 * After the last reading: lets virtual time go on until every window has closed, and what came late is repaired. What is complete
 * needs to be still for a moment, since a window can be scored again; time goes on only while all is still, since it makes new
 * windows of those who are there.
 */
export async function drainScoring(options: ScoringDrainOptions): Promise<WindowComparison> {
  const { clock, closesAfterMs, quietMs = 600_000, settleMs = 2_000, pollMs = 200 } = options;
  await clock.advanceTo((await clock.now()) + closesAfterMs);
  let least = Number.POSITIVE_INFINITY;
  let progressAt = Date.now();
  let advancedAt = Date.now();
  for (;;) {
    if (Date.now() - Math.max(options.newsAt(), advancedAt) >= settleMs) {
      const comparison = options.compare();
      const open = openIn(comparison);
      if (open < least) progressAt = Date.now();
      least = Math.min(least, open);
      if (open === 0 || Date.now() - progressAt >= quietMs) return comparison;
      await clock.advanceTo((await clock.now()) + stepMs);
      advancedAt = Date.now();
    }
    await wait(pollMs);
  }
}

const openIn = ({ lost, wrong, samples }: WindowComparison) =>
  lost.length + wrong.length + Math.abs(samples.expected - samples.found);
