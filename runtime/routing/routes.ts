import { patientIdOf } from '../enrich/fhirShapes';
import type { Reference, Resource } from '../medtech/fhir/resources';
import type { RoutedPatient, RoutingSnapshot } from '../repository/port';
import type { CareTeam, Encounter, Location, NamedPatient, Practitioner, PractitionerRole } from './careShapes';
import { idIn } from './careShapes';
import { type Membership, membersOf, type Staff, staffOf } from './members';
import { isDead, type ObservingResources, observedAt } from './observed';
import { recognise } from './patientName';
import { holdsAt, latestFirst } from './periods';
import { currentEncounter, type Ward, wardOf } from './wards';

/** Id of the queue for patients without a team, which no CareTeam may have. */
export const defaultQueueId = 'default';

/** What FHIR says at one moment; more resources than needed do not matter. */
export interface CareRecord extends ObservingResources {
  /** Milliseconds since 1970. */
  readonly asOf: number;
  readonly encounters: readonly Encounter[];
  /** Patients for whom a flag stands: they have a route until it ends. */
  readonly flagged: readonly string[];
  readonly patients: readonly NamedPatient[];
  readonly careTeams: readonly CareTeam[];
  /** CareTeams whose staff reads the default queue. */
  readonly queueTeams: readonly CareTeam[];
  readonly practitionerRoles: readonly PractitionerRole[];
  readonly practitioners: readonly Practitioner[];
  readonly locations: readonly Location[];
}

export interface RoutingRules {
  readonly hospital: string;
  /** `system|code` of Encounter.class. */
  readonly encounterClasses: readonly string[];
  readonly objectIdSystem: string;
  /** Empty: the first identifier of type MR. */
  readonly recordNumberSystem: string;
  readonly defaultQueue: string;
}

/** A snapshot, and what operators are told of it. */
export interface Routing {
  readonly snapshot: RoutingSnapshot;
  /** Of the monitored patients, how many are routed by a team, by their ward, and not at all. */
  readonly monitored: number;
  readonly bySource: Readonly<Record<RoutedPatient['source'], number>>;
  /** Staff of teams in question who have no object id. */
  readonly withoutObjectId: number;
  /** Who reads the default queue. */
  readonly queueMembers: number;
}

/** Ids of the patients whom Flags are about. */
export function flaggedIn(flags: readonly Resource[]): readonly string[] {
  return [...new Set(flags.flatMap((one) => patientIdOf((one as { subject?: Reference }).subject) ?? []))];
}

/** A team, ward or queue to which patients are routed. */
interface Destination extends Pick<RoutedPatient, 'careTeam' | 'careTeamName' | 'source'>, Membership {}

/**
 * To whom the flags of each patient go. Each patient who is under observation, or for whom a flag stands, has exactly one route:
 *
 * 1. a CareTeam of the patient that is active and in its period. Of several: one for the current encounter, then the one that
 *    began last, then the one with the least id;
 * 2. else the ward of the current encounter (`wardOf`), whose staff are the PractitionerRoles with that location;
 * 3. else the default queue.
 *
 * A team or ward none of whose staff has an object id is passed over, since nobody would see the patient there.
 */
export function routed(record: CareRecord, rules: RoutingRules): Routing {
  const known = lookUps(record, rules);
  const observed = observedAt(record, record.asOf, rules.encounterClasses);
  const ids = [...new Set([...observed, ...record.flagged])].sort();
  const destinations = new Map<string, Destination>();
  const without = new Set<string>();
  const patients = ids.map((id): RoutedPatient => {
    const patient = known.patients.get(id);
    const encounter = currentEncounter(known.encounters.get(id) ?? []);
    const ward = wardOf(encounter, known.locations, record.asOf);
    const candidates = candidatesFor(known.teams.get(id) ?? [], encounter, ward, known, record.asOf);
    for (const one of candidates) for (const reference of one.without) without.add(reference);
    const { careTeam, careTeamName, source, ...who } = candidates.find(hasMembers) ?? known.queue;
    destinations.set(careTeam, { careTeam, careTeamName, source, ...who });
    return {
      ...{ patient: id, ...recognise(patient, rules.recordNumberSystem, record.asOf) },
      ...{ ward: ward?.id ?? null, wardName: ward?.name ?? null },
      ...{ monitored: observed.has(id) && !isDead(patient, record.asOf), careTeam, careTeamName, source },
    };
  });
  // Whoever reads the default queue does so before the first patient is in it.
  destinations.set(known.queue.careTeam, known.queue);
  for (const reference of known.queue.without) without.add(reference);
  const members = [...destinations.values()].flatMap((one) =>
    one.members.map((member) => ({ careTeam: one.careTeam, ...member })),
  );
  return {
    snapshot: { hospital: rules.hospital, asOf: record.asOf, patients, members },
    ...counted(patients),
    withoutObjectId: without.size,
    queueMembers: known.queue.members.length,
  };
}

