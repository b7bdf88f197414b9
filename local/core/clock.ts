import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Clock, Log } from '../contracts';

/** `held` moves only by `advanceTo`; `running` moves with the machine's clock from where it is. */
export type ClockMode = 'held' | 'running';

export interface VirtualClockOptions {
  /** File that remembers the time over restarts. */
  readonly file: string;
  /** Where time begins, in milliseconds since 1970; a later remembered time wins. */
  readonly start: number;
  /** Default: `held`. */
  readonly mode?: ClockMode;
  /** Gets told of a callback that failed. */
  readonly log: Log;
}

interface Due {
  readonly time: number;
  readonly run: () => void | Promise<void>;
}

// How far ahead of a running clock the file is: a restart after kill -9 loses up to this much time, but never goes back.
const runningMargin = 1000;
const longestTimer = 2 ** 31 - 1;

/**
 * The clock that all services read. It never goes back, also not over a restart or kill -9.
 * What is due is called in the order of time. A held clock stands still at each due time until what was due is done; a
 * running one goes on meanwhile.
 */
export class VirtualClock implements Clock {
  private readonly file: number;
  private readonly log: Log;
  private current: number;
  private remembered = 0;
  private runsSince: { machine: number; virtual: number } | undefined;
  private readonly queue: Due[] = [];
  private readonly working = new Set<Promise<void>>();
  private moving: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: VirtualClockOptions) {
    this.log = options.log;
    this.file = openSync(options.file, 'a+');
    closeSync(this.file);
    this.file = openSync(options.file, 'r+');
    const remembered = Number(readFileSync(options.file, 'utf8')) || 0;
    this.current = Math.max(options.start, remembered);
    this.remember(this.current);
    if (options.mode === 'running') this.run();
  }

  now(): number {
    if (this.runsSince !== undefined) {
      const { machine, virtual } = this.runsSince;
      this.current = Math.max(this.current, virtual + Date.now() - machine);
      if (this.current > this.remembered && !this.closed) this.remember(this.current + runningMargin);
    }
    return this.current;
  }

  at(time: number, run: () => void | Promise<void>): () => void {
    const due: Due = { time, run };
    this.queue.splice(this.placeFor(time), 0, due);
    this.arm();
    return () => {
      const index = this.queue.indexOf(due);
      if (index >= 0) this.queue.splice(index, 1);
    };
  }

  /**
   * Moves time on to `time`, stopping at each due time until what is due then is done; a time that is past changes
   * nothing. Resolves when all that was due is done. Not to be awaited within a callback: it waits for that callback.
   */
  advanceTo(time: number): Promise<void> {
    this.moving = this.moving.then(() => this.move(time));
    return this.moving;
  }

  /** From now on time moves with the machine's clock. */
  run(): void {
    this.runsSince ??= { machine: Date.now(), virtual: this.current };
    this.arm();
  }

  /** From now on time moves only by `advanceTo`. */
  hold(): void {
    this.now();
    this.runsSince = undefined;
    if (!this.closed) this.remember(this.current);
    clearTimeout(this.timer);
  }

  /** Nothing is called back any more. */
  close(): void {
    if (this.closed) return;
    this.hold();
    this.closed = true;
    this.queue.length = 0;
    closeSync(this.file);
  }

  private async move(time: number): Promise<void> {
    while (!this.closed) {
      await Promise.all(this.working);
      const next = this.queue[0];
      if (next === undefined || next.time > Math.max(time, this.now())) break;
      this.set(next.time);
      this.callDue();
    }
    if (!this.closed) this.set(time);
  }

  private set(time: number): void {
    const now = this.now();
    if (time <= now) return;
    this.current = time;
    if (this.runsSince !== undefined) this.runsSince = { machine: Date.now(), virtual: time };
    if (time > this.remembered) this.remember(time);
  }

  private callDue(): void {
    const now = this.now();
    while (this.queue[0] !== undefined && this.queue[0].time <= now) {
      const due = this.queue.shift() as Due;
      const work: Promise<void> = (async () => due.run())()
        .catch((error: unknown) =>
          this.log.warn(`What was due at ${new Date(due.time).toISOString()} failed: ${error}`),
        )
        .finally(() => this.working.delete(work));
      this.working.add(work);
    }
  }

  /** Wakes up for what is due already, and in a running clock for what is due next. */
  private arm(): void {
    const next = this.queue[0];
    if (next === undefined || this.closed) return;
    const wait = next.time - this.now();
    if (wait > 0 && this.runsSince === undefined) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () => this.advanceTo(this.now()).then(() => this.arm()),
      Math.min(Math.max(wait, 0), longestTimer),
    );
    // A clock alone does not keep the process alive.
    this.timer.unref();
  }

  private placeFor(time: number): number {
    let low = 0;
    let high = this.queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.queue[middle] as Due).time <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** One write of fixed length in place: exact after kill -9, and cheap enough for each message of a fast replay. */
  private remember(time: number): void {
    this.remembered = time;
    writeSync(this.file, String(Math.ceil(time)).padStart(16, '0'), 0);
  }
}
