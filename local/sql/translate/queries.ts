import { refused, SqlError } from '../sqlError';
import { isText } from '../sqlType';
import type { Combination, Expression, Item, Query, QueryBody, Select } from '../tsql/syntax';
import { aggregates, orderOf } from './calls';
import { assigned } from './coerce';
import { condition, meeting, value } from './expressions';
import { fingerprint, Scope } from './scope';
import { translateSource } from './sources';
import { type OutputColumn, quoted, sameName, type Translation, type Typed } from './translation';

export interface QueryOptions {
  /** Within another statement: an order needs TOP or OFFSET there. */
  readonly isNested?: boolean;
  /** Every column needs a name of its own: in views, derived tables and common table expressions. */
  readonly needsNames?: string;
  /** Names that the columns get. */
  readonly names?: readonly string[];
}

export interface TranslatedQuery {
  readonly sql: string;
  readonly columns: readonly OutputColumn[];
  readonly assigns?: readonly string[];
}

export function translateQuery(
  query: Query,
  outer: Scope | undefined,
  t: Translation,
  options: QueryOptions = {},
): TranslatedQuery {
  const common = new Map(outer?.common ?? []);
  const tables = query.with.map(({ name, columns, query: inner }) => {
    const scope = new Scope(undefined, common);
    const made = translateQuery(inner, scope, t, { isNested: true, needsNames: name, names: columns });
    common.set(name.toLowerCase(), made.columns);
    return `${quoted(name)} AS (${made.sql})`;
  });
  const scope = new Scope(outer, common);
  const isLimited = query.offset !== undefined || (query.body.kind === 'select' && query.body.top !== undefined);
  if (options.isNested && query.orderBy.length > 0 && !isLimited) {
    throw new SqlError(
      1033,
      'The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified.',
      15,
    );
  }
  const { sql, columns, order, assigns } = bodyOf(query, scope, t, options);
  const head = tables.length > 0 ? `WITH ${tables.join(', ')} ` : '';
  const made = { sql: `${head}${sql}${order}${limitOf(query, scope, t)}`, columns };
  return assigns ? { ...made, assigns } : made;
}

interface Body extends TranslatedQuery {
  readonly order: string;
}

function bodyOf(query: Query, scope: Scope, t: Translation, options: QueryOptions): Body {
  const { body, orderBy } = query;
  if (body.kind === 'select') return select(body, orderBy, scope, t, options);
  const { sql, columns } = combination(body, scope, t, options);
  const order = orderBy.map(({ by, isDescending }) => {
    const index = placeOf(by, columns);
    if (index < 0) throw refused('ORDER BY other than a column after UNION');
    return `${index + 1}${isDescending ? ' DESC' : ''}`;
  });
  return { sql, columns, order: order.length > 0 ? ` ORDER BY ${order.join(', ')}` : '' };
}

function placeOf(by: Expression, columns: readonly OutputColumn[]): number {
  if (by.kind === 'number') return Number(by.text) - 1;
  return by.kind === 'column' ? columns.findIndex(({ name }) => sameName(name, by.name.at(-1) ?? '')) : -1;
}

function limitOf({ body, offset, fetch }: Query, scope: Scope, t: Translation): string {
  const top = body.kind === 'select' ? body.top : undefined;
  if (top) return ` LIMIT max(0, ${value(top, scope, t).sql})`;
  if (!offset) return '';
  const most = fetch ? `max(0, ${value(fetch, scope, t).sql})` : '-1';
  return ` LIMIT ${most} OFFSET ${value(offset, scope, t).sql}`;
}

function combination(c: Combination, scope: Scope, t: Translation, options: QueryOptions): TranslatedQuery {
  const nested = { ...options, isNested: true };
  const [left, right] = [c.left, c.right].map((body) => arm(body, scope, t, nested)) as [
    TranslatedQuery,
    TranslatedQuery,
  ];
  if (left.columns.length !== right.columns.length) {
    throw new SqlError(
      205,
      'All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.',
    );
  }
  const columns = left.columns.map(({ name, type }, i) => ({
    name,
    type: meeting([
      { sql: '', type },
      { sql: '', type: right.columns[i]?.type ?? type },
    ]),
  }));
  const [a, b] = [left, right].map((made) => inTypes(made, columns));
  return { sql: `${a} ${c.operator.toUpperCase()} ${b}`, columns };
}

/** SQLite combines from left to right, and knows no parentheses there: what binds otherwise becomes a table of its own. */
function arm(body: QueryBody, scope: Scope, t: Translation, options: QueryOptions): TranslatedQuery {
  const made = translateQuery({ with: [], body, orderBy: [] }, scope, t, {
    ...options,
    needsNames: '',
    names: options.names ?? [],
  });
  const isPlain = body.kind === 'select' && body.top === undefined;
  return isPlain ? made : { ...made, sql: `SELECT * FROM (${made.sql})` };
}

