import type { FeedSnapshot } from '../snapshot';
import { html } from './element';
import { formatSpan, type WardTime } from './format';

const minuteMs = 60_000;
/**
 * Both writers are as far as the last window that has closed, which is 5 minutes long and waits 2 for what is late: by then, and two
 * more, both have had the time to write it, and in another 5 minutes and one the next one.
 */
const writtenAfterMs = 4 * minuteMs;
const silentAfterMs = 10 * minuteMs;

const feedNames: Readonly<Record<string, string>> = { repository: 'Scores', fhir: 'FHIR', routing: 'Care teams' };

/** The heartbeat of a feed in words: how far it is, whether it still beats, and how far it is behind the scores. */
export function feedItem(
  { feed, until }: FeedSnapshot,
  all: readonly FeedSnapshot[],
  now: number,
  time: WardTime,
): HTMLElement {
  const name = feedNames[feed] ?? feed;
  const isWriter = feed !== 'routing';
  const newest = Math.max(...all.filter((one) => one.feed !== 'routing').map((one) => Date.parse(one.until)));
  const [behindMs, ageMs] = [newest - Date.parse(until), now - Date.parse(until)];
  const clock = time.clock(until).slice(0, 5);
  if (isWriter && behindMs > 0 && now - newest > writtenAfterMs) {
    const verb = feed === 'fhir' ? 'is' : 'are';
    return item('late', `${name} ${verb} behind by ${formatSpan(behindMs)}, up to ${clock}`);
  }
  if (isWriter && ageMs > silentAfterMs)
    return item('late', `${name}: nothing since ${clock}, ${formatSpan(ageMs)} ago`);
  return item('good', `${name} up to ${clock}`);
}

function item(state: string, text: string): HTMLElement {
  return html('li', { 'data-state': state }, text);
}
