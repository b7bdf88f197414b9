import { refused, SqlError } from '../sqlError';
import { describe, integerRange, isBinary, isInteger, isNumber, isText, isTime, type SqlType } from '../sqlType';
import { type Typed, textLiteral } from './translation';

const dayMs = 86_400_000;

/** The type that two values of different types meet in: the one of the higher precedence. */
export function common(a: Typed, b: Typed): SqlType {
  if (a.isNull) return b.type;
  if (b.isNull) return a.type;
  return commonType(a.type, b.type);
}

const precedence = 'float real decimal bigint int smallint tinyint bit'.split(' ');

export function commonType(a: SqlType, b: SqlType): SqlType {
  if (isText(a) && isText(b)) return commonText(a, b);
  if (isTime(a) || isTime(b)) return commonTime(a, b);
  if (isNumber(a) && isNumber(b)) return commonNumber(a, b);
  if (isText(a)) return b;
  if (isText(b)) return a;
  if (isBinary(a) && isBinary(b)) return { name: 'varbinary', length: longer(a, b) };
  if (a.name === b.name) return a;
  throw clash(a, b);
}

function commonText(a: SqlType, b: SqlType): SqlType {
  const isWide = a.name.startsWith('n') || b.name.startsWith('n');
  const isCaseSensitive = a.isCaseSensitive === true || b.isCaseSensitive === true;
  return { name: isWide ? 'nvarchar' : 'varchar', length: longer(a, b), ...(isCaseSensitive && { isCaseSensitive }) };
}

function longer(a: SqlType, b: SqlType): number | 'max' {
  if (a.length === 'max' || b.length === 'max') return 'max';
  return Math.max(a.length ?? 1, b.length ?? 1);
}

function commonTime(a: SqlType, b: SqlType): SqlType {
  if (isText(a)) return b;
  if (isText(b)) return a;
  if (!isTime(a) || !isTime(b)) throw clash(a, b);
  const names = [a.name, b.name];
  if (!names.includes('datetime2')) return names.includes('datetime') ? { name: 'datetime' } : { name: 'date' };
  const scale = Math.max(a.name === 'datetime2' ? (a.scale ?? 7) : 3, b.name === 'datetime2' ? (b.scale ?? 7) : 3);
  return { name: 'datetime2', scale };
}

function commonNumber(a: SqlType, b: SqlType): SqlType {
  const name = precedence.find((p) => p === a.name || p === b.name) as SqlType['name'];
  if (name !== 'decimal') return { name };
  const [x, y] = [asDecimal(a), asDecimal(b)];
  const scale = Math.max(x.scale, y.scale);
  return { name, precision: Math.min(38, Math.max(x.precision - x.scale, y.precision - y.scale) + scale), scale };
}

/** A whole number as the decimal that holds it. */
export function asDecimal(type: SqlType): { precision: number; scale: number } {
  if (type.name === 'decimal') return { precision: type.precision ?? 18, scale: type.scale ?? 0 };
  const digits = { bit: 1, tinyint: 3, smallint: 5, int: 10, bigint: 19 } as Partial<Record<string, number>>;
  return { precision: digits[type.name] ?? 10, scale: 0 };
}

function clash(a: SqlType, b: SqlType): SqlError {
  return new SqlError(206, `Operand type clash: ${a.name} is incompatible with ${b.name}`);
}

/**
 * A value as a column or variable of another type takes it. Lengths and ranges of columns are watched by the columns
 * themselves.
 */
export function assigned(value: Typed, to: SqlType): string {
  const { sql, type: from, isNull } = value;
  if (isNull) return 'NULL';
  if (isText(from) && isText(to)) return padded(sql, to);
  if (isInteger(from) && isInteger(to)) return to.name === 'bit' && from.name !== 'bit' ? `(${sql} <> 0)` : sql;
  if (isTime(from) && isTime(to)) return timeAs(sql, from, to);
  if (isNumber(from) && (to.name === 'float' || to.name === 'real')) return sql;
  if (isInteger(from) && to.name === 'decimal') return sql;
  if (isNumber(from) && to.name === 'decimal') {
    const isSame = from.name === 'decimal' && (from.scale ?? 0) <= (to.scale ?? 0);
    return isSame ? sql : `round(${sql}, ${to.scale ?? 0})`;
  }
  if (isBinary(from) && isBinary(to)) return sql;
  if (from.name === to.name) return sql;
  if (isTime(from) && isNumber(to)) throw clash(from, to);
  if (isNumber(from) && isTime(to)) throw clash(from, to);
  return converted(sql, from, to, false);
}

