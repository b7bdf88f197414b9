import { errors, refused, SqlError } from '../sqlError';
import { parseExpressionText } from '../tsql/statements';
import type { DataStatement, Delete, Expression, Insert, Item, Source, Update } from '../tsql/syntax';
import { assigned } from './coerce';
import { condition, value } from './expressions';
import { itemsOf, translateQuery } from './queries';
import { Scope } from './scope';
import { translateSource } from './sources';
import {
  type ColumnInfo,
  type Declared,
  type Lookup,
  type OutputColumn,
  type Permission,
  physicalName,
  quoted,
  sameName,
  type TableInfo,
  type Translated,
  Translation,
  type Typed,
} from './translation';

/** A statement that reads or changes rows, in SQLite's words. */
export function translate(statement: DataStatement, lookup: Lookup, variables: Declared): Translated {
  const t = new Translation(lookup, variables);
  switch (statement.kind) {
    case 'query': {
      const { sql, columns, assigns } = translateQuery(statement.query, undefined, t);
      return { ...gathered(t, sql), ...(assigns ? { assigns } : {}), columns };
    }
    case 'insert':
      return insert(statement, t);
    case 'update':
      return update(statement, t);
    case 'delete':
      return remove(statement, t);
  }
}

function gathered(t: Translation, sql: string): Translated {
  return { sql, variables: t.variables, needs: t.needs, locks: t.locks };
}

/** The table that a statement changes, with the right that it takes. */
function target(name: readonly string[], permission: Permission, t: Translation): TableInfo {
  const table = t.table(name);
  if (table.kind === 'view') throw refused(`${permission} on a view`, 'its table');
  if (table.kind === 'system') throw new SqlError(259, 'Ad hoc updates to system catalogs are not allowed.');
  t.need(permission, table);
  if (table.isAppendOnly && permission !== 'INSERT') {
    throw new SqlError(
      37_359,
      `Updates are not allowed for the append only Ledger table '${table.schema}.${table.name}'.`,
    );
  }
  return table;
}

function columnOf(table: TableInfo, name: string): ColumnInfo {
  const column = table.columns.find((c) => sameName(c.name, name));
  if (!column) throw errors.noColumn(name);
  return column;
}

function insert(i: Insert, t: Translation): Translated {
  const table = target(i.table, 'INSERT', t);
  const free = table.columns.filter(({ isIdentity }) => !isIdentity);
  const given = i.columns.length > 0 ? i.columns.map((name) => columnOf(table, name)) : i.from ? free : [];
  const identity = given.find(({ isIdentity }) => isIdentity);
  if (identity) {
    throw new SqlError(
      544,
      `Cannot insert explicit value for identity column in table '${table.name}' when IDENTITY_INSERT is set to OFF.`,
    );
  }
  const filled = free.filter((column) => column.defaultSql !== undefined && !given.includes(column));
  const columns = [...given, ...filled];
  const defaults = filled.map((column) => defaultOf(column, t));
  const { returning, output } = outputOf(i.output, table, 'inserted', t);
  const list = columns.map(({ name }) => quoted(name)).join(', ');
  const head = `INSERT INTO ${physicalName(table)}${columns.length > 0 ? ` (${list})` : ''}`;
  const body = columns.length > 0 ? insertedRows(i, given, defaults, t) : 'DEFAULT VALUES';
  return { ...gathered(t, `${head} ${body}${returning}`), ...output, locks: true, changed: table };
}

function defaultOf({ defaultSql, type }: ColumnInfo, t: Translation): string {
  if (defaultSql === undefined) return 'NULL';
  return assigned(value(parseExpressionText(defaultSql), new Scope(undefined), t), type);
}

