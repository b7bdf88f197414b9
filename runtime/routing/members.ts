import type { RoutingSnapshot } from '../repository/port';
import { type CareTeam, idIn, type PersonalIdentifier, type Practitioner, type PractitionerRole } from './careShapes';
import { holdsAt } from './periods';

export type TeamMember = RoutingSnapshot['members'][number];

/** Who is in a team, and how many of its staff nobody can be told for. */
export interface Membership {
  /** Without the team's id; one a person, in the order of object ids. */
  readonly members: readonly Omit<TeamMember, 'careTeam'>[];
  /** References to staff that lead to no object id. */
  readonly without: readonly string[];
}

/** Where members are looked up. */
export interface Staff {
  readonly roles: ReadonlyMap<string, PractitionerRole>;
  readonly practitioners: ReadonlyMap<string, Practitioner>;
  /** System of identifiers that are object ids in Microsoft Entra. */
  readonly objectIdSystem: string;
}

const objectId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Longest text of a role in the repository. */
const roleLength = 100;

/**
 * The staff of a CareTeam at a time. A participant counts while its own period holds and it is a PractitionerRole (active, in its
 * period) or a Practitioner (active). The object id is an identifier of the system for it: of the role, or else of the
 * practitioner in it. Nothing is guessed: a value that is no object id, two different ones, a missing resource, or a
 * participant that is a team or an organisation leave the participant without. Patients and relatives are no staff.
 */
export function membersOf(team: CareTeam, staff: Staff, time: number): Membership {
  const participants = (team.participant ?? []).filter(({ period }) => holdsAt(period, time));
  return membership(
    participants.flatMap(({ member, role }) => {
      const reference = member?.reference ?? '';
      const roleId = idIn('PractitionerRole', member);
      const practitionerId = idIn('Practitioner', member);
      if (isNoStaff(reference)) return [];
      if (roleId !== undefined) return heldBy(staff.roles.get(roleId), reference, staff, time, role);
      const practitioner = staff.practitioners.get(practitionerId ?? '');
      return practitioner?.active === false
        ? []
        : [{ reference, objectId: objectIdIn(practitioner?.identifier, staff, time), role: textOf(role) }];
    }),
  );
}

/** The staff of a ward: those whose PractitionerRole names it as its location. */
export function staffOf(ward: string, staff: Staff, time: number): Membership {
  const roles = [...staff.roles.values()].filter(({ location = [] }) =>
    location.some((one) => idIn('Location', one) === ward),
  );
  return membership(roles.flatMap((role) => heldBy(role, `PractitionerRole/${role.id}`, staff, time)));
}

interface Person {
  readonly reference: string;
  readonly objectId: string | undefined;
  readonly role: string | null;
}

function heldBy(
  role: PractitionerRole | undefined,
  reference: string,
  staff: Staff,
  time: number,
  named?: PractitionerRole['code'],
): readonly Person[] {
  const practitioner = staff.practitioners.get(idIn('Practitioner', role?.practitioner) ?? '');
  const isHeld = role?.active !== false && practitioner?.active !== false && holdsAt(role?.period, time);
  if (!isHeld) return [];
  const own = role?.identifier?.some(({ system }) => system === staff.objectIdSystem);
  const id = objectIdIn(own ? role?.identifier : practitioner?.identifier, staff, time);
  return [{ reference, objectId: id, role: textOf(named) ?? textOf(role?.code) }];
}

/** Somebody who takes part twice is one member, whose role is the first that is told. */
function membership(people: readonly Person[]): Membership {
  const roles = new Map<string, string | null>();
  for (const { objectId: id, role } of people) if (id !== undefined) roles.set(id, roles.get(id) ?? role);
  return {
    members: [...roles].sort().map(([id, role]) => ({ objectId: id, role })),
    without: people.flatMap(({ objectId: id, reference }) => (id === undefined ? [reference] : [])),
  };
}

function objectIdIn(
  identifiers: readonly PersonalIdentifier[] | undefined,
  { objectIdSystem }: Staff,
  time: number,
): string | undefined {
  const current = (identifiers ?? []).filter(
    ({ system, use, period }) => system === objectIdSystem && use !== 'old' && holdsAt(period, time),
  );
  const [value, ...others] = new Set(current.map((one) => one.value?.toLowerCase() ?? ''));
  return value !== undefined && others.length === 0 && objectId.test(value) ? value : undefined;
}

const isNoStaff = (reference: string) => /(?:^|\/)(Patient|RelatedPerson)\//.test(reference);

function textOf(concepts: PractitionerRole['code']): string | null {
  const [concept] = concepts ?? [];
  const { display, code } = concept?.coding?.[0] ?? {};
  const text = concept?.text ?? display ?? code;
  return text === undefined ? null : text.slice(0, roleLength);
}
