import { refused } from '../sqlError';
import type { SqlType, SqlValue, TypedValue } from '../sqlType';
import type { ByteReader } from './bytes';

const dayMs = 86_400_000;
/** From 1970-01-01 back to the first days that the types count from. */
const daysFromYearOne = 719_162;
const daysFrom1900 = 25_567;
const anyLength = 0xffff;
const unknownLength = 0xfffffffffffffffen;
const nullLength = 0xffffffffffffffffn;

/** Reads a parameter's type and value (MS-TDS 2.2.5.4 to 2.2.5.6). */
export function readTypedValue(reader: ByteReader): TypedValue {
  const id = reader.uint8();
  switch (id) {
    case 0x1f:
      return { type: { name: 'int' }, value: null };
    case 0x26:
      return integer(reader, reader.uint8());
    case 0x68:
      reader.uint8();
      return { type: { name: 'bit' }, value: reader.uint8() === 0 ? null : reader.uint8() === 0 ? 0 : 1 };
    case 0x6d:
      return float(reader, reader.uint8());
    case 0x6a:
    case 0x6c:
      return decimal(reader);
    case 0x6f:
      return oldTime(reader, reader.uint8());
    case 0x24:
      reader.uint8();
      return { type: { name: 'uniqueidentifier' }, value: reader.uint8() === 0 ? null : guidText(reader.take(16)) };
    case 0x28:
      return { type: { name: 'date' }, value: reader.uint8() === 0 ? null : days(reader) };
    case 0x2a:
      return time(reader, reader.uint8());
    case 0xa5:
    case 0xad:
      return binary(reader, id === 0xa5 ? 'varbinary' : 'binary');
    case 0xa7:
    case 0xaf:
      return text(reader, id === 0xa7 ? 'varchar' : 'char');
    case 0xe7:
    case 0xef:
      return text(reader, id === 0xe7 ? 'nvarchar' : 'nchar');
    default:
      throw refused(`parameters of the TDS type 0x${id.toString(16)}`);
  }
}

function integer(reader: ByteReader, width: number): TypedValue {
  const name = ({ 1: 'tinyint', 2: 'smallint', 4: 'int', 8: 'bigint' } as const)[width];
  if (!name) throw new RangeError(`No whole number is ${width} bytes wide.`);
  const given = reader.uint8();
  if (given === 0) return { type: { name }, value: null };
  const bytes = reader.take(given);
  if (name === 'bigint') {
    const value = bytes.readBigInt64LE();
    return { type: { name }, value: Number.isSafeInteger(Number(value)) ? Number(value) : value };
  }
  return { type: { name }, value: name === 'tinyint' ? bytes.readUInt8() : bytes.readIntLE(0, given) };
}

function float(reader: ByteReader, width: number): TypedValue {
  const type: SqlType = { name: width === 4 ? 'real' : 'float' };
  const given = reader.uint8();
  if (given === 0) return { type, value: null };
  return { type, value: given === 4 ? reader.take(4).readFloatLE() : reader.take(8).readDoubleLE() };
}

function decimal(reader: ByteReader): TypedValue {
  reader.uint8();
  const type: SqlType = { name: 'decimal', precision: reader.uint8(), scale: reader.uint8() };
  const given = reader.uint8();
  if (given === 0) return { type, value: null };
  const sign = reader.uint8() === 0 ? '-' : '';
  let digits = 0n;
  for (const byte of [...reader.take(given - 1)].reverse()) digits = digits * 256n + BigInt(byte);
  return { type, value: Number(`${sign}${digits}e-${type.scale}`) };
}

/** datetime counts three-hundredths of a second, so that its milliseconds end in 0, 3 or 7. */
function oldTime(reader: ByteReader, width: number): TypedValue {
  if (width !== 8) throw refused('parameters of the type smalldatetime', 'datetime2');
  const type: SqlType = { name: 'datetime' };
  if (reader.uint8() === 0) return { type, value: null };
  const day = reader.int32() - daysFrom1900;
  return { type, value: day * dayMs + Math.round((reader.uint32() * 10) / 3) };
}

function days(reader: ByteReader): number {
  return (reader.uint(3) - daysFromYearOne) * dayMs;
}

function time(reader: ByteReader, scale: number): TypedValue {
  const type: SqlType = { name: 'datetime2', scale };
  const given = reader.uint8();
  if (given === 0) return { type, value: null };
  const milliseconds = reader.uint(given - 3) / 10 ** (scale - 3);
  return { type, value: days(reader) + Math.round(milliseconds) };
}

function binary(reader: ByteReader, name: 'binary' | 'varbinary'): TypedValue {
  const most = reader.uint16();
  const value = most === anyLength ? long(reader) : short(reader);
  return { type: { name, length: most === anyLength ? 'max' : most }, value };
}

function text(reader: ByteReader, name: 'char' | 'varchar' | 'nchar' | 'nvarchar'): TypedValue {
  const most = reader.uint16();
  reader.take(5);
  const isWide = name.startsWith('n');
  const bytes = most === anyLength ? long(reader) : short(reader);
  const length = most === anyLength ? 'max' : isWide ? most / 2 : most;
  const value: SqlValue = bytes === null ? null : bytes.toString(isWide ? 'utf16le' : 'utf8');
  return { type: { name, length }, value };
}

function short(reader: ByteReader): Buffer | null {
  const length = reader.uint16();
  return length === anyLength ? null : Buffer.from(reader.take(length));
}

/** Partially length-prefixed: chunks up to an empty one. */
function long(reader: ByteReader): Buffer | null {
  const total = reader.uint64();
  if (total === nullLength) return null;
  const chunks: Buffer[] = [];
  for (let length = reader.uint32(); length > 0; length = reader.uint32()) chunks.push(reader.take(length));
  const all = Buffer.concat(chunks);
  if (total !== unknownLength && BigInt(all.length) !== total) throw new RangeError('A long value ends too early.');
  return all;
}

/** The bytes of a GUID as SQL Server orders them: the first three groups from the last byte to the first. */
export function guidBytes(guid: string): Buffer {
  const bytes = Buffer.from(guid.replaceAll('-', ''), 'hex');
  return Buffer.concat([mirrored(bytes, 0, 4), mirrored(bytes, 4, 6), mirrored(bytes, 6, 8), bytes.subarray(8)]);
}

/** The reverse, in upper case. */
export function guidText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  const groups = [mirrored(buffer, 0, 4), mirrored(buffer, 4, 6), mirrored(buffer, 6, 8)];
  const hex = [...groups, buffer.subarray(8, 10), buffer.subarray(10)].map((group) => group.toString('hex'));
  return hex.join('-').toUpperCase();
}

function mirrored(bytes: Buffer, from: number, to: number): Buffer {
  return Buffer.from(bytes.subarray(from, to)).reverse();
}