/** CAST: longer texts are cut, and whole numbers have to fit. */
export function cast(value: Typed, to: SqlType, tries: boolean, style: number | undefined): string {
  if (value.isNull) return 'NULL';
  const { sql, type: from } = value;
  if (style === undefined && isText(from) && isText(to)) {
    return to.length === 'max' ? sql : padded(`substr(${sql}, 1, ${to.length ?? 30})`, to);
  }
  const fits = isInteger(from) && isInteger(to) && !(to.name in integerRange && from.name !== to.name);
  if (style === undefined && (fits || (isTime(from) && isTime(to)))) return assigned(value, to);
  return converted(sql, from, to, tries, style);
}

/** Both sides of a comparison in one type. */
export function compared(left: Typed, right: Typed): [string, string] {
  const type = common(left, right);
  if (isText(type)) return collated(left, right);
  return [comparable(left, type), comparable(right, type)];
}

/** One side of a comparison in the type that both meet in. */
export function comparable(value: Typed, type: SqlType): string {
  if (value.isNull) return 'NULL';
  if (isNumber(value.type) && isNumber(type)) return value.sql;
  if (value.type.name === 'datetime' && type.name === 'datetime2') return `t_exact(${value.sql})`;
  if (isTime(value.type) && isTime(type)) return value.sql;
  if (isText(value.type) && isText(type)) return value.sql;
  return assigned(value, type);
}

/** Texts are compared without regard to case unless a column says otherwise. SQLite knows it of columns only. */
function collated(left: Typed, right: Typed): [string, string] {
  const [a, b] = [left.type.isCaseSensitive, right.type.isCaseSensitive];
  if (left.isColumn && right.isColumn && (a ?? false) !== (b ?? false)) {
    throw new SqlError(
      468,
      'Cannot resolve the collation conflict between "Latin1_General_100_BIN2" and "SQL_Latin1_General_CP1_CI_AS" in the equal to operation.',
    );
  }
  // What a column says holds for what it is compared with; SQLite takes the left operand's.
  if (left.isColumn) return [left.sql, right.sql];
  const collation = (right.isColumn ? b : a || b) ? 'BINARY' : 'NOCASE';
  return [`${left.sql} COLLATE ${collation}`, right.sql];
}

function timeAs(sql: string, from: SqlType, to: SqlType): string {
  if (to.name === 'date' && from.name !== 'date') return `(${sql} - ((${sql}) % ${dayMs} + ${dayMs}) % ${dayMs})`;
  if (to.name === 'datetime' && from.name !== 'datetime') return `t_datetime(${sql})`;
  const scale = to.name === 'datetime2' ? (to.scale ?? 7) : 7;
  if (from.name === 'datetime' && scale > 3) return `t_exact(${sql})`;
  const isFiner = from.name === 'datetime' || (from.name === 'datetime2' && (from.scale ?? 7) > scale);
  if (scale >= 3 || !isFiner) return sql;
  return `(CAST(round((${sql}) / ${10 ** (3 - scale)}.0) AS INTEGER) * ${10 ** (3 - scale)})`;
}

function padded(sql: string, to: SqlType): string {
  const isFixed = to.name === 'char' || to.name === 'nchar';
  return isFixed ? `t_pad(${sql}, ${Number(to.length ?? 1)})` : sql;
}

function converted(sql: string, from: SqlType, to: SqlType, tries: boolean, style?: number): string {
  if (from.name === 'real' || to.name === 'char' || to.name === 'nchar' || to.name === 'binary') {
    throw refused(`converting ${describe(from)} to ${describe(to)}`);
  }
  const args = [textLiteral(describe(from)), textLiteral(describe(to)), tries ? '1' : '0', String(style ?? 'NULL')];
  return `t_convert(${[sql, ...args].join(', ')})`;
}
