import { refused } from '../sqlError';
import { integerRange, isBinary, isText, isTime, type SqlType } from '../sqlType';
import { condition } from '../translate/expressions';
import { Scope } from '../translate/scope';
import { physicalName, quoted, sameName, Translation } from '../translate/translation';
import { parseExpressionText } from '../tsql/statements';
import type { TableConstraint } from '../tsql/syntax';
import type { CatalogColumn, CatalogIndex, CatalogTable } from './catalog';

/** A table in SQLite's words. @param name another name than its own, in quotes */
export function createTableSql(table: CatalogTable, name = physicalName(table)): string {
  const key = table.constraints.find((constraint) => constraint.kind === 'key' && constraint.isPrimary);
  const identity = table.columns.find(({ isIdentity }) => isIdentity);
  const isOwnKey =
    key?.kind === 'key' && key.columns.length === 1 && sameName(key.columns[0] ?? '', identity?.name ?? '');
  if (identity && !isOwnKey) throw refused('an identity column that is not the primary key');
  const columns = table.columns.map((column) => columnSql(column));
  const constraints = table.constraints.flatMap((constraint) => constraintSql(constraint, table));
  return `CREATE TABLE ${name} (${[...columns, ...constraints].join(', ')}) STRICT`;
}

function columnSql(column: CatalogColumn): string {
  const { name, type, isNullable, isIdentity } = column;
  if (isIdentity) return `${quoted(name)} INTEGER PRIMARY KEY AUTOINCREMENT`;
  const collation = isText(type) && type.isCaseSensitive !== true ? ' COLLATE NOCASE' : '';
  const checks = watched(name, type).map(([what, sql]) => ` CONSTRAINT ${quoted(`${what}:${name}`)} CHECK (${sql})`);
  return `${quoted(name)} ${storage(type)}${collation}${isNullable ? '' : ' NOT NULL'}${checks.join('')}`;
}

function storage(type: SqlType): string {
  if (isText(type) || type.name === 'uniqueidentifier') return 'TEXT';
  if (isBinary(type)) return 'BLOB';
  if (type.name === 'decimal' || type.name === 'float' || type.name === 'real') return 'REAL';
  // A primary key of the type INTEGER would be the row's number in SQLite, which makes up a value for a null.
  return 'INT';
}

/** What SQL Server watches by a column's type, named so that its error can be told from the constraint's name. */
function watched(name: string, type: SqlType): [string, string][] {
  const column = quoted(name);
  const checks: [string, string][] = [];
  if (typeof type.length === 'number') checks.push(['length', `length(${column}) <= ${type.length}`]);
  if (type.name === 'varchar' || type.name === 'char') {
    // Windows-1252 holds these beyond Latin-1.
    const beyond = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ';
    checks.push(['codepage', `${column} NOT GLOB '*[^' || char(1) || '-' || char(255) || '${beyond}]*'`]);
  }
  const range = integerRange[type.name];
  if (range) checks.push(['range', `${column} BETWEEN ${range[0]} AND ${range[1]}`]);
  if (type.name === 'decimal') {
    checks.push(['range', `abs(${column}) < 1e${(type.precision ?? 18) - (type.scale ?? 0)}`]);
  }
  if (isTime(type)) checks.push(['range', `${column} BETWEEN -62135596800000 AND 253402300799999`]);
  return checks;
}

function constraintSql(constraint: TableConstraint, table: CatalogTable): string[] {
  const named = constraint.name === undefined ? '' : `CONSTRAINT ${quoted(constraint.name)} `;
  switch (constraint.kind) {
    case 'key': {
      const columns = constraint.columns.map((name) => columnOf(table, name));
      if (columns.some(({ isIdentity }) => isIdentity) && columns.length === 1) return [];
      if (columns.some(({ isNullable }) => isNullable))
        throw refused('a key over columns that may be null', 'a unique index');
      const list = columns.map(({ name }) => quoted(name)).join(', ');
      return [`${named}${constraint.isPrimary ? 'PRIMARY KEY' : 'UNIQUE'} (${list})`];
    }
    case 'check':
      return [`${named}CHECK (${conditionSql(constraint.sql, table)})`];
    case 'reference': {
      const list = constraint.columns.map((name) => quoted(columnOf(table, name).name)).join(', ');
      const [schema, name] = constraint.table.length === 1 ? ['dbo', constraint.table[0]] : constraint.table;
      const foreign = constraint.foreignColumns.map(quoted).join(', ');
      const to = physicalName({ schema: schema ?? '', name: name ?? '' });
      return [
        `${named}FOREIGN KEY (${list}) REFERENCES ${to} (${foreign}) ON DELETE ${constraint.onDelete.toUpperCase()}`,
      ];
    }
  }
}

function columnOf(table: CatalogTable, name: string): CatalogColumn {
  const column = table.columns.find((c) => sameName(c.name, name));
  if (!column) throw refused(`the column '${name}', which '${table.schema}.${table.name}' does not have`);
  return column;
}

/** A condition over the columns of one table, by their bare names. */
function conditionSql(sql: string, table: CatalogTable): string {
  const scope = new Scope(undefined);
  scope.tables.push({ alias: '\u0000', exposed: [table.name], columns: table.columns });
  const translation = new Translation({ find: () => undefined }, new Map());
  return condition(parseExpressionText(sql), scope, translation).replaceAll('"\u0000".', '');
}

/**
 * An index in SQLite's words. SQL Server's unique indexes take one null, SQLite's any number: nulls stand there as a value
 * that nothing else has.
 */
export function createIndexSql(table: CatalogTable, index: CatalogIndex): string {
  const columns = index.columns.map(({ name, isDescending }) => {
    const column = columnOf(table, name);
    const sql = index.isUnique && column.isNullable ? `ifnull(${quoted(column.name)}, x'00')` : quoted(column.name);
    return `${sql}${isDescending ? ' DESC' : ''}`;
  });
  const where = index.whereSql === undefined ? '' : ` WHERE ${conditionSql(index.whereSql, table)}`;
  const unique = index.isUnique ? 'UNIQUE ' : '';
  return `CREATE ${unique}INDEX ${indexName(table, index.name)} ON ${physicalName(table)} (${columns.join(', ')})${where}`;
}

/** Names of indexes are of their table with SQL Server, and of the whole file with SQLite. */
export function indexName({ schema, name }: Pick<CatalogTable, 'schema' | 'name'>, index: string): string {
  return quoted(`${schema}.${name}/${index}`);
}
