import { refused } from '../sqlError';
import { parseExpression } from './expressions';
import type { Cursor } from './parser';
import { parseQuery } from './queries';
import type {
  AlterTable,
  ColumnDefinition,
  CreateIndex,
  DefinitionStatement,
  Name,
  Statement,
  TableConstraint,
  TableDefinition,
} from './syntax';

/** What makes and changes schemas, tables, views and indexes. */
export function parseDefinition(c: Cursor): Statement | undefined {
  if (c.skip('CREATE', 'SCHEMA')) {
    const name = c.identifier();
    if (c.skip('AUTHORIZATION') && c.identifier().toLowerCase() !== 'dbo') throw refused('schemas of other owners');
    return { kind: 'createSchema', name };
  }
  if (c.skip('CREATE', 'TABLE')) return createTable(c);
  if (c.is('CREATE', 'VIEW') || c.is('CREATE', 'OR', 'ALTER', 'VIEW') || c.is('ALTER', 'VIEW')) return createView(c);
  if (c.is('CREATE', 'UNIQUE') || c.is('CREATE', 'INDEX') || c.is('CREATE', 'CLUSTERED', 'INDEX'))
    return createIndex(c);
  if (c.is('CREATE', 'NONCLUSTERED', 'INDEX')) return createIndex(c);
  if (c.skip('ALTER', 'TABLE')) return alterTable(c);
  if (c.is('DROP')) return drop(c);
  if (c.is('CREATE') && !c.is('CREATE', 'ROLE') && !c.is('CREATE', 'USER')) throw refused(`CREATE ${c.ahead().upper}`);
  return undefined;
}

function createTable(c: Cursor): DefinitionStatement {
  const table = c.name();
  c.expect('(');
  const definition = elements(c);
  c.expect(')');
  return { kind: 'createTable', table, isAppendOnly: tableOptions(c), ...definition };
}

/** @returns whether rows may only be added */
function tableOptions(c: Cursor): boolean {
  if (!c.skip('WITH', '(')) return false;
  c.expect('LEDGER', '=', 'ON');
  if (!c.is('(')) throw refused('updatable ledger tables', 'LEDGER = ON (APPEND_ONLY = ON)');
  c.expect('(', 'APPEND_ONLY', '=', 'ON');
  if (c.is(',')) throw refused('views of a ledger by another name');
  c.expect(')', ')');
  return true;
}

function elements(c: Cursor): TableDefinition {
  const columns: ColumnDefinition[] = [];
  const constraints: TableConstraint[] = [];
  c.list(() => {
    const constraint = tableConstraint(c);
    if (constraint) constraints.push(constraint);
    else columns.push(column(c, constraints));
  });
  return { columns, constraints };
}

function constraintName(c: Cursor): string | undefined {
  return c.skip('CONSTRAINT') ? c.identifier() : undefined;
}

function tableConstraint(c: Cursor): TableConstraint | undefined {
  const starts = ['CONSTRAINT', 'PRIMARY', 'UNIQUE', 'FOREIGN', 'CHECK'].some((word) => c.is(word));
  if (c.is('INDEX')) throw refused('indexes in CREATE TABLE', 'CREATE INDEX');
  if (c.is('PERIOD')) throw refused('temporal tables');
  if (!starts) return undefined;
  const name = constraintName(c);
  const named = name === undefined ? {} : { name };
  if (c.is('PRIMARY') || c.is('UNIQUE')) {
    const isPrimary = keyWords(c);
    return { kind: 'key', isPrimary, columns: keyColumns(c), ...named };
  }
  if (c.skip('FOREIGN', 'KEY')) return { ...reference(c, c.names()), ...named };
  if (c.skip('CHECK')) return { kind: 'check', sql: parenthesized(c), ...named };
  throw c.unexpected();
}

