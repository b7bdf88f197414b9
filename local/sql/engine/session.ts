import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ThrownErrors } from '../functions/register';
import { refused, SqlError } from '../sqlError';
import { type SqlValue, type TypedValue, types } from '../sqlType';
import { translate } from '../translate/changes';
import type { OutputColumn, Translated } from '../translate/translation';
import type { DataStatement, DefinitionStatement } from '../tsql/syntax';
import { Catalog } from './catalog';
import type { Database } from './database';
import { Definer } from './definer';
import type { LockOwner } from './locks';
import { type DatabaseUser, Rights } from './rights';
import { runSecurity } from './security';
import { sessionFacts } from './sessionFacts';
import { sqlErrorOf } from './sqliteErrors';
import type { Variables } from './variables';

export interface Outcome {
  /** Rows that were read or changed. */
  readonly count: number;
  readonly columns?: readonly OutputColumn[];
  readonly rows?: readonly (readonly SqlValue[])[];
  /** Variables that take the values of the last row. */
  readonly assigns?: readonly string[];
}

/** Who writes holds this; in SQLite one does at a time. */
const writing = '\u0000writing';
const mostPrepared = 200;

let lastSpid = 50;

/**
 * One connection's view of a database: its transaction, its settings, its statements.
 *
 * Reads see what was committed when their statement began, as with Azure SQL (read committed snapshot). From its first
 * change on, a transaction keeps other writers off, which wait.
 */
export class Session implements LockOwner {
  readonly spid = ++lastSpid;
  readonly connection: DatabaseSync;
  /** How deep transactions are nested; 0: each statement is one of its own. */
  transactionDepth = 0;
  abortsOnError = false;
  countsRows = true;
  lockTimeoutMs: number | undefined;
  /** Reads in a transaction keep writers off as well. */
  isSerializable = false;
  lastError: SqlError | undefined;
  handledError: SqlError | undefined;
  rowCount = 0;
  lastIdentity: number | bigint | null = null;
  statementTime = 0;
  /** Ends what waits when the client takes its request back. */
  signal: AbortSignal | undefined;
  /** How the last transaction ended. */
  wasRolledBack = false;
  private isWriting = false;
  private known: Catalog | undefined;
  private readonly thrown = new ThrownErrors();
  private readonly prepared = new Map<string, StatementSync>();
  private readonly translated = new WeakMap<DataStatement, { version: number; signature: string; made: Translated }>();

  constructor(
    readonly database: Database,
    readonly user: DatabaseUser,
    private readonly now: () => number,
  ) {
    this.connection = database.connect(sessionFacts(this), this.thrown);
  }

  get catalog(): Catalog {
    this.known = Catalog.current(this.connection, this.known);
    return this.known;
  }

  get rights(): Rights {
    return new Rights(this.catalog, this.user, this.database.name);
  }

  close(): void {
    if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
    this.database.locks.releaseAll(this);
    this.database.locks.releaseAll(this.transactionOwner);
    this.prepared.clear();
    this.connection.close();
  }

  /** As new, for the next one who takes the connection out of a pool. */
  reset(): void {
    this.rollback();
    this.database.locks.releaseAll(this);
    this.abortsOnError = false;
    this.countsRows = true;
    this.lockTimeoutMs = undefined;
    this.isSerializable = false;
    this.lastError = undefined;
    this.rowCount = 0;
  }

  // Locks of a transaction have an owner other than those of the session.
  readonly transactionOwner: LockOwner = { session: this };
  readonly session = this;

  begin(): void {
    this.transactionDepth++;
    this.database.statistics.transactions++;
  }

  commit(): void {
    if (this.transactionDepth === 0) {
      throw new SqlError(3902, 'The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.');
    }
    this.transactionDepth--;
    if (this.transactionDepth === 0) this.end('COMMIT');
  }

  rollback(): void {
    this.transactionDepth = 0;
    this.end('ROLLBACK');
  }

  async save(name: string): Promise<void> {
    if (this.transactionDepth === 0)
      throw new SqlError(628, 'Cannot issue SAVE TRANSACTION when there is no active transaction.');
    await this.keepWritersOff();
    this.connection.exec(`SAVEPOINT "${name.replaceAll('"', '""')}"`);
  }

  rollbackTo(name: string): void {
    try {
      this.connection.exec(`ROLLBACK TO "${name.replaceAll('"', '""')}"`);
    } catch {
      throw new SqlError(6401, `Cannot roll back ${name}. No transaction or savepoint of that name was found.`);
    }
    this.known = undefined;
  }

  private end(how: 'COMMIT' | 'ROLLBACK'): void {
    this.wasRolledBack = how === 'ROLLBACK';
    try {
      if (this.connection.isTransaction) this.connection.exec(how);
    } catch (error) {
      if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
      this.wasRolledBack = true;
      throw this.errorOf(error, undefined, how);
    } finally {
      if (this.wasRolledBack) this.known = undefined;
      if (this.isWriting) this.database.locks.release(this, writing);
      this.isWriting = false;
      this.database.locks.releaseAll(this.transactionOwner);
    }
  }

