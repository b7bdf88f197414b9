import type { PathEvent, PathEvents } from '../contracts';
import { Percentiles } from './percentiles';
import type { Measure, StepSnapshot } from './snapshot';
import { isStepId, type StepId, steps } from './steps';

const bucketMs = 250;
const buckets = 20;
const delaysKept = 1024;

/** Count, rate over the last five seconds, and percentiles over the last 1024 delays of one step. */
class StepMeasure {
  private total = 0;
  private readonly perBucket = new Array<number>(buckets).fill(0);
  private lastBucket = 0;
  private readonly delays = new Percentiles(delaysKept);

  add(count: number, delays: readonly number[], now: number): void {
    this.moveTo(Math.floor(now / bucketMs));
    this.total += count;
    const index = this.lastBucket % buckets;
    this.perBucket[index] = (this.perBucket[index] ?? 0) + count;
    for (const delay of delays) this.delays.add(delay);
  }

  read(now: number): Measure {
    this.moveTo(Math.floor(now / bucketMs));
    const recent = this.perBucket.reduce((sum, count) => sum + count, 0);
    const measure = { count: this.total, ratePerSecond: (recent * 1000) / (bucketMs * buckets) };
    const [p50, p95] = this.delays.read(0.5, 0.95) ?? [];
    return p50 === undefined || p95 === undefined ? measure : { ...measure, delayP50Ms: p50, delayP95Ms: p95 };
  }

  private moveTo(bucket: number): void {
    const first = Math.max(this.lastBucket + 1, bucket - buckets + 1);
    for (let emptied = first; emptied <= bucket; emptied++) this.perBucket[emptied % buckets] = 0;
    this.lastBucket = Math.max(this.lastBucket, bucket);
  }
}

export type StepPresence = 'alive' | 'absent' | 'planned';

/**
 * Collects what happens on the path into what the live page shows of each step. All steps are `planned` until they are
 * declared with `declare`.
 */
export class StepBoard implements PathEvents {
  private readonly measures = new Map<string, StepMeasure>();
  private readonly presence = new Map<StepId, StepPresence>();
  private readonly holds = new Map<StepId, string>();

  /** @param now milliseconds of wall clock. */
  constructor(private readonly now: () => number = Date.now) {}

  declare(presence: StepPresence, ...ids: StepId[]): void {
    for (const id of ids) this.presence.set(id, presence);
  }

  /** Says that messages wait at a step, and why, in words; without a reason they flow again. */
  hold(id: StepId, reason: string | undefined): void {
    if (reason === undefined) this.holds.delete(id);
    else this.holds.set(id, reason);
  }

  /** @throws Error when the event names neither a step nor `consumer`. */
  emit(event: PathEvent): void {
    if (event.step !== 'consumer' && !isStepId(event.step)) {
      throw new Error(
        `A path event names the step "${event.step}"; allowed are 1 to 18, 5a-c, 11a, 13a-b and consumer.`,
      );
    }
    let measure = this.measures.get(event.step);
    if (!measure) {
      measure = new StepMeasure();
      this.measures.set(event.step, measure);
    }
    measure.add(event.count, event.delays ?? [], this.now());
  }

  steps(): StepSnapshot[] {
    return steps.map(({ id }) => this.step(id));
  }

  /** What readers of `devicedata` received; null before the first message. */
  consumer(): Measure | null {
    return this.measures.get('consumer')?.read(this.now()) ?? null;
  }

  private step(id: StepId): StepSnapshot {
    const measure = this.measures.get(id)?.read(this.now()) ?? { count: 0, ratePerSecond: 0 };
    const presence = this.presence.get(id) ?? 'planned';
    if (presence !== 'alive') return { id, ...measure, state: presence };
    const reason = this.holds.get(id);
    if (reason !== undefined) return { id, ...measure, state: 'held', reason };
    return { id, ...measure, state: measure.count > 0 ? 'active' : 'waiting' };
  }
}
