import { errors, SqlError } from '../sqlError';
import type { Expression, Name } from '../tsql/syntax';
import { type ColumnInfo, quoted, sameName, type Typed } from './translation';

/** Something that columns come from. */
export interface ScopeTable {
  /** Name in SQLite, unquoted. */
  readonly alias: string;
  /** The names by which T-SQL may mean it, as `[care, patient]`. */
  readonly exposed: Name;
  readonly columns: readonly Pick<ColumnInfo, 'name' | 'type'>[];
}

export type TemporaryTables = ReadonlyMap<string, ScopeTable['columns']>;

/** Names that an expression sees. */
export class Scope {
  readonly tables: ScopeTable[] = [];
  /** Set while the list of a grouped query is read: these expressions, and no other columns, may stand outside of aggregates. */
  grouping: readonly string[] | undefined;

  constructor(
    readonly parent: Scope | undefined,
    /** Common table expressions, by lower-case name. */
    readonly common: TemporaryTables = parent?.common ?? new Map(),
  ) {}

  add(table: ScopeTable): void {
    const isTaken = this.tables.some((other) => sameName(other.exposed.join('.'), table.exposed.join('.')));
    if (isTaken) {
      throw new SqlError(
        1011,
        `The correlation name '${table.exposed.join('.')}' is specified multiple times in a FROM clause.`,
        15,
      );
    }
    this.tables.push(table);
  }

  column(name: Name): Typed {
    const qualifier = name.slice(0, -1);
    const column = name.at(-1) ?? '';
    const found = this.find(qualifier, column);
    if (!found) {
      if (qualifier.length === 0) throw errors.noColumn(column);
      throw new SqlError(4104, `The multi-part identifier "${name.join('.')}" could not be bound.`);
    }
    return found;
  }

  private find(qualifier: Name, column: string): Typed | undefined {
    const tables = this.tables.filter((table) => qualifier.length === 0 || isMeant(table.exposed, qualifier));
    const found = tables.flatMap((table) => {
      const match = table.columns.find(({ name }) => sameName(name, column));
      return match ? [{ sql: `${quoted(table.alias)}.${quoted(match.name)}`, type: match.type, isColumn: true }] : [];
    });
    if (found.length > 1) throw new SqlError(209, `Ambiguous column name '${column}'.`);
    const [only] = found;
    if (only) {
      if (this.grouping && !this.grouping.includes(only.sql)) throw notGrouped(column);
      return only;
    }
    if (qualifier.length > 0 && tables.length > 0) throw errors.noColumn(column);
    return this.parent?.find(qualifier, column);
  }

  /** The columns of `*`, or of `name.*`. */
  all(of: Name): { readonly name: string; readonly value: Typed }[] {
    const tables = this.tables.filter((table) => of.length === 0 || isMeant(table.exposed, of));
    if (tables.length === 0) {
      if (of.length === 0) throw new SqlError(263, 'Must specify table to select from.', 15);
      throw new SqlError(
        107,
        `The column prefix '${of.join('.')}' does not match with a table name or alias name.`,
        15,
      );
    }
    return tables.flatMap((table) =>
      table.columns.map(({ name }) => ({ name, value: this.column([...table.exposed, name]) })),
    );
  }
}

/** A table without an alias is meant by its name, with or without the schema. */
function isMeant(exposed: Name, qualifier: Name): boolean {
  if (qualifier.length > exposed.length) return false;
  const tail = exposed.slice(exposed.length - qualifier.length);
  return tail.every((part, i) => sameName(part, qualifier[i] ?? ''));
}

function notGrouped(column: string): SqlError {
  return new SqlError(
    8120,
    `Column '${column}' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.`,
  );
}

/** Two expressions are the same when they read the same. */
export function fingerprint(expression: Expression): string {
  return JSON.stringify(expression).toLowerCase();
}
