import type { AnsweredVisual, DashboardBoard } from './dashboardBoard';
import type { LatencyBoard, ShownWindow } from './latencyBoard';

export interface DashboardFeedOptions {
  /** Answers what the visuals of the report ask. */
  ask(): Promise<readonly AnsweredVisual[]>;
  /** Windows whose row was written at or after a time, of the length that the dashboard shows. */
  written(since: number): readonly Omit<ShownWindow, 'shownAt'>[];
  /** Virtual time. */
  now(): number;
  readonly board: DashboardBoard;
  readonly latency: LatencyBoard;
  /** Told how many visuals were answered. */
  onAnswers(count: number): void;
  /** The machine's clock, milliseconds; default `performance.now`. */
  readonly machineNow?: () => number;
}

/** Automatic page refresh of the report, by the virtual clock: what `pageRefreshSeconds` of the dashboard is by default. */
const refreshMs = 60_000;
/** What a replay at a high speed asks at most, by the machine's clock. */
const leastPauseMs = 500;
/** Who has not looked for so long has closed the page. */
const closedAfterMs = 5_000;

/** Refreshes the dashboard as an open page of the report does: only while somebody looks, which is whoever calls `look`. */
export class DashboardFeed {
  private isAsking = false;
  private askedAt = Number.NEGATIVE_INFINITY;
  private askedAtMachine = Number.NEGATIVE_INFINITY;
  private lookedAtMachine = Number.NEGATIVE_INFINITY;
  /** From when on what is written waits for this page, and not for somebody to open it. */
  private openSince = Number.POSITIVE_INFINITY;
  private readonly machineNow: () => number;

  constructor(private readonly options: DashboardFeedOptions) {
    this.machineNow = options.machineNow ?? (() => performance.now());
  }

  /** Asks again when it is time; what comes of it is on the board later. */
  look(): void {
    const [now, machineNow] = [this.options.now(), this.machineNow()];
    if (machineNow - this.lookedAtMachine > closedAfterMs) this.openSince = now;
    this.lookedAtMachine = machineNow;
    const isDue = now - this.askedAt >= refreshMs && machineNow - this.askedAtMachine >= leastPauseMs;
    if (this.isAsking || !isDue) return;
    this.isAsking = true;
    void this.ask(Math.max(this.askedAt, this.openSince)).finally(() => {
      this.isAsking = false;
      this.askedAtMachine = this.machineNow();
    });
    this.askedAt = now;
  }

  /** @param since of what was written from then on it is told how old it is */
  private async ask(since: number): Promise<void> {
    const { ask, written, now, board, latency, onAnswers } = this.options;
    try {
      const visuals = await ask();
      const shownAt = now();
      board.answered(visuals, shownAt);
      onAnswers(visuals.length);
      for (const window of written(since)) latency.shown({ ...window, shownAt });
    } catch (error) {
      board.failed((error as Error).message);
    }
  }
}
