import type { ModelTable, SemanticModel } from '../../runtime/powerbi/model';
import type { DashboardQuery, FieldReference } from '../../runtime/powerbi/queries';
import { compareValues, evaluateDax, measureOf } from './dax/evaluate';
import { allRows, filterTable, type Row, union, type VisibleRows } from './dax/rows';
import type { DaxValue } from './dax/syntax';

/** Who asks, and by which roles of the model rows are held back. */
export interface Asker {
  readonly objectId: string;
  /** Undefined: row-level security does not bind them. */
  readonly roles: readonly string[] | undefined;
}

export type Tables = ReadonlyMap<string, readonly Row[]>;

/** Rows of a visual: a value a field, by the field's title. */
export type Answer = readonly Readonly<Record<string, DaxValue>>[];

/** The rows that somebody may see: those that one of their roles shows. */
export function rowsFor(model: SemanticModel, tables: Tables, { objectId, roles }: Asker): VisibleRows {
  const everything = allRows(tables);
  if (roles === undefined) return everything;
  const sets = roles.map((name) => {
    const role = model.roles.find((one) => one.name === name);
    if (!role) throw new Error(`The semantic model has no role '${name}'; it has ${named(model)}.`);
    return Object.entries(role.filters).reduce(
      (seen, [table, filter]) =>
        filterTable(
          seen,
          model.relationships,
          table,
          (values) => evaluateDax(filter, { model, visible: seen, user: objectId, row: { table, values } }) === true,
        ),
      everything,
    );
  });
  return union(sets, tables);
}

function named({ roles }: SemanticModel): string {
  return roles.map(({ name }) => `'${name}'`).join(', ');
}

/** What a visual shows. */
export function answerQuery(model: SemanticModel, visible: VisibleRows, user: string, query: DashboardQuery): Answer {
  const seen = query.filters.reduce(
    (rows, { table, column, isNot, value }) =>
      filterTable(rows, model.relationships, table, (row) => ((row[column] ?? null) === value) !== isNot),
    visible,
  );
  const columns = [...query.fields, ...query.order].filter(({ kind }) => kind === 'column');
  const groups = columns.length === 0 ? [new Map<string, DaxValue>()] : groupsOf(model, seen, columns);
  const answers = groups.map((group) => valuesOf(model, seen, user, group, [...query.fields, ...query.order]));
  // Without a value in any measure there is nothing to show.
  const measures = query.fields.filter(({ kind }) => kind === 'measure').map(keyOf);
  const shown = answers.filter(
    (values) => columns.length === 0 || measures.length === 0 || measures.some((key) => values.get(key) !== null),
  );
  const sorted = shown.sort((a, b) => byOrder(query, a, b));
  return sorted.map((values) =>
    Object.fromEntries(query.fields.map((field) => [field.title, values.get(keyOf(field)) ?? null])),
  );
}

type Values = ReadonlyMap<string, DaxValue>;

function byOrder({ order }: DashboardQuery, a: Values, b: Values): number {
  for (const field of order) {
    const difference = compareForOrder(a.get(keyOf(field)) ?? null, b.get(keyOf(field)) ?? null);
    if (difference !== 0) return field.direction === 'Ascending' ? difference : -difference;
  }
  return 0;
}

/** What is blank comes before everything else. */
function compareForOrder(a: DaxValue, b: DaxValue): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  return compareValues(a, b);
}

/** The different values of the columns, each row of the finest table with those of the rows that it belongs to. */
function groupsOf(
  model: SemanticModel,
  { rows }: VisibleRows,
  columns: readonly FieldReference[],
): Map<string, DaxValue>[] {
  const tables = [...new Set(columns.map(({ table }) => table))];
  const finest = tables.find((table) => tables.every((other) => pathTo(model, table, other) !== undefined));
  if (finest === undefined) throw new Error(`The tables ${tables.join(', ')} have no relationship that joins them.`);
  const groups = new Map<string, Map<string, DaxValue>>();
  for (const row of rows.get(finest) ?? []) {
    const group = new Map(
      columns.map((column) => {
        const related = follow(rows, row, pathTo(model, finest, column.table) ?? []);
        return [keyOf(column), related?.[column.name] ?? null];
      }),
    );
    groups.set(JSON.stringify([...group]), group);
  }
  return [...groups.values()];
}

type Path = readonly { readonly fromColumn: string; readonly toTable: string; readonly toColumn: string }[];

/** From many to one; undefined when there is no such way. */
function pathTo(model: SemanticModel, from: string, to: string): Path | undefined {
  if (from === to) return [];
  for (const one of model.relationships.filter((r) => r.fromTable === from && r.toCardinality === 'one')) {
    const rest = pathTo(model, one.toTable, to);
    if (rest) return [one, ...rest];
  }
  return undefined;
}

function follow(rows: VisibleRows['rows'], row: Row, path: Path): Row | undefined {
  return path.reduce<Row | undefined>(
    (at, { fromColumn, toTable, toColumn }) =>
      at && (rows.get(toTable) ?? []).find((one) => one[toColumn] === at[fromColumn]),
    row,
  );
}

function valuesOf(
  model: SemanticModel,
  seen: VisibleRows,
  user: string,
  group: ReadonlyMap<string, DaxValue>,
  fields: readonly FieldReference[],
): Values {
  const measures = fields.filter(({ kind }) => kind === 'measure');
  if (measures.length === 0) return group;
  const columns = fields.filter(({ kind }) => kind === 'column');
  const visible = columns.reduce(
    (rows, column) =>
      filterTable(rows, model.relationships, column.table, (row) => {
        const [a, b] = [row[column.name] ?? null, group.get(keyOf(column)) ?? null];
        return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
      }),
    seen,
  );
  const context = { model, visible, user, grouped: new Set(columns.map(keyOf)) };
  const measured = measures.map((one) => [keyOf(one), evaluateDax(measureOf(model, one.name), context)] as const);
  return new Map<string, DaxValue>([...group, ...measured]);
}

function keyOf({ table, name }: FieldReference): string {
  return `'${table}'[${name}]`;
}

/** All rows of a table that are seen, with all columns, as the views name them. */
export function visibleTable(visible: VisibleRows, table: ModelTable): readonly Row[] {
  return visible.rows.get(table.name) ?? [];
}
