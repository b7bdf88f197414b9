/** The last numbers of a measure that goes on, for percentiles. */
export class Percentiles {
  private readonly kept: Float64Array;
  private seen = 0;

  /** @param size how many are kept: the oldest one makes room */
  constructor(size: number) {
    this.kept = new Float64Array(size);
  }

  add(value: number): void {
    this.kept[this.seen++ % this.kept.length] = value;
  }

  /** By nearest rank, one for each share; undefined before the first number. */
  read(...shares: readonly number[]): number[] | undefined {
    if (this.seen === 0) return undefined;
    const sorted = this.kept.slice(0, Math.min(this.seen, this.kept.length)).sort();
    return shares.map((share) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0);
  }
}
