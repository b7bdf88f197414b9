import type { DatabaseSync } from 'node:sqlite';
import { errors, refused, SqlError } from '../sqlError';
import { translateQuery } from '../translate/queries';
import { physicalName, sameName, Translation } from '../translate/translation';
import type { CreateIndex, DefinitionStatement, Name } from '../tsql/syntax';
import { alterTable } from './alteration';
import type { Catalog, CatalogIndex, CatalogTable } from './catalog';
import { columnOf, namedConstraint } from './columns';
import { createIndexSql, createTableSql, indexName } from './physical';
import { messageOf } from './sqliteErrors';

/** Carries out what makes, changes and drops schemas, tables, views and indexes. */
export class Definer {
  constructor(
    readonly database: DatabaseSync,
    readonly catalog: Catalog,
    private readonly now: number,
  ) {}

  run(statement: DefinitionStatement): void {
    switch (statement.kind) {
      case 'createSchema':
        this.createSchema(statement.name);
        break;
      case 'createTable':
        this.createTable(statement);
        break;
      case 'createIndex':
        this.createIndex(statement);
        break;
      case 'createView':
        this.createView(statement);
        break;
      case 'alterTable':
        alterTable(this, this.existing(statement.table), statement);
        break;
      case 'drop':
        for (const name of statement.names) this.drop(statement, name);
        break;
      default:
        throw refused(statement.kind);
    }
  }

  private createSchema(name: string): void {
    if (this.catalog.schemas.has(name.toLowerCase())) {
      throw new SqlError(2714, `There is already an object named '${name}' in the database.`, 16, 6);
    }
    this.execute('INSERT INTO "catalog.schema" (id, name) VALUES (?, ?)', this.newId(), name);
  }

  private createTable(s: Extract<DefinitionStatement, { kind: 'createTable' }>): void {
    const { schemaId, schema, name } = this.free(s.table);
    const keys = s.constraints.flatMap((c) => (c.kind === 'key' && c.isPrimary ? c.columns : []));
    const columns = s.columns.map((column) => columnOf(column, keys, name));
    const constraints = s.constraints.map((constraint, i) => namedConstraint(constraint, name, i));
    const table: CatalogTable = {
      id: this.newId(),
      ...{ schemaId, schema, name, columns, constraints },
      ...{ kind: 'table', isAppendOnly: s.isAppendOnly, indexes: [] },
    };
    for (const constraint of constraints) if (constraint.kind === 'reference') this.existing(constraint.table);
    this.database.exec(createTableSql(table));
    this.writeObject(table, 'U ');
  }

  private createIndex({ kind, table: on, ...index }: CreateIndex): void {
    const table = this.existing(on);
    if (table.kind !== 'table') throw refused('indexes on views');
    if (table.indexes.some(({ name }) => sameName(name, index.name))) {
      throw new SqlError(
        1913,
        `The operation failed because an index or statistics with name '${index.name}' already exists on table '${table.schema}.${table.name}'.`,
      );
    }
    for (const column of index.included)
      if (!table.columns.some(({ name }) => sameName(name, column))) throw errors.noColumn(column);
    this.makeIndex(table, index);
    this.writeIndexes(table.id, [...table.indexes, index]);
  }

  /** @throws SqlError 1505 when rows there are already break it */
  makeIndex(table: CatalogTable, index: CatalogIndex): void {
    try {
      this.database.exec(createIndexSql(table, index));
    } catch (error) {
      if (!messageOf(error).startsWith('UNIQUE')) throw error;
      throw new SqlError(
        1505,
        `The CREATE UNIQUE INDEX statement terminated because a duplicate key was found for the object name '${table.schema}.${table.name}' and the index name '${index.name}'.`,
      );
    }
  }

  private createView(s: Extract<DefinitionStatement, { kind: 'createView' }>): void {
    const before = s.orAlter ? this.catalog.table(s.view) : undefined;
    if (before && before.kind !== 'view')
      throw new SqlError(2714, `There is already an object named '${before.name}' in the database.`);
    const { schemaId, schema, name } = before ?? this.free(s.view);
    const translation = new Translation(this.catalog, new Map());
    const { sql, columns } = translateQuery(s.query, undefined, translation, {
      isNested: true,
      needsNames: name,
      names: s.columns,
    });
    if (translation.needs.some(({ table }) => table.kind === 'system')) throw refused('views over the system catalog');
    if (before) this.database.exec(`DROP VIEW ${physicalName(before)}`);
    this.database.exec(`CREATE VIEW ${physicalName({ schema, name })} AS ${sql}`);
    const shown = columns.map((column) => ({ ...column, isNullable: true, isIdentity: false }));
    const view: CatalogTable = {
      id: before?.id ?? this.newId(),
      ...{ schemaId, schema, name, columns: shown, constraints: [], indexes: [] },
      ...{ kind: 'view', isAppendOnly: false },
    };
    this.writeObject(view, 'V ', s.sql);
  }

