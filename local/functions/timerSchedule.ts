import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Log } from '../contracts';
import type { FunctionProcess } from './functionProcess';
import type { FunctionDescription } from './messages';
import { Schedule } from './ncrontab';

/** Real milliseconds for which a held clock waits for a tick. A function that hangs holds time up no longer. */
const patienceMs = 10_000;
/** Azure remembers when a timer ran only where that is a minute or more apart (`TimerTriggerAttribute.UseMonitor`). */
const monitoredFromMs = 60_000;

interface Status {
  readonly Last: string;
  readonly Next: string;
  readonly LastUpdated: string;
}

/**
 * When a timer's function runs, by the virtual clock. One tick at a time: those that fall due while the function runs, or
 * its process is down, become one, as in Azure. The clock is held at a tick until the function is done with it.
 */
export class TimerSchedule {
  private readonly schedule: Schedule;
  private process: FunctionProcess | undefined;
  private takeBack: () => void = () => {};
  private lastStart: number | undefined;
  private ticks = 0;
  private underWay: { id: number; done: () => void } | undefined;
  private isPatient = true;
  private status: Status | undefined;

  /** @throws Error for a schedule that is none */
  constructor(
    private readonly description: FunctionDescription,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.schedule = Schedule.parse(description.schedule ?? '');
  }

  /** The function's process is ready. @param status what the host storage remembers of the last run, if anything */
  run(process: FunctionProcess, status: string | undefined): void {
    this.process = process;
    const isFirst = this.lastStart === undefined;
    this.status ??= this.isMonitored() && status !== undefined ? (JSON.parse(status) as Status) : undefined;
    const now = this.clock.now();
    if (isFirst && this.status !== undefined && Date.parse(this.status.Next) < now) this.at(now, true);
    else if (isFirst && this.description.runOnStartup) this.at(now, false);
    else this.at(this.schedule.after(this.lastStart ?? now), false);
  }

  /** Its process is down. */
  pause(): void {
    this.process = undefined;
    this.takeBack();
    this.underWay?.done();
    this.underWay = undefined;
  }

  stop(): void {
    this.pause();
  }

  ticked(id: number): void {
    if (this.underWay?.id !== id) return;
    const { done } = this.underWay;
    this.underWay = undefined;
    this.isPatient = true;
    // Armed before the clock goes on: what is due next must not be passed over.
    this.at(this.schedule.after(this.lastStart ?? this.clock.now()), false);
    done();
  }

  private at(time: number, isPastDue: boolean): void {
    this.takeBack();
    this.takeBack = this.clock.at(time, () => this.tick(isPastDue));
  }

  private async tick(isPastDue: boolean): Promise<void> {
    if (this.process === undefined || this.underWay !== undefined) return;
    const now = this.clock.now();
    this.lastStart = now;
    this.ticks += 1;
    const id = this.ticks;
    const done = new Promise<void>((resolve) => {
      this.underWay = { id, done: resolve };
    });
    this.process.tell({ kind: 'tick', id, info: this.info(isPastDue), status: this.remember(now) });
    if (this.isPatient) await this.wait(done);
  }

  private async wait(done: Promise<void>): Promise<void> {
    const impatience = new AbortController();
    const timeUp = delay(patienceMs, true, { signal: impatience.signal, ref: false }).catch(() => false);
    const isLate = await Promise.race([done.then(() => false), timeUp]);
    impatience.abort();
    if (!isLate) return;
    this.isPatient = false;
    this.log.warn(`${this.description.name} has not ended after ${patienceMs} ms: the clock waits for it no longer.`);
  }

  /** `TimerInfo`, as the extension writes it. */
  private info(isPastDue: boolean): string {
    return JSON.stringify({
      Schedule: { AdjustForDST: true },
      ScheduleStatus: this.status ?? null,
      IsPastDue: isPastDue,
    });
  }

  private remember(now: number): string | undefined {
    if (!this.isMonitored()) return undefined;
    const text = (time: number) => new Date(time).toISOString().replace('Z', '+00:00');
    this.status = { Last: text(now), Next: text(this.schedule.after(now)), LastUpdated: text(now) };
    return JSON.stringify(this.status);
  }

  private isMonitored(): boolean {
    return this.schedule.intervalAt(this.clock.now()) >= monitoredFromMs;
  }
}
