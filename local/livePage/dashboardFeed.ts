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
}

/** Automatic page refresh of the report, by the virtual clock: what `pageRefreshSeconds` of the dashboard is by default. */
const refreshMs = 60_000;
/** What a replay at a high speed asks at most, by the machine's clock. */
const leastPauseMs = 500;

/** Refreshes the dashboard as an open page of the report does: only while somebody looks, which is whoever calls `look`. */
export class DashboardFeed {
  private isAsking = false;
  private askedAt = Number.NEGATIVE_INFINITY;
  private askedAtWall = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: DashboardFeedOptions) {}

  /** Asks again when it is time; what comes of it is on the board later. */
  look(): void {
    const now = this.options.now();
    const isDue = now - this.askedAt >= refreshMs && performance.now() - this.askedAtWall >= leastPauseMs;
    if (this.isAsking || !isDue) return;
    this.isAsking = true;
    void this.ask(this.askedAt).finally(() => {
      this.isAsking = false;
      this.askedAtWall = performance.now();
    });
    this.askedAt = now;
  }

  private async ask(askedBefore: number): Promise<void> {
    const { ask, written, now, board, latency, onAnswers } = this.options;
    try {
      const visuals = await ask();
      const shownAt = now();
      board.answered(visuals, shownAt);
      onAnswers(visuals.length);
      // What was written while nobody looked has waited for a viewer, not for the dashboard.
      const wasOpen = shownAt - askedBefore < 4 * refreshMs;
      for (const window of wasOpen ? written(askedBefore) : []) latency.shown({ ...window, shownAt });
    } catch (error) {
      board.failed((error as Error).message);
    }
  }
}
