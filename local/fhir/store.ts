import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { refused } from './outcomes';
import type { IndexEntry } from './search/entries';

/** A resource as it is stored, at one of its versions. */
export interface StoredVersion {
  /** Grows in the order in which resources were first written. */
  readonly key: number;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly updated: number;
  readonly deleted: boolean;
  /** JSON without `meta.versionId` and `meta.lastUpdated`; of a deleted one, what it was. */
  readonly content: string;
}

export type SqlValue = string | number | null;

/** Raised when a table changes: a state folder of another layout is refused. */
const layout = 1;

const schema = `
CREATE TABLE resource (
  key INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, updated INTEGER NOT NULL,
  deleted INTEGER NOT NULL, content TEXT NOT NULL, UNIQUE (type, id));
CREATE INDEX resource_of_type ON resource (type, deleted);
CREATE INDEX resource_updated ON resource (type, updated);
CREATE TABLE old_version (
  key INTEGER NOT NULL, version INTEGER NOT NULL, updated INTEGER NOT NULL, deleted INTEGER NOT NULL,
  content TEXT NOT NULL, PRIMARY KEY (key, version)) WITHOUT ROWID;
CREATE TABLE parameter (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE entry (
  resource INTEGER NOT NULL, parameter INTEGER NOT NULL, n INTEGER NOT NULL, text TEXT, system TEXT, low REAL,
  high REAL, PRIMARY KEY (resource, parameter, n)) WITHOUT ROWID;
CREATE INDEX entry_text ON entry (parameter, text, system) WHERE text IS NOT NULL;
CREATE INDEX entry_range ON entry (parameter, low, high) WHERE low IS NOT NULL;
CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, subscription TEXT NOT NULL, event TEXT NOT NULL);
CREATE INDEX outbox_of_subscription ON outbox (subscription, seq);
PRAGMA user_version = ${layout};`;

/**
 * The resources of one FHIR service with what they are found by, in one SQLite file. What a transaction wrote survives
 * the death of the process at any moment (write-ahead log); a loss of power may take back the last moments as a whole.
 */
export class FhirStore {
  private readonly database: DatabaseSync;
  private readonly statements = new Map<string, StatementSync>();
  private readonly parameterNumbers = new Map<string, number>();
  private depth = 0;

