import { SqlError } from '../sqlError';
import { sameName } from '../translate/translation';
import type { ColumnDefinition, TableConstraint } from '../tsql/syntax';
import type { CatalogColumn } from './catalog';

/** A column as the catalog keeps it. */
export function columnOf(column: ColumnDefinition, keys: readonly string[], table: string): CatalogColumn {
  const isKey = keys.some((key) => sameName(key, column.name));
  if (isKey && column.isNullable === true) {
    throw new SqlError(8111, `Cannot define PRIMARY KEY constraint on nullable column in table '${table}'.`);
  }
  if (column.isIdentity && !['int', 'bigint', 'smallint', 'tinyint'].includes(column.type.name)) {
    throw new SqlError(
      2749,
      `Identity column '${column.name}' must be of data type int, bigint, smallint, tinyint, or decimal or numeric with a scale of 0.`,
    );
  }
  const { type } = column;
  const withDefault = column.defaultSql === undefined ? {} : defaultOf(column, table);
  return {
    name: column.name,
    type,
    isNullable: column.isNullable ?? !isKey,
    isIdentity: column.isIdentity,
    ...withDefault,
  };
}

function defaultOf({ name, defaultSql = '', defaultName }: ColumnDefinition, table: string) {
  return { defaultSql, defaultName: defaultName ?? `DF__${table}__${name}` };
}

/** SQL Server makes up names for constraints that have none. */
export function namedConstraint(constraint: TableConstraint, table: string, index: number): TableConstraint {
  const prefix =
    constraint.kind === 'key' ? (constraint.isPrimary ? 'PK' : 'UQ') : constraint.kind === 'check' ? 'CK' : 'FK';
  return { ...constraint, name: constraint.name ?? `${prefix}__${table}__${index + 1}` };
}
