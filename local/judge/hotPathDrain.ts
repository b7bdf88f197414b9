import { setTimeout as wait } from 'node:timers/promises';
import { type HotPathComparison, type Part, partsOf } from './hotPath';

export interface HotPathDrainOptions {
  /** Resolves when the functions have handled all that lies in their hubs, or do not get on. */
  settled(): Promise<void>;
  /** Reads FHIR and the repository anew. */
  compare(): Promise<HotPathComparison>;
  /** Gives up after this long in which nothing more came to be right. Default 180 s. */
  readonly quietMs?: number;
  /** Default 2 s. */
  readonly pollMs?: number;
}

/**
 * After the last window: waits until FHIR and the repository have what lies on `scored`, and what is there and was not to be is
 * settled. Gives up when it does not get better any more.
 */
export async function drainHotPath(options: HotPathDrainOptions): Promise<HotPathComparison> {
  const { settled, compare, quietMs = 180_000, pollMs = 2_000 } = options;
  let least = Number.POSITIVE_INFINITY;
  let progressAt = Date.now();
  for (;;) {
    await settled();
    const comparison = await compare();
    const open = partsOf(comparison).reduce((sum, part) => sum + openIn(part), 0);
    if (open < least) progressAt = Date.now();
    least = Math.min(least, open);
    if (open === 0 || Date.now() - progressAt >= quietMs) return comparison;
    await wait(pollMs);
  }
}

const openIn = ({ lost, duplicated, wrong }: Part) => lost.length + duplicated.length + wrong.length;
