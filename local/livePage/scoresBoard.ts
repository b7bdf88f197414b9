import { type Band, news2Parts, type ScoredWindow } from '../../runtime/contracts/scored';
import type { PatientSnapshot, ScoreSnapshot } from './snapshot';

const windowsKept = 48;

/** Keeps the last windows of each patient for the live page, each in its last revision. */
export class ScoresBoard {
  private readonly windows = new Map<string, ScoredWindow[]>();

  /** @param windowMs length of the windows that are shown; those of the long view are passed over */
  constructor(private readonly windowMs: number) {}

  observe(window: ScoredWindow): void {
    if (window.end - window.start !== this.windowMs) return;
    const kept = this.windows.get(window.patient) ?? [];
    const index = kept.findIndex(({ start }) => start >= window.start);
    const there = kept[index];
    if (index === -1) kept.push(window);
    else if (there?.start !== window.start) kept.splice(index, 0, window);
    else if (there.revision < window.revision) kept[index] = window;
    if (kept.length > windowsKept) kept.shift();
    this.windows.set(window.patient, kept);
  }

  /** Those most at risk first: by the flag that stands, then by what the score is at least; the rest by their ids. */
  patients(): PatientSnapshot[] {
    const compare = new Intl.Collator('en', { numeric: true }).compare;
    return [...this.windows.values()]
      .flatMap((kept) => snapshotOf(kept))
      .sort((a, b) => urgency(b) - urgency(a) || compare(a.patient, b.patient));
  }
}

const ranks: Readonly<Record<Band, number>> = { low: 0, 'low-medium': 1, medium: 2, high: 3 };

function urgency({ flag, score }: PatientSnapshot): number {
  return 100 * (flag === null ? 0 : ranks[flag]) + (score?.atLeast ?? 0);
}

function snapshotOf(kept: readonly ScoredWindow[]): PatientSnapshot[] {
  const window = kept.at(-1);
  if (window === undefined) return [];
  const { patient, end, revision, flag, dataGap, applicability } = window;
  return [
    {
      patient,
      windowEnd: new Date(end).toISOString(),
      revision,
      score: scoreOf(window),
      notApplicable: applicability.applicable ? [] : applicability.reasons,
      flag: flag.level,
      dataGap: dataGap.action === 'none' || dataGap.action === 'lower' ? [] : dataGap.vitals,
      scores: kept.map(({ news2 }) => news2?.total ?? news2?.floorTotal ?? null),
    },
  ];
}

function scoreOf({ news2 }: ScoredWindow): ScoreSnapshot | null {
  if (news2 === null) return null;
  const { floorTotal, ceilingTotal, band, missing, indeterminate = [], complete } = news2;
  const known = news2Parts.length - missing.length - indeterminate.length;
  return { atLeast: floorTotal, atMost: ceilingTotal, band, known, complete };
}
