import type { PatientPresence } from '../contracts/enriched';
import { beginOf, type DeviceUseStatement, endOf, useOf, usesOf, wearerAt } from '../fhir/deviceUse';
import { ticksPerMillisecond } from '../medtech/instant';
import { type Encounter, patientIdOf, type StoredPatient, type StoredResource, tokensOf } from './fhirShapes';
import { millisecondsOf } from './fhirTime';
import { keyOf } from './naturalKey';
import { changedAt, type ResourceChange } from './resourceChange';
import { earliestOpen, type Windows } from './windows';

/** That a resource puts a patient under observation; milliseconds since 1970. */
export interface Stay {
  readonly patient: string;
  readonly basis: PatientPresence['basis'];
  /** Undefined: not told; of a death there is none. */
  readonly start?: number;
  /** Undefined: it has not ended, or not told when. */
  readonly end?: number;
  readonly hasEnded: boolean;
}

export interface PresenceRules extends Windows {
  /** `system|code` of Encounter.class. */
  readonly encounterClasses: readonly string[];
}

/** What a change means for who is under observation; times lie in no window that was due to close when it arrived. */
export function presenceIn(change: ResourceChange, arrival: number, rules: PresenceRules): readonly PatientPresence[] {
  const open = earliestOpen(arrival, rules);
  const changed = changedAt(change);
  const say = (event: 'start' | 'end', { patient, basis }: Stay, resource: string, time: number): PatientPresence => ({
    ...{ kind: 'presence', patient, event, basis, resource },
    ...{ time: Math.max(time, open), key: keyOf(changed, [resource, event]) },
  });
  const worn = change.type === 'Device' || change.type === 'DeviceUseStatement' ? wornBy(change, arrival, say) : [];
  if (change.type === 'Device') return worn;
  const resource = `${change.type}/${change.id}`;
  const before = stayIn(change.previous, rules);
  const now = stayIn(change.current, rules);
  if (JSON.stringify(before) === JSON.stringify(now)) return [];
  const left = before !== undefined && before.basis !== 'death' && before.patient !== now?.patient;
  return [
    ...(left ? [say('end', before, resource, changed)] : []),
    ...(now === undefined || now.basis === 'death' ? [] : [say('start', now, resource, now.start ?? changed)]),
    ...(now?.hasEnded === true ? [say('end', now, resource, now.end ?? changed)] : []),
    ...worn,
  ];
}

/** What a resource says as it is now; Device.patient is apart (`wearerByDevice`). */
export function stayIn(
  resource: StoredResource | undefined,
  { encounterClasses }: Pick<PresenceRules, 'encounterClasses'>,
): Stay | undefined {
  switch (resource?.resourceType) {
    case 'DeviceUseStatement':
      return useIn(resource as DeviceUseStatement);
    case 'Encounter':
      return encounterIn(resource as Encounter, encounterClasses);
    case 'Patient':
      return deathOf(resource as StoredPatient);
    default:
      return undefined;
  }
}

function useIn(statement: DeviceUseStatement): Stay | undefined {
  const use = useOf(statement);
  if (use === undefined) return undefined;
  const [start, end] = [millisecondsOf(use.start), millisecondsOf(use.end)];
  return { patient: use.patient, basis: 'assignment', start, end, hasEnded: end !== undefined };
}

/** Status of an encounter that goes on. */
export const under = ['arrived', 'triaged', 'in-progress', 'onleave'];

function encounterIn(encounter: Encounter, classes: readonly string[]): Stay | undefined {
  const { status = '', subject, period, class: kind } = encounter;
  const patient = patientIdOf(subject);
  const isOfClass = kind === undefined || tokensOf({ coding: [kind] }).some((token) => classes.includes(token));
  const hasEnded = status === 'finished';
  if (patient === undefined || !isOfClass || !(hasEnded || under.includes(status))) return undefined;
  const start = millisecondsOf(beginOf(period?.start ?? ''));
  const end = hasEnded ? millisecondsOf(endOf(period?.end ?? '')) : undefined;
  return { patient, basis: 'encounter', start, end, hasEnded };
}

function deathOf({ id = '', deceasedBoolean, deceasedDateTime }: StoredPatient): Stay | undefined {
  if (deceasedBoolean !== true && deceasedDateTime === undefined) return undefined;
  const end = millisecondsOf(beginOf(deceasedDateTime ?? ''));
  return { patient: id, basis: 'death', end, hasEnded: true };
}

/**
 * What Device.patient means, by the rules by which a measurement gets its patient (`wearerAt`): statements of use decide where
 * there are any.
 */
function wornBy(
  change: ResourceChange,
  arrival: number,
  say: (event: 'start' | 'end', stay: Stay, resource: string, time: number) => PatientPresence,
): readonly PatientPresence[] {
  const stayOf = (patient: string): Stay => ({ patient, basis: 'assignment', hasEnded: false });
  const changed = changedAt(change);
  const deviceId = change.type === 'Device' ? change.id : change.worn?.device.id;
  const resource = `Device/${deviceId}`;
  const before = change.type === 'Device' ? patientIdOf((change.previous as { patient?: object })?.patient) : undefined;
  const current = patientIdOf(change.worn?.device.patient);
  const wearer = change.worn === undefined ? undefined : wearerByDevice(change.worn, arrival);
  return [
    ...(before !== undefined && before !== current ? [say('end', stayOf(before), resource, changed)] : []),
    ...(current !== undefined && wearer !== current ? [say('end', stayOf(current), resource, changed)] : []),
    ...(wearer !== undefined && wearer !== before ? [say('start', stayOf(wearer), resource, changed)] : []),
  ];
}

/** Who has the device by Device.patient; undefined where a statement says who does. */
export function wearerByDevice({ device, statements }: NonNullable<ResourceChange['worn']>, arrival: number) {
  const uses = usesOf(device, statements);
  const time = BigInt(arrival) * ticksPerMillisecond;
  const current = patientIdOf(device.patient);
  const isStated = uses.some(
    ({ start, end }) => (start === undefined || start <= time) && (end === undefined || time <= end),
  );
  if (current === undefined || isStated) return undefined;
  return wearerAt({ ...device, patient: { reference: `Patient/${current}` } }, uses, time) === current
    ? current
    : undefined;
}
