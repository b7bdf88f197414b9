import type { Baseline, BaselineFile, ScoredWindow } from '../contracts/scored';
import { type Vital, vitals } from '../contracts/scoringSource';

/**
 * Days of windows before a version's midnight that a baseline is made of: a week, so that each hour of the day and each day of
 * the week counts once. Ours; no guideline says how long a usual value is to be looked at.
 */
export const baselineDays = 7;

const dayMs = 86_400_000;

/** Midnight UTC of the version that is due when all windows that ended by then are out; milliseconds since 1970. */
export function dueMidnight(through: number): number {
  return Math.floor(through / dayMs) * dayMs;
}

export const baselinesFrom = (midnight: number) => midnight - baselineDays * dayMs;

/** What one patient's windows were: a place for each window of the days, so that revisions come in any order. */
interface PatientWindows {
  readonly revisions: Int32Array;
  /** By window and vital; NaN: none. */
  readonly medians: Float64Array;
}

/**
 * Medians per patient and vital over the last revisions of the windows of the days before a midnight. A window's own median
 * counts, which is of values of that window: what is carried forward is not counted again.
 */
export class BaselineMedians {
  private readonly patients = new Map<string, PatientWindows>();
  private readonly from: number;
  private readonly count: number;

  constructor(
    private readonly midnight: number,
    private readonly windowMs: number,
  ) {
    this.from = baselinesFrom(midnight);
    this.count = Math.ceil((midnight - this.from) / windowMs);
  }

  add({ patient, start, end, revision, vitals: summaries }: ScoredWindow): void {
    if (start < this.from || end > this.midnight || end - start !== this.windowMs) return;
    const { revisions, medians } = this.windowsOf(patient);
    const place = Math.floor((start - this.from) / this.windowMs);
    if (revision <= (revisions[place] ?? 0)) return;
    revisions[place] = revision;
    for (const [index, vital] of vitals.entries()) {
      medians[place * vitals.length + index] = summaries[vital]?.median ?? Number.NaN;
    }
  }

  /** Patients in the order of their ids: the same windows make the same file. */
  file(): BaselineFile {
    const ids = [...this.patients.keys()].sort();
    return {
      version: new Date(this.midnight).toISOString().slice(0, 10),
      upTo: this.midnight,
      patients: Object.fromEntries(ids.map((id) => [id, this.baselineOf(this.patients.get(id) as PatientWindows)])),
    };
  }

  private windowsOf(patient: string): PatientWindows {
    let windows = this.patients.get(patient);
    if (windows === undefined) {
      windows = {
        revisions: new Int32Array(this.count),
        medians: new Float64Array(this.count * vitals.length).fill(Number.NaN),
      };
      this.patients.set(patient, windows);
    }
    return windows;
  }

  private baselineOf({ revisions, medians }: PatientWindows): Baseline {
    const found: Partial<Record<Vital, number>> = {};
    for (const [index, vital] of vitals.entries()) {
      const values = medians.filter((value, at) => at % vitals.length === index && !Number.isNaN(value)).sort();
      if (values.length > 0) found[vital] = medianOf(values);
    }
    return { medians: found, windows: revisions.reduce((sum, revision) => sum + Math.min(revision, 1), 0) };
  }
}

function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