function inTypes(made: TranslatedQuery, columns: readonly OutputColumn[]): string {
  const isSame = made.columns.every(({ type }, i) => type.name === columns[i]?.type.name || isText(type));
  if (isSame) return made.sql;
  const items = made.columns.map(({ name, type }, i) => {
    const sql = assigned({ sql: quoted(name), type }, columns[i]?.type ?? type);
    return `${sql} AS ${quoted(name)}`;
  });
  return `SELECT ${items.join(', ')} FROM (${made.sql})`;
}

function select(s: Select, orderBy: Query['orderBy'], outer: Scope, t: Translation, options: QueryOptions): Body {
  const scope = new Scope(outer.parent, outer.common);
  const from = s.from.map((source) => translateSource(source, scope, t));
  const where = s.where ? ` WHERE ${condition(s.where, scope, t)}` : '';
  const groupBy = s.groupBy.map((e) => value(e, scope, t).sql);
  if (isGrouped(s)) scope.grouping = [...groupBy, ...s.groupBy.map(fingerprint)];
  const items = itemsOf(s.items, scope, t);
  const columns = named(items, options);
  const list = items.map(({ value: { sql } }, i) => `${sql} AS ${quoted(columns[i]?.name || `column${i + 1}`)}`);
  const having = s.having ? ` HAVING ${condition(s.having, scope, t)}` : '';
  const sql = [
    `SELECT ${s.isDistinct ? 'DISTINCT ' : ''}${list.join(', ')}`,
    from.length > 0 ? ` FROM ${from.join(', ')}` : '',
    where,
    groupBy.length > 0 ? ` GROUP BY ${groupBy.join(', ')}` : '',
    having,
  ].join('');
  const assigns = items.flatMap(({ assigns: variable }) => variable ?? []);
  if (assigns.length > 0 && assigns.length < items.length) {
    throw new SqlError(
      141,
      'A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.',
      15,
    );
  }
  const order = orderBy.length > 0 ? ` ORDER BY ${selectOrder(orderBy, items, columns, scope, t)}` : '';
  return { sql, columns, order, ...(assigns.length > 0 && { assigns }) };
}

function isGrouped(s: Select): boolean {
  if (s.groupBy.length > 0 || s.having) return true;
  return s.items.some((item) => item.kind !== 'all' && hasAggregate(item.value));
}

/** Whether an aggregate stands in it, outside of queries of its own. */
function hasAggregate(e: Expression): boolean {
  if (e.kind === 'call' && aggregates.has(e.name) && !e.over) return true;
  if (e.kind === 'subquery' || e.kind === 'exists') return false;
  return Object.entries(e).some(([key, part]) => key !== 'query' && key !== 'among' && within(part));
}

function within(part: unknown): boolean {
  if (Array.isArray(part)) return part.some(within);
  if (typeof part !== 'object' || part === null) return false;
  if ('kind' in part) return hasAggregate(part as Expression);
  return Object.values(part).some(within);
}

interface ListItem {
  readonly name: string;
  readonly value: Typed;
  readonly assigns?: string;
}

/** The values of a list, `*` unfolded. */
export function itemsOf(items: readonly Item[], scope: Scope, t: Translation): ListItem[] {
  return items.flatMap((item): ListItem[] => {
    if (item.kind === 'all') return scope.all(item.of);
    const made = value(item.value, scope, t);
    if (item.kind === 'assignment') return [{ name: '', value: made, assigns: item.variable }];
    const own = item.value.kind === 'column' ? (item.value.name.at(-1) ?? '') : '';
    return [{ name: item.alias ?? own, value: made }];
  });
}

function named(items: readonly ListItem[], { needsNames, names = [] }: QueryOptions): OutputColumn[] {
  const columns = items.map(({ name, value: { type } }, i) => ({ name: names[i] ?? name, type }));
  if (needsNames === undefined) return columns;
  if (names.length > 0 && names.length !== items.length) {
    throw new SqlError(8158, `'${needsNames}' has more columns than were specified in the column list.`);
  }
  if (needsNames === '') return columns.map(({ name, type }, i) => ({ name: name || `column${i + 1}`, type }));
  for (const [i, { name }] of columns.entries()) {
    if (!name) throw new SqlError(8155, `No column name was specified for column ${i + 1} of '${needsNames}'.`);
    if (columns.findIndex((other) => sameName(other.name, name)) < i) {
      throw new SqlError(8156, `The column '${name}' was specified multiple times for '${needsNames}'.`);
    }
  }
  return columns;
}

/** An order names columns of the list first, then those of the tables. */
function selectOrder(
  orderBy: Query['orderBy'],
  items: readonly ListItem[],
  columns: readonly OutputColumn[],
  scope: Scope,
  t: Translation,
): string {
  return orderBy
    .map(({ by, isDescending }) => {
      const isBare = by.kind === 'number' || (by.kind === 'column' && by.name.length === 1);
      const index = isBare ? placeOf(by, columns) : -1;
      if (by.kind === 'number' && !items[index]) {
        throw new SqlError(
          108,
          `The ORDER BY position number ${by.text} is out of range of the number of items in the select list.`,
          15,
        );
      }
      return index >= 0 ? `${index + 1}${isDescending ? ' DESC' : ''}` : orderOf([{ by, isDescending }], scope, t);
    })
    .join(', ');
}
