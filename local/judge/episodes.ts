import type { MonitoringEnd, ScoredWindow } from '../../runtime/contracts/scored';

/** What must have stood over a patient, from the window that raised it until it ended. Times in milliseconds since 1970. */
export interface EpisodeExpected {
  readonly patient: string;
  readonly kind: EpisodeKind;
  /** Start of the window that raised it, and its end. */
  readonly since: number;
  readonly raisedAt: number;
  /** Null for a data gap. */
  level: FlagLevel | null;
  /** Missing vitals of a data gap. */
  vitals: readonly string[];
  ended: { readonly time: number; readonly reason: EpisodeEnd } | null;
  /** How often something about it became another: more versions than that were written for nothing. */
  changes: number;
  /** Start of the newest window that changed it. */
  changedBy: number;
}

export type EpisodeKind = 'deterioration' | 'data-gap';
export type EpisodeEnd = 'improved' | 'dataReturned' | 'monitoringEnded';
type FlagLevel = NonNullable<ScoredWindow['flag']['level']>;

const gravity: Readonly<Record<FlagLevel, number>> = { 'low-medium': 1, medium: 2, high: 3 };

/**
 * The episodes that follow from what came on `scored`: written apart from the code that follows it into FHIR and the
 * repository, so that the judge does not believe that.
 *
 * @param windows in the order of arrival, of one horizon; revisions that are not newer than an earlier one count for nothing
 */
export function episodesOf(windows: readonly ScoredWindow[]): EpisodeExpected[] {
  const charts = new Map<string, Chart>();
  for (const window of windows) {
    const chart = charts.get(window.patient) ?? new Chart();
    charts.set(window.patient, chart);
    chart.take(window);
  }
  return [...charts.values()].flatMap(({ episodes }) => episodes);
}

/** One patient's episodes, in the order in which they began to be known. */
class Chart {
  readonly episodes: EpisodeExpected[] = [];
  private readonly revisions = new Map<number, number>();
  private readonly ends = new Map<number, MonitoringEnd>();

  take(window: ScoredWindow): void {
    const { start, revision, monitoringEnd } = window;
    if ((this.revisions.get(start) ?? 0) >= revision) return;
    this.revisions.set(start, revision);
    if (monitoringEnd === null) this.ends.delete(start);
    else this.ends.set(start, monitoringEnd);
    const known = this.episodes.length;
    this.takeFlag(window);
    this.takeGap(window);
    if (monitoringEnd !== null) this.endAll(window, monitoringEnd, this.episodes);
    else this.endBelated(window, this.episodes.slice(known));
  }

  private takeFlag(window: ScoredWindow): void {
    const { corrected, start, end, flag } = window;
    const { level, since, mayLower } = flag;
    const standing = this.standing('deterioration');
    const mayImprove = !corrected && mayLower && start >= (standing?.changedBy ?? 0);
    if (level === null || since === null) {
      if (standing && mayImprove) finish(standing, start, end, 'improved');
    } else if (standing === undefined) {
      const before = this.episodes.find((one) => one.kind === 'deterioration' && one.since === since);
      if (before === undefined) {
        if (!this.isPartOfAnother('deterioration', window)) this.begin(window, 'deterioration', since, level, []);
      } else if (!corrected && start > before.changedBy) change(before, start, { level, ended: null });
    } else if (gravity[level] > gravity[standing.level ?? 'low-medium']) {
      if (corrected || start >= standing.changedBy) change(standing, start, { level });
    } else if (level !== standing.level && mayImprove) change(standing, start, { level });
  }

  private takeGap(window: ScoredWindow): void {
    const { corrected, start, end, dataGap } = window;
    const { since, vitals } = dataGap;
    if (corrected) return;
    const standing = this.standing('data-gap');
    if (since === null) {
      if (standing && start >= standing.changedBy) finish(standing, start, end, 'dataReturned');
      return;
    }
    const gap = standing ?? this.episodes.find((one) => one.kind === 'data-gap' && one.since === since);
    if (gap === undefined) {
      if (!this.isPartOfAnother('data-gap', window)) this.begin(window, 'data-gap', since, null, vitals);
    } else if (start > gap.changedBy && (gap.ended !== null || gap.vitals.join() !== vitals.join()))
      change(gap, start, { vitals, ended: null });
  }

  /** What stands when the patient's monitoring ends does so then, and not before it stood. */
  private endAll({ start, end }: ScoredWindow, { time }: MonitoringEnd, episodes: readonly EpisodeExpected[]): void {
    for (const one of episodes) {
      const isOver = one.ended === null && one.since < end;
      if (isOver) finish(one, start, Math.max(time, one.raisedAt), 'monitoringEnded');
    }
  }

  /** What came so late that the patient had gone by then. */
  private endBelated(window: ScoredWindow, begun: readonly EpisodeExpected[]): void {
    const [later] = [...this.ends].filter(([start]) => start >= window.start).sort(([a], [b]) => a - b);
    if (later !== undefined) this.endAll(window, later[1], begun);
  }

  /**
   * A window within what stood and has ended begins nothing of its own: it was part of that. What corrects it does, unless that is
   * what ended it.
   */
  private isPartOfAnother(kind: EpisodeKind, { start, corrected }: ScoredWindow): boolean {
    const before = this.episodes.filter((one) => one.kind === kind && one.since <= start);
    return before.some(({ changedBy }) => (corrected ? changedBy === start : changedBy >= start));
  }

  private standing(kind: EpisodeKind): EpisodeExpected | undefined {
    return this.episodes.find((one) => one.kind === kind && one.ended === null);
  }

  private begin(
    { patient, start, end }: ScoredWindow,
    kind: EpisodeKind,
    since: number,
    level: FlagLevel | null,
    vitals: readonly string[],
  ): void {
    const raisedAt = since + end - start;
    this.episodes.push({
      ...{ patient, kind, since, raisedAt, level, vitals },
      ended: null,
      changes: 1,
      changedBy: start,
    });
  }
}

function change(
  episode: EpisodeExpected,
  start: number,
  now: Partial<Pick<EpisodeExpected, 'level' | 'vitals' | 'ended'>>,
): void {
  Object.assign(episode, now);
  episode.changes += 1;
  episode.changedBy = Math.max(episode.changedBy, start);
}

function finish(episode: EpisodeExpected, start: number, time: number, reason: EpisodeEnd): void {
  change(episode, start, { ended: { time, reason } });
}