/** @returns whether the key is the primary one */
function keyWords(c: Cursor): boolean {
  const isPrimary = c.skip('PRIMARY', 'KEY');
  if (!isPrimary) c.expect('UNIQUE');
  if (!c.skip('CLUSTERED')) c.skip('NONCLUSTERED');
  return isPrimary;
}

function keyColumns(c: Cursor): string[] {
  c.expect('(');
  const columns = c.list(() => {
    const column = c.identifier();
    if (!c.skip('ASC')) c.skip('DESC');
    return column;
  });
  c.expect(')');
  return columns;
}

function reference(c: Cursor, columns: readonly string[]): Extract<TableConstraint, { kind: 'reference' }> {
  c.expect('REFERENCES');
  const table = c.name();
  const foreignColumns = c.is('(') ? c.names() : [];
  let onDelete: 'no action' | 'cascade' | 'set null' = 'no action';
  while (c.skip('ON')) {
    const isDelete = c.skip('DELETE');
    if (!isDelete) c.expect('UPDATE');
    const action = c.skip('CASCADE') ? 'cascade' : c.skip('SET', 'NULL') ? 'set null' : undefined;
    if (action === undefined) c.expect('NO', 'ACTION');
    else if (isDelete) onDelete = action;
    else throw refused('ON UPDATE other than NO ACTION');
  }
  return { kind: 'reference', columns, table, foreignColumns, onDelete };
}

function parenthesized(c: Cursor): string {
  return c.sourceOf(() => {
    c.expect('(');
    parseExpression(c);
    c.expect(')');
  });
}

/** Constraints of the column alone are put with those of the table. */
function column(c: Cursor, constraints: TableConstraint[]): ColumnDefinition {
  const name = c.identifier();
  if (c.is('AS')) throw refused('computed columns', 'a view');
  let definition: ColumnDefinition = { name, type: c.type(), isIdentity: false };
  for (;;) {
    const more = columnOption(c, definition, constraints);
    if (!more) return definition;
    definition = more;
  }
}

function columnOption(
  c: Cursor,
  column: ColumnDefinition,
  constraints: TableConstraint[],
): ColumnDefinition | undefined {
  if (c.skip('NOT', 'NULL')) return { ...column, isNullable: false };
  if (c.skip('NULL')) return { ...column, isNullable: true };
  if (c.skip('IDENTITY')) return identity(c, column);
  if (c.skip('COLLATE'))
    return { ...column, type: { ...column.type, isCaseSensitive: isCaseSensitive(c.next().text) } };
  for (const words of [['SPARSE'], ['MASKED'], ['ROWGUIDCOL'], ['GENERATED'], ['ENCRYPTED'], ['HIDDEN']]) {
    if (c.is(...words)) throw refused(`${words[0]} columns`);
  }
  const name = constraintName(c);
  const named = name === undefined ? {} : { name };
  if (c.skip('DEFAULT'))
    return { ...column, defaultSql: defaultSql(c), ...(name !== undefined && { defaultName: name }) };
  if (c.is('PRIMARY') || c.is('UNIQUE')) {
    constraints.push({ kind: 'key', isPrimary: keyWords(c), columns: [column.name], ...named });
    return column;
  }
  if (c.is('REFERENCES') || c.skip('FOREIGN', 'KEY')) {
    constraints.push({ ...reference(c, [column.name]), ...named });
    return column;
  }
  if (c.skip('CHECK')) {
    constraints.push({ kind: 'check', sql: parenthesized(c), ...named });
    return column;
  }
  if (name !== undefined) throw c.unexpected();
  return undefined;
}

function defaultSql(c: Cursor): string {
  return c.sourceOf(() => {
    parseExpression(c);
  });
}

function identity(c: Cursor, column: ColumnDefinition): ColumnDefinition {
  if (c.skip('(')) {
    const seed = c.wholeNumber();
    c.expect(',');
    const step = c.wholeNumber();
    c.expect(')');
    if (seed !== 1 || step !== 1) throw refused(`IDENTITY(${seed},${step})`, 'IDENTITY(1,1)');
  }
  return { ...column, isIdentity: true, isNullable: false };
}

