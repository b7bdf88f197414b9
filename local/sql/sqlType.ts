/** The types that columns, parameters and results may have. Others of SQL Server are refused by name. */
export type TypeName =
  | 'bit'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'decimal'
  | 'real'
  | 'float'
  | 'char'
  | 'varchar'
  | 'nchar'
  | 'nvarchar'
  | 'binary'
  | 'varbinary'
  | 'uniqueidentifier'
  | 'date'
  | 'datetime'
  | 'datetime2';

export interface SqlType {
  readonly name: TypeName;
  /** Characters or bytes; `max` up to 2 GB. Of texts and binaries. */
  readonly length?: number | 'max';
  /** Of decimals. */
  readonly precision?: number;
  /** Of decimals and datetime2. */
  readonly scale?: number;
  /** Of texts: whether case tells them apart. Left out: it does not, as with Azure SQL's default collation. */
  readonly isCaseSensitive?: boolean;
}

/**
 * A value as SQLite keeps it. Times are whole milliseconds since 1970 in UTC, bits 0 or 1, decimals the nearest double,
 * uniqueidentifiers upper-case text.
 */
export type SqlValue = null | number | bigint | string | Uint8Array;

export interface TypedValue {
  readonly type: SqlType;
  readonly value: SqlValue;
}

export const types = {
  bit: { name: 'bit' },
  int: { name: 'int' },
  bigint: { name: 'bigint' },
  float: { name: 'float' },
  datetime: { name: 'datetime' },
  datetime2: { name: 'datetime2', scale: 7 },
  date: { name: 'date' },
  guid: { name: 'uniqueidentifier' },
  sysname: { name: 'nvarchar', length: 128 },
  nvarchar: { name: 'nvarchar', length: 4000 },
  nvarcharMax: { name: 'nvarchar', length: 'max' },
  varbinaryMax: { name: 'varbinary', length: 'max' },
} as const satisfies Record<string, SqlType>;

const texts: readonly TypeName[] = ['char', 'varchar', 'nchar', 'nvarchar'];
const integers: readonly TypeName[] = ['bit', 'tinyint', 'smallint', 'int', 'bigint'];
const numbers: readonly TypeName[] = [...integers, 'decimal', 'real', 'float'];
const times: readonly TypeName[] = ['date', 'datetime', 'datetime2'];

export const isText = ({ name }: SqlType): boolean => texts.includes(name);
export const isInteger = ({ name }: SqlType): boolean => integers.includes(name);
export const isNumber = ({ name }: SqlType): boolean => numbers.includes(name);
export const isTime = ({ name }: SqlType): boolean => times.includes(name);
export const isBinary = ({ name }: SqlType): boolean => name === 'binary' || name === 'varbinary';

/** As SQL Server writes it. */
export function describe(type: SqlType): string {
  const { name, length, precision, scale } = type;
  if (name === 'decimal') return `decimal(${precision ?? 18},${scale ?? 0})`;
  if (name === 'datetime2') return `datetime2(${scale ?? 7})`;
  return length === undefined ? name : `${name}(${length})`;
}

/** Least and greatest values of whole numbers. */
export const integerRange: Readonly<Partial<Record<TypeName, readonly [number, number]>>> = {
  tinyint: [0, 255],
  smallint: [-32_768, 32_767],
  int: [-2_147_483_648, 2_147_483_647],
};
