import type { SessionFacts } from '../functions/register';
import { isText } from '../sqlType';
import { sameName } from '../translate/translation';
import { Cursor } from '../tsql/parser';
import type { Session } from './session';

/** What functions of T-SQL tell of a session and its database. */
export function sessionFacts(session: Session): SessionFacts {
  const find = (name: string) => session.catalog.find(new Cursor(name).name());
  return {
    now: () => session.statementTime,
    databaseName: () => session.database.name,
    userName: (id) =>
      id === undefined ? session.user.name : (session.catalog.principals.find((p) => p.id === id)?.name ?? null),
    loginName: () => session.user.loginName,
    schemaName: (id) =>
      id === undefined
        ? 'dbo'
        : ([...session.catalog.schemas.values()].find((schema) => schema.id === id)?.name ?? null),
    schemaId: (name = 'dbo') => session.catalog.schemas.get(name.toLowerCase())?.id ?? null,
    objectId: (name, type) => {
      const found = find(name);
      if (!found || found.kind === 'system') return found?.id ?? null;
      const isMeant = type === undefined || type.trim().toUpperCase() === (found.kind === 'view' ? 'V' : 'U');
      return isMeant && session.rights.sees(found.id) ? found.id : null;
    },
    objectName: (id) => session.catalog.byId(id)?.name ?? null,
    columnLength: (table, column) => {
      const type = find(table)?.columns.find(({ name }) => sameName(name, column))?.type;
      if (!type) return null;
      if (!isText(type)) return 8;
      return type.length === 'max' ? -1 : (type.length ?? 1) * (type.name.startsWith('n') ? 2 : 1);
    },
    principalId: (name = session.user.name) => session.catalog.principal(name)?.id ?? null,
    isMember: (role, member) => {
      if (member === undefined) return session.rights.isMember(role);
      const [of, who] = [session.catalog.principal(role), session.catalog.principal(member)];
      return of && who ? Number(session.catalog.rolesOf(who.id).has(of.id)) : null;
    },
    hasPermission: (securable, kind, permission) => {
      if (securable === null || kind?.toUpperCase() !== 'OBJECT') return Number(session.rights.isOwner);
      const found = find(securable);
      return found ? Number(session.rights.allows(permission.toUpperCase(), found.id)) : null;
    },
    transactionState: () => (session.transactionDepth > 0 ? 1 : 0),
    identity: () => session.lastIdentity,
    error: () => session.handledError,
    isVisible: (id) => session.rights.sees(id),
  };
}
