import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { SqlError } from '../sqlError';
import type { SqlValue } from '../sqlType';
import { convert } from './conversions';
import { hash, indexOf, isLike, jsonRows, jsonValue, replaced, substring } from './texts';
import { added, difference, endOfMonth, partOf, roundedToDatetime, truncated } from './times';

/** What functions of a session answer from. */
export interface SessionFacts {
  /** Milliseconds since 1970: the same within one statement. */
  now(): number;
  databaseName(): string;
  userName(id?: number): string | null;
  loginName(): string;
  schemaName(id?: number): string | null;
  schemaId(name?: string): number | null;
  objectId(name: string, type?: string): number | null;
  objectName(id: number): string | null;
  columnLength(table: string, column: string): number | null;
  principalId(name?: string): number | null;
  isMember(role: string, member?: string): number | null;
  hasPermission(securable: string | null, kind: string | null, permission: string): number | null;
  transactionState(): number;
  identity(): number | bigint | null;
  error(): SqlError | undefined;
  isVisible(objectId: number): boolean;
}

type Argument = SqlValue;
type Answer = SqlValue | boolean | undefined;

/** Errors cannot pass through SQLite as they are: the last one waits here to be taken. */
export class ThrownErrors {
  private thrown: SqlError | undefined;

  keep(error: unknown): void {
    this.thrown = error instanceof SqlError ? error : new SqlError(50_000, String(error));
  }

  take(): SqlError | undefined {
    const { thrown } = this;
    this.thrown = undefined;
    return thrown;
  }
}

/** Gives a connection the functions that translated statements call. Null in, null out, unless `takesNull`. */
export function registerFunctions(database: DatabaseSync, facts: SessionFacts, errors: ThrownErrors): void {
  const add = (name: string, deterministic: boolean, takesNull: boolean, run: (...args: Argument[]) => Answer) => {
    database.function(name, { varargs: true, deterministic }, ((...args: Argument[]) => {
      if (!takesNull && args.includes(null)) return null;
      try {
        const answer = run(...args);
        return typeof answer === 'boolean' ? Number(answer) : (answer ?? null);
      } catch (error) {
        errors.keep(error);
        throw error;
      }
    }) as never);
  };
  const pure = (name: string, run: (...args: never[]) => Answer) => add(name, true, false, run as never);
  const open = (name: string, run: (...args: never[]) => Answer) => add(name, true, true, run as never);
  const live = (name: string, run: (...args: never[]) => Answer) => add(name, false, true, run as never);
  addConversions(pure, open);
  addTexts(pure, open);
  addTimes(pure);
  addSession(live, facts);
}

type Add = (name: string, run: (...args: never[]) => Answer) => void;

function addConversions(pure: Add, open: Add): void {
  open('t_convert', (value: SqlValue, from: string, to: string, tries: number, style: number | null) => {
    try {
      return convert(value, from, to, style);
    } catch (error) {
      if (tries === 1 && error instanceof SqlError && error.number !== 50_999) return null;
      throw error;
    }
  });
  pure('t_divisor', (x: number) => {
    if (x === 0) throw new SqlError(8134, 'Divide by zero error encountered.');
    return x;
  });
  pure('t_exact', (ms: number) => {
    if (ms % 10 === 0) return ms;
    throw new SqlError(
      50_999,
      "The local cloud's SQL does not compare datetime with datetime2 where the thirds of its milliseconds count: SQL Server would find them unequal. Send the time as datetime2.",
    );
  });
}

function addTexts(pure: Add, open: Add): void {
  open('t_like', (text: string | null, pattern: string | null, except: string | null, sensitive: number) =>
    text === null || pattern === null ? null : isLike(text, pattern, except, sensitive === 1),
  );
  pure('t_length', (text: string) => text.length);
  pure('t_pad', (text: string, length: number) => text.padEnd(length));
  pure('t_upper', (text: string) => text.toUpperCase());
  pure('t_lower', (text: string) => text.toLowerCase());
  pure('t_reverse', (text: string) => [...text].reverse().join(''));
  pure('t_substring', (text: string, from: number, count: number) => substring(text, from, count));
  pure('t_replace', (text: string, what: string, by: string) => replaced(text, what, by));
  pure('t_charindex', (what: string, text: string, from: number) => indexOf(what, text, from));
  pure('t_quotename', (text: string) => `[${text.replaceAll(']', ']]')}]`);
  pure('t_parsename', (text: string, part: number) => text.split('.').at(-Number(part)));
  pure('t_hash', (algorithm: string, value: string | Uint8Array, width: number) => hash(algorithm, value, width));
  pure('t_json_value', (json: string, path: string) => jsonValue(json, path));
  pure('t_json_rows', (json: string, path: string) => jsonRows(json, path));
  pure('t_is_json', (json: string) => {
    try {
      return typeof JSON.parse(json) === 'object';
    } catch {
      return false;
    }
  });
}

function addTimes(pure: Add): void {
  pure('t_datetime', (ms: number) => roundedToDatetime(ms));
  pure('t_datediff', (part: string, from: number, to: number, isLimited: number) => {
    const count = difference(part, from, to);
    if (isLimited === 1 && Math.abs(count) > 2_147_483_647) {
      throw new SqlError(
        535,
        'The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart.',
      );
    }
    return count;
  });
  pure('t_dateadd', (part: string, count: number, ms: number) => added(part, count, ms));
  pure('t_datepart', (part: string, ms: number) => partOf(part, ms));
  pure('t_datetrunc', (part: string, ms: number) => truncated(part, ms));
  pure('t_eomonth', (ms: number) => endOfMonth(ms));
  pure('t_datefromparts', (year: number, month: number, day: number) => Date.UTC(year, month - 1, day));
}

function addSession(live: Add, facts: SessionFacts): void {
  live('t_now', () => facts.now());
  live('t_newid', () => randomUUID().toUpperCase());
  live('t_db_name', () => facts.databaseName());
  live('t_user_name', (id?: number) => facts.userName(id));
  live('t_login_name', () => facts.loginName());
  live('t_schema_name', (id?: number) => facts.schemaName(id));
  live('t_schema_id', (name?: string) => facts.schemaId(name));
  live('t_object_id', (name: string | null, type?: string) => (name === null ? null : facts.objectId(name, type)));
  live('t_object_name', (id: number | null) => (id === null ? null : facts.objectName(id)));
  live('t_col_length', (table: string, column: string) => facts.columnLength(table, column));
  live('t_principal_id', (name?: string) => facts.principalId(name));
  live('t_is_member', (role: string, member?: string) => facts.isMember(role, member));
  live('t_has_permission', (securable: string | null, kind: string | null, permission: string) =>
    facts.hasPermission(securable, kind, permission),
  );
  live('t_xact_state', () => facts.transactionState());
  live('t_identity', () => facts.identity());
  live('t_error_number', () => facts.error()?.number);
  live('t_error_message', () => facts.error()?.message);
  live('t_error_severity', () => facts.error()?.severity);
  live('t_error_state', () => facts.error()?.state);
  live('t_server_property', (name: string) => ({ EngineEdition: '5', Edition: 'SQL Azure' })[name]);
  live('t_is_visible', (id: number) => facts.isVisible(id));
}