function lookUps(record: CareRecord, { objectIdSystem, defaultQueue }: RoutingRules) {
  const staff: Staff = {
    roles: byId(record.practitionerRoles),
    practitioners: byId(record.practitioners),
    objectIdSystem,
  };
  const isCurrent = ({ id, status, period }: CareTeam) =>
    id !== defaultQueueId && status === 'active' && holdsAt(period, record.asOf);
  const queueTeams = record.queueTeams.filter(isCurrent).sort(latestFirst);
  const participant = queueTeams.flatMap((team) => team.participant ?? []);
  const queue: Destination = {
    ...{ careTeam: defaultQueueId, careTeamName: defaultQueue, source: 'default' },
    ...membersOf({ resourceType: 'CareTeam', participant }, staff, record.asOf),
  };
  return {
    staff,
    queue,
    patients: byId(record.patients),
    locations: byId(record.locations),
    encounters: bySubject(record.encounters),
    /** By id: many patients share a ward. */
    wards: new Map<string, Destination>(),
    teams: bySubject(record.careTeams.filter(isCurrent)),
  };
}

function candidatesFor(
  teams: readonly CareTeam[],
  encounter: Encounter | undefined,
  ward: Ward | undefined,
  { staff, wards }: ReturnType<typeof lookUps>,
  time: number,
): readonly Destination[] {
  const rank = (team: CareTeam) =>
    encounter !== undefined && idIn('Encounter', team.encounter) === encounter.id ? 0 : 1;
  const ordered = [...teams].sort((one, other) => rank(one) - rank(other) || latestFirst(one, other));
  const byTeam = ordered.map((team): Destination => {
    const named = { careTeam: team.id ?? '', careTeamName: team.name?.slice(0, nameLength) ?? null };
    return { ...named, source: 'careTeam', ...membersOf(team, staff, time) };
  });
  if (byTeam.some(hasMembers) || ward === undefined) return byTeam;
  const byWard = wards.get(ward.id) ?? {
    ...({ careTeam: `ward:${ward.id}`, careTeamName: ward.name, source: 'ward' } as const),
    ...staffOf(ward.id, staff, time),
  };
  wards.set(ward.id, byWard);
  return [...byTeam, byWard];
}

/** As long as the column of the repository. */
const nameLength = 200;

const hasMembers = ({ members }: Destination) => members.length > 0;

function counted(patients: readonly RoutedPatient[]): Pick<Routing, 'monitored' | 'bySource'> {
  const monitored = patients.filter((one) => one.monitored);
  const count = (wanted: RoutedPatient['source']) => monitored.filter(({ source }) => source === wanted).length;
  return {
    monitored: monitored.length,
    bySource: { careTeam: count('careTeam'), ward: count('ward'), default: count('default') },
  };
}

/** Of a resource that two pages brought, the later one. */
function byId<One extends { readonly id?: string }>(resources: readonly One[]): ReadonlyMap<string, One> {
  return new Map(resources.map((one) => [one.id ?? '', one]));
}

function bySubject<One extends Pick<Encounter, 'id' | 'subject'>>(
  resources: readonly One[],
): ReadonlyMap<string, readonly One[]> {
  const found = new Map<string, One[]>();
  for (const one of byId(resources).values()) {
    const patient = patientIdOf(one.subject);
    if (patient === undefined) continue;
    const own = found.get(patient);
    if (own === undefined) found.set(patient, [one]);
    else own.push(one);
  }
  return found;
}