  /** Waits until nobody else writes, and begins to write. */
  async keepWritersOff(): Promise<void> {
    if (this.isWriting) return;
    await this.database.locks.acquire(this, writing, this.waiting('exclusive'));
    try {
      this.database.begin(this.connection);
      this.isWriting = true;
    } catch (error) {
      this.database.locks.release(this, writing);
      throw this.errorOf(error, undefined, 'BEGIN');
    }
  }

  waiting(mode: 'exclusive' | 'shared', timeoutMs = this.lockTimeoutMs) {
    const { signal } = this;
    return { mode, ...(timeoutMs !== undefined && { timeoutMs }), ...(signal && { signal }) };
  }

  /** Runs what reads or changes rows. */
  async data(statement: DataStatement, variables: Variables): Promise<Outcome> {
    this.statementTime = this.now();
    const made = this.translate(statement, variables);
    this.rights.check(made.needs);
    const locks = made.locks || (this.isSerializable && this.transactionDepth > 0);
    return this.within(locks, () => this.run(this.translate(statement, variables), variables));
  }

  /** Runs what changes schemas, tables or rights. */
  async define(statement: DefinitionStatement): Promise<void> {
    this.statementTime = this.now();
    this.rights.checkOwner(actionOf(statement));
    await this.within(true, () => {
      const definer = new Definer(this.connection, this.catalog, this.statementTime);
      // One statement leaves all of its changes or none.
      this.connection.exec('SAVEPOINT definition');
      try {
        if (!runSecurity(definer, statement)) definer.run(statement);
        definer.execute('UPDATE "catalog.state" SET version = version + 1');
        this.connection.exec('RELEASE definition');
      } catch (error) {
        this.connection.exec('ROLLBACK TO definition; RELEASE definition');
        throw this.errorOf(error, undefined, 'ALTER');
      } finally {
        this.known = undefined;
        this.prepared.clear();
      }
    });
  }

  private async within<T>(writes: boolean, run: () => T): Promise<T> {
    if (!writes) return run();
    const isOwn = this.transactionDepth === 0;
    await this.keepWritersOff();
    try {
      const result = run();
      if (isOwn) this.end('COMMIT');
      return result;
    } catch (error) {
      if (isOwn) this.end('ROLLBACK');
      throw error;
    }
  }

  private translate(statement: DataStatement, variables: Variables): Translated {
    const { version } = this.catalog;
    const signature = variables.signature();
    const known = this.translated.get(statement);
    if (known?.version === version && known.signature === signature) return known.made;
    const made = translate(statement, this.catalog, variables);
    // Within a transaction a version may be taken back and given again.
    if (!this.connection.isTransaction) this.translated.set(statement, { version, signature, made });
    return made;
  }

  private run(made: Translated, variables: Variables): Outcome {
    const values = made.variables.map((name) => variables.need(name).value);
    try {
      const statement = this.prepare(made);
      const { statistics } = this.database;
      if (!made.columns) {
        const { changes, lastInsertRowid } = statement.run(...values);
        if (made.changed?.columns.some(({ isIdentity }) => isIdentity)) this.lastIdentity = lastInsertRowid;
        statistics.rowsChanged += Number(changes);
        return { count: Number(changes) };
      }
      const rows = statement.all(...values) as unknown as SqlValue[][];
      if (made.changed) statistics.rowsChanged += rows.length;
      else statistics.rowsRead += rows.length;
      const { columns, assigns } = made;
      return { count: rows.length, columns, rows, ...(assigns && { assigns }) };
    } catch (error) {
      throw this.errorOf(error, made, made.sql.split(' ', 1)[0] ?? '');
    }
  }

  private prepare({ sql, columns }: Translated): StatementSync {
    let statement = this.prepared.get(sql);
    if (!statement) {
      statement = this.connection.prepare(sql);
      statement.setReturnArrays(true);
      if (columns?.some(({ type }) => type.name === 'bigint')) statement.setReadBigInts(true);
      if (this.prepared.size >= mostPrepared) this.prepared.clear();
      this.prepared.set(sql, statement);
    }
    return statement;
  }

  private errorOf(error: unknown, made: Translated | undefined, verb: string): SqlError {
    return this.thrown.take() ?? sqlErrorOf(error, this.database.name, made?.changed, verb);
  }

  /** What names with `@@` tell. */
  global(name: string): TypedValue | undefined {
    switch (name) {
      case '@@rowcount':
        return { type: types.int, value: this.rowCount };
      case '@@trancount':
        return { type: types.int, value: this.transactionDepth };
      case '@@error':
        return { type: types.int, value: this.lastError?.number ?? 0 };
      case '@@identity':
        return { type: types.bigint, value: this.lastIdentity };
      case '@@spid':
        return { type: types.int, value: this.spid };
      case '@@version':
        return { type: types.nvarchar, value: 'Microsoft SQL Azure (the local cloud: T-SQL in front of SQLite)' };
      case '@@lock_timeout':
        return { type: types.int, value: this.lockTimeoutMs ?? -1 };
      default:
        throw refused(name);
    }
  }
}

function actionOf(statement: DefinitionStatement): string {
  const words = statement.kind.replaceAll(/([A-Z])/g, ' $1').toUpperCase();
  return statement.kind === 'drop' ? `DROP ${statement.what.toUpperCase()}` : words;
}
