import type { FeedSnapshot } from '../snapshot';
import { html } from './element';
import { formatSpan, type WardTime } from './format';

const minuteMs = 60_000;
/** A feed tells how far it is with every clock mark, some seconds apart: after this it does not beat any more. */
const silentAfterMs = 5 * minuteMs;
/** Both writers follow the same stream: less than this is how they take turns. */
const behindAfterMs = minuteMs;

const feedNames: Readonly<Record<string, string>> = { repository: 'Scores', fhir: 'FHIR', routing: 'Care teams' };

/** The heartbeat of a feed in words: how far it is, whether it still beats, and how far it is behind the scores. */
export function feedItem(
  { feed, until }: FeedSnapshot,
  all: readonly FeedSnapshot[],
  now: number,
  time: WardTime,
): HTMLElement {
  const name = feedNames[feed] ?? feed;
  const writers = all.filter((one) => one.feed !== 'routing').map((one) => Date.parse(one.until));
  const behindMs = feed === 'routing' ? 0 : Math.max(...writers) - Date.parse(until);
  const ageMs = now - Date.parse(until);
  const clock = time.clock(until).slice(0, 5);
  const verb = feed === 'fhir' ? 'is' : 'are';
  if (behindMs >= behindAfterMs)
    return item('late', `${name} ${verb} behind by ${formatSpan(behindMs)}, up to ${clock}`);
  if (feed !== 'routing' && ageMs > silentAfterMs)
    return item('late', `${name}: nothing since ${clock}, ${formatSpan(ageMs)} ago`);
  return item('good', `${name} up to ${clock}`);
}

function item(state: string, text: string): HTMLElement {
  return html('li', { 'data-state': state }, text);
}
