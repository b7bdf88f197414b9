import { errors, SqlError } from '../sqlError';
import { type Need, sameName } from '../translate/translation';
import type { Catalog, CatalogPrincipal } from './catalog';

const owner = 16_384;
const reader = 16_390;
const writer = 16_391;

/** Who a session is within a database. */
export interface DatabaseUser {
  /** Name of the user: `dbo` for the server's administrator. */
  readonly name: string;
  /** Ids of principals: the user's own, and those of groups that the caller is in. */
  readonly ids: readonly number[];
  /** Name of the identity, as the directory has it. */
  readonly loginName: string;
}

/** Rights as grants, denials and roles give them. `dbo` and members of `db_owner` may do everything. */
export class Rights {
  readonly isOwner: boolean;
  private readonly principals: ReadonlySet<number>;

  constructor(
    private readonly catalog: Catalog,
    user: DatabaseUser,
    private readonly databaseName: string,
  ) {
    this.principals = new Set(user.ids.flatMap((id) => [...catalog.rolesOf(id)]));
    this.isOwner = this.principals.has(1) || this.principals.has(owner);
  }

  /** @throws SqlError 229, as SQL Server refuses */
  check(needs: readonly Need[]): void {
    for (const { permission, table } of needs) {
      if (table.kind !== 'system' && !this.allows(permission, table.id)) {
        throw errors.denied(permission, table.name, this.databaseName, table.schema);
      }
    }
  }

  allows(permission: string, objectId: number): boolean {
    if (this.isOwner) return true;
    const schemaId = this.catalog.byId(objectId)?.schemaId;
    const concerned = this.catalog.permissions.filter(
      (given) =>
        this.principals.has(given.granteeId) &&
        (given.permission === permission || given.permission === 'CONTROL') &&
        (given.class === 0 ||
          (given.class === 1 && given.majorId === objectId) ||
          (given.class === 3 && given.majorId === schemaId)),
    );
    if (concerned.some(({ state }) => state === 'D')) return false;
    if (permission === 'SELECT' && this.principals.has(reader)) return true;
    if (['INSERT', 'UPDATE', 'DELETE'].includes(permission) && this.principals.has(writer)) return true;
    return concerned.length > 0;
  }

  /** What one has any right on, one sees in the catalog. */
  sees(objectId: number): boolean {
    return ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'VIEW DEFINITION'].some((permission) =>
      this.allows(permission, objectId),
    );
  }

  /** @throws SqlError 262 or 15247 */
  checkOwner(action: string): void {
    if (this.isOwner) return;
    if (action.startsWith('CREATE')) {
      throw new SqlError(262, `${action} permission denied in database '${this.databaseName}'.`, 14);
    }
    throw new SqlError(15_247, 'User does not have permission to perform this action.');
  }

  /** 1 or 0; null: there is no such role. */
  isMember(role: string): number | null {
    const found = this.catalog.principals.find(({ name, type }) => type === 'R' && sameName(name, role));
    return found ? Number(this.principals.has(found.id)) : null;
  }
}

/** The user behind an identity: by its client id, or by a group that it is in. Undefined: it may not come in. */
export function userOf(
  catalog: Catalog,
  name: string,
  sids: { readonly own: string; readonly groups: readonly string[] },
): DatabaseUser | undefined {
  const isMeant = ({ type, sid }: CatalogPrincipal) =>
    (type === 'E' && sid === sids.own) || (type === 'X' && sid !== null && sids.groups.includes(sid));
  const found = catalog.principals.filter(isMeant);
  const own = found.find(({ type }) => type === 'E') ?? found[0];
  return own && { name: own.type === 'E' ? own.name : name, ids: found.map(({ id }) => id), loginName: name };
}
