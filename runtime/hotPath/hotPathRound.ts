import type { ScoredWindow } from '../contracts/scored';
import { flagId, windowName } from './codes';
import { type Episode, followWindow } from './episodes';
import type { StatedEnd } from './flagStore';
import type { PatientFlags } from './patientFlags';

/** A result on its way into FHIR, and what it came as. */
export interface Arrival<Source> {
  readonly window: ScoredWindow;
  readonly source: Source;
}

/** What a patient's windows come to. */
export interface Followed<Source> {
  /** The episodes that are other ones, and the windows that made them so. */
  readonly changes: readonly { readonly episode: Episode; readonly by: readonly Arrival<Source>[] }[];
  /** Corrected windows that changed something. */
  readonly corrections: readonly Arrival<Source>[];
  /** An episode begins by a window after which others may have been followed, and it was not looked what came of these. */
  readonly asksForPast: boolean;
}

/**
 * How many of a patient's windows are followed and written before the next are looked at. What is followed together may be
 * followed again by another process that has not seen the end of it: that gives the same for windows in order, and for
 * corrections that name one episode, but not for more than that, where a window would change what another one after it has begun
 * or raised. A window that comes twice is written twice.
 */
export function togetherCount<Source>(arrivals: readonly Arrival<Source>[]): number {
  const names = new Set<string>();
  let before: ScoredWindow | undefined;
  for (const [index, { window }] of arrivals.entries()) {
    const isApart = before !== undefined && !mayFollowTogether(before, window);
    if (isApart || names.has(windowName(window))) return index;
    names.add(windowName(window));
    before = window;
  }
  return arrivals.length;
}

function mayFollowTogether(before: ScoredWindow, window: ScoredWindow): boolean {
  const isAlike =
    before.corrected === window.corrected && (!window.corrected || before.flag.since === window.flag.since);
  return isAlike && before.monitoringEnd === null && window.monitoringEnd === null;
}

/**
 * Follows one patient's windows in memory, in their order. A pure function.
 *
 * @param isFresh whether nobody can have followed first revisions before
 * @param ends of the patient's monitoring, as far as windows state them, once Flags that have ended since were read, too; undefined:
 *   not asked for yet
 */
export function followAll<Source>(
  flags: PatientFlags,
  arrivals: readonly Arrival<Source>[],
  isFresh: boolean,
  ends: readonly StatedEnd[] | undefined,
): Followed<Source> {
  const episodes = new Map(flags.episodes.map((one) => [flagId(one), one]));
  const by = new Map<string, Arrival<Source>[]>();
  const corrections: Arrival<Source>[] = [];
  let asksForPast = false;
  for (const arrival of arrivals) {
    const { window } = arrival;
    const changed = followWindow([...episodes.values()], window, laterEnd(window, ends)).filter(
      // What somebody took back stays as it is.
      (episode) => flags.get(flagId(episode))?.isWithdrawn !== true,
    );
    const isBegun = changed.some((episode) => !episodes.has(flagId(episode)));
    asksForPast ||= isBegun && ends === undefined && !(isFresh && window.revision === 1);
    if (window.corrected && changed.length > 0) corrections.push(arrival);
    for (const episode of changed) {
      const id = flagId(episode);
      episodes.set(id, episode);
      by.set(id, [...(by.get(id) ?? []), arrival]);
    }
  }
  const changes = [...by].map(([id, windows]) => ({ episode: episodes.get(id) as Episode, by: windows }));
  return { changes, corrections, asksForPast };
}

/** The first end that windows state which start with this one or later. */
function laterEnd(window: ScoredWindow, ends: readonly StatedEnd[] = []): StatedEnd | null {
  if (!window.corrected) return null;
  return ends
    .filter(({ windowStart }) => windowStart >= window.start)
    .reduce<StatedEnd | null>(
      (first, one) => (first === null || one.windowStart < first.windowStart ? one : first),
      null,
    );
}
