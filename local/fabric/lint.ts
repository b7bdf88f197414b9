import type { ModelTable, SemanticModel } from '../../runtime/powerbi/model';
import type { DashboardQuery } from '../../runtime/powerbi/queries';
import { type Dax, parseDax, within } from './dax/syntax';

/** What is wrong with a model in itself, a sentence each. */
export function modelProblems(model: SemanticModel): string[] {
  return [
    ...doubles(model),
    ...model.tables.flatMap((table) => formulaProblems(model, table)),
    ...relationshipProblems(model),
    ...roleProblems(model),
  ];
}

function doubles({ tables, roles }: SemanticModel): string[] {
  const measures = tables.flatMap((table) => table.measures.map(({ name }) => `the measure [${name}]`));
  const columns = tables.flatMap(({ name, columns: all }) =>
    all.map((column) => `the column '${name}'[${column.name}]`),
  );
  const names = [...measures, ...columns, ...[...tables, ...roles].map(({ name }) => `the table or role ${name}`)];
  return names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${name} is there twice.`);
}

/** Formulas are DAX that the local cloud knows, and speak of what the model has. */
function formulaProblems(model: SemanticModel, { name, columns, measures }: ModelTable): string[] {
  const calculated = columns.filter(({ expression }) => expression !== undefined);
  return [
    ...calculated.flatMap((one) => daxProblems(model, `'${name}'[${one.name}]`, one.expression ?? '', name)),
    ...measures.flatMap((one) => daxProblems(model, `[${one.name}]`, one.expression)),
  ];
}

/** @param rowOf table of whose rows it speaks; a measure speaks of none */
function daxProblems(model: SemanticModel, what: string, source: string, rowOf?: string): string[] {
  let dax: Dax;
  try {
    dax = parseDax(source);
  } catch (error) {
    return [`${what}: ${error instanceof Error ? error.message : String(error)}`];
  }
  return [...within(dax)].flatMap((one) => {
    if (one.kind === 'measure')
      return hasMeasure(model, one.name) ? [] : [`${what} uses the measure [${one.name}], which is none.`];
    if (one.kind === 'table')
      return tableOf(model, one.table) ? [] : [`${what} uses the table '${one.table}', which is none.`];
    if (one.kind !== 'column') return [];
    const known = hasColumn(model, one.table, one.column);
    if (!known) return [`${what} uses the column '${one.table}'[${one.column}], which is none.`];
    return rowOf === undefined || one.table === rowOf
      ? []
      : [`${what} uses a column of another table, '${one.table}'.`];
  });
}

function relationshipProblems(model: SemanticModel): string[] {
  return model.relationships.flatMap(({ name, fromTable, fromColumn, toTable, toColumn }) => {
    const ends = [
      [fromTable, fromColumn],
      [toTable, toColumn],
    ] as const;
    return ends
      .filter(([table, column]) => !hasColumn(model, table, column))
      .map(([table, column]) => `The relationship ${name} ends at '${table}'[${column}], which is none.`);
  });
}

/** A role that filters anything leaves no rows of patients unfiltered: each table of theirs is reached by a filter. */
function roleProblems(model: SemanticModel): string[] {
  return model.roles.flatMap(({ name, filters }) => {
    const filtered = Object.keys(filters);
    const formulas = Object.entries(filters).flatMap(([table, filter]) =>
      daxProblems(model, `The filter of ${table} in the role ${name}`, filter, table),
    );
    if (filtered.length === 0) return formulas;
    const reached = reachedFrom(model, filtered);
    const open = model.tables.filter((table) => holdsPatients(table) && !reached.has(table.name));
    return [
      ...formulas,
      ...open.map((table) => `The role ${name} filters '${table.name}' by nothing, and it has rows of patients.`),
    ];
  });
}

/** Filters go from the `to` side of a relationship to its `from` side. */
function reachedFrom({ relationships }: SemanticModel, tables: readonly string[]): Set<string> {
  const reached = new Set(tables);
  // A Set's iterator also visits what is added while it runs.
  for (const table of reached) {
    for (const { fromTable } of relationships.filter(({ toTable }) => toTable === table)) reached.add(fromTable);
  }
  return reached;
}

function holdsPatients({ columns }: ModelTable): boolean {
  return columns.some(({ name }) => name === 'patient');
}

/** Whether every visual asks for what the model has. */
export function queryProblems(model: SemanticModel, queries: readonly DashboardQuery[]): string[] {
  return queries.flatMap(({ page, visual, fields, order, filters }) => {
    const columns = filters.map(({ table, column: name }) => ({ kind: 'column' as const, table, name }));
    return [...fields, ...order, ...columns]
      .filter(({ kind, table, name }) =>
        kind === 'column' ? !hasColumn(model, table, name) : !hasMeasureIn(tableOf(model, table), name),
      )
      .map(
        ({ kind, table, name }) =>
          `The visual ${page}/${visual} asks for the ${kind} '${table}'[${name}], which is none.`,
      );
  });
}

function tableOf({ tables }: SemanticModel, name: string): ModelTable | undefined {
  return tables.find((table) => table.name === name);
}

function hasColumn(model: SemanticModel, table: string, column: string): boolean {
  return tableOf(model, table)?.columns.some(({ name }) => name === column) ?? false;
}

function hasMeasure({ tables }: SemanticModel, name: string): boolean {
  return tables.some((table) => hasMeasureIn(table, name));
}

function hasMeasureIn(table: ModelTable | undefined, name: string): boolean {
  return table?.measures.some((measure) => measure.name === name) ?? false;
}
