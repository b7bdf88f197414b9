import { errors, SqlError } from '../sqlError';
import type { SqlType } from '../sqlType';
import type { Name } from '../tsql/syntax';

/** What the translator must know of a column. */
export interface ColumnInfo {
  readonly name: string;
  readonly type: SqlType;
  readonly isIdentity?: boolean;
  readonly defaultSql?: string;
}

/** A table or view, of the user's or of the system's. */
export interface TableInfo {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'view' | 'system';
  readonly isAppendOnly: boolean;
  readonly columns: readonly ColumnInfo[];
}

export type Permission = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/** A right that a statement needs of who runs it. */
export interface Need {
  readonly permission: Permission;
  readonly table: TableInfo;
}

export interface Lookup {
  find(name: Name): TableInfo | undefined;
}

/** A value in SQLite's words. */
export interface Typed {
  readonly sql: string;
  readonly type: SqlType;
  /** It is the word NULL, which fits every type. */
  readonly isNull?: boolean;
  /** A column as it stands, whose collation SQLite knows. */
  readonly isColumn?: boolean;
}

export interface OutputColumn {
  readonly name: string;
  readonly type: SqlType;
}

/** What a statement becomes. */
export interface Translated {
  readonly sql: string;
  /** Variables by the number of their `?`. */
  readonly variables: readonly string[];
  readonly needs: readonly Need[];
  /** Columns of the result; left out: rows are counted only. */
  readonly columns?: readonly OutputColumn[];
  /** Variables that take the values of the last row, column by column. */
  readonly assigns?: readonly string[];
  /** Keeps other writers off, as a change does. */
  readonly locks: boolean;
  /** The table that is changed. */
  readonly changed?: TableInfo;
}

/** Variables and parameters by name, lower case, with their `@`. */
export interface Declared {
  get(name: string): { readonly type: SqlType } | undefined;
}

/** What is gathered while one statement is translated. */
export class Translation {
  readonly variables: string[] = [];
  readonly needs: Need[] = [];
  locks = false;

  constructor(
    private readonly lookup: Lookup,
    private readonly declared: Declared,
  ) {}

  table(name: Name): TableInfo {
    const table = this.lookup.find(name);
    if (!table) throw errors.noObject(name.join('.'));
    return table;
  }

  need(permission: Permission, table: TableInfo): void {
    if (!this.needs.some((need) => need.permission === permission && need.table.id === table.id)) {
      this.needs.push({ permission, table });
    }
  }

  variable(name: string): Typed {
    const declared = this.declared.get(name);
    if (!declared) throw errors.noVariable(name);
    let index = this.variables.indexOf(name);
    if (index < 0) index = this.variables.push(name) - 1;
    return { sql: `?${index + 1}`, type: declared.type };
  }
}

/** In SQLite a table is named by schema and name together. */
export function physicalName({ schema, name }: Pick<TableInfo, 'schema' | 'name'>): string {
  return quoted(`${schema}.${name}`);
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function notBoolean(): SqlError {
  return new SqlError(
    4145,
    'An expression of non-boolean type specified in a context where a condition is expected.',
    15,
  );
}
