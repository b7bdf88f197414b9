import { setTimeout as wait } from 'node:timers/promises';
import type { AppHealth } from '../functions/health';

/** What the judge asks of the function apps. */
export interface Functions {
  /** Whether they have handled all that lies in the hubs they read. */
  isDrained(): boolean;
  health(): readonly AppHealth[];
}

export interface SettleOptions {
  /** Gives up after this long without an event handled. Default 180 s: longer than a batch is gathered for. */
  readonly quietMs?: number;
  /** Default 200 ms. */
  readonly pollMs?: number;
}

/** Resolves when the functions have handled everything, seen twice in a row, or when they do not get on any more. */
export async function settled(functions: Functions, options: SettleOptions = {}): Promise<void> {
  const { quietMs = 180_000, pollMs = 200 } = options;
  let handled = -1;
  let progressAt = Date.now();
  let wasDrained = false;
  for (;;) {
    const isDrained = functions.isDrained();
    if (isDrained && wasDrained) return;
    wasDrained = isDrained;
    const now = handledBy(functions.health());
    if (now !== handled) progressAt = Date.now();
    handled = now;
    if (Date.now() - progressAt >= quietMs) return;
    await wait(pollMs);
  }
}

function handledBy(apps: readonly AppHealth[]): number {
  return apps.flatMap((app) => app.functions).reduce((sum, { events }) => sum + events, 0);
}
