import type { Clock } from '../contracts';
import type { FunctionProcess } from './functionProcess';
import type { FunctionDescription } from './messages';
import { Schedule } from './ncrontab';

/** Azure remembers when a timer ran only where that is a minute or more apart (`TimerTriggerAttribute.UseMonitor`). */
const monitoredFromMs = 60_000;

interface Status {
  readonly Last: string;
  readonly Next: string;
  readonly LastUpdated: string;
}

/**
 * When a timer's function runs, by the virtual clock. One tick at a time: those that fall due while the function runs, or
 * its process is down, become one, as in Azure. The clock does not wait: a day in one leap is not thousands of ticks.
 */
export class TimerSchedule {
  private readonly schedule: Schedule;
  private process: FunctionProcess | undefined;
  private takeBack: () => void = () => {};
  private lastStart: number | undefined;
  private ticks = 0;
  private underWay: number | undefined;
  private status: Status | undefined;

  /** @throws Error for a schedule that is none */
  constructor(
    private readonly description: FunctionDescription,
    private readonly clock: Clock,
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
    this.underWay = undefined;
  }

  stop(): void {
    this.pause();
  }

  ticked(id: number): void {
    if (this.underWay !== id) return;
    this.underWay = undefined;
    // At once where that has passed meanwhile: what was missed becomes this one.
    this.at(this.schedule.after(this.lastStart ?? this.clock.now()), false);
  }

  private at(time: number, isPastDue: boolean): void {
    this.takeBack();
    this.takeBack = this.clock.at(time, () => this.tick(isPastDue));
  }

  private tick(isPastDue: boolean): void {
    if (this.process === undefined || this.underWay !== undefined) return;
    const now = this.clock.now();
    this.lastStart = now;
    this.ticks += 1;
    this.underWay = this.ticks;
    this.process.tell({ kind: 'tick', id: this.ticks, info: this.info(isPastDue), status: this.remember(now) });
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
