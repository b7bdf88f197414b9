import type { DatabaseSync } from 'node:sqlite';
import type { SqlType } from '../sqlType';
import { type ColumnInfo, type Lookup, sameName, type TableInfo } from '../translate/translation';
import type { CreateIndex, Name, TableConstraint } from '../tsql/syntax';
import { systemTableInfos } from './systemTables';

export interface CatalogColumn extends ColumnInfo {
  readonly isNullable: boolean;
  readonly isIdentity: boolean;
  readonly defaultName?: string;
}

export interface CatalogTable extends TableInfo {
  readonly schemaId: number;
  readonly columns: readonly CatalogColumn[];
  readonly constraints: readonly TableConstraint[];
  readonly indexes: readonly CatalogIndex[];
}

export type CatalogIndex = Omit<CreateIndex, 'kind' | 'table'>;

export interface CatalogPrincipal {
  readonly id: number;
  readonly name: string;
  /** R role, E user of Microsoft Entra, X group of it, S dbo. */
  readonly type: string;
  /** Hexadecimal. */
  readonly sid: string | null;
  readonly isFixed: boolean;
}

export interface CatalogPermission {
  readonly granteeId: number;
  /** 0 database, 1 object, 3 schema. */
  readonly class: number;
  readonly majorId: number;
  readonly permission: string;
  readonly state: 'G' | 'D';
}

type Row = Readonly<Record<string, unknown>>;

/** What a database holds, as one connection sees it at one moment. */
export class Catalog implements Lookup {
  readonly schemas: ReadonlyMap<string, { readonly id: number; readonly name: string }>;
  readonly tables: readonly CatalogTable[];
  readonly principals: readonly CatalogPrincipal[];
  readonly members: readonly { readonly roleId: number; readonly memberId: number }[];
  readonly permissions: readonly CatalogPermission[];
  private readonly byName: ReadonlyMap<string, TableInfo>;

  private constructor(
    readonly version: number,
    rows: (sql: string) => Row[],
  ) {
    const schemas = rows('SELECT id, name FROM "catalog.schema"').map((row) => ({
      id: Number(row.id),
      name: String(row.name),
    }));
    this.schemas = new Map(schemas.map((schema) => [schema.name.toLowerCase(), schema]));
    this.tables = tablesOf(rows, new Map(schemas.map(({ id, name }) => [id, name])));
    this.principals = rows('SELECT * FROM "catalog.principal"').map((row) => ({
      id: Number(row.id),
      name: String(row.name),
      type: String(row.type),
      sid: row.sid === null ? null : String(row.sid),
      isFixed: row.fixed === 1,
    }));
    this.members = rows('SELECT * FROM "catalog.member"').map((row) => ({
      roleId: Number(row.role_id),
      memberId: Number(row.member_id),
    }));
    this.permissions = rows('SELECT * FROM "catalog.permission"').map((row) => ({
      granteeId: Number(row.grantee_id),
      class: Number(row.class),
      majorId: Number(row.major_id),
      permission: String(row.permission),
      state: row.state === 'D' ? 'D' : 'G',
    }));
    const all: readonly TableInfo[] = [...systemTableInfos, ...this.tables];
    this.byName = new Map(all.map((table) => [`${table.schema}.${table.name}`.toLowerCase(), table]));
  }

  /** Reads the catalog again when it has changed since. */
  static current(database: DatabaseSync, before: Catalog | undefined): Catalog {
    const version = Number(database.prepare('SELECT version FROM "catalog.state"').get()?.version);
    if (before?.version === version) return before;
    return new Catalog(version, (sql) => database.prepare(sql).all() as Row[]);
  }

  /** A name without a schema is one of `dbo`; one of three parts has to name this database. */
  find(name: Name): TableInfo | undefined {
    const [schema, table] = name.length === 1 ? ['dbo', name[0]] : name.slice(-2);
    return this.byName.get(`${schema}.${table}`.toLowerCase());
  }

  table(name: Name): CatalogTable | undefined {
    const found = this.find(name);
    return found && found.kind !== 'system' ? (found as CatalogTable) : undefined;
  }

  byId(id: number): CatalogTable | undefined {
    return this.tables.find((table) => table.id === id);
  }

  principal(name: string): CatalogPrincipal | undefined {
    return this.principals.find((principal) => sameName(principal.name, name));
  }

  /** The principal itself, the roles it is in, directly or by another role, and `public`. */
  rolesOf(id: number): ReadonlySet<number> {
    const roles = new Set([id, 0]);
    for (const role of roles) {
      for (const { roleId, memberId } of this.members) if (memberId === role) roles.add(roleId);
    }
    return roles;
  }
}

function tablesOf(rows: (sql: string) => Row[], schemas: ReadonlyMap<number, string>): CatalogTable[] {
  const columns = byObject(rows('SELECT * FROM "catalog.column" ORDER BY object_id, id'));
  const indexes = byObject(rows('SELECT * FROM "catalog.index" ORDER BY object_id, id'));
  return rows('SELECT * FROM "catalog.object"').map((row) => {
    const id = Number(row.id);
    return {
      id,
      schemaId: Number(row.schema_id),
      schema: schemas.get(Number(row.schema_id)) ?? '',
      name: String(row.name),
      kind: row.type === 'V ' ? 'view' : 'table',
      isAppendOnly: row.append_only === 1,
      columns: (columns.get(id) ?? []).map(columnOf),
      constraints: JSON.parse(String(row.constraints)) as TableConstraint[],
      indexes: (indexes.get(id) ?? []).map((index) => JSON.parse(String(index.definition)) as CatalogIndex),
    };
  });
}

function columnOf(row: Row): CatalogColumn {
  return {
    name: String(row.name),
    type: JSON.parse(String(row.type)) as SqlType,
    isNullable: row.nullable === 1,
    isIdentity: row.identity === 1,
    ...(row.default_sql !== null && { defaultSql: String(row.default_sql) }),
    ...(row.default_name !== null && { defaultName: String(row.default_name) }),
  };
}

function byObject(rows: readonly Row[]): ReadonlyMap<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const id = Number(row.object_id);
    groups.set(id, [...(groups.get(id) ?? []), row]);
  }
  return groups;
}
