import type { PatientPresence } from '../contracts/enriched';
import type { MonitoringEnd } from '../contracts/scored';
import type { KeyedTime, PresenceState } from './patientState';

/** Resources that have ended are kept, since their end may be corrected; beyond so many those that ended first go. */
const mostEnded = 64;

/** Takes up what counts by the end of a window; events of later windows wait. The order of events does not matter. */
export function withPresence(
  state: PresenceState,
  events: readonly PatientPresence[],
  windowEnd: number,
): PresenceState {
  const known = [...state.waiting, ...events];
  if (known.length === 0) return state;
  const resources = { ...state.resources };
  const deaths = { ...state.deaths };
  for (const { event, basis, resource, time, key } of known) {
    if (time >= windowEnd) continue;
    if (basis === 'death') deaths[resource] = newer(deaths[resource], { time, key });
    else resources[resource] = { ...resources[resource], [event]: newer(resources[resource]?.[event], { time, key }) };
  }
  return { resources: bounded(resources), deaths, waiting: distinct(known.filter(({ time }) => time >= windowEnd)) };
}

/**
 * Whether some assignment or encounter reaches into the window, and the patient did not die before it. An end at the very start
 * of the window still belongs to it, so that every end has a window that tells of it. An end before the start is that of an
 * earlier stay: the encounter was opened again, or the device came back.
 */
export function isPresent({ resources, deaths }: PresenceState, start: number, end: number): boolean {
  if (Object.values(deaths).some(({ time }) => time < start)) return false;
  return Object.values(resources).some((stay) => reachesTo(stay, start, end));
}

/** The end of the patient's observation within the window; null when it goes on, or did not reach into it. */
export function endWithin(presence: PresenceState, start: number, end: number): MonitoringEnd | null {
  if (!isPresent(presence, start, end)) return null;
  const deaths = Object.values(presence.deaths).map(({ time }) => time);
  if (deaths.length > 0) return { time: Math.min(...deaths), basis: 'death' };
  const stays = Object.entries(presence.resources).filter(([, stay]) => reachesTo(stay, start, end));
  if (stays.some(([, stay]) => reachesTo(stay, end, end))) return null;
  const ends = stays.map(([resource, stay]) => ({ resource, time: stay.end?.time ?? end }));
  const time = Math.max(...ends.map((one) => one.time));
  const isEncounter = ends.some(({ resource }) => resource.startsWith('Encounter/'));
  return { time, basis: isEncounter ? 'encounter' : 'assignment' };
}

type Stay = PresenceState['resources'][string];

/** Whether it has begun before `end`, and goes on until `time` or longer. */
function reachesTo({ start: from, end: to }: Stay, time: number, end: number): boolean {
  if (from === undefined || from.time >= end) return false;
  return to === undefined || to.time >= time || to.time < from.time;
}

function newer(held: KeyedTime | undefined, given: KeyedTime): KeyedTime {
  return held === undefined || given.key > held.key || (given.key === held.key && given.time > held.time)
    ? given
    : held;
}

function bounded(resources: PresenceState['resources']): PresenceState['resources'] {
  const ended = Object.entries(resources).filter(([, { end }]) => end !== undefined);
  const sorted = Object.entries(resources).sort(([one], [other]) => (one < other ? -1 : 1));
  if (ended.length <= mostEnded) return Object.fromEntries(sorted);
  const endOf = (one: (typeof ended)[number]) => one[1].end?.time ?? 0;
  ended.sort((one, other) => endOf(one) - endOf(other) || (one[0] < other[0] ? -1 : 1));
  const gone = new Set(ended.slice(0, ended.length - mostEnded).map(([resource]) => resource));
  return Object.fromEntries(sorted.filter(([resource]) => !gone.has(resource)));
}

/** In an order of their own, so that a state does not depend on the order in which events came. */
function distinct(events: readonly PatientPresence[]): PatientPresence[] {
  const byName = new Map(events.map((one) => [`${one.time} ${one.key} ${one.resource} ${one.event}`, one]));
  return [...byName.entries()].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, event]) => event);
}
