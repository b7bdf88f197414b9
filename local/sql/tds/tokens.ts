import type { SqlError } from '../sqlError';
import type { SqlType, SqlValue, TypedValue } from '../sqlType';
import { ByteWriter } from './bytes';
import { collation, writeType, writeValue } from './columns';

export interface ResultColumn {
  readonly name: string;
  readonly type: SqlType;
}

const more = 0x01;
const failed = 0x02;
const counted = 0x10;
const attention = 0x20;

const environment = { database: 1, packetSize: 4, collation: 7, begin: 8, commit: 9, rollback: 10, reset: 18 } as const;

/** The tokens of a response (MS-TDS 2.2.7), one after the other. */
export class Tokens {
  private readonly writer = new ByteWriter();

  constructor(
    private readonly serverName: string,
    /** Statements of a procedure call end by DONEINPROC, those of a batch by DONE. */
    private readonly isCall = false,
  ) {}

  finish(): Buffer {
    return this.writer.finish();
  }

  /** @param tdsVersion as the client asked for it */
  loginAck(tdsVersion: number): this {
    const program = 'Microsoft SQL Server';
    const bytes = new ByteWriter().uint8(1);
    // The version stands in network order here, and only here.
    const version = Buffer.alloc(4);
    version.writeUInt32BE(tdsVersion);
    bytes
      .bytes(version)
      .shortText(program)
      .bytes(Buffer.from([12, 0, 0x07, 0xd0]));
    return this.sized(0xad, bytes.finish());
  }

  /** Federated authentication is acknowledged without data, UTF-8 with a yes. */
  featureAck(): this {
    const fedAuth = Buffer.from([0x02, 0, 0, 0, 0]);
    const utf8 = Buffer.from([0x0a, 1, 0, 0, 0, 1]);
    this.writer.uint8(0xae).bytes(fedAuth).bytes(utf8).uint8(0xff);
    return this;
  }

  databaseChanged(name: string): this {
    return this.changedText(environment.database, name, 'master');
  }

  packetSizeChanged(size: number, before: number): this {
    return this.changedText(environment.packetSize, String(size), String(before));
  }

  collationChanged(): this {
    return this.changed(environment.collation, collation, Buffer.alloc(0));
  }

  began(descriptor: Buffer): this {
    return this.changed(environment.begin, descriptor, Buffer.alloc(0));
  }

  committed(descriptor: Buffer): this {
    return this.changed(environment.commit, Buffer.alloc(0), descriptor);
  }

  rolledBack(descriptor: Buffer): this {
    return this.changed(environment.rollback, Buffer.alloc(0), descriptor);
  }

  wasReset(): this {
    return this.changed(environment.reset, Buffer.alloc(0), Buffer.alloc(0));
  }

  error({ number, state, severity, message }: SqlError): this {
    return this.message(0xaa, number, state, severity, message);
  }

  /** What PRINT says, and what is no error. */
  info(message: string, number = 0): this {
    return this.message(0xab, number, 1, 0, message);
  }

  columns(columns: readonly ResultColumn[]): this {
    this.writer.uint8(0x81).uint16(columns.length);
    for (const { name, type } of columns) {
      // No user type; the column may be null.
      this.writer.uint32(0).uint16(0x01);
      writeType(this.writer, type);
      this.writer.shortText(name.slice(0, 128));
    }
    return this;
  }

  row(columns: readonly ResultColumn[], values: readonly SqlValue[]): this {
    this.writer.uint8(0xd1);
    for (const [i, { type }] of columns.entries()) writeValue(this.writer, type, values[i] ?? null);
    return this;
  }

  /** @param count rows that were read or changed; undefined where the statement has none */
  statementDone(count: number | undefined): this {
    const status = more | (count === undefined ? 0 : counted);
    return this.done(this.isCall ? 0xff : 0xfd, status, count);
  }

  statementFailed(): this {
    return this.done(this.isCall ? 0xff : 0xfd, more | failed);
  }

  returnStatus(status: number): this {
    this.writer.uint8(0x79).int32(status);
    return this;
  }

  returnValue(ordinal: number, name: string, { type, value }: TypedValue): this {
    this.writer.uint8(0xac).uint16(ordinal).shortText(name).uint8(0x01).uint32(0).uint16(0x01);
    writeType(this.writer, type);
    writeValue(this.writer, type, value);
    return this;
  }

  /** The last token of a response. */
  end(hasFailed = false): Buffer {
    return this.done(this.isCall ? 0xfe : 0xfd, hasFailed ? failed : 0).finish();
  }

  attentionDone(): Buffer {
    return this.done(0xfd, attention).finish();
  }

  private done(token: number, status: number, count = 0): this {
    this.writer.uint8(token).uint16(status).uint16(0).uint64(BigInt(count));
    return this;
  }

  private message(token: number, number: number, state: number, severity: number, text: string): this {
    const bytes = new ByteWriter().int32(number).uint8(state).uint8(severity);
    bytes.longText(text.slice(0, 4000)).shortText(this.serverName).shortText('').uint32(1);
    return this.sized(token, bytes.finish());
  }

  private changedText(kind: number, now: string, before: string): this {
    return this.sized(0xe3, new ByteWriter().uint8(kind).shortText(now).shortText(before).finish());
  }

  private changed(kind: number, now: Buffer, before: Buffer): this {
    const bytes = new ByteWriter().uint8(kind).uint8(now.length).bytes(now).uint8(before.length).bytes(before);
    return this.sized(0xe3, bytes.finish());
  }

  private sized(token: number, bytes: Buffer): this {
    this.writer.uint8(token).uint16(bytes.length).bytes(bytes);
    return this;
  }
}
