import { type SqlType, types } from '../sqlType';
import type { TableInfo } from '../translate/translation';

/** Raised when a table of the catalog changes: a database of another layout is refused. */
export const layout = 1;

/** What is kept beside the rows: names, types and rights, as T-SQL knows them. */
export const catalogSql = `
CREATE TABLE "catalog.state" (version INTEGER NOT NULL, next_id INTEGER NOT NULL);
INSERT INTO "catalog.state" VALUES (1, 1000);
CREATE TABLE "catalog.schema" (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE);
INSERT INTO "catalog.schema" VALUES (1, 'dbo'), (3, 'INFORMATION_SCHEMA'), (4, 'sys');
CREATE TABLE "catalog.object" (
  id INTEGER PRIMARY KEY, schema_id INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE, type TEXT NOT NULL,
  append_only INTEGER NOT NULL, created INTEGER NOT NULL, definition TEXT, constraints TEXT NOT NULL DEFAULT '[]',
  UNIQUE (schema_id, name));
CREATE TABLE "catalog.column" (
  object_id INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE, type TEXT NOT NULL,
  nullable INTEGER NOT NULL, identity INTEGER NOT NULL, default_sql TEXT, default_name TEXT,
  PRIMARY KEY (object_id, id), UNIQUE (object_id, name));
CREATE TABLE "catalog.index" (
  object_id INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE, is_unique INTEGER NOT NULL,
  definition TEXT NOT NULL, PRIMARY KEY (object_id, id), UNIQUE (object_id, name));
CREATE TABLE "catalog.principal" (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, type TEXT NOT NULL, sid TEXT UNIQUE, fixed INTEGER NOT NULL);
INSERT INTO "catalog.principal" VALUES (0, 'public', 'R', NULL, 1), (1, 'dbo', 'S', NULL, 1), (16384, 'db_owner', 'R', NULL, 1),
  (16385, 'db_accessadmin', 'R', NULL, 1), (16386, 'db_securityadmin', 'R', NULL, 1), (16387, 'db_ddladmin', 'R', NULL, 1),
  (16390, 'db_datareader', 'R', NULL, 1), (16391, 'db_datawriter', 'R', NULL, 1);
CREATE TABLE "catalog.member" (role_id INTEGER NOT NULL, member_id INTEGER NOT NULL, PRIMARY KEY (role_id, member_id));
CREATE TABLE "catalog.permission" (
  grantee_id INTEGER NOT NULL, class INTEGER NOT NULL, major_id INTEGER NOT NULL, permission TEXT NOT NULL,
  state TEXT NOT NULL, PRIMARY KEY (grantee_id, class, major_id, permission));
`;

const small: SqlType = { name: 'smallint' };
const tiny: SqlType = { name: 'tinyint' };
const kind: SqlType = { name: 'char', length: 2 };
const word: SqlType = { name: 'nvarchar', length: 60 };
const { bit, int, sysname } = types;

interface SystemTable {
  readonly columns: Readonly<Record<string, SqlType>>;
  readonly sql: string;
}

/** The number that SQL Server gives each type (sys.types.user_type_id). */
const typeIds = {
  ...{ date: 40, datetime2: 42, tinyint: 48, smallint: 52, int: 56, real: 59, datetime: 61, float: 62, bit: 104 },
  ...{ decimal: 106, bigint: 127, varbinary: 165, varchar: 167, binary: 173, char: 175, nvarchar: 231, nchar: 239 },
  uniqueidentifier: 36,
};
const typeRows = Object.entries(typeIds).map(([name, id]) => `('${name}', ${id})`);

const typeName = `json_extract(c.type, '$.name')`;
const objects = `FROM "catalog.object" o WHERE t_is_visible(o.id)`;
const objectColumns = {
  name: sysname,
  object_id: int,
  schema_id: int,
  type: kind,
  type_desc: word,
  create_date: types.datetime,
};
const objectList = `o.name, o.id AS object_id, o.schema_id, o.type,
  CASE o.type WHEN 'U ' THEN 'USER_TABLE' ELSE 'VIEW' END AS type_desc, o.created AS create_date`;