function insertedRows(
  { from }: Insert,
  given: readonly ColumnInfo[],
  defaults: readonly string[],
  t: Translation,
): string {
  if (from && !Array.isArray(from)) {
    const names = given.map((_, i) => `c${i + 1}`);
    const query = from as Exclude<Insert['from'], readonly unknown[] | undefined>;
    const { sql, columns } = translateQuery(query, undefined, t, {
      needsNames: 'select',
      names: namesFor(query, names),
    });
    matchCounts(columns.length, given.length);
    const values = given.map(({ type }, i) =>
      assigned({ sql: `"q".${quoted(columns[i]?.name ?? '')}`, type: columns[i]?.type ?? type }, type),
    );
    return `SELECT ${[...values, ...defaults].join(', ')} FROM (${sql}) AS "q"`;
  }
  const rows = (from ?? [[]]) as readonly (readonly (Expression | 'default')[])[];
  const lines = rows.map((row) => {
    matchCounts(row.length, given.length);
    const values = row.map((e, i) => insertedValue(e, given[i] as ColumnInfo, t));
    return `(${[...values, ...defaults].join(', ')})`;
  });
  return `VALUES ${lines.join(', ')}`;
}

/** Names are for lists whose length is known from their words. */
function namesFor(
  { body }: { readonly body: { readonly kind: string; readonly items?: readonly Item[] } },
  names: readonly string[],
): readonly string[] {
  const isListed =
    body.kind === 'select' && body.items?.every(({ kind }) => kind !== 'all') && body.items.length === names.length;
  return isListed ? names : [];
}

function insertedValue(e: Expression | 'default', column: ColumnInfo, t: Translation): string {
  return e === 'default' ? defaultOf(column, t) : assigned(value(e, new Scope(undefined), t), column.type);
}

function matchCounts(values: number, columns: number): void {
  if (values === columns) return;
  const few = values < columns;
  throw new SqlError(
    few ? 109 : 110,
    `There are ${few ? 'more' : 'fewer'} columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.`,
    15,
  );
}

/** OUTPUT, as RETURNING. What a row was before an update is not to be had. */
function outputOf(
  items: readonly Item[],
  table: TableInfo,
  allowed: 'inserted' | 'deleted',
  t: Translation,
): { returning: string; output: { columns?: readonly OutputColumn[] } } {
  if (items.length === 0) return { returning: '', output: {} };
  const scope = new Scope(undefined);
  scope.tables.push({ alias: '\u0000', exposed: [allowed], columns: table.columns });
  t.need('SELECT', table);
  const other = allowed === 'inserted' ? 'deleted' : 'inserted';
  for (const item of items) {
    const name = item.kind === 'all' ? item.of : item.value.kind === 'column' ? item.value.name : [];
    if (sameName(name[0] ?? '', other)) throw refused(`OUTPUT ${other} here`);
  }
  const listed = itemsOf(items, scope, t);
  // RETURNING knows the columns of its table only by their bare names.
  const list = listed.map(({ name, value: { sql } }) => `${sql.replaceAll('"\u0000".', '')} AS ${quoted(name)}`);
  return {
    returning: ` RETURNING ${list.join(', ')}`,
    output: { columns: listed.map(({ name, value: { type } }) => ({ name, type })) },
  };
}

interface Changed {
  readonly table: TableInfo;
  /** Name of the table within the statement. */
  readonly alias: string;
  readonly scope: Scope;
  /** Further tables. */
  readonly from: readonly string[];
  /** Conditions of the joins with them. */
  readonly on: readonly string[];
}

/** Finds the changed table among those of FROM, where it is meant by an alias. */
function changed(c: Update | Delete, permission: Permission, t: Translation): Changed {
  if (c.with.length > 0) throw refused(`${c.kind.toUpperCase()} after WITH`, 'a subquery');
  const parts = c.from.flatMap(flattened);
  const own = parts.find(({ source }) => source.kind === 'table' && isTarget(source, c.target));
  const named = own?.source.kind === 'table' ? own.source : undefined;
  const table = target(named?.name ?? c.target, permission, t);
  const alias = named?.alias ?? `${table.schema}.${table.name}`;
  const scope = new Scope(undefined);
  scope.add({
    alias,
    exposed: named?.alias === undefined ? [table.schema, table.name] : [named.alias],
    columns: table.columns,
  });
  const others = parts.filter((part) => part !== own);
  const from = others.map(({ source }) => translateSource(source, scope, t));
  const on = parts.flatMap(({ on: e }) => (e ? [condition(e, scope, t)] : []));
  return { table, alias, scope, from, on };
}

