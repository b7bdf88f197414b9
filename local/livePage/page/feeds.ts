import type { FeedSnapshot } from '../snapshot';
import { html } from './element';
import { formatSpan, type WardTime } from './format';

const minuteMs = 60_000;
const silentAfterMs = 10 * minuteMs;

const feedNames: Readonly<Record<string, string>> = { repository: 'Scores', fhir: 'FHIR', routing: 'Care teams' };

/** The heartbeat of a feed in words: how far it is, whether it still beats, and how far it is behind the scores. */
export function feedItem({ feed, until, behindSeconds }: FeedSnapshot, now: number, time: WardTime): HTMLElement {
  const name = feedNames[feed] ?? feed;
  const isWriter = feed !== 'routing';
  const ageMs = now - Date.parse(until);
  const clock = time.clock(until).slice(0, 5);
  if (behindSeconds > 0) {
    const verb = feed === 'fhir' ? 'is' : 'are';
    return item('late', `${name} ${verb} behind by ${formatSpan(behindSeconds * 1000)}, up to ${clock}`);
  }
  if (isWriter && ageMs > silentAfterMs)
    return item('late', `${name}: nothing since ${clock}, ${formatSpan(ageMs)} ago`);
  return item('good', `${name} up to ${clock}`);
}

function item(state: string, text: string): HTMLElement {
  return html('li', { 'data-state': state }, text);
}
