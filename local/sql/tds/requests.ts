import { refused, SqlError } from '../sqlError';
import type { TypedValue } from '../sqlType';
import { ByteReader } from './bytes';
import { readTypedValue } from './values';

export interface Parameter extends TypedValue {
  /** With its `@`; empty: by its place. */
  readonly name: string;
  readonly isOutput: boolean;
}

/** A procedure by its name, or by the number that the protocol gives it. */
export interface Call {
  readonly procedure: string;
  readonly parameters: readonly Parameter[];
}

export type TransactionRequest =
  | { readonly kind: 'begin'; readonly isSerializable: boolean | undefined }
  | { readonly kind: 'commit' }
  | { readonly kind: 'rollback'; readonly name: string }
  | { readonly kind: 'save'; readonly name: string };

/** By MS-TDS 2.2.6.6. */
const procedures: Readonly<Record<number, string>> = {
  10: 'sp_executesql',
  11: 'sp_prepare',
  12: 'sp_execute',
  13: 'sp_prepexec',
  15: 'sp_unprepare',
};

/** SQL Server takes no more. */
const mostParameters = 2100;

export function readBatch(data: Buffer): string {
  const reader = afterHeaders(data);
  return reader.take(data.length - reader.offset).toString('utf16le');
}

export function readCall(data: Buffer): Call {
  const reader = afterHeaders(data);
  const procedure = procedureOf(reader);
  reader.uint16();
  const parameters: Parameter[] = [];
  while (!reader.isAtEnd) {
    const name = reader.shortText();
    const status = reader.uint8();
    parameters.push({ name, isOutput: (status & 1) !== 0, ...readTypedValue(reader) });
  }
  if (parameters.length > mostParameters) {
    throw new SqlError(
      8003,
      `The incoming request has too many parameters. The server supports a maximum of ${mostParameters} parameters. Reduce the number of parameters and resend the request.`,
    );
  }
  return { procedure, parameters };
}

function procedureOf(reader: ByteReader): string {
  const length = reader.uint16();
  if (length !== 0xffff) return reader.take(length * 2).toString('utf16le');
  const number = reader.uint16();
  const name = procedures[number];
  if (name === undefined) throw new SqlError(2812, `Could not find stored procedure ${number}.`, 16, 62);
  return name;
}

export function readTransactionRequest(data: Buffer): TransactionRequest {
  const reader = afterHeaders(data);
  const kind = reader.uint16();
  const text = () => reader.take(reader.uint8()).toString('utf16le');
  switch (kind) {
    case 5:
      return { kind: 'begin', isSerializable: isolation(reader.uint8()) };
    case 7:
      return { kind: 'commit' };
    case 8:
      return { kind: 'rollback', name: text() };
    case 9:
      return { kind: 'save', name: text() };
    default:
      throw new SqlError(3930, `The local cloud's SQL does not do transaction requests of the kind ${kind}.`);
  }
}

/** Undefined: as it was. */
function isolation(level: number): boolean | undefined {
  if (level === 5) throw refused('the isolation level SNAPSHOT', 'READ COMMITTED or SERIALIZABLE');
  return level === 0 ? undefined : level >= 3;
}

function afterHeaders(data: Buffer): ByteReader {
  const reader = new ByteReader(data);
  reader.take(reader.uint32() - 4);
  return reader;
}
