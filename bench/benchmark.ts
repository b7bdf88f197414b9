/** What a benchmark must reach: `figure` names one of its figures. */
export interface Aim {
  readonly figure: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Result {
  /** Figures with their unit in the name, as `p95Milliseconds`. */
  readonly figures: Record<string, number | string | Record<string, number>>;
  /** What a reader might believe was measured and was not. */
  readonly notMeasured: readonly string[];
}

export interface Benchmark {
  readonly name: string;
  /** One line for the list. */
  readonly what: string;
  readonly aims: readonly Aim[];
  run(say: (line: string) => void): Promise<Result>;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The nearest-rank percentile. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
