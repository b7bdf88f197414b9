import type { Filter, SearchRequest, SortRule } from '@medplum/core';
import { type Parameter, parametersOf } from '../definitions';
import { invalid, notHere } from '../outcomes';
import type { FhirStore, SqlValue, StoredVersion } from '../store';
import { type Condition, type Demand, dateCondition, demandOf, split } from './conditions';

/** Azure's page size where the search names none, and its largest. */
const defaultCount = 10;
const maxCount = 1000;

export interface Found {
  readonly matches: readonly StoredVersion[];
  /** Where asked for. */
  readonly total?: number;
  /** Cursor of the next page, where there is one. */
  readonly next?: string;
}

interface Clause {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** The filters that no search parameter of the type answers to. Azure leaves them out with a warning, or refuses. */
export function unknownFilters({ resourceType, filters = [] }: SearchRequest): Filter[] {
  const known = parametersOf(resourceType);
  return filters.filter(({ code }) => !isOwnColumn(code) && !known.has(code) && !isChained(code));
}

/** Runs a search without its includes. Filters that are unknown are left out. */
export function find(store: FhirStore, request: SearchRequest, base: string): Found {
  const unknown = unknownFilters(request);
  const filters = (request.filters ?? []).filter((filter) => !unknown.includes(filter));
  const where = whereClause(store, request.resourceType, filters, base);
  const count = Math.min(request.count ?? defaultCount, maxCount);
  if (Number.isNaN(count) || count < 0) throw invalid('_count is not a number of 0 or more.');
  const total =
    request.total === 'accurate' || request.total === 'estimate'
      ? Number(store.row(`SELECT count(*) AS n FROM resource r WHERE ${where.sql}`, ...where.values)?.n)
      : undefined;
  return count === 0 ? { matches: [], total } : { total, ...page(store, request, where, count) };
}

/** Pages in the order of creation start after a key, so that what is written meanwhile moves none; sorted ones count. */
function page(store: FhirStore, request: SearchRequest, where: Clause, count: number): Omit<Found, 'total'> {
  const order = (request.sortRules ?? []).map((rule) => orderBy(store, request.resourceType, rule));
  const from = Number(request.cursor ?? 0);
  if (!Number.isSafeInteger(from) || from < 0) throw invalid('_cursor is not one of this service.');
  const start: Clause = order.length > 0 ? { sql: '', values: [] } : { sql: 'AND r.key > ?', values: [from] };
  const offset = order.length > 0 ? from : 0;
  const by = [...order.map(({ sql }) => sql), 'r.key'].join(', ');
  const matches = store.versions(
    `SELECT r.* FROM resource r WHERE ${where.sql} ${start.sql} ORDER BY ${by} LIMIT ? OFFSET ?`,
    ...[...where.values, ...start.values, ...order.flatMap(({ values }) => values), count + 1, offset],
  );
  if (matches.length <= count) return { matches };
  const kept = matches.slice(0, count);
  return { matches: kept, next: String(order.length > 0 ? offset + count : kept.at(-1)?.key) };
}

function whereClause(store: FhirStore, type: string, filters: readonly Filter[], base: string): Clause {
  const own = filters.filter(({ code }) => isOwnColumn(code)).map(ownColumn);
  const rest = filters
    .filter(({ code }) => !isOwnColumn(code))
    .map((filter) => demand(type, filter, base))
    .sort((one, other) => rank(one) - rank(other));
  // The most selective one names the candidates, the others are asked about each candidate.
  const clauses = rest.map((each, i) => entryClause(store, type, each, i === 0 && own.length === 0));
  const all = [{ sql: 'r.type = ? AND r.deleted = 0', values: [type] }, ...own, ...clauses];
  return { sql: all.map(({ sql }) => sql).join(' AND '), values: all.flatMap(({ values }) => values) };
}

interface ParameterDemand extends Demand {
  readonly parameter: Parameter;
}

function demand(type: string, filter: Filter, base: string): ParameterDemand {
  const parameter = parametersOf(type).get(filter.code);
  if (!parameter) throw notHere(`chained search (${filter.code})`);
  return { parameter, ...demandOf(parameter, filter, base) };
}

/** Lower finds fewer. */
function rank({ parameter, negated }: ParameterDemand): number {
  if (negated) return 9;
  if (parameter.code === 'identifier') return 0;
  return { reference: 1, uri: 2, string: 3, token: 4, date: 5, quantity: 6, number: 6 }[parameter.type];
}

function entryClause(
  store: FhirStore,
  type: string,
  { parameter, any, negated }: ParameterDemand,
  first: boolean,
): Clause {
  const number = store.parameter(type, parameter.code);
  if (first && !negated) {
    const selects = any.map(({ sql }) => `SELECT resource FROM entry WHERE parameter = ? AND ${sql}`);
    return {
      sql: `r.key IN (${selects.join(' UNION ALL ')})`,
      values: any.flatMap(({ values }) => [number, ...values]),
    };
  }
  // With a plus SQLite looks at the candidate's own entries, and not for all candidates once more.
  const either = any.map(({ sql }) => `(${sql.replaceAll(/\b(text|system|low|high)\b/g, '+$1')})`).join(' OR ');
  return {
    sql: `${negated ? 'NOT ' : ''}EXISTS (SELECT 1 FROM entry WHERE resource = r.key AND parameter = ? AND (${either}))`,
    values: [number, ...any.flatMap(({ values }) => values)],
  };
}

function isOwnColumn(code: string): boolean {
  return code === '_id' || code === '_lastUpdated';
}

function isChained(code: string): boolean {
  return code.startsWith('_has') || code.includes('.');
}

function ownColumn({ code, operator, value }: Filter): Clause {
  const values = split(value, ',');
  if (code === '_id') {
    if (operator !== 'eq') throw notHere(`the modifier :${operator} of _id`);
    return { sql: 'r.id IN (SELECT value FROM json_each(?))', values: [JSON.stringify(values)] };
  }
  const any: Condition[] = values.map((one) => dateCondition(operator, one));
  return {
    sql: `(${any.map(({ sql }) => sql.replaceAll(/\b(low|high)\b/g, 'r.updated')).join(' OR ')})`,
    values: any.flatMap((condition) => condition.values),
  };
}

/** By the least of a resource's values, or the greatest when descending. */
function orderBy(store: FhirStore, type: string, { code, descending }: SortRule): Clause {
  const direction = descending ? 'DESC' : 'ASC';
  if (code === '_lastUpdated') return { sql: `r.updated ${direction}`, values: [] };
  if (code === '_id') return { sql: `r.id ${direction}`, values: [] };
  const parameter = parametersOf(type).get(code);
  if (!parameter) throw invalid(`${type} cannot be sorted by '${code}'.`);
  const column = ['date', 'number', 'quantity'].includes(parameter.type) ? (descending ? 'high' : 'low') : 'text';
  const value = `SELECT ${descending ? 'max' : 'min'}(${column}) FROM entry WHERE resource = r.key AND parameter = ?`;
  return { sql: `(${value}) ${direction} NULLS LAST`, values: [store.parameter(type, code)] };
}
