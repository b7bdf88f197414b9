/**
 * Keeps an endpoint that fails from being asked: after some failures in a row it is open, and nobody asks; when its time is
 * over it is half open, and one request tries. Each further failure doubles the time.
 */
export class CircuitBreaker {
  private failures = 0;
  private openUntil = Number.NEGATIVE_INFINITY;
  private openMs: number;
  private isTrying = false;

  constructor(
    /** Milliseconds of a clock that only goes forward. */
    private readonly timer: () => number = () => performance.now(),
    private readonly mostFailures = 3,
    private readonly firstOpenMs = 5_000,
    private readonly longestOpenMs = 120_000,
  ) {
    this.openMs = firstOpenMs;
  }

  get state(): 'closed' | 'open' | 'halfOpen' {
    if (this.failures < this.mostFailures) return 'closed';
    return this.timer() < this.openUntil || this.isTrying ? 'open' : 'halfOpen';
  }

  /** Whether a request may be made. Whoever is told so says how it ended. */
  mayTry(): boolean {
    const { state } = this;
    if (state === 'halfOpen') this.isTrying = true;
    return state !== 'open';
  }

  succeeded(): void {
    this.failures = 0;
    this.isTrying = false;
    this.openMs = this.firstOpenMs;
  }

  failed(): void {
    this.failures += 1;
    this.isTrying = false;
    if (this.failures < this.mostFailures) return;
    this.openUntil = this.timer() + this.openMs;
    this.openMs = Math.min(this.openMs * 2, this.longestOpenMs);
  }
}
