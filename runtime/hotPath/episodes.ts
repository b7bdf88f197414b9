import type { MonitoringEnd, ScoredWindow } from '../contracts/scored';
import type { Vital } from '../contracts/scoringSource';

/** What can stand for a patient: at most one of each kind at a time. */
export const episodeKinds = ['deterioration', 'data-gap'] as const;
export type EpisodeKind = (typeof episodeKinds)[number];

/** Why an episode ended. `monitoringEnded` says nothing about how the patient is. */
export type EpisodeEnd = 'improved' | 'dataReturned' | 'monitoringEnded';

/** From the window that raised it until it ends: one Flag in FHIR, one row in the repository. Times in milliseconds since 1970. */
export interface Episode {
  readonly patient: string;
  readonly kind: EpisodeKind;
  /** Start of the window that raised it; with patient and kind its name. */
  readonly since: number;
  /** End of that window: from when it stands. */
  readonly raisedAt: number;
  /** Null for a data gap. */
  readonly level: 'low-medium' | 'medium' | 'high' | null;
  /** The vitals that are missing; empty for deterioration. */
  readonly vitals: readonly Vital[];
  /** Start of the window that changed it last. */
  readonly changedBy: number;
  readonly ended: { readonly time: number; readonly reason: EpisodeEnd } | null;
}

const ranks = { 'low-medium': 1, medium: 2, high: 3 } as const;

/**
 * What a window does to the episodes of its patient: those that are other ones after it, and none when nothing changed. A pure
 * function, so that FHIR and the repository say the same, and a window that is read again changes nothing.
 *
 * - The kernel's decision is written down, not made here. A revision that corrects may raise what stands and never lowers it;
 *   what it raised ends with the first uncorrected window whose rules for lowering are met (`mayLower`).
 * - At most one of a kind stands: a window that names another beginning changes the one that stands.
 * - A window that is older than the last change does not undo it, and begins nothing within what stood then.
 * - Missing data ends nothing. The end of monitoring ends everything that began before it.
 *
 * @param known of this patient: those that stand, and those that the window names by `since`, ended ones too. Who follows a
 *   window that may have been followed before also gives those that have ended since it
 * @param laterEnd end of the patient's monitoring in a later window that was read before this one; null without one
 */
export function followWindow(
  known: readonly Episode[],
  window: ScoredWindow,
  laterEnd: MonitoringEnd | null = null,
): readonly Episode[] {
  const before = [find(known, 'deterioration', window.flag.since), find(known, 'data-gap', window.dataGap.since)];
  const after = [followFlag(before[0], window, known), followGap(before[1], window, known)].map((episode, index) => {
    const end = window.monitoringEnd ?? (before[index] === undefined ? laterEnd : null);
    return episode && endedBy(episode, window, end);
  });
  return after.filter((episode, index): episode is Episode => episode !== undefined && episode !== before[index]);
}

/** The one that stands, or else the one that the window names. */
function find(known: readonly Episode[], kind: EpisodeKind, since: number | null): Episode | undefined {
  const ofKind = known.filter((one) => one.kind === kind);
  return ofKind.find(({ ended }) => ended === null) ?? ofKind.find((one) => one.since === since);
}

function followFlag(
  episode: Episode | undefined,
  window: ScoredWindow,
  known: readonly Episode[],
): Episode | undefined {
  const { corrected, start, end, flag } = window;
  const { level, since, mayLower } = flag;
  if (level === null || since === null) {
    const ends = isFollowing(episode, window) && !corrected && mayLower;
    return ends ? { ...episode, changedBy: start, ended: { time: end, reason: 'improved' } } : episode;
  }
  const raised = { level, vitals: [], changedBy: start, ended: null };
  if (episode === undefined) {
    return isTakenUp(known, 'deterioration', window) ? undefined : begun(window, 'deterioration', since, raised);
  }
  if (episode.ended !== null) return start > episode.changedBy && !corrected ? { ...episode, ...raised } : episode;
  const isWorse = ranks[level] > ranks[episode.level ?? 'low-medium'];
  if (isWorse)
    return corrected || isFollowing(episode, window)
      ? { ...episode, level, changedBy: latest(episode, start) }
      : episode;
  const isBetter = level !== episode.level && mayLower && !corrected;
  return isBetter && isFollowing(episode, window) ? { ...episode, level, changedBy: start } : episode;
}

/** What came late fills a gap that has passed, and makes none. */
function followGap(episode: Episode | undefined, window: ScoredWindow, known: readonly Episode[]): Episode | undefined {
  const { corrected, start, end, dataGap } = window;
  if (corrected) return episode;
  const { since, vitals } = dataGap;
  if (since === null) {
    return isFollowing(episode, window)
      ? { ...episode, changedBy: start, ended: { time: end, reason: 'dataReturned' } }
      : episode;
  }
  if (episode === undefined) {
    if (isTakenUp(known, 'data-gap', window)) return undefined;
    return begun(window, 'data-gap', since, { level: null, vitals, changedBy: start, ended: null });
  }
  const isSame = episode.ended === null && vitals.join() === episode.vitals.join();
  return isSame || start <= episode.changedBy ? episode : { ...episode, vitals, changedBy: start, ended: null };
}

/**
 * Whether one that has ended since stood in this window, under another beginning: what the window says became part of it when it
 * was read first. A correction counts as read only where it is itself what ended it.
 */
function isTakenUp(known: readonly Episode[], kind: EpisodeKind, { start, corrected }: ScoredWindow): boolean {
  return known.some(
    (one) => one.kind === kind && one.since <= start && (corrected ? one.changedBy === start : one.changedBy >= start),
  );
}

function begun(
  { patient, start, end }: ScoredWindow,
  kind: EpisodeKind,
  since: number,
  rest: Pick<Episode, 'level' | 'vitals' | 'changedBy' | 'ended'>,
): Episode {
  return { patient, kind, since, raisedAt: since + (end - start), ...rest };
}

function endedBy(episode: Episode, { start, end }: ScoredWindow, monitoringEnd: MonitoringEnd | null): Episode {
  const isOver = monitoringEnd !== null && episode.ended === null && episode.since < end;
  if (!isOver) return episode;
  // Monitoring may end within the window that raises it: nothing ends before it stands.
  const ended = { time: Math.max(monitoringEnd.time, episode.raisedAt), reason: 'monitoringEnded' as const };
  return { ...episode, changedBy: latest(episode, start), ended };
}

/** Whether it stands, and the window is not older than what changed it last. */
function isFollowing(episode: Episode | undefined, { start }: ScoredWindow): episode is Episode {
  return episode !== undefined && episode.ended === null && start >= episode.changedBy;
}

const latest = ({ changedBy }: Episode, start: number) => Math.max(changedBy, start);
