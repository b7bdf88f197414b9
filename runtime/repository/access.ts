import { type Kysely, sql } from 'kysely';
import { type RepositoryRole, type RepositoryUser, repositoryRoles } from '../contracts/appSettings';
import { grants } from './grants';

interface Principal {
  readonly name: string;
  /** `R` role, `E` identity or person of Microsoft Entra, `X` group. */
  readonly type: string;
  /** Hexadecimal. Some of Azure's tools put more after the bytes of the id. */
  readonly sid: string;
}

interface Membership {
  readonly role: string;
  readonly member: string;
}

/** What the run changed; what is as it should be is left alone. */
export interface AccessChanges {
  readonly usersMade: number;
  readonly usersDropped: number;
  readonly membershipsChanged: number;
}

/**
 * Roles, their grants, and a database user for each identity: made from its client id, without asking the directory. A user whose
 * client id is another one now is made anew. Members of our roles are those of the list and nobody else; an identity that is
 * not in it any more loses its user.
 */
export async function reconcileAccess(db: Kysely<unknown>, users: readonly RepositoryUser[]): Promise<AccessChanges> {
  const principals = await readPrincipals(db);
  await reconcileRoles(db, principals);
  const memberships = await readMemberships(db);
  const { kept, dropped, made } = await reconcileUsers(db, users, principals, memberships);
  const isStill = ({ member }: Membership) => !dropped.includes(member);
  const changed = await reconcileMembers(db, users, memberships.filter(isStill));
  return { usersMade: made, usersDropped: dropped.length - kept, membershipsChanged: changed };
}

async function readPrincipals(db: Kysely<unknown>): Promise<readonly Principal[]> {
  const { rows } = await sql<{ name: string; type: string; sid: Buffer | null }>`select [name], [type], [sid]
from [sys].[database_principals]`.execute(db);
  return rows.map(({ name, type, sid }) => ({ name, type: type.trim(), sid: sid?.toString('hex') ?? '' }));
}

async function readMemberships(db: Kysely<unknown>): Promise<readonly Membership[]> {
  const { rows } = await sql<Membership>`select [r].[name] as [role], [m].[name] as [member]
from [sys].[database_role_members] as [rm]
inner join [sys].[database_principals] as [r] on [r].[principal_id] = [rm].[role_principal_id]
inner join [sys].[database_principals] as [m] on [m].[principal_id] = [rm].[member_principal_id]`.execute(db);
  return rows.filter(({ role }) => isOurs(role));
}

const isOurs = (role: string): role is RepositoryRole => repositoryRoles.some((one) => one === role);

async function reconcileRoles(db: Kysely<unknown>, principals: readonly Principal[]): Promise<void> {
  for (const role of repositoryRoles) {
    const exists = principals.some(({ name, type }) => name === role && type === 'R');
    if (!exists) await sql`create role ${sql.id(role)}`.execute(db);
    for (const [object, permissions] of Object.entries(grants[role])) {
      const list = sql.join(permissions.map((permission) => sql.raw(permission)));
      await sql`grant ${list} on ${sql.table(object)} to ${sql.id(role)}`.execute(db);
    }
  }
}

async function reconcileUsers(
  db: Kysely<unknown>,
  users: readonly RepositoryUser[],
  principals: readonly Principal[],
  memberships: readonly Membership[],
): Promise<{ kept: number; dropped: readonly string[]; made: number }> {
  const wanted = new Map(users.map((user) => [user.name, sidOf(user.clientId)]));
  const ofOurRoles = new Set(memberships.map(({ member }) => member));
  const isOf = (principal: Principal, sid: string | undefined) => sid !== undefined && principal.sid.startsWith(sid);
  const isRight = (principal: Principal) => isOf(principal, wanted.get(principal.name));
  // A name that another identity has, and an identity that has another name, are both in the way of the user to be made.
  const isInTheWay = (principal: Principal) =>
    wanted.has(principal.name) || [...wanted.values()].some((sid) => isOf(principal, sid));
  const dropped = principals
    .filter((one) => one.type === 'E' && !isRight(one) && (isInTheWay(one) || ofOurRoles.has(one.name)))
    .map(({ name }) => name);
  for (const name of dropped) await sql`drop user ${sql.id(name)}`.execute(db);
  const missing = [...wanted].filter(([name]) => !principals.some((one) => one.name === name && isRight(one)));
  for (const [name, sid] of missing)
    await sql`create user ${sql.id(name)} with sid = ${sql.raw(`0x${sid}`)}, type = E`.execute(db);
  return { kept: dropped.filter((name) => wanted.has(name)).length, dropped, made: missing.length };
}

async function reconcileMembers(
  db: Kysely<unknown>,
  users: readonly RepositoryUser[],
  memberships: readonly Membership[],
): Promise<number> {
  const isWanted = ({ role, member }: Membership) => users.some((user) => user.name === member && user.role === role);
  const isThere = ({ name, role }: RepositoryUser) =>
    memberships.some((one) => one.member === name && one.role === role);
  const strangers = memberships.filter((one) => !isWanted(one));
  const missing = users.filter((user) => !isThere(user));
  for (const { role, member } of strangers)
    await sql`alter role ${sql.id(role)} drop member ${sql.id(member)}`.execute(db);
  for (const { role, name } of missing) await sql`alter role ${sql.id(role)} add member ${sql.id(name)}`.execute(db);
  return strangers.length + missing.length;
}

/**
 * Security id of an identity: the bytes of its client id, the first three groups with the least byte first.
 * @throws Error when it is no UUID
 */
export function sidOf(clientId: string): string {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i.exec(clientId);
  if (match === null) throw new Error('A client id of REPOSITORY_USERS is no UUID.');
  const [first = '', second = '', third = '', ...rest] = match.slice(1);
  return [reversed(first), reversed(second), reversed(third), ...rest].join('').toLowerCase();
}

const reversed = (hex: string): string => (hex.match(/../g) ?? []).reverse().join('');
