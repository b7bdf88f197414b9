import { refused } from '../sqlError';
import type { Cursor } from './parser';
import type { Securable, Statement } from './syntax';

const permissionWords = new Set(
  `SELECT INSERT UPDATE DELETE EXECUTE REFERENCES CONTROL ALTER CONNECT VIEW DEFINITION DATABASE STATE CHANGE TRACKING ANY
SCHEMA CREATE TABLE ROLE USER TAKE OWNERSHIP UNMASK`.split(/\s+/),
);

/** What makes principals and gives them rights. */
export function parseSecurity(c: Cursor): Statement | undefined {
  if (c.skip('CREATE', 'ROLE')) {
    const name = c.identifier();
    if (c.skip('AUTHORIZATION')) c.identifier();
    return { kind: 'createRole', name };
  }
  if (c.skip('CREATE', 'USER')) return createUser(c);
  if (c.skip('ALTER', 'ROLE')) {
    const role = c.identifier();
    const adds = c.skip('ADD');
    if (!adds) c.expect('DROP');
    c.expect('MEMBER');
    return { kind: 'alterRole', role, adds, member: c.identifier() };
  }
  for (const how of ['grant', 'deny', 'revoke'] as const) {
    if (c.skip(how.toUpperCase())) return permission(c, how);
  }
  return undefined;
}

function createUser(c: Cursor): Statement {
  const name = c.identifier();
  if (c.is('FROM', 'EXTERNAL')) {
    throw refused('CREATE USER ... FROM EXTERNAL PROVIDER', 'WITH SID = 0x..., TYPE = E (a client id) or X (a group)');
  }
  if (!c.skip('WITH', 'SID', '='))
    throw refused('users other than those of Microsoft Entra', 'WITH SID = 0x..., TYPE = E');
  if (c.token.kind !== 'binary') throw c.unexpected();
  const sid = c.next().text.slice(2).toLowerCase();
  c.expect(',', 'TYPE', '=');
  const type = c.next().upper;
  if (type !== 'E' && type !== 'X') throw refused(`TYPE = ${type}`, 'E or X');
  if (c.is(',')) throw refused('further options of CREATE USER');
  return { kind: 'createUser', name, sid, type };
}

function permission(c: Cursor, how: 'grant' | 'deny' | 'revoke'): Statement {
  if (how === 'revoke' && c.is('GRANT', 'OPTION')) throw refused('REVOKE GRANT OPTION FOR');
  const permissions = c.list(() => permissionName(c));
  const on: Securable = c.skip('ON') ? securable(c) : { kind: 'database', name: [] };
  if (!(how === 'revoke' && c.skip('FROM'))) c.expect('TO');
  const principals = c.list(() => (c.is('PUBLIC') ? c.next().text : c.identifier()));
  if (c.is('WITH', 'GRANT') || c.is('CASCADE')) throw refused(`${c.token.upper} in GRANT`);
  return { kind: 'permission', how, permissions, on, principals };
}

function permissionName(c: Cursor): string {
  const words: string[] = [];
  while (c.token.kind === 'word' && permissionWords.has(c.token.upper)) words.push(c.next().upper);
  if (c.is('(')) throw refused('rights on single columns', 'a view');
  if (words.length === 0) throw c.unexpected();
  return words.join(' ');
}

function securable(c: Cursor): Securable {
  if (c.skip('SCHEMA', '::')) return { kind: 'schema', name: [c.identifier()] };
  if (c.skip('DATABASE', '::')) {
    c.identifier();
    return { kind: 'database', name: [] };
  }
  if (c.skip('OBJECT', '::')) return { kind: 'object', name: c.name() };
  if (c.ahead().text === '::') throw refused(`rights on ${c.token.upper}`);
  return { kind: 'object', name: c.name() };
}