/** The views of the catalog that tools and programs ask most. */
const systemTables: Readonly<Record<string, SystemTable>> = {
  'sys.schemas': {
    columns: { name: sysname, schema_id: int, principal_id: int },
    sql: 'SELECT name, id AS schema_id, 1 AS principal_id FROM "catalog.schema"',
  },
  'sys.objects': { columns: objectColumns, sql: `SELECT ${objectList} ${objects}` },
  'sys.tables': {
    columns: { ...objectColumns, ledger_type: tiny, ledger_type_desc: word, is_ms_shipped: bit },
    sql: `SELECT ${objectList}, CASE o.append_only WHEN 1 THEN 3 ELSE 0 END AS ledger_type,
      CASE o.append_only WHEN 1 THEN 'APPEND_ONLY_LEDGER_TABLE' ELSE 'NON_LEDGER_TABLE' END AS ledger_type_desc,
      0 AS is_ms_shipped ${objects} AND o.type = 'U '`,
  },
  'sys.views': { columns: objectColumns, sql: `SELECT ${objectList} ${objects} AND o.type = 'V '` },
  'sys.types': {
    columns: { name: sysname, system_type_id: tiny, user_type_id: int, schema_id: int, is_nullable: bit },
    sql: `SELECT column1 AS name, column2 AS system_type_id, column2 AS user_type_id, 4 AS schema_id, 1 AS is_nullable
      FROM (VALUES ${typeRows.join(', ')})`,
  },
  'sys.columns': {
    columns: {
      ...{ object_id: int, name: sysname, column_id: int, system_type_id: tiny, user_type_id: int, max_length: small },
      ...{ precision: tiny, scale: tiny, is_nullable: bit, is_identity: bit, is_computed: bit, is_rowguidcol: bit },
      ...{ default_object_id: int, generated_always_type: tiny, generated_always_type_desc: word },
    },
    sql: `SELECT c.object_id, c.name, c.id AS column_id, t.user_type_id AS system_type_id, t.user_type_id,
      CASE json_extract(c.type, '$.length') WHEN 'max' THEN -1
        ELSE coalesce(json_extract(c.type, '$.length'), 0) * iif(${typeName} LIKE 'n%', 2, 1) END AS max_length,
      coalesce(json_extract(c.type, '$.precision'), 0) AS precision, coalesce(json_extract(c.type, '$.scale'), 0) AS scale,
      c.nullable AS is_nullable, c.identity AS is_identity, 0 AS is_computed, 0 AS is_rowguidcol,
      iif(c.default_sql IS NULL, 0, c.object_id * 1000 + c.id) AS default_object_id, 0 AS generated_always_type,
      'NOT_APPLICABLE' AS generated_always_type_desc
      FROM "catalog.column" c JOIN "sys.types" t ON t.name = ${typeName} WHERE t_is_visible(c.object_id)`,
  },
  'sys.indexes': {
    columns: {
      ...{ object_id: int, name: sysname, index_id: int, is_unique: bit, has_filter: bit },
      filter_definition: types.nvarcharMax,
    },
    sql: `SELECT object_id, name, id + 1 AS index_id, is_unique, json_extract(definition, '$.whereSql') IS NOT NULL AS has_filter,
      json_extract(definition, '$.whereSql') AS filter_definition FROM "catalog.index" WHERE t_is_visible(object_id)`,
  },
  'sys.database_principals': {
    columns: {
      ...{
        name: sysname,
        principal_id: int,
        type: { name: 'char', length: 1 },
        type_desc: word,
        sid: types.varbinaryMax,
      },
      ...{ is_fixed_role: bit, authentication_type: int, default_schema_name: sysname },
    },
    sql: `SELECT name, id AS principal_id, type,
      CASE type WHEN 'R' THEN 'DATABASE_ROLE' WHEN 'E' THEN 'EXTERNAL_USER' WHEN 'X' THEN 'EXTERNAL_GROUP' ELSE 'SQL_USER' END AS type_desc,
      unhex(sid) AS sid, fixed AND type = 'R' AS is_fixed_role, iif(type IN ('E', 'X'), 4, 0) AS authentication_type,
      iif(type = 'R', NULL, 'dbo') AS default_schema_name FROM "catalog.principal"`,
  },
  'sys.database_role_members': {
    columns: { role_principal_id: int, member_principal_id: int },
    sql: 'SELECT role_id AS role_principal_id, member_id AS member_principal_id FROM "catalog.member"',
  },
  'sys.database_permissions': {
    columns: {
      ...{
        class: tiny,
        class_desc: word,
        major_id: int,
        minor_id: int,
        grantee_principal_id: int,
        grantor_principal_id: int,
      },
      ...{ permission_name: sysname, state: { name: 'char', length: 1 }, state_desc: word },
    },
    sql: `SELECT class, CASE class WHEN 0 THEN 'DATABASE' WHEN 1 THEN 'OBJECT_OR_COLUMN' ELSE 'SCHEMA' END AS class_desc,
      major_id, 0 AS minor_id, grantee_id AS grantee_principal_id, 1 AS grantor_principal_id, permission AS permission_name,
      state, iif(state = 'G', 'GRANT', 'DENY') AS state_desc FROM "catalog.permission"`,
  },
  'sys.extended_properties': {
    columns: { class: tiny, major_id: int, minor_id: int, name: sysname, value: types.nvarchar },
    sql: 'SELECT 0 AS class, 0 AS major_id, 0 AS minor_id, NULL AS name, NULL AS value WHERE false',
  },
  'INFORMATION_SCHEMA.TABLES': {
    columns: { TABLE_CATALOG: sysname, TABLE_SCHEMA: sysname, TABLE_NAME: sysname, TABLE_TYPE: word },
    sql: `SELECT t_db_name() AS TABLE_CATALOG, s.name AS TABLE_SCHEMA, o.name AS TABLE_NAME,
      iif(o.type = 'U ', 'BASE TABLE', 'VIEW') AS TABLE_TYPE FROM "catalog.object" o JOIN "catalog.schema" s ON s.id = o.schema_id
      WHERE t_is_visible(o.id)`,
  },
  'INFORMATION_SCHEMA.COLUMNS': {
    columns: {
      ...{
        TABLE_CATALOG: sysname,
        TABLE_SCHEMA: sysname,
        TABLE_NAME: sysname,
        COLUMN_NAME: sysname,
        ORDINAL_POSITION: int,
      },
      ...{ IS_NULLABLE: { name: 'varchar', length: 3 } as SqlType, DATA_TYPE: sysname, CHARACTER_MAXIMUM_LENGTH: int },
    },
    sql: `SELECT t_db_name() AS TABLE_CATALOG, s.name AS TABLE_SCHEMA, o.name AS TABLE_NAME, c.name AS COLUMN_NAME,
      c.id AS ORDINAL_POSITION, iif(c.nullable, 'YES', 'NO') AS IS_NULLABLE, ${typeName} AS DATA_TYPE,
      iif(json_extract(c.type, '$.length') = 'max', -1, json_extract(c.type, '$.length')) AS CHARACTER_MAXIMUM_LENGTH
      FROM "catalog.column" c JOIN "catalog.object" o ON o.id = c.object_id JOIN "catalog.schema" s ON s.id = o.schema_id
      WHERE t_is_visible(o.id)`,
  },
  'sys.databases': {
    columns: { name: sysname, database_id: int, state_desc: word, is_read_committed_snapshot_on: bit },
    sql: `SELECT t_db_name() AS name, 5 AS database_id, 'ONLINE' AS state_desc, 1 AS is_read_committed_snapshot_on`,
  },
};

/** Made at each connection, so that they follow this program and not the file. */
export const systemViewsSql = Object.entries(systemTables)
  .map(([name, { sql }]) => `CREATE TEMP VIEW "${name}" AS ${sql};`)
  .join('\n');

export const systemTableInfos: readonly TableInfo[] = Object.entries(systemTables).map(([name, { columns }], i) => {
  const [schema = '', table = ''] = name.split('.');
  return {
    id: -100 - i,
    schema,
    name: table,
    kind: 'system',
    isAppendOnly: false,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
  };
});
