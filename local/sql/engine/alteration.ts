import { errors, refused, SqlError } from '../sqlError';
import { assigned, cast } from '../translate/coerce';
import { value } from '../translate/expressions';
import { Scope } from '../translate/scope';
import { physicalName, quoted, sameName, Translation } from '../translate/translation';
import { parseExpressionText } from '../tsql/statements';
import type { AlterTable } from '../tsql/syntax';
import type { CatalogColumn, CatalogTable } from './catalog';
import { columnOf, namedConstraint } from './columns';
import type { Definer } from './definer';
import { createTableSql } from './physical';

/**
 * ALTER TABLE. SQLite can change little of a table in place: another one is made, the rows are copied, and it takes the
 * first one's name, all within the transaction.
 */
export function alterTable(definer: Definer, table: CatalogTable, change: AlterTable): void {
  if (table.kind !== 'table') throw refused('ALTER TABLE on a view');
  const next = changedTable(table, change);
  if (!next) return;
  const isReferenced = definer.catalog.tables.some(({ constraints }) =>
    constraints.some((c) => c.kind === 'reference' && definer.catalog.table(c.table)?.id === table.id),
  );
  if (isReferenced) throw refused('ALTER TABLE on a table that foreign keys refer to');
  const temporary = quoted(`${table.schema}.${table.name}/next`);
  definer.database.exec('PRAGMA legacy_alter_table = ON');
  definer.database.exec(createTableSql(next, temporary));
  const columns = next.columns.map(({ name }) => quoted(name)).join(', ');
  const values = next.columns.map((column) => copied(column, table));
  definer.database.exec(
    `INSERT INTO ${temporary} (${columns}) SELECT ${values.join(', ')} FROM ${physicalName(table)}`,
  );
  definer.database.exec(`DROP TABLE ${physicalName(table)}`);
  definer.database.exec(`ALTER TABLE ${temporary} RENAME TO ${physicalName(table)}`);
  for (const index of next.indexes) definer.makeIndex(next, index);
  definer.writeObject(next, 'U ');
}

function changedTable(table: CatalogTable, change: AlterTable): CatalogTable | undefined {
  switch (change.action) {
    case 'add':
      return added(table, change);
    case 'alterColumn': {
      const before = existing(table, change.column);
      const column = { ...before, type: change.type, isNullable: change.isNullable };
      return { ...table, columns: table.columns.map((c) => (c === before ? column : c)) };
    }
    case 'dropColumn':
      return withoutColumns(table, change.columns, change.ifExists);
    case 'dropConstraint':
      return withoutConstraint(table, change.name, change.ifExists);
  }
}

function added(table: CatalogTable, change: Extract<AlterTable, { action: 'add' }>): CatalogTable {
  const columns = change.columns.map((column) => columnOf(column, [], table.name));
  for (const { name, isNullable, defaultSql } of columns) {
    if (table.columns.some((other) => sameName(other.name, name))) {
      throw new SqlError(
        2705,
        `Column names in each table must be unique. Column name '${name}' in table '${table.schema}.${table.name}' is specified more than once.`,
      );
    }
    if (!isNullable && defaultSql === undefined) {
      throw new SqlError(
        4901,
        `ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified, or the column being added is an identity or timestamp column, or alternatively if none of the previous conditions are satisfied the table must be empty to allow addition of this column. Column '${name}' cannot be added to non-empty table '${table.name}' because it does not satisfy these conditions.`,
      );
    }
  }
  const count = table.constraints.length;
  const constraints = change.constraints.map((constraint, i) => namedConstraint(constraint, table.name, count + i));
  return { ...table, columns: [...table.columns, ...columns], constraints: [...table.constraints, ...constraints] };
}

function withoutColumns(table: CatalogTable, names: readonly string[], ifExists: boolean): CatalogTable | undefined {
  const found = names.filter((name) => table.columns.some((column) => sameName(column.name, name)));
  if (found.length < names.length && !ifExists)
    throw errors.noColumn(names.find((name) => !found.includes(name)) ?? '');
  if (found.length === 0) return undefined;
  const isGone = (name: string) => found.some((other) => sameName(other, name));
  const user =
    table.constraints.find((c) => c.kind !== 'check' && c.columns.some(isGone))?.name ??
    table.indexes.find((index) => index.columns.some(({ name }) => isGone(name)))?.name ??
    table.columns.find(({ name, defaultSql }) => isGone(name) && defaultSql !== undefined)?.defaultName;
  if (user !== undefined) {
    throw new SqlError(5074, `The object '${user}' is dependent on column '${found[0]}'.`);
  }
  return { ...table, columns: table.columns.filter(({ name }) => !isGone(name)) };
}

function withoutConstraint(table: CatalogTable, name: string, ifExists: boolean): CatalogTable | undefined {
  const constraints = table.constraints.filter((constraint) => !sameName(constraint.name ?? '', name));
  const columns = table.columns.map((column): CatalogColumn => {
    if (!sameName(column.defaultName ?? '', name)) return column;
    const { defaultSql, defaultName, ...rest } = column;
    return rest;
  });
  const isFound =
    constraints.length < table.constraints.length || columns.some((column, i) => column !== table.columns[i]);
  if (isFound) return { ...table, constraints, columns };
  if (ifExists) return undefined;
  throw new SqlError(3728, `'${name}' is not a constraint.`);
}

function existing(table: CatalogTable, name: string): CatalogColumn {
  const column = table.columns.find((c) => sameName(c.name, name));
  if (!column) throw errors.noColumn(name);
  return column;
}

/** The value that a column of the next table has for a row there is: a new one that cannot be null has its default. */
function copied(column: CatalogColumn, table: CatalogTable): string {
  const before = table.columns.find(({ name }) => sameName(name, column.name));
  if (before) {
    const isSame = before.type.name === column.type.name;
    const typed = { sql: quoted(before.name), type: before.type };
    return isSame ? typed.sql : cast(typed, column.type, false, undefined);
  }
  if (column.isNullable || column.defaultSql === undefined) return 'NULL';
  const translation = new Translation({ find: () => undefined }, new Map());
  return assigned(value(parseExpressionText(column.defaultSql), new Scope(undefined), translation), column.type);
}
