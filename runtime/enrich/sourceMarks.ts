import type { ClockMark } from '../contracts/clockMark';

/**
 * What clock marks have come in one partition of `normalizeddata`, one of each partition of `devicedata`. In memory only: a new
 * process knows the least once one of each has come again, and says nothing until then. It may be behind, never ahead:
 * whatever came before a mark that it was told of has been handed on, by it or by who read the partition before.
 */
export class SourceMarks {
  private readonly times = new Map<string, number>();
  private sources = Number.POSITIVE_INFINITY;
  private told = Number.NEGATIVE_INFINITY;

  /** The mark's data have been handed on. */
  note({ source, sources, time }: ClockMark): void {
    this.times.set(source, Math.max(Date.parse(time), this.times.get(source) ?? Number.NEGATIVE_INFINITY));
    // Partitions are added to a hub, never taken away.
    this.sources = Number.isFinite(this.sources) ? Math.max(sources, this.sources) : sources;
  }

  /** The least time, once all sources have one, when it is later than what was last told; milliseconds since 1970. */
  next(): number | undefined {
    if (this.times.size < this.sources) return undefined;
    const least = Math.min(...this.times.values());
    if (least <= this.told) return undefined;
    this.told = least;
    return least;
  }
}