/** Inner joins as a list of tables and conditions. */
function flattened(source: Source): { source: Source; on?: Expression }[] {
  if (source.kind !== 'join') return [{ source }];
  if (source.how !== 'inner' && source.how !== 'cross')
    throw refused(`${source.how} joins in UPDATE and DELETE`, 'EXISTS');
  const [left, right] = [flattened(source.left), flattened(source.right)];
  const [first, ...rest] = right;
  if (!first || !source.on) return [...left, ...right];
  return [...left, { ...first, on: source.on }, ...rest];
}

function isTarget({ name, alias }: Extract<Source, { kind: 'table' }>, target: readonly string[]): boolean {
  if (alias !== undefined) return target.length === 1 && sameName(alias, target[0] ?? '');
  return sameName(name.join('.'), target.join('.'));
}

function whereOf(c: Update | Delete, { scope, on }: Changed, t: Translation): string[] {
  return [...on, ...(c.where ? [condition(c.where, scope, t)] : [])];
}

function limited(c: Update | Delete, found: Changed, where: readonly string[], t: Translation): string {
  if (!c.top) return where.length > 0 ? ` WHERE ${where.join(' AND ')}` : '';
  if (found.from.length > 0) throw refused('TOP in a change with FROM');
  const inner = where.length > 0 ? ` WHERE ${where.join(' AND ')}` : '';
  const most = value(c.top, found.scope, t).sql;
  return ` WHERE rowid IN (SELECT rowid FROM ${physicalName(found.table)} AS ${quoted(found.alias)}${inner} LIMIT max(0, ${most}))`;
}

function update(u: Update, t: Translation): Translated {
  const found = changed(u, 'UPDATE', t);
  const { table, scope, alias, from } = found;
  if (u.where || u.from.length > 0) t.need('SELECT', table);
  const sets = u.assignments.map(({ column: name, value: e }) => {
    const column = columnOf(table, name);
    if (column.isIdentity) throw new SqlError(8102, `Cannot update identity column '${column.name}'.`);
    const sql = e === 'default' ? defaultOf(column, t) : assigned(value(e, scope, t) as Typed, column.type);
    return `${quoted(column.name)} = ${sql}`;
  });
  const { returning, output } = outputOf(u.output, table, 'inserted', t);
  const where = limited(u, found, whereOf(u, found, t), t);
  const tables = from.length > 0 ? ` FROM ${from.join(', ')}` : '';
  const sql = `UPDATE ${physicalName(table)} AS ${quoted(alias)} SET ${sets.join(', ')}${tables}${where}${returning}`;
  return { ...gathered(t, sql), ...output, locks: true, changed: table };
}

function remove(d: Delete, t: Translation): Translated {
  const found = changed(d, 'DELETE', t);
  const { table, alias, from } = found;
  if (d.where || d.from.length > 0) t.need('SELECT', table);
  const conditions = whereOf(d, found, t);
  const isJoined = from.length > 0;
  const exists = `EXISTS (SELECT 1 FROM ${from.join(', ')}${conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''})`;
  const where = limited(d, isJoined ? { ...found, from: [] } : found, isJoined ? [exists] : conditions, t);
  const { returning, output } = outputOf(d.output, table, 'deleted', t);
  const sql = `DELETE FROM ${physicalName(table)} AS ${quoted(alias)}${where}${returning}`;
  return { ...gathered(t, sql), ...output, locks: true, changed: table };
}
