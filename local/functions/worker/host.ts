import { setTimeout as delay } from 'node:timers/promises';
import type { FromFunction } from '../messages';

const firstBackOffMs = 500;
const longestBackOffMs = 5_000;

/** Tells the local cloud; nothing once it is gone. */
export function tell(message: FromFunction): void {
  if (process.connected) process.send?.(message);
}

/** What a trigger waits for, told once for each reason and not at every attempt. */
export class Waiting {
  /** By what waits: a partition, or all of the trigger. */
  private readonly reasons = new Map<string, string>();

  because(error: unknown, what = 'all'): void {
    const reason = reasonOf(error);
    if (reason === this.reasons.get(what)) return;
    this.reasons.set(what, reason);
    tell({ kind: 'waiting', reason });
  }

  /** It works again. */
  over(what = 'all'): void {
    if (this.reasons.delete(what) && this.reasons.size === 0) tell({ kind: 'running' });
  }
}

/** Does what a trigger needs to begin, again and again until it works or the app stops; then it answers nothing. */
export async function untilItWorks<T>(
  attempt: () => Promise<T>,
  waiting: Waiting,
  stopping: AbortSignal,
): Promise<T | undefined> {
  for (let wait = firstBackOffMs; !stopping.aborted; wait = Math.min(wait * 2, longestBackOffMs)) {
    try {
      const result = await attempt();
      waiting.over();
      return result;
    } catch (error) {
      if (stopping.aborted) return undefined;
      waiting.because(error);
      await delay(wait, undefined, { signal: stopping }).catch(() => {});
    }
  }
  return undefined;
}

/** The Azure clients gather the errors of their attempts; the last one says why. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors.at(-1));
  return error instanceof Error ? error.message || error.name : String(error);
}
