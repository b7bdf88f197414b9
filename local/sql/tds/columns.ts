import { SqlError } from '../sqlError';
import { describe, integerRange, type SqlType, type SqlValue } from '../sqlType';
import type { ByteWriter } from './bytes';
import { guidBytes } from './values';

const dayMs = 86_400_000;
const daysFromYearOne = 719_162;
const daysFrom1900 = 25_567;
const anyLength = 0xffff;

/** Latin1_General_100_CI_AS_SC_UTF8: texts of one byte a character travel as UTF-8. */
export const collation = Buffer.from([0x09, 0x04, 0xd0, 0x24, 0x00]);

/** Writes a column's type (MS-TDS 2.2.5.6); all may be null. */
export function writeType(writer: ByteWriter, type: SqlType): void {
  switch (type.name) {
    case 'bit':
      writer.uint8(0x68).uint8(1);
      return;
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      writer.uint8(0x26).uint8(integerBytes[type.name]);
      return;
    case 'decimal':
      writer.uint8(0x6a).uint8(decimalBytes(type) + 1);
      writer.uint8(type.precision ?? 18).uint8(type.scale ?? 0);
      return;
    case 'real':
    case 'float':
      writer.uint8(0x6d).uint8(type.name === 'real' ? 4 : 8);
      return;
    case 'uniqueidentifier':
      writer.uint8(0x24).uint8(16);
      return;
    case 'date':
      writer.uint8(0x28);
      return;
    case 'datetime':
      writer.uint8(0x6f).uint8(8);
      return;
    case 'datetime2':
      writer.uint8(0x2a).uint8(type.scale ?? 7);
      return;
    case 'binary':
    case 'varbinary':
      writer.uint8(0xa5).uint16(type.length === 'max' ? anyLength : (type.length ?? 1));
      return;
    default: {
      const isWide = type.name.startsWith('n');
      const bytes = type.length === 'max' ? anyLength : (type.length ?? 1) * (isWide ? 2 : 3);
      writer.uint8(isWide ? 0xe7 : 0xa7).uint16(sendsLong(type) ? anyLength : bytes);
      writer.bytes(collation);
    }
  }
}

export function writeValue(writer: ByteWriter, type: SqlType, value: SqlValue): void {
  switch (type.name) {
    case 'bit':
      if (value === null) writer.uint8(0);
      else writer.uint8(1).uint8(Number(value) === 0 ? 0 : 1);
      return;
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      writeInteger(writer, type.name, value);
      return;
    case 'decimal':
      writeDecimal(writer, type, value);
      return;
    case 'real':
    case 'float':
      if (value === null) writer.uint8(0);
      else if (type.name === 'real') writer.uint8(4).float(Number(value));
      else writer.uint8(8).double(Number(value));
      return;
    case 'uniqueidentifier':
      if (value === null) writer.uint8(0);
      else writer.uint8(16).bytes(guidBytes(String(value)));
      return;
    case 'date':
    case 'datetime':
    case 'datetime2':
      writeTime(writer, type, value === null ? null : Number(value));
      return;
    case 'binary':
    case 'varbinary':
      writeBytes(writer, type.length === 'max', value === null ? null : Buffer.from(value as Uint8Array));
      return;
    default: {
      const encoding = type.name.startsWith('n') ? 'utf16le' : 'utf8';
      writeBytes(writer, sendsLong(type), value === null ? null : Buffer.from(String(value), encoding));
    }
  }
}

const integerBytes = { tinyint: 1, smallint: 2, int: 4, bigint: 8 } as const;

function writeInteger(writer: ByteWriter, name: keyof typeof integerBytes, value: SqlValue): void {
  if (value === null) {
    writer.uint8(0);
    return;
  }
  writer.uint8(integerBytes[name]);
  if (name === 'bigint') {
    writer.int64(BigInt(value as number | bigint));
    return;
  }
  const [least, greatest] = integerRange[name] ?? [0, 0];
  const number = Number(value);
  if (!Number.isInteger(number) || number < least || number > greatest) {
    throw new SqlError(8115, `Arithmetic overflow error converting expression to data type ${name}.`);
  }
  if (name === 'tinyint') writer.uint8(number);
  else if (name === 'smallint') writer.int16(number);
  else writer.int32(number);
}

function decimalBytes({ precision = 18 }: SqlType): number {
  if (precision <= 9) return 4;
  if (precision <= 19) return 8;
  return precision <= 28 ? 12 : 16;
}

function writeDecimal(writer: ByteWriter, type: SqlType, value: SqlValue): void {
  if (value === null) {
    writer.uint8(0);
    return;
  }
  const digits = Math.abs(Number(value)).toFixed(type.scale ?? 0);
  let rest = BigInt(digits.replace('.', ''));
  if (rest.toString().length > (type.precision ?? 18)) {
    throw new SqlError(8115, `Arithmetic overflow error converting expression to data type ${describe(type)}.`);
  }
  const bytes = decimalBytes(type);
  writer.uint8(bytes + 1).uint8(Number(value) < 0 ? 0 : 1);
  for (let i = 0; i < bytes; i++) {
    writer.uint8(Number(rest & 0xffn));
    rest >>= 8n;
  }
}

function writeTime(writer: ByteWriter, { name, scale = 7 }: SqlType, value: number | null): void {
  if (value === null) {
    writer.uint8(0);
    return;
  }
  const day = Math.floor(value / dayMs);
  const ofDay = value - day * dayMs;
  if (name === 'date') writer.uint8(3).uint(day + daysFromYearOne, 3);
  else if (name === 'datetime') {
    const ticks = Math.round((ofDay * 3) / 10);
    writer
      .uint8(8)
      .int32(day + daysFrom1900)
      .uint32(ticks);
  } else {
    const bytes = scale <= 2 ? 3 : scale <= 4 ? 4 : 5;
    const ticks = Math.round(ofDay * 10 ** (scale - 3));
    writer
      .uint8(bytes + 3)
      .uint(ticks, bytes)
      .uint(day + daysFromYearOne, 3);
  }
}

function writeBytes(writer: ByteWriter, isLong: boolean, value: Buffer | null): void {
  if (!isLong) {
    if (value === null) writer.uint16(anyLength);
    else writer.uint16(value.length).bytes(value);
    return;
  }
  if (value === null) {
    writer.uint64(0xffffffffffffffffn);
    return;
  }
  writer.uint64(BigInt(value.length));
  if (value.length > 0) writer.uint32(value.length).bytes(value);
  writer.uint32(0);
}

/** UTF-8 takes up to three bytes a character, so that long texts of one byte a character go as those without a limit. */
function sendsLong({ name, length = 1 }: SqlType): boolean {
  return length === 'max' || length > (name.startsWith('n') ? 4000 : 2600);
}
