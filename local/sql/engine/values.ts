import { convert } from '../functions/conversions';
import { describe, type SqlType, type SqlValue } from '../sqlType';
import { assigned } from '../translate/coerce';
import type { Expression, Statement } from '../tsql/syntax';

/** An expression as a query of one row. */
export function queryOf(value: Expression): Extract<Statement, { kind: 'query' }> {
  const item = { kind: 'value', value } as const;
  const body = { kind: 'select', isDistinct: false, items: [item], from: [], groupBy: [] } as const;
  return { kind: 'query', query: { with: [], body, orderBy: [] } };
}

/** A value as a variable of another type takes it: texts are cut to its length. */
export function assignedValue(value: SqlValue, from: SqlType, to: SqlType): SqlValue {
  if (value === null) return null;
  if (typeof value === 'string' && typeof to.length === 'number' && from.name !== 'uniqueidentifier') {
    return value.slice(0, to.length);
  }
  if (from.name === to.name && from.scale === to.scale) return value;
  // Refuses what SQL Server does not convert by itself.
  assigned({ sql: '', type: from }, to);
  return convert(value, describe(from), describe(to), null);
}
