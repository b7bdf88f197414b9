/** A resource of FHIR R4 as the hospital's health record writes it. */
export interface Written {
  readonly resourceType: string;
  readonly id: string;
}

/** The system of object ids that the component HotPath has by default (`routing.entraObjectIdSystem`). */
const objectIdSystem = 'https://graph.microsoft.com/objectId';
/** The value of `routing.defaultQueue` by default. */
const defaultQueue = 'default';
const physicalTypes = 'http://terminology.hl7.org/CodeSystem/location-physical-type';
const actCodes = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';

/** Beds of a ward. */
const bedsOfWard = 10;
/** Whom each ward has, in the order of their object ids. */
const wardRoles = ['Nurse', 'Doctor'] as const;

/** A patient in the bed of a recorded device. */
export interface Bed {
  /** As FHIR allows it. */
  readonly deviceId: string;
  readonly patient: { readonly reference: string };
  /** Among the recorded devices, from 0. */
  readonly index: number;
}

/** Object id in Microsoft Entra of somebody on a ward (from 1), or of the coordinator, who reads the default queue; made up. */
export function objectIdOf(ward: number | 'coordinator', role: (typeof wardRoles)[number] = 'Nurse'): string {
  const number = ward === 'coordinator' ? 0 : ward * 10 + wardRoles.indexOf(role);
  return `10ca1000-0000-4000-8001-${String(number).padStart(12, '0')}`;
}

/** The team whose members read the queue of patients without one. */
export function coordination(): readonly Written[] {
  return [
    ...practitioner('coordinator', 'Coordinator', objectIdOf('coordinator')),
    written('CareTeam', 'coordination', {
      ...{ status: 'active', name: 'Coordination (synthetic)', identifier: [{ value: defaultQueue }] },
      participant: [{ member: { reference: 'PractitionerRole/coordinator' } }],
    }),
  ];
}

/** Wards, with their staff, for so many beds. */
export function wards(beds: number): readonly Written[] {
  return Array.from({ length: Math.ceil(beds / bedsOfWard) }, (_, index) => index + 1).flatMap((ward) => [
    location(`ward-${ward}`, `Ward ${ward} (synthetic)`, 'wa'),
    ...wardRoles.flatMap((role) =>
      practitioner(`ward-${ward}-${role.toLowerCase()}`, role, objectIdOf(ward, role), `ward-${ward}`),
    ),
  ]);
}

/**
 * Where a patient is, and who cares: an encounter in a bed of a ward, and a team. The second patient has no team and goes by
 * the ward; the third has neither, and goes to the default queue.
 */
export function stay({ deviceId, patient, index }: Bed, admittedAt: string): readonly Written[] {
  const [hasTeam, hasBed] = [![1, 2].includes(index), index !== 2];
  const ward = `ward-${Math.floor(index / bedsOfWard) + 1}`;
  const bed = `bed-${deviceId}`;
  const team = written('CareTeam', `team-${deviceId}`, {
    ...{ status: 'active', name: `Team of bed ${index + 1} (synthetic)`, subject: patient },
    ...{ encounter: { reference: `Encounter/stay-${deviceId}` }, period: { start: admittedAt } },
    participant: wardRoles.map((role) => ({
      ...{ role: [{ text: role }], member: { reference: `PractitionerRole/${ward}-${role.toLowerCase()}` } },
    })),
  });
  return [
    ...(hasBed ? [location(bed, `Bed ${index + 1} (synthetic)`, 'bd', ward)] : []),
    written('Encounter', `stay-${deviceId}`, {
      ...{ status: 'in-progress', class: { system: actCodes, code: 'IMP' }, subject: patient },
      ...{ period: { start: admittedAt } },
      ...(hasBed ? { location: [{ location: { reference: `Location/${bed}` }, status: 'active' }] } : {}),
    }),
    ...(hasTeam ? [team] : []),
  ];
}

function location(id: string, name: string, code: 'wa' | 'bd', within?: string): Written {
  return written('Location', id, {
    ...{ status: 'active', mode: 'instance', name, physicalType: { coding: [{ system: physicalTypes, code }] } },
    ...(within === undefined ? {} : { partOf: { reference: `Location/${within}` } }),
  });
}

function practitioner(id: string, role: string, objectId: string, ward?: string): readonly Written[] {
  return [
    written('Practitioner', id, {
      identifier: [{ system: objectIdSystem, value: objectId }],
      name: [{ family: 'Synthetic', given: [role] }],
    }),
    written('PractitionerRole', id, {
      ...{ active: true, practitioner: { reference: `Practitioner/${id}` }, code: [{ text: role }] },
      ...(ward === undefined ? {} : { location: [{ reference: `Location/${ward}` }] }),
    }),
  ];
}

const written = (resourceType: string, id: string, content: object): Written => ({ resourceType, id, ...content });
