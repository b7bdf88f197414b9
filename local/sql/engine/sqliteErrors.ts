import { SqlError } from '../sqlError';
import type { TableInfo } from '../translate/translation';
import type { CatalogTable } from './catalog';

/** What SQLite says of a row that it does not take, in SQL Server's numbers and words. */
export function sqlErrorOf(
  error: unknown,
  databaseName: string,
  changed: TableInfo | undefined,
  verb: string,
): SqlError {
  if (error instanceof SqlError) return error;
  const message = messageOf(error);
  const table = changed as CatalogTable | undefined;
  if (table) {
    const known = constraintError(message, databaseName, table, verb);
    if (known) return known;
  }
  if (/integer overflow/.test(message)) {
    return new SqlError(8115, 'Arithmetic overflow error converting expression to data type int.');
  }
  return new SqlError(50_998, `SQLite behind the local cloud's SQL: ${message}`);
}

/** SQLite's errors need not be of this realm's `Error`. */
export function messageOf(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : String(error);
}

function constraintError(
  message: string,
  databaseName: string,
  table: CatalogTable,
  verb: string,
): SqlError | undefined {
  const name = `${table.schema}.${table.name}`;
  const unique = /^UNIQUE constraint failed: (.*)$/.exec(message)?.[1];
  if (unique !== undefined) return duplicate(unique, table, name);
  const missing = /^NOT NULL constraint failed: (.*)$/.exec(message)?.[1];
  if (missing !== undefined) {
    const column = missing.slice(missing.lastIndexOf('.') + 1);
    return new SqlError(
      515,
      `Cannot insert the value NULL into column '${column}', table '${databaseName}.${name}'; column does not allow nulls. ${verb} fails.`,
      16,
      2,
    );
  }
  const check = /^CHECK constraint failed: (.*)$/.exec(message)?.[1];
  if (check !== undefined) return failedCheck(check, databaseName, table, verb);
  if (/^FOREIGN KEY constraint failed/.test(message)) {
    return new SqlError(
      547,
      `The ${verb} statement conflicted with a FOREIGN KEY constraint. The conflict occurred in database "${databaseName}".`,
    );
  }
  return undefined;
}

function duplicate(what: string, table: CatalogTable, name: string): SqlError {
  const index = /^index '(.*)'$/.exec(what)?.[1]?.replace(`${name}/`, '');
  const columns = what.split(', ').map((column) => column.slice(name.length + 1).toLowerCase());
  const isSame = (own: readonly string[]) =>
    own.length === columns.length && own.every((column) => columns.includes(column.toLowerCase()));
  const key = table.constraints.find((constraint) => constraint.kind === 'key' && isSame(constraint.columns));
  if (index === undefined && key?.kind === 'key') {
    const kind = key.isPrimary ? 'PRIMARY KEY' : 'UNIQUE KEY';
    return new SqlError(
      2627,
      `Violation of ${kind} constraint '${key.name}'. Cannot insert duplicate key in object '${name}'.`,
      14,
    );
  }
  const unique = index ?? table.indexes.find((i) => i.isUnique && isSame(i.columns.map((column) => column.name)))?.name;
  return new SqlError(2601, `Cannot insert duplicate key row in object '${name}' with unique index '${unique}'.`, 14);
}

function failedCheck(check: string, databaseName: string, table: CatalogTable, verb: string): SqlError {
  const [, what, column] = /^(length|codepage|range):(.*)$/.exec(check) ?? [];
  const name = `${databaseName}.${table.schema}.${table.name}`;
  switch (what) {
    case 'length':
      return new SqlError(2628, `String or binary data would be truncated in table '${name}', column '${column}'.`);
    case 'codepage':
      return new SqlError(
        50_999,
        `The local cloud's SQL does not put '?' for what a varchar cannot hold: column '${column}' of '${name}'. Use nvarchar.`,
      );
    case 'range':
      return new SqlError(
        8115,
        `Arithmetic overflow error converting expression to the data type of column '${column}'.`,
      );
    default:
      return new SqlError(
        547,
        `The ${verb} statement conflicted with the CHECK constraint "${check}". The conflict occurred in database "${databaseName}", table "${table.schema}.${table.name}".`,
      );
  }
}
