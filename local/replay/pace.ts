import { setTimeout as wait } from 'node:timers/promises';
import type { ReplayClock } from './replay';

/** The machine's clock; a test gives its own. */
export interface WallClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Default: a timer. Ends early, without an error, when the signal aborts. */
  wait?(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;
}

export interface PaceOptions {
  /** Virtual time at which the pace begins, milliseconds since 1970. */
  readonly start: number;
  /** Virtual seconds a second of the machine; Infinity: without waiting. */
  readonly speed: number;
  readonly clock: ReplayClock;
  readonly wall: WallClock;
  readonly signal: AbortSignal | undefined;
}

const minuteMs = 60_000;

/**
 * Brings virtual time to where it is due, not before the machine's clock says so. Between rows it passes every whole
 * minute, so that time moves on evenly where nothing was measured. A replay that was held up catches up.
 */
export class Pace {
  private readonly begunAt: number;
  private virtual: number;

  constructor(private readonly options: PaceOptions) {
    this.begunAt = options.wall.now();
    this.virtual = options.start;
  }

  /** Resolves when virtual time is `time` and what was due by then is done; false when it was ended early. */
  async reach(time: number): Promise<boolean> {
    while (!this.options.signal?.aborted) {
      const nextMinute = (Math.floor(this.virtual / minuteMs) + 1) * minuteMs;
      const next = Math.min(time, this.mustWaitFor(time) ? nextMinute : time);
      await this.waitFor(next);
      if (this.options.signal?.aborted) return false;
      await this.options.clock.advanceTo(next);
      this.virtual = Math.max(this.virtual, next);
      if (next >= time) return true;
    }
    return false;
  }

  private dueAt(time: number): number {
    return this.begunAt + (time - this.options.start) / this.options.speed;
  }

  private mustWaitFor(time: number): boolean {
    return this.dueAt(time) > this.options.wall.now();
  }

  private async waitFor(time: number): Promise<void> {
    const { wall, signal } = this.options;
    const milliseconds = this.dueAt(time) - wall.now();
    if (milliseconds > 0) await (wall.wait ?? timer)(milliseconds, signal);
  }
}

async function timer(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await wait(milliseconds, undefined, { signal }).catch(() => {});
}