/** @throws SqlError for collations of other rules than case: accents, kana */
export function isCaseSensitive(collation: string): boolean {
  if (/_BIN2?(_UTF8)?$/i.test(collation)) return true;
  if (/^DATABASE_DEFAULT$/i.test(collation)) return false;
  const [, sensitivity] = /_(C[SI])_AS(?:_|$)/i.exec(collation) ?? [];
  if (sensitivity === undefined)
    throw refused(`the collation ${collation}`, 'a collation that ends in _BIN2 or _CI_AS');
  return sensitivity.toUpperCase() === 'CS';
}

function createView(c: Cursor): DefinitionStatement {
  const from = c.token.at;
  const orAlter = c.skip('CREATE', 'OR', 'ALTER') || c.skip('ALTER');
  if (!orAlter) c.expect('CREATE');
  c.expect('VIEW');
  const view = c.name();
  const columns = c.is('(') ? c.names() : [];
  if (c.skip('WITH')) c.expect('SCHEMABINDING');
  c.expect('AS');
  const query = parseQuery(c);
  if (c.is('WITH', 'CHECK')) throw refused('WITH CHECK OPTION');
  return { kind: 'createView', view, columns, query, sql: c.sql.slice(from, c.token.at), orAlter };
}

function createIndex(c: Cursor): CreateIndex {
  c.expect('CREATE');
  const isUnique = c.skip('UNIQUE');
  if (!c.skip('CLUSTERED')) c.skip('NONCLUSTERED');
  c.expect('INDEX');
  const name = c.identifier();
  c.expect('ON');
  const table = c.name();
  c.expect('(');
  const columns = c.list(() => {
    const column = c.identifier();
    const isDescending = c.skip('DESC');
    if (!isDescending) c.skip('ASC');
    return { name: column, isDescending };
  });
  c.expect(')');
  const included = c.skip('INCLUDE') ? c.names() : [];
  const whereSql = c.skip('WHERE') ? defaultSql(c) : undefined;
  if (c.is('WITH', '(')) throw refused('options of an index');
  return { kind: 'createIndex', name, table, isUnique, columns, included, ...(whereSql !== undefined && { whereSql }) };
}

function alterTable(c: Cursor): AlterTable {
  const table = c.name();
  const head = { kind: 'alterTable', table } as const;
  if (c.skip('ADD')) return { ...head, action: 'add', ...elements(c) };
  if (c.skip('ALTER', 'COLUMN')) {
    const name = c.identifier();
    const type = c.type();
    const sensitive = c.skip('COLLATE') ? { isCaseSensitive: isCaseSensitive(c.next().text) } : {};
    const isNullable = !c.skip('NOT', 'NULL');
    if (isNullable) c.skip('NULL');
    return { ...head, action: 'alterColumn', column: name, type: { ...type, ...sensitive }, isNullable };
  }
  c.expect('DROP');
  if (c.skip('COLUMN')) {
    const ifExists = c.skip('IF', 'EXISTS');
    return { ...head, action: 'dropColumn', columns: c.list(() => c.identifier()), ifExists };
  }
  c.skip('CONSTRAINT');
  const ifExists = c.skip('IF', 'EXISTS');
  return { ...head, action: 'dropConstraint', name: c.identifier(), ifExists };
}

function drop(c: Cursor): DefinitionStatement {
  c.expect('DROP');
  const what = c.next().upper.toLowerCase();
  const known = ['table', 'view', 'index', 'schema', 'role', 'user'] as const;
  const kind = known.find((k) => k === what);
  if (!kind) throw refused(`DROP ${what.toUpperCase()}`);
  const ifExists = c.skip('IF', 'EXISTS');
  const names: Name[] = c.list(() => c.name());
  const onTable = kind === 'index' && c.skip('ON') ? c.name() : undefined;
  return { kind: 'drop', what: kind, names, ifExists, ...(onTable && { onTable }) };
}
