import type { ScoredWindow } from '../contracts/scored';
import { type Episode, followWindow } from '../hotPath/episodes';
import type { EpisodeChange, WindowedEnd } from './port';

const nameOf = ({ kind, since }: Episode) => `${kind} ${since}`;

/** Episodes that a window names: they are read whether or not they stand. */
export function namedIn({
  patient,
  flag,
  dataGap,
}: ScoredWindow): readonly Pick<Episode, 'patient' | 'kind' | 'since'>[] {
  return [
    ...(flag.since === null ? [] : [{ patient, kind: 'deterioration' as const, since: flag.since }]),
    ...(dataGap.since === null ? [] : [{ patient, kind: 'data-gap' as const, since: dataGap.since }]),
  ];
}

/**
 * What one patient's windows make of the episodes: each that is another one in the end, with what it was. A pure function.
 *
 * @param known those that stand, those that were changed by one of these windows or a later one, and those that the windows name
 * @param windows hot ones, newer than what is stored, in the order in which they came
 * @param ends of monitoring, as far as stored windows state them
 */
export function followWindows(
  known: readonly Episode[],
  windows: readonly ScoredWindow[],
  ends: readonly WindowedEnd[],
): readonly EpisodeChange[] {
  const before = new Map(known.map((episode) => [nameOf(episode), episode]));
  const episodes = new Map(before);
  // By window: what its newest revision says.
  const stated = new Map(ends.map((end) => [end.windowStart, end]));
  for (const window of windows) {
    for (const changed of followWindow([...episodes.values()], window, laterEnd(window, [...stated.values()])))
      episodes.set(nameOf(changed), changed);
    const { patient, start, monitoringEnd } = window;
    if (monitoringEnd === null) stated.delete(start);
    else stated.set(start, { patient, windowStart: start, ...monitoringEnd });
  }
  return [...episodes]
    .filter(([name, after]) => before.get(name) !== after)
    .map(([name, after]) => ({ before: before.get(name) ?? null, after }));
}

/** Only what comes late can begin before an end that was read before it. */
function laterEnd({ corrected, start }: ScoredWindow, ends: readonly WindowedEnd[]): WindowedEnd | null {
  if (!corrected) return null;
  return ends
    .filter(({ windowStart }) => windowStart >= start)
    .reduce<WindowedEnd | null>(
      (first, one) => (first === null || one.windowStart < first.windowStart ? one : first),
      null,
    );
}
