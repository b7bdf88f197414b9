import { tokensOf } from '../enrich/fhirShapes';
import { under } from '../enrich/presence';
import { type Encounter, idIn, type Location } from './careShapes';
import { holdsAt, latestFirst } from './periods';

export interface Ward {
  readonly id: string;
  readonly name: string | null;
}

const wardType = 'http://terminology.hl7.org/CodeSystem/location-physical-type|wa';
/** A bed is in a room, which is in a ward, which may have parts of its own. */
export const mostLevels = 4;
/** Longest name of a ward in the repository. */
const nameLength = 200;

/** The encounter that says where a patient is, of those that go on: one that is in progress before one that is not, then the one that began last. */
export function currentEncounter(encounters: readonly Encounter[]): Encounter | undefined {
  const rank = ({ status }: Encounter) => (status === 'in-progress' ? 0 : 1);
  const going = encounters.filter(({ status = '' }) => under.includes(status));
  return going.sort((one, other) => rank(one) - rank(other) || latestFirst(one, other))[0];
}

/** Ids of the Locations where the encounter takes place at a time, the one that began last first. */
export function placesOf(encounter: Encounter | undefined, time: number): readonly string[] {
  const places = (encounter?.location ?? []).flatMap(({ location, status = 'active', period }) => {
    const id = idIn('Location', location);
    return id !== undefined && status === 'active' && holdsAt(period, time) ? [{ id, period }] : [];
  });
  return places.sort(latestFirst).map(({ id }) => id);
}

/**
 * The ward of an encounter: the nearest of a place and what it is part of that is a ward by its physical type, of the first place
 * that has one. A hospital that does not say what is a ward has the place itself for one.
 *
 * @param locations those that are known; one that is missing has no name and is part of nothing
 */
export function wardOf(
  encounter: Encounter | undefined,
  locations: ReadonlyMap<string, Location>,
  time: number,
): Ward | undefined {
  const places = placesOf(encounter, time);
  const wards = places.flatMap((place) => above(place, locations).find((one) => isWard(locations.get(one))) ?? []);
  const id = wards[0] ?? places[0];
  return id === undefined ? undefined : { id, name: locations.get(id)?.name?.slice(0, nameLength) ?? null };
}

/** A place and what it is part of, from the inside out. */
function above(place: string, locations: ReadonlyMap<string, Location>): readonly string[] {
  const ids: string[] = [];
  for (let id: string | undefined = place; id !== undefined && ids.length < mostLevels; ) {
    ids.push(id);
    id = idIn('Location', locations.get(id)?.partOf);
  }
  return ids;
}

export const isWard = (location: Location | undefined): boolean => tokensOf(location?.physicalType).includes(wardType);
