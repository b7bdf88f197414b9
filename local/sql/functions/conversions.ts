import { refused, SqlError } from '../sqlError';
import { integerRange, type SqlValue, type TypeName } from '../sqlType';
import { guidBytes, guidText } from '../tds/values';
import { readTime, roundedToDatetime, writeTime } from './times';

const dayMs = 86_400_000;

/**
 * A value of one type as one of another, as CAST and CONVERT make it.
 * @param from as `describe` writes types
 * @throws SqlError when it cannot be read as such
 */
export function convert(value: SqlValue, from: string, to: string, style: number | null): SqlValue {
  if (value === null) return null;
  const [source, target] = [nameOf(from), nameOf(to)];
  if (isTextName(target)) return cut(written(value, from, source, style), to);
  switch (target) {
    case 'bit':
      return toBit(value, source);
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return toInteger(value, source, target);
    case 'decimal':
      return toDecimal(value, source, to);
    case 'float':
    case 'real':
      return toNumber(value, source, target);
    case 'date':
    case 'datetime':
    case 'datetime2':
      return toTime(value, source, target, to);
    case 'uniqueidentifier':
      return toGuid(value, source);
    case 'varbinary':
      return toBinary(value, source, style);
    default:
      throw refused(`converting ${from} to ${to}`);
  }
}

function nameOf(type: string): TypeName {
  return type.replace(/\(.*$/, '') as TypeName;
}

function isTextName(name: TypeName): boolean {
  return name === 'varchar' || name === 'nvarchar' || name === 'char' || name === 'nchar';
}

function written(value: SqlValue, from: string, source: TypeName, style: number | null): string {
  if (source === 'date' || source === 'datetime' || source === 'datetime2')
    return writeTime(Number(value), from, style);
  if (source === 'decimal') return Number(value).toFixed(Number(/,(\d+)\)/.exec(from)?.[1] ?? 0));
  if (source === 'float' || source === 'real') throw refused(`converting ${source} to text`, 'decimal');
  if (source === 'varbinary') {
    const hex = Buffer.from(value as Uint8Array)
      .toString('hex')
      .toUpperCase();
    if (style === 1) return `0x${hex}`;
    if (style === 2) return hex;
    throw refused('converting varbinary to text', 'CONVERT with style 1 or 2');
  }
  return String(value);
}

/** CAST cuts texts; a number that does not fit is an error. */
function cut(text: string, to: string): string {
  const length = /\((\d+)\)/.exec(to)?.[1];
  return length === undefined ? text : text.slice(0, Number(length));
}

function failed(value: SqlValue, source: TypeName, target: TypeName): SqlError {
  return new SqlError(
    245,
    `Conversion failed when converting the ${source} value '${String(value)}' to data type ${target}.`,
  );
}

function overflow(target: string): SqlError {
  return new SqlError(8115, `Arithmetic overflow error converting expression to data type ${target}.`);
}

function toBit(value: SqlValue, source: TypeName): number {
  if (!isTextName(source)) return Number(value) === 0 ? 0 : 1;
  const text = String(value).trim().toLowerCase();
  if (text === 'true') return 1;
  if (text === 'false') return 0;
  if (!/^[+-]?\d+$/.test(text)) throw failed(value, source, 'bit');
  return Number(text) === 0 ? 0 : 1;
}

function toInteger(value: SqlValue, source: TypeName, target: TypeName): number | bigint {
  if (typeof value === 'bigint') {
    if (target === 'bigint') return value;
    throw overflow(target);
  }
  if (isTextName(source) && !/^\s*[+-]?\d*\s*$/.test(String(value))) throw failed(value, source, target);
  if (value instanceof Uint8Array) throw refused(`converting varbinary to ${target}`);
  const number = Math.trunc(Number(value));
  const [least, greatest] = integerRange[target] ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  if (number < least || number > greatest) throw overflow(target);
  return number;
}

function toDecimal(value: SqlValue, source: TypeName, to: string): number {
  const [, precision = 18, scale = 0] = /\((\d+),(\d+)\)/.exec(to)?.map(Number) ?? [];
  const number = toNumber(value, source, 'decimal');
  const rounded = Number(`${Math.round(Number(`${Math.abs(number)}e${scale}`))}e-${scale}`) * Math.sign(number);
  if (Math.abs(rounded) >= 10 ** (precision - scale)) throw overflow('numeric');
  return rounded;
}

function toNumber(value: SqlValue, source: TypeName, target: TypeName): number {
  const text = String(value).trim();
  const isReadable = !isTextName(source) || /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
  if (!isReadable || value instanceof Uint8Array) {
    throw new SqlError(8114, `Error converting data type ${source} to ${target === 'decimal' ? 'numeric' : target}.`);
  }
  return Number(text);
}

function toTime(value: SqlValue, source: TypeName, target: TypeName, to: string): number {
  const isTime = source === 'date' || source === 'datetime' || source === 'datetime2';
  if (!isTime && !isTextName(source)) throw refused(`converting ${source} to ${target}`);
  const ms = isTime ? Number(value) : readTime(String(value));
  if (ms === undefined) {
    throw new SqlError(241, 'Conversion failed when converting date and/or time from character string.');
  }
  if (target === 'date') return Math.floor(ms / dayMs) * dayMs;
  if (target === 'datetime') return roundedToDatetime(ms);
  const unit = 10 ** Math.max(0, 3 - Number(/\((\d)\)/.exec(to)?.[1] ?? 7));
  return Math.round(ms / unit) * unit;
}

function toGuid(value: SqlValue, source: TypeName): string {
  if (source === 'varbinary' && value instanceof Uint8Array && value.length >= 16)
    return guidText(value.subarray(0, 16));
  const text = String(value).replace(/^\{(.*)\}$/, '$1');
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) {
    throw new SqlError(8169, 'Conversion failed when converting from a character string to uniqueidentifier.');
  }
  return text.toUpperCase();
}

function toBinary(value: SqlValue, source: TypeName, style: number | null): Uint8Array {
  if (source === 'uniqueidentifier') return guidBytes(String(value));
  if (isTextName(source) && (style === 1 || style === 2)) {
    const hex = String(value).slice(style === 1 ? 2 : 0);
    if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new SqlError(8114, `Error converting data type ${source} to varbinary.`);
    return Buffer.from(hex, 'hex');
  }
  if (isTextName(source)) return Buffer.from(String(value), source.startsWith('n') ? 'utf16le' : 'latin1');
  throw refused(`converting ${source} to varbinary`);
}
