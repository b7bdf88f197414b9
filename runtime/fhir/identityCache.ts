/** Devices and patients of a large hospital; what is read of one is a few hundred bytes. */
const most = 20_000;

interface Entry<V> {
  readonly value: V;
  /** Enqueue time of the newest event when it was read, milliseconds since 1970. */
  readonly eventTime: number;
  /** The monotonic timer then, milliseconds. */
  readonly timer: number;
}

/**
 * What was read about devices and patients, believed for a limited time. Age is counted both in the events' time and on a
 * monotonic timer, and the greater age counts: a replay may be faster than the world, and a stream may stand still.
 */
export class IdentityCache<V> {
  private readonly entries = new Map<string, Entry<V>>();

  constructor(
    private readonly lifeMs: number,
    private readonly timer: () => number,
  ) {}

  /** @param eventTime enqueue time of the newest event at hand, milliseconds since 1970 */
  get(key: string, eventTime: number): V | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    const age = Math.max(eventTime - entry.eventTime, this.timer() - entry.timer);
    return age < this.lifeMs ? entry.value : undefined;
  }

  set(key: string, value: V, eventTime: number): void {
    this.entries.delete(key);
    this.entries.set(key, { value, eventTime, timer: this.timer() });
    // A Map iterates in the order of insertion: the first one was read longest ago.
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= most) break;
      this.entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}