  constructor(file: string) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.database = new DatabaseSync(file);
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768;');
    // A resource changes some twenty pages: the log is taken into the file each 32 MB, which holds everybody up, and what
    // savepoints set aside stays in memory.
    this.database.exec('PRAGMA wal_autocheckpoint = 8000; PRAGMA temp_store = MEMORY;');
    const found = Number(this.row('PRAGMA user_version')?.user_version);
    if (found === 0) this.database.exec(schema);
    else if (found !== layout) {
      throw new Error(`${file} has layout ${found}, this local cloud reads layout ${layout}; forget it with --reset.`);
    }
    this.readParameters();
  }

  close(): void {
    this.statements.clear();
    this.database.close();
  }

  /**
   * All or nothing; may be nested. Only one at a time: whoever calls it keeps others off until it has ended.
   * @throws OperationOutcomeError 503 when the file cannot be written, so that clients try again
   */
  async transaction<T>(run: () => Promise<T>): Promise<T> {
    const name = `level${this.depth}`;
    const isOutermost = this.depth === 0;
    this.database.exec(isOutermost ? 'BEGIN IMMEDIATE' : `SAVEPOINT ${name}`);
    this.depth++;
    try {
      const result = await run();
      this.database.exec(isOutermost ? 'COMMIT' : `RELEASE ${name}`);
      return result;
    } catch (error) {
      // After some errors SQLite has rolled back by itself.
      if (this.database.isTransaction) {
        this.database.exec(isOutermost ? 'ROLLBACK' : `ROLLBACK TO ${name}; RELEASE ${name}`);
      }
      this.readParameters();
      const isOfSqlite = (error as NodeJS.ErrnoException).code === 'ERR_SQLITE_ERROR';
      throw isOfSqlite ? refused('unavailable', 'exception', (error as Error).message) : error;
    } finally {
      this.depth--;
    }
  }

  /** The current version, also of a deleted resource. */
  current(type: string, id: string): StoredVersion | undefined {
    return this.versions('SELECT * FROM resource WHERE type = ? AND id = ?', type, id)[0];
  }

  version(type: string, id: string, version: number): StoredVersion | undefined {
    const current = this.current(type, id);
    if (!current || current.version === version) return current;
    const [old] = this.rows('SELECT * FROM old_version WHERE key = ? AND version = ?', current.key, version);
    return old && { ...current, ...asVersion({ ...current, ...old }) };
  }

  /** Newest first. */
  history(type: string, id: string): StoredVersion[] {
    const current = this.current(type, id);
    if (!current) return [];
    const old = this.rows('SELECT * FROM old_version WHERE key = ? ORDER BY version DESC', current.key);
    return [current, ...old.map((row) => asVersion({ ...current, ...row }))];
  }

  /**
   * Writes the next version of a resource, or its first, and what it is found by.
   * @param keepsHistory keeps the version before it
   */
  write(
    next: Omit<StoredVersion, 'key'>,
    entries: readonly IndexEntry[],
    before: StoredVersion | undefined,
    keepsHistory: boolean,
  ): void {
    const { type, id, version, updated, deleted, content } = next;
    let key = before?.key;
    if (key === undefined) {
      const insert = 'INSERT INTO resource (type, id, version, updated, deleted, content) VALUES (?, ?, ?, ?, ?, ?)';
      key = Number(this.run(insert, type, id, version, updated, Number(deleted), content).lastInsertRowid);
    } else {
      if (keepsHistory) {
        const copy =
          'INSERT INTO old_version SELECT key, version, updated, deleted, content FROM resource WHERE key = ?';
        this.run(copy, key);
      } else this.run('DELETE FROM old_version WHERE key = ?', key);
      const update = 'UPDATE resource SET version = ?, updated = ?, deleted = ?, content = ? WHERE key = ?';
      this.run(update, version, updated, Number(deleted), content, key);
      this.run('DELETE FROM entry WHERE resource = ?', key);
    }
    this.index(key, type, deleted ? [] : entries);
  }

  private index(key: number, type: string, entries: readonly IndexEntry[]): void {
    const insert = this.statement('INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)');
    entries.forEach(({ parameter, text, system, low, high }, n) => {
      const number = this.parameter(type, parameter);
      insert.run(key, number, n, text ?? null, system ?? null, low ?? null, high ?? null);
    });
  }

  /** The number under which a search parameter's entries stand. */
  parameter(type: string, code: string): number {
    const name = `${type}.${code}`;
    let number = this.parameterNumbers.get(name);
    if (number === undefined) {
      number = Number(this.run('INSERT INTO parameter (name) VALUES (?)', name).lastInsertRowid);
      this.parameterNumbers.set(name, number);
    }
    return number;
  }

  /** Rows of `resource`. */
  versions(sql: string, ...values: readonly SqlValue[]): StoredVersion[] {
    return this.rows(sql, ...values).map(asVersion);
  }

  rows(sql: string, ...values: readonly SqlValue[]): Record<string, unknown>[] {
    return this.statement(sql).all(...values) as Record<string, unknown>[];
  }

  row(sql: string, ...values: readonly SqlValue[]): Record<string, unknown> | undefined {
    return this.statement(sql).get(...values) as Record<string, unknown> | undefined;
  }

  run(sql: string, ...values: readonly SqlValue[]): { lastInsertRowid: number | bigint; changes: number | bigint } {
    return this.statement(sql).run(...values);
  }

  private statement(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (!statement) {
      // Searches differ without end; what is used all the time is soon prepared again.
      if (this.statements.size >= 500) this.statements.clear();
      statement = this.database.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }

  /** Also after a rollback, which frees the numbers that were given out in it. */
  private readParameters(): void {
    this.parameterNumbers.clear();
    for (const { number, name } of this.rows('SELECT number, name FROM parameter')) {
      this.parameterNumbers.set(String(name), Number(number));
    }
  }
}

function asVersion(row: Record<string, unknown>): StoredVersion {
  return {
    key: Number(row.key),
    type: String(row.type),
    id: String(row.id),
    version: Number(row.version),
    updated: Number(row.updated),
    deleted: Boolean(row.deleted),
    content: String(row.content),
  };
}
