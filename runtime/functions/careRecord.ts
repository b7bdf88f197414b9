import { under } from '../enrich/presence';
import type { FhirClient } from '../fhir/fhirClient';
import { standingFlagSystem } from '../hotPath/flagIdentifiers';
import type { Device } from '../medtech/fhir/resources';
import { idIn, type Location, type Practitioner, type PractitionerRole } from '../routing/careShapes';
import { observedAt } from '../routing/observed';
import { type CareRecord, flaggedIn, type RoutingRules, routed } from '../routing/routes';
import { mostLevels, placesOf } from '../routing/wards';
import type { StepLog } from '../stream/stepLog';
import { CareSearches, tokenOf } from './careSearches';
import type { UseStatements } from './useStatements';

const going = `status=${under.join(',')}`;

/**
 * Reads what routing goes by, as it is at a time that the service told just before: what was written earlier is in it. Few
 * requests, whatever the number of patients: each round is one batch of searches, and their further pages.
 *
 * @throws FhirFault when a search is refused: with a part missing, patients would lose their team
 */
export async function readCareRecord(
  client: FhirClient,
  statements: UseStatements,
  asOf: number,
  rules: RoutingRules,
  log: StepLog,
): Promise<CareRecord> {
  const searches = new CareSearches(client, log);
  const observing = await readObserving(searches, statements, asOf, rules);
  const withPatients = await readPatients(searches, observing, rules);
  const withPlaces = await readPlaces(searches, await readTeams(searches, withPatients));
  return readWardStaff(searches, withPlaces, rules);
}

/** Who is observed, for whom a flag stands, and who reads the default queue. */
async function readObserving(
  searches: CareSearches,
  statements: UseStatements,
  asOf: number,
  { encounterClasses, defaultQueue }: RoutingRules,
): Promise<CareRecord> {
  const classes = encounterClasses.map(encodeURIComponent).join(',');
  const found = await searches.all([
    searches.of('Encounter', `${going}&class=${classes}`),
    searches.of('Encounter', `${going}&class:missing=true`),
    statements.searchAt(asOf),
    searches.of('Device', 'patient:missing=false'),
    searches.of('Flag', `identifier=${encodeURIComponent(tokenOf(standingFlagSystem))}|`),
    searches.of('CareTeam', `identifier=${encodeURIComponent(tokenOf(defaultQueue))}&status=active`),
  ]);
  const [ofClass = [], withoutClass = [], uses = [], devices = [], flags = [], queueTeams = []] = found;
  return {
    ...{ asOf, encounters: [...ofClass, ...withoutClass], devices: devices as readonly Device[], queueTeams },
    ...{ statements: statements.with(uses, asOf), flagged: flaggedIn(flags) },
    ...{ patients: [], careTeams: [], practitionerRoles: [], practitioners: [], locations: [] },
  };
}

/** What hangs on the patients: also where those are who are known by a device alone, or not in a bed. */
async function readPatients(searches: CareSearches, record: CareRecord, rules: RoutingRules): Promise<CareRecord> {
  const ids = [...new Set([...observedAt(record, record.asOf, rules.encounterClasses), ...record.flagged])].sort();
  const placed = new Set(record.encounters.map(({ subject }) => idIn('Patient', subject)));
  const unplaced = ids.filter((id) => !placed.has(id));
  const [patients, careTeams, encounters] = await searches.byIds([
    { type: 'Patient', by: '_id', ids },
    { type: 'CareTeam', by: 'patient', ids, rest: 'status=active' },
    { type: 'Encounter', by: 'patient', ids: unplaced, rest: going },
  ]);
  return { ...record, patients, careTeams, encounters: [...record.encounters, ...encounters] };
}

/** The staff of teams, and the first places. */
async function readTeams(searches: CareSearches, record: CareRecord): Promise<CareRecord> {
  const members = [...record.careTeams, ...record.queueTeams].flatMap(({ participant = [] }) => participant);
  const named = (type: string) => members.flatMap(({ member }) => idIn(type, member) ?? []);
  const [practitionerRoles, practitioners, locations] = await searches.byIds([
    { type: 'PractitionerRole', by: '_id', ids: named('PractitionerRole') },
    { type: 'Practitioner', by: '_id', ids: named('Practitioner') },
    { type: 'Location', by: '_id', ids: record.encounters.flatMap((one) => placesOf(one, record.asOf)) },
  ]);
  return { ...record, practitionerRoles, practitioners, locations };
}

/** Who holds the roles, and what the places are part of. */
async function readPlaces(searches: CareSearches, record: CareRecord): Promise<CareRecord> {
  const { practitionerRoles, practitioners, locations } = record;
  const [holders, places] = await Promise.all([
    readHolders(searches, practitionerRoles, practitioners),
    withParents(searches, locations),
  ]);
  return { ...record, practitioners: holders, locations: places };
}

/** Level by level. */
async function withParents(searches: CareSearches, places: readonly Location[]): Promise<readonly Location[]> {
  let known = places;
  let last = places;
  for (let level = 1; level < mostLevels && last.length > 0; level++) {
    const there = new Set(known.map(({ id }) => id));
    const ids = last.flatMap(({ partOf }) => idIn('Location', partOf) ?? []).filter((id) => !there.has(id));
    [last] = await searches.byIds([{ type: 'Location', by: '_id', ids }]);
    known = [...known, ...last];
  }
  return known;
}

/** Of the wards of those patients alone whom no team takes. */
async function readWardStaff(searches: CareSearches, record: CareRecord, rules: RoutingRules): Promise<CareRecord> {
  const { patients } = routed(record, rules).snapshot;
  const wards = patients.flatMap(({ source, ward }) => (source === 'careTeam' || ward === null ? [] : [ward]));
  if (wards.length === 0) return record;
  const [staff] = await searches.byIds([
    { type: 'PractitionerRole', by: 'location', ids: wards, rest: 'active:not=false' },
  ]);
  const practitioners = await readHolders(searches, staff, record.practitioners);
  return { ...record, practitionerRoles: [...record.practitionerRoles, ...staff], practitioners };
}

/** The practitioners in roles, beside those that are known. */
async function readHolders(
  searches: CareSearches,
  roles: readonly PractitionerRole[],
  known: readonly Practitioner[],
): Promise<readonly Practitioner[]> {
  const there = new Set(known.map(({ id }) => id));
  const holders = roles.flatMap(({ practitioner }) => idIn('Practitioner', practitioner) ?? []);
  const ids = holders.filter((id) => !there.has(id));
  const [found] = await searches.byIds([{ type: 'Practitioner', by: '_id', ids }]);
  return [...known, ...found];
}
