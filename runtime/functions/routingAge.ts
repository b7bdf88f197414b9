import type { StepLog } from '../stream/stepLog';

/**
 * How old the projection is that this process wrote last; before the first one, for how long the process has been without. With
 * it a log that says `iomt.routing.stale` beside each line that something is waited for (`iomt.held`, at least twice a minute), as
 * soon as the projection is older than it may be. One for a process.
 */
export class RoutingAge {
  private renewed: number;

  /**
   * @param staleSeconds from this age on it is stale
   * @param timer a monotonic clock in milliseconds
   */
  constructor(
    private readonly staleSeconds: number,
    private readonly timer: () => number = () => performance.now(),
  ) {
    this.renewed = timer();
  }

  /** To be called when FHIR has told as of when it is read; what it returns, once that has been written: it tells the age then. */
  begin(): () => number {
    const begun = this.timer();
    return () => {
      this.renewed = Math.max(this.renewed, begun);
      return this.seconds();
    };
  }

  watching(log: StepLog): StepLog {
    return {
      info: (line) => log.info(line),
      error: (line) => log.error(line),
      warn: (line) => {
        log.warn(line);
        if (line.startsWith('iomt.held ')) this.sayIfStale(log);
      },
    };
  }

  sayIfStale(log: StepLog): void {
    if (this.seconds() > this.staleSeconds) log.warn(`iomt.routing.stale ageSeconds=${this.seconds()}`);
  }

  private seconds(): number {
    return Math.round((this.timer() - this.renewed) / 1000);
  }
}
