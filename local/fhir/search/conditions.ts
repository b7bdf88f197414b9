import type { Filter } from '@medplum/core';
import type { Parameter } from '../definitions';
import { invalid, notHere } from '../outcomes';
import type { SqlValue } from '../store';
import { type TimeRange, timeRange } from './dates';
import { normalized } from './entries';

/** SQL over the columns `text`, `system`, `low` and `high` of an index entry. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** What a filter asks of a parameter's entries: one that meets any of the conditions, or (negated) none that does. */
export interface Demand {
  readonly any: readonly Condition[];
  readonly negated: boolean;
}

/** @throws OperationOutcomeError for what has no meaning, and for what the local service cannot do */
export function demandOf(parameter: Parameter, { operator, value }: Filter, base: string): Demand {
  if (operator === 'missing') return { any: [{ sql: 'TRUE', values: [] }], negated: value === 'true' };
  const negated = operator === 'not' || operator === 'ne';
  const plain = negated ? 'eq' : operator;
  const values = split(value, ',');
  switch (parameter.type) {
    case 'token':
      supported(parameter, operator, ['eq', 'not']);
      return { any: tokens(values), negated };
    case 'reference':
      supported(parameter, operator, ['eq']);
      return { any: [among(values.flatMap((one) => referencesOf(one, parameter.targets, base)))], negated: false };
    case 'uri':
      supported(parameter, operator, ['eq']);
      return { any: [among(values)], negated: false };
    case 'string':
      supported(parameter, operator, ['eq', 'exact', 'contains']);
      return { any: values.map((one) => stringCondition(operator, one)), negated: false };
    case 'date':
      return { any: values.map((one) => dateCondition(plain, one)), negated };
    default:
      return { any: values.map((one) => numberCondition(plain, one)), negated };
  }
}

function supported({ code }: Parameter, operator: string, allowed: readonly string[]): void {
  if (!allowed.includes(operator)) throw notHere(`the modifier :${operator} of ${code}`);
}

/** Parts between unescaped separators; `\,`, `\|`, `\$` and `\\` are the characters themselves. */
export function split(text: string, separator: string): string[] {
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === separator) parts.push('');
    else {
      const escapes = char === '\\' && i + 1 < text.length;
      // An escape is resolved by the last one who splits.
      parts[parts.length - 1] += escapes ? char + text.charAt(++i) : char;
    }
  }
  return parts;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([\\,|$])/g, '$1');
}

function among(texts: readonly string[]): Condition {
  return { sql: 'text IN (SELECT value FROM json_each(?))', values: [JSON.stringify(texts.map(unescaped))] };
}

function tokens(values: readonly string[]): Condition[] {
  const codes: string[] = [];
  const pairs: [string, string][] = [];
  const systems: string[] = [];
  for (const value of values) {
    const [first = '', second] = split(value, '|').map(unescaped);
    if (second === undefined) codes.push(first);
    else if (second === '') systems.push(first);
    else pairs.push([second, first]);
  }
  const conditions: Condition[] = [];
  if (codes.length > 0) conditions.push({ sql: among([]).sql, values: [JSON.stringify(codes)] });
  if (pairs.length > 0) {
    // Of a pair alone SQLite makes no use of the index.
    const sql =
      'text IN (SELECT value ->> 0 FROM json_each(?)) AND (text, system) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))';
    conditions.push({ sql, values: [JSON.stringify(pairs), JSON.stringify(pairs)] });
  }
  for (const system of systems) conditions.push({ sql: 'text IS NOT NULL AND system = ?', values: [system] });
  return conditions;
}

/** `Patient/a`, `a` (of any type that the parameter leads to) or the full URL. */
function referencesOf(value: string, targets: readonly string[], base: string): string[] {
  if (value.startsWith(`${base}/`)) return [value.slice(base.length + 1)];
  return value.includes('/') || value.includes(':') ? [value] : targets.map((type) => `${type}/${value}`);
}

function stringCondition(operator: string, value: string): Condition {
  const text = unescaped(value);
  if (operator === 'exact') return { sql: 'text = ? AND system = ?', values: [normalized(text), text] };
  if (operator === 'contains') return { sql: 'text IS NOT NULL AND instr(text, ?)', values: [normalized(text)] };
  return { sql: 'text >= ? AND text < ?', values: [normalized(text), `${normalized(text)}\u{10ffff}`] };
}

/** A prefix that stands before one value of a list, where the parser has seen that of the first one only. */
function prefixed(operator: string, value: string): { prefix: string; rest: string } {
  const own = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[\d-])/.exec(value)?.[1];
  return own === undefined ? { prefix: operator, rest: value } : { prefix: own, rest: value.slice(2) };
}

/** FHIR's search prefixes over ranges, as in "R4: 3.1.1.4.5, Prefixes". */
export function dateCondition(operator: string, value: string): Condition {
  const { prefix, rest } = prefixed(operator, value);
  const range = timeRange(rest);
  if (!range) throw invalid(`'${value}' is not a date or time.`);
  return rangeCondition(prefix, range);
}

function numberCondition(operator: string, value: string): Condition {
  const [number = '', system, unit] = split(value, '|').map(unescaped);
  const { prefix, rest } = prefixed(operator, number);
  const given = Number(rest);
  if (rest.trim() === '' || Number.isNaN(given)) throw invalid(`'${value}' is not a number.`);
  // A number stands for what is rounded to it: 5.4 for 5.35 to 5.45.
  const half = ['gt', 'lt', 'ge', 'le'].includes(prefix) ? 0 : 0.5 * 10 ** -(rest.split('.')[1]?.length ?? 0);
  const { sql, values } = rangeCondition(prefix, { low: given - half, high: given + half });
  const units = [unit && { sql: 'text = ?', value: unit }, system && { sql: 'system = ?', value: system }];
  const given_ = units.filter((part) => typeof part === 'object');
  return { sql: [sql, ...given_.map((u) => u.sql)].join(' AND '), values: [...values, ...given_.map((u) => u.value)] };
}

function rangeCondition(prefix: string, { low, high }: TimeRange): Condition {
  switch (prefix) {
    case 'eq':
      return { sql: 'low >= ? AND low <= ? AND high <= ?', values: [low, high, high] };
    case 'ne':
      return { sql: 'low IS NOT NULL AND NOT (low >= ? AND high <= ?)', values: [low, high] };
    case 'gt':
      return { sql: 'low IS NOT NULL AND high > ?', values: [high] };
    case 'ge':
      return { sql: 'low IS NOT NULL AND high >= ?', values: [low] };
    case 'lt':
      return { sql: 'low < ?', values: [low] };
    case 'le':
      return { sql: 'low <= ?', values: [high] };
    case 'sa':
      return { sql: 'low > ?', values: [high] };
    case 'eb':
      return { sql: 'low IS NOT NULL AND high < ?', values: [low] };
    default:
      throw notHere(`the prefix ${prefix}`);
  }
}
