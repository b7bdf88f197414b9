/** The FHIR service scales itself and publishes no limit; two at a time is a start that every size of it bears. */
const start = 2;
const most = 16;

/**
 * How many requests are under way at a time: half as many after a 429 or 503, and one more after as many successes as
 * are allowed at a time (additive increase, multiplicative decrease, as TCP does it).
 */
export class AdaptiveConcurrency {
  private limit = start;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** How many may run at a time now. */
  get allowed(): number {
    return Math.floor(this.limit);
  }

  /** @param overloaded whether a result tells of overload */
  async run<T>(work: () => Promise<T>, overloaded: (result: T) => boolean): Promise<T> {
    await this.enter();
    try {
      const result = await work();
      this.limit = overloaded(result) ? Math.max(1, this.limit / 2) : Math.min(most, this.limit + 1 / this.limit);
      return result;
    } finally {
      this.running--;
      this.admit();
    }
  }

  private enter(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.admit();
    });
  }

  private admit(): void {
    while (this.running < this.allowed) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.running++;
      next();
    }
  }
}
