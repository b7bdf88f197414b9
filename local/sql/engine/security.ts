import { refused, SqlError } from '../sqlError';
import type { DefinitionStatement, Securable } from '../tsql/syntax';
import type { CatalogPrincipal } from './catalog';
import type { Definer } from './definer';

const onObjects = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'EXECUTE',
  'REFERENCES',
  'CONTROL',
  'ALTER',
  'VIEW DEFINITION',
];

/** Carries out what makes principals and gives them rights. @returns whether it was such a statement */
export function runSecurity(definer: Definer, statement: DefinitionStatement): boolean {
  switch (statement.kind) {
    case 'createRole':
      addPrincipal(definer, statement.name, 'R', null);
      return true;
    case 'createUser':
      createUser(definer, statement);
      return true;
    case 'alterRole':
      alterRole(definer, statement);
      return true;
    case 'permission':
      for (const name of statement.principals) change(definer, statement, principal(definer, name));
      return true;
    case 'drop':
      if (statement.what !== 'role' && statement.what !== 'user') return false;
      for (const name of statement.names) dropPrincipal(definer, name.at(-1) ?? '', statement.what, statement.ifExists);
      return true;
    default:
      return false;
  }
}

function addPrincipal(definer: Definer, name: string, type: string, sid: string | null): number {
  if (definer.catalog.principal(name)) {
    throw new SqlError(15_023, `User, group, or role '${name}' already exists in the current database.`);
  }
  const id = definer.newId();
  definer.execute('INSERT INTO "catalog.principal" VALUES (?, ?, ?, ?, 0)', id, name, type, sid);
  return id;
}

function createUser(definer: Definer, { name, sid, type }: Extract<DefinitionStatement, { kind: 'createUser' }>): void {
  if (sid.length !== 32) {
    throw new SqlError(
      15_419,
      `Supplied parameter sid should be binary(16): a client id, or the object id of a group.`,
    );
  }
  if (definer.catalog.principals.some((other) => other.sid === sid)) {
    throw new SqlError(15_063, 'The login already has an account under a different user name.');
  }
  const id = addPrincipal(definer, name, type, sid);
  definer.execute('INSERT INTO "catalog.permission" VALUES (?, 0, 0, ?, ?)', id, 'CONNECT', 'G');
}

function alterRole(
  definer: Definer,
  { role, adds, member }: Extract<DefinitionStatement, { kind: 'alterRole' }>,
): void {
  const to = definer.catalog.principal(role);
  if (to?.type !== 'R') {
    throw new SqlError(
      15_151,
      `Cannot alter the role '${role}', because it does not exist or you do not have permission.`,
    );
  }
  const who = definer.catalog.principal(member);
  if (!who) {
    throw new SqlError(
      15_151,
      `Cannot add the principal '${member}', because it does not exist or you do not have permission.`,
    );
  }
  if (adds && definer.catalog.rolesOf(to.id).has(who.id)) {
    throw new SqlError(15_413, 'Cannot make a role a member of itself.', 11);
  }
  const sql = adds
    ? 'INSERT OR IGNORE INTO "catalog.member" VALUES (?, ?)'
    : 'DELETE FROM "catalog.member" WHERE role_id = ? AND member_id = ?';
  definer.execute(sql, to.id, who.id);
}

function change(
  definer: Definer,
  { how, permissions, on }: Extract<DefinitionStatement, { kind: 'permission' }>,
  { id }: CatalogPrincipal,
): void {
  const [kind, major] = securableOf(definer, on);
  for (const permission of permissions) {
    if (kind !== 0 && !onObjects.includes(permission)) throw refused(`the permission ${permission} on ${on.kind}s`);
    const key = [id, kind, major, permission] as const;
    definer.execute(
      'DELETE FROM "catalog.permission" WHERE grantee_id = ? AND class = ? AND major_id = ? AND permission = ?',
      ...key,
    );
    if (how !== 'revoke') {
      definer.execute('INSERT INTO "catalog.permission" VALUES (?, ?, ?, ?, ?)', ...key, how === 'grant' ? 'G' : 'D');
    }
  }
}

function securableOf({ catalog }: Definer, { kind, name }: Securable): [number, number] {
  if (kind === 'database') return [0, 0];
  if (kind === 'schema') {
    const schema = catalog.schemas.get((name[0] ?? '').toLowerCase());
    if (schema) return [3, schema.id];
  } else {
    const table = catalog.table(name);
    if (table) return [1, table.id];
  }
  const text = name.at(-1) ?? '';
  throw new SqlError(
    15_151,
    `Cannot find the ${kind} '${text}', because it does not exist or you do not have permission.`,
  );
}

function principal(definer: Definer, name: string): CatalogPrincipal {
  const found = definer.catalog.principal(name);
  if (!found)
    throw new SqlError(
      15_151,
      `Cannot find the user '${name}', because it does not exist or you do not have permission.`,
    );
  if (found.id === 1)
    throw new SqlError(
      4624,
      'Cannot grant, deny, or revoke permissions to sa, dbo, entity owner, information_schema, sys, or yourself.',
    );
  return found;
}

function dropPrincipal(definer: Definer, name: string, what: 'role' | 'user', ifExists: boolean): void {
  const found = definer.catalog.principal(name);
  const fits = found && !found.isFixed && (found.type === 'R') === (what === 'role');
  if (!found || !fits) {
    if (ifExists && !found) return;
    throw new SqlError(
      15_151,
      `Cannot drop the ${what} '${name}', because it does not exist or you do not have permission.`,
    );
  }
  if (definer.catalog.members.some(({ roleId }) => roleId === found.id)) {
    throw new SqlError(15_144, 'The role has members. It must be empty before it can be dropped.');
  }
  definer.execute('DELETE FROM "catalog.member" WHERE member_id = ?', found.id);
  definer.execute('DELETE FROM "catalog.permission" WHERE grantee_id = ?', found.id);
  definer.execute('DELETE FROM "catalog.principal" WHERE id = ?', found.id);
}
