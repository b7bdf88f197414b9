import type { PathEvents } from './contracts';

/** A count that only grows, of something that a service knows and does not tell as it happens. */
export interface PathCount {
  readonly step: string;
  read(): number;
}

/** Tells the path what was counted since it asked last. */
export class PathCounts {
  private readonly told = new Map<PathCount, number>();

  constructor(
    private readonly counts: readonly PathCount[],
    private readonly events: PathEvents,
  ) {}

  tell(): void {
    for (const count of this.counts) {
      const now = count.read();
      const before = this.told.get(count) ?? 0;
      if (now > before) this.events.emit({ step: count.step, count: now - before });
      this.told.set(count, now);
    }
  }
}
