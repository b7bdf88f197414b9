import { refused, SqlError } from '../sqlError';
import { parseExpression } from './expressions';
import type { Cursor } from './parser';
import { parseHints, parseItem, parseQueryAfter, parseSources, parseTop, parseWith } from './queries';
import type { CommonTable, DataStatement, Delete, Expression, Insert, Item, Query, Update } from './syntax';

/** What reads or changes rows. */
export function parseData(c: Cursor): DataStatement | undefined {
  const common = c.is('WITH') ? parseWith(c) : [];
  if (c.skip('INSERT')) {
    if (common.length > 0) throw refused('INSERT after WITH', 'the common table expression in its SELECT');
    return insert(c);
  }
  if (c.skip('UPDATE')) return update(c, common);
  if (c.skip('DELETE')) return remove(c, common);
  if (c.is('SELECT') || (c.is('(') && common.length === 0)) {
    return { kind: 'query', query: parseQueryAfter(c, common) };
  }
  if (common.length > 0) throw c.unexpected();
  return undefined;
}

function insert(c: Cursor): Insert {
  if (c.is('TOP')) throw refused('INSERT TOP');
  c.skip('INTO');
  const table = c.name();
  parseHints(c);
  const columns = c.is('(') ? c.names() : [];
  const output = parseOutput(c);
  const head = { kind: 'insert', table, columns, output } as const;
  if (c.skip('DEFAULT', 'VALUES')) return head;
  if (c.skip('VALUES')) {
    const rows = c.list(() => insertedRow(c));
    if (rows.length > 1000) {
      throw new SqlError(
        10_738,
        'The number of row value expressions in the INSERT statement exceeds the maximum allowed number of 1000 row values.',
        15,
      );
    }
    return { ...head, from: rows };
  }
  if (c.is('EXEC') || c.is('EXECUTE')) throw refused('INSERT ... EXEC');
  return { ...head, from: queryHere(c) };
}

function insertedRow(c: Cursor): (Expression | 'default')[] {
  c.expect('(');
  const row = c.list(() => (c.skip('DEFAULT') ? ('default' as const) : parseExpression(c)));
  c.expect(')');
  return row;
}

function queryHere(c: Cursor): Query {
  return parseQueryAfter(c, c.is('WITH') ? parseWith(c) : []);
}

function parseOutput(c: Cursor): Item[] {
  if (!c.skip('OUTPUT')) return [];
  const items = c.list(() => parseItem(c));
  if (c.is('INTO')) throw refused('OUTPUT ... INTO');
  return items;
}

function update(c: Cursor, common: readonly CommonTable[]): Update {
  const top = c.skip('TOP') ? parseTop(c) : undefined;
  const target = c.name();
  const hints = parseHints(c);
  c.expect('SET');
  const assignments = c.list(() => assignment(c));
  const output = parseOutput(c);
  const from = c.skip('FROM') ? parseSources(c) : [];
  const where = c.skip('WHERE') ? parseExpression(c) : undefined;
  const rest = { ...(where && { where }), ...(top && { top }) };
  return { kind: 'update', target, hints, assignments, output, from, with: common, ...rest };
}

function assignment(c: Cursor): Update['assignments'][number] {
  if (c.token.kind === 'variable') throw refused('assigning variables in UPDATE', 'OUTPUT');
  const name = c.name();
  const operator = c.next().text;
  const column = name.at(-1) ?? '';
  if (operator === '=') return { column, value: c.skip('DEFAULT') ? 'default' : parseExpression(c) };
  if (operator !== '+=' && operator !== '-=') throw refused(`the operator ${operator} in SET`);
  const left: Expression = { kind: 'column', name };
  const sign = operator === '+=' ? '+' : '-';
  return { column, value: { kind: 'operation', operator: sign, left, right: parseExpression(c) } };
}

function remove(c: Cursor, common: readonly CommonTable[]): Delete {
  const top = c.skip('TOP') ? parseTop(c) : undefined;
  c.skip('FROM');
  const target = c.name();
  parseHints(c);
  const output = parseOutput(c);
  const from = c.skip('FROM') ? parseSources(c) : [];
  const where = c.skip('WHERE') ? parseExpression(c) : undefined;
  return { kind: 'delete', target, output, from, with: common, ...(where && { where }), ...(top && { top }) };
}
