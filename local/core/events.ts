import type { PathEvent, PathEvents } from '../contracts';

/** What has happened at a step of the path since the start. */
export interface StepFigures {
  readonly count: number;
  /** Milliseconds; left out while no delay is known. At most 5 % above the exact value. */
  readonly delays?: { readonly p50: number; readonly p95: number; readonly max: number };
}

const bucketGrowth = 1.05;
// 1.05^400 ms is more than three days: what takes longer is counted in the last bucket.
const bucketCount = 400;

/** Delays counted in buckets that grow by 5 %, so that memory does not grow with the number of messages. */
export class DelayHistogram {
  private readonly buckets = new Uint32Array(bucketCount);
  private counted = 0;
  private max = 0;

  add(milliseconds: number): void {
    const delay = Math.max(0, milliseconds);
    const bucket = Math.ceil(Math.log(delay + 1) / Math.log(bucketGrowth));
    const index = Math.min(bucketCount - 1, bucket);
    this.buckets[index] = (this.buckets[index] ?? 0) + 1;
    this.counted += 1;
    this.max = Math.max(this.max, delay);
  }

  /** @param share between 0 and 1, as 0.95; undefined while nothing was counted */
  percentile(share: number): number | undefined {
    if (this.counted === 0) return undefined;
    let left = Math.max(1, Math.ceil(this.counted * share));
    for (let index = 0; index < bucketCount - 1; index++) {
      left -= this.buckets[index] ?? 0;
      if (left <= 0) return Math.min(this.max, bucketGrowth ** index - 1);
    }
    return this.max;
  }

  figures(): StepFigures['delays'] {
    const p50 = this.percentile(0.5);
    const p95 = this.percentile(0.95);
    return p50 === undefined || p95 === undefined ? undefined : { p50, p95, max: this.max };
  }
}

/** Takes what happens on the path from all services, counts it per step and hands it on to the live page. */
export class PathEventHub implements PathEvents {
  private readonly counts = new Map<string, number>();
  private readonly delays = new Map<string, DelayHistogram>();
  private readonly subscribers = new Set<(event: PathEvent) => void>();

  emit(event: PathEvent): void {
    this.counts.set(event.step, (this.counts.get(event.step) ?? 0) + event.count);
    if (event.delays !== undefined && event.delays.length > 0) {
      let histogram = this.delays.get(event.step);
      if (histogram === undefined) {
        histogram = new DelayHistogram();
        this.delays.set(event.step, histogram);
      }
      for (const delay of event.delays) histogram.add(delay);
    }
    for (const subscriber of this.subscribers) subscriber(event);
  }

  /** Calls for each event from now on. Returns a function that ends it. */
  subscribe(subscriber: (event: PathEvent) => void): () => void {
    this.subscribers.add(subscriber);
    return () => this.subscribers.delete(subscriber);
  }

  /** Counts and delays per step since the start. */
  figures(): Record<string, StepFigures> {
    return Object.fromEntries(
      [...this.counts].map(([step, count]) => [step, { count, delays: this.delays.get(step)?.figures() }]),
    );
  }
}
