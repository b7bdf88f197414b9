import type { Resource } from '@medplum/fhirtypes';
import type { RoutingSnapshot } from '../../runtime/repository/port';
import type { RoutingRules } from '../../runtime/routing/routes';

/** Resources of a small hospital, as its health record writes them: what routing reads, and what tests change of it. */
export const objectIdSystem = 'https://example.org/entra-object-id';
const actCode = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const physicalType = 'http://terminology.hl7.org/CodeSystem/location-physical-type';

export const rules: RoutingRules = {
  hospital: 'st-elsewhere',
  encounterClasses: [`${actCode}|IMP`],
  objectIdSystem,
  recordNumberSystem: '',
  defaultQueue: 'Unassigned',
};

/** The object id of the nth person. */
export const objectId = (person: number) => `00000000-0000-4000-8000-${String(person).padStart(12, '0')}`;

type Given = Readonly<Record<string, unknown>>;
const resource = (resourceType: string, id: string, content: Given) =>
  ({ resourceType, id, ...content }) as unknown as Resource;
const reference = (type: string, id: string) => ({ reference: `${type}/${id}` });

export const patient = (id: string, given: Given = {}) =>
  resource('Patient', id, {
    name: [{ use: 'official', family: `Family-${id}`, given: ['Given'] }],
    birthDate: '1950-02-03',
    identifier: [{ type: { coding: [{ code: 'MR' }] }, system: 'urn:records', value: `R-${id}` }],
    ...given,
  });

export const encounter = (id: string, who: string, place?: string, given: Given = {}) =>
  resource('Encounter', id, {
    status: 'in-progress',
    class: { system: actCode, code: 'IMP' },
    subject: reference('Patient', who),
    period: { start: '2026-01-05T08:00:00Z' },
    ...(place === undefined ? {} : { location: [{ location: reference('Location', place), status: 'active' }] }),
    ...given,
  });

export const device = (id: string, wearer?: string) =>
  resource('Device', id, wearer === undefined ? {} : { patient: reference('Patient', wearer) });

export const use = (id: string, wearer: string, worn: string, given: Given = {}) =>
  resource('DeviceUseStatement', id, {
    status: 'active',
    subject: reference('Patient', wearer),
    device: reference('Device', worn),
    timingPeriod: { start: '2026-01-05T08:00:00Z' },
    ...given,
  });

export const team = (id: string, who: string | undefined, members: readonly string[], given: Given = {}) =>
  resource('CareTeam', id, {
    status: 'active',
    name: `Team ${id}`,
    ...(who === undefined ? {} : { subject: reference('Patient', who) }),
    participant: members.map((member) => ({ member: { reference: member } })),
    ...given,
  });

/** A practitioner in a role; `person` gives the practitioner the object id. */
export const role = (id: string, person: number | undefined, given: Given = {}): readonly Resource[] => [
  resource('Practitioner', `dr-${id}`, {
    ...(person === undefined ? {} : { identifier: [{ system: objectIdSystem, value: objectId(person) }] }),
  }),
  resource('PractitionerRole', id, {
    active: true,
    practitioner: reference('Practitioner', `dr-${id}`),
    code: [{ text: 'Nurse' }],
    ...given,
  }),
];

export const at = (place: string) => ({ location: [reference('Location', place)] });

/** A ward, a room in it and a bed in that: `<id>`, `<id>-room`, `<id>-bed`. */
export const ward = (id: string): readonly Resource[] =>
  [
    { id, code: 'wa', within: undefined },
    { id: `${id}-room`, code: 'ro', within: id },
    { id: `${id}-bed`, code: 'bd', within: `${id}-room` },
  ].map(({ id: own, code, within }) =>
    resource('Location', own, {
      name: `Ward ${own}`,
      physicalType: { coding: [{ system: physicalType, code }] },
      ...(within === undefined ? {} : { partOf: reference('Location', within) }),
    }),
  );

/** Where a snapshot sends each patient: `p1: team-a`, with what else there is to say. */
export const routesIn = ({ patients }: RoutingSnapshot) =>
  patients.map(
    ({ patient: who, careTeam, source, monitored }) =>
      `${who} ${monitored ? 'to' : 'ended, was'} ${careTeam} by ${source}`,
  );

/** Who is in which team of a snapshot, by the numbers of `objectId`. */
export const membersIn = ({ members }: RoutingSnapshot) =>
  members.map(({ careTeam, objectId: id, role: held }) => `${careTeam} ${Number(id.slice(-12))} ${held}`).sort();
