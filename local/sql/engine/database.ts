import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { registerFunctions, type SessionFacts, ThrownErrors } from '../functions/register';
import type { SqlError } from '../sqlError';
import { Catalog } from './catalog';
import { Locks } from './locks';
import { catalogSql, layout, systemViewsSql } from './systemTables';

/** What a database has been asked, since the local cloud started. */
export interface SqlStatistics {
  logins: number;
  refusedLogins: number;
  batches: number;
  calls: number;
  transactions: number;
  failedStatements: number;
  rowsRead: number;
  rowsChanged: number;
}

/** One database: a SQLite file, the locks of those who use it, and what they asked. */
export class Database {
  readonly locks = new Locks();
  readonly statistics: SqlStatistics = {
    ...{ logins: 0, refusedLogins: 0, batches: 0, calls: 0, transactions: 0 },
    ...{ failedStatements: 0, rowsRead: 0, rowsChanged: 0 },
  };
  isAvailable = true;
  private reader: DatabaseSync | undefined;

  constructor(
    /** As it is spelled in the resource's id. */
    readonly name: string,
    private readonly file: string,
    private readonly now: () => number,
  ) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const isNew = !existsSync(file);
    const database = new DatabaseSync(file);
    database.exec('PRAGMA journal_mode = WAL');
    const found = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (isNew || found === 0) database.exec(`BEGIN; ${catalogSql} PRAGMA user_version = ${layout}; COMMIT;`);
    else if (found !== layout) {
      throw new Error(`${file} has layout ${found}, this local cloud reads layout ${layout}; forget it with --reset.`);
    }
    database.close();
  }

  /** A connection of its own for a session, so that what others have not committed is not seen. */
  connect(facts: SessionFacts, errors: ThrownErrors): DatabaseSync {
    const connection = new DatabaseSync(this.file);
    connection.exec('PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;');
    registerFunctions(connection, facts, errors);
    connection.exec(systemViewsSql);
    return connection;
  }

  /** The catalog as committed. */
  catalog(): Catalog {
    return Catalog.current(this.readOnly(), undefined);
  }

  /** Rows of a query in SQLite's dialect, for who proves a run: tables are named as `"care.patient"`, times are milliseconds. */
  read(sql: string, ...values: (string | number | null)[]): Record<string, unknown>[] {
    return this.readOnly()
      .prepare(sql)
      .all(...values) as Record<string, unknown>[];
  }

  /** Begins to write at a moment when nobody else does. A crash leaves nothing of it. */
  begin(connection: DatabaseSync): void {
    connection.exec('BEGIN IMMEDIATE');
  }

  close(): void {
    this.reader?.close();
    this.reader = undefined;
  }

  delete(): void {
    this.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${this.file}${suffix}`, { force: true });
  }

  private readOnly(): DatabaseSync {
    if (this.reader) return this.reader;
    const reader = new DatabaseSync(this.file);
    registerFunctions(reader, readerFacts(this.name, this.now), new ThrownErrors());
    reader.exec(`${systemViewsSql} PRAGMA query_only = ON;`);
    this.reader = reader;
    return reader;
  }
}

/** Functions of a session where there is none: as `dbo`. */
function readerFacts(name: string, now: () => number): SessionFacts {
  const none = (): null => null;
  return {
    now,
    databaseName: () => name,
    userName: () => 'dbo',
    loginName: () => 'dbo',
    ...{ schemaName: none, schemaId: none, objectId: none, objectName: none, columnLength: none, principalId: none },
    isMember: () => 1,
    hasPermission: () => 1,
    transactionState: () => 0,
    identity: none,
    error: (): SqlError | undefined => undefined,
    isVisible: () => true,
  };
}