  private drop({ what, ifExists, onTable }: Extract<DefinitionStatement, { kind: 'drop' }>, name: Name): void {
    if (what === 'index') {
      this.dropIndex(onTable ?? name.slice(0, -1), name.at(-1) ?? '', ifExists);
      return;
    }
    if (what === 'schema') {
      this.dropSchema(name.at(-1) ?? '', ifExists);
      return;
    }
    const table = this.catalog.table(name);
    if (!table || table.kind !== what) {
      if (ifExists) return;
      throw new SqlError(
        3701,
        `Cannot drop the ${what} '${name.join('.')}', because it does not exist or you do not have permission.`,
        11,
        5,
      );
    }
    if (table.isAppendOnly) throw refused('dropping ledger tables');
    this.database.exec(`DROP ${what.toUpperCase()} ${physicalName(table)}`);
    for (const part of ['column', 'index']) this.execute(`DELETE FROM "catalog.${part}" WHERE object_id = ?`, table.id);
    this.execute('DELETE FROM "catalog.object" WHERE id = ?', table.id);
    this.execute('DELETE FROM "catalog.permission" WHERE class = 1 AND major_id = ?', table.id);
  }

  private dropIndex(on: Name, name: string, ifExists: boolean): void {
    const table = this.existing(on);
    const rest = table.indexes.filter((index) => !sameName(index.name, name));
    if (rest.length === table.indexes.length) {
      if (ifExists) return;
      throw new SqlError(
        3701,
        `Cannot drop the index '${on.join('.')}.${name}', because it does not exist or you do not have permission.`,
        11,
        7,
      );
    }
    this.database.exec(`DROP INDEX ${indexName(table, name)}`);
    this.writeIndexes(table.id, rest);
  }

  private dropSchema(name: string, ifExists: boolean): void {
    const schema = this.catalog.schemas.get(name.toLowerCase());
    if (!schema) {
      if (ifExists) return;
      throw new SqlError(
        15_151,
        `Cannot drop the schema '${name}', because it does not exist or you do not have permission.`,
      );
    }
    const inner = this.catalog.tables.find(({ schemaId }) => schemaId === schema.id);
    if (inner)
      throw new SqlError(
        3729,
        `Cannot drop schema '${name}' because it is being referenced by object '${inner.name}'.`,
      );
    this.execute('DELETE FROM "catalog.schema" WHERE id = ?', schema.id);
  }

  existing(name: Name): CatalogTable {
    const table = this.catalog.table(name);
    if (!table)
      throw new SqlError(
        4902,
        `Cannot find the object "${name.join('.')}" because it does not exist or you do not have permissions.`,
      );
    return table;
  }

  private free(name: Name): { schemaId: number; schema: string; name: string } {
    const [schemaName = 'dbo', own = ''] = name.length === 1 ? ['dbo', name[0]] : name.slice(-2);
    const schema = this.catalog.schemas.get(schemaName.toLowerCase());
    if (!schema || schema.id === 3 || schema.id === 4) {
      throw new SqlError(
        2760,
        `The specified schema name "${schemaName}" either does not exist or you do not have permission to use it.`,
      );
    }
    if (own.startsWith('#')) throw refused('temporary tables', 'a common table expression or OPENJSON');
    if (this.catalog.find([schema.name, own])) {
      throw new SqlError(2714, `There is already an object named '${own}' in the database.`, 16, 6);
    }
    return { schemaId: schema.id, schema: schema.name, name: own };
  }

  /** Writes what the catalog says of a table or view, in place of what it said. */
  writeObject(table: CatalogTable, type: 'U ' | 'V ', definition: string | null = null): void {
    this.execute(
      `INSERT INTO "catalog.object" (id, schema_id, name, type, append_only, created, definition, constraints) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET definition = excluded.definition, constraints = excluded.constraints`,
      ...[table.id, table.schemaId, table.name, type, Number(table.isAppendOnly), this.now, definition],
      JSON.stringify(table.constraints),
    );
    this.execute('DELETE FROM "catalog.column" WHERE object_id = ?', table.id);
    for (const [i, column] of table.columns.entries()) {
      const { name, type: of, isNullable, isIdentity, defaultSql, defaultName } = column;
      const flags = [Number(isNullable), Number(isIdentity), defaultSql ?? null, defaultName ?? null];
      this.execute(
        'INSERT INTO "catalog.column" VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        table.id,
        i + 1,
        name,
        JSON.stringify(of),
        ...flags,
      );
    }
  }

  writeIndexes(tableId: number, indexes: readonly CatalogIndex[]): void {
    this.execute('DELETE FROM "catalog.index" WHERE object_id = ?', tableId);
    for (const [i, index] of indexes.entries()) {
      const row = [tableId, i + 1, index.name, Number(index.isUnique), JSON.stringify(index)];
      this.execute('INSERT INTO "catalog.index" VALUES (?, ?, ?, ?, ?)', ...row);
    }
  }

  execute(sql: string, ...values: (string | number | null)[]): void {
    this.database.prepare(sql).run(...values);
  }

  newId(): number {
    const sql = 'UPDATE "catalog.state" SET next_id = next_id + 1 RETURNING next_id';
    return Number(this.database.prepare(sql).get()?.next_id);
  }
}
