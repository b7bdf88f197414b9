import type { ItemParts } from './source';

/** What of a semantic model (TMSL, model.bim) says which rows there are, and who sees which. */
export interface SemanticModel {
  /** Texts of the model's parameters, by name. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly tables: readonly ModelTable[];
  readonly relationships: readonly ModelRelationship[];
  readonly roles: readonly ModelRole[];
}

export interface ModelTable {
  readonly name: string;
  readonly columns: readonly ModelColumn[];
  readonly measures: readonly { readonly name: string; readonly expression: string }[];
  readonly source: TableSource;
}

export interface ModelColumn {
  readonly name: string;
  /** `string`, `int64`, `double`, `boolean`, `dateTime`. */
  readonly dataType: string;
  /** Column of the view; undefined for a calculated one. */
  readonly sourceColumn?: string;
  /** DAX of a calculated column. */
  readonly expression?: string;
}

/** What a table reads: a view, and those of its rows whose column equals a parameter, or also those where it says nothing. */
export interface TableSource {
  readonly server: string;
  readonly database: string;
  readonly schema: string;
  readonly view: string;
  readonly filter?: { readonly column: string; readonly value: string; readonly orEmpty: boolean };
}

/** A filter goes from `to` to `from`. */
export interface ModelRelationship {
  readonly name: string;
  readonly fromTable: string;
  readonly fromColumn: string;
  readonly toTable: string;
  readonly toColumn: string;
  readonly toCardinality: 'one' | 'many';
}

export interface ModelRole {
  readonly name: string;
  /** DAX by table: rows for which it is true. */
  readonly filters: Readonly<Record<string, string>>;
}

interface ModelFile {
  readonly model: {
    readonly expressions?: readonly { readonly name: string; readonly expression: Text }[];
    readonly tables: readonly TableFile[];
    readonly relationships?: readonly (Omit<ModelRelationship, 'toCardinality'> & {
      readonly toCardinality?: 'one' | 'many';
    })[];
    readonly roles?: readonly {
      readonly name: string;
      readonly tablePermissions?: readonly { readonly name: string; readonly filterExpression: Text }[];
    }[];
  };
}

interface TableFile {
  readonly name: string;
  readonly columns: readonly (Omit<ModelColumn, 'expression'> & { readonly expression?: Text })[];
  readonly measures?: readonly { readonly name: string; readonly expression: Text }[];
  readonly partitions: readonly { readonly mode: string; readonly source: { readonly expression: Text } }[];
}

/** TMSL has texts of several lines as one text or as a list. */
type Text = string | readonly string[];

/**
 * Reads a model that queries its source (DirectQuery).
 * @throws Error in one sentence for a table that reads in another way than this project's do
 */
export function readModel(parts: ItemParts): SemanticModel {
  const { model } = JSON.parse(parts['model.bim'] ?? '') as ModelFile;
  const parameters = Object.fromEntries(
    (model.expressions ?? []).map(({ name, expression }) => [name, textOf(joined(expression))]),
  );
  return {
    parameters,
    tables: model.tables.map((table) => tableOf(table, parameters)),
    relationships: (model.relationships ?? []).map((one) => ({ ...one, toCardinality: one.toCardinality ?? 'one' })),
    roles: (model.roles ?? []).map(({ name, tablePermissions = [] }) => ({
      name,
      filters: Object.fromEntries(tablePermissions.map((one) => [one.name, joined(one.filterExpression)])),
    })),
  };
}

function tableOf(table: TableFile, parameters: SemanticModel['parameters']): ModelTable {
  const [partition] = table.partitions;
  if (table.partitions.length !== 1 || partition?.mode !== 'directQuery') {
    throw new Error(`The table ${table.name} must have one partition in DirectQuery mode.`);
  }
  return {
    name: table.name,
    columns: table.columns.map(({ expression, ...column }) => ({
      ...column,
      ...(expression === undefined ? {} : { expression: joined(expression) }),
    })),
    measures: (table.measures ?? []).map(({ name, expression }) => ({ name, expression: joined(expression) })),
    source: sourceOf(table.name, joined(partition.source.expression), parameters),
  };
}

/** The one form in which tables of this project read: a view of `Sql.Database`, and a column equal to a parameter. */
const navigation = new RegExp(
  [
    /^let Source = Sql\.Database\((\w+), (\w+)\),/,
    /View = Source\{\[Schema = "(\w+)", Item = "(\w+)"\]\}\[Data\]/,
    /(?:, (?<step>\w+) = Table\.SelectRows\(View, each \[(?<column>\w+)\] = (\w+)(?<orNone> or \[\k<column>\] = "")?\))?/,
    /in (?<result>\w+)$/,
  ]
    .map(({ source }) => source)
    .join(' ?'),
);

function sourceOf(table: string, expression: string, parameters: SemanticModel['parameters']): TableSource {
  const match = navigation.exec(expression.replace(/\s+/g, ' ').trim());
  const { step, result, orNone } = match?.groups ?? {};
  if (!match || result !== (step ?? 'View')) {
    throw new Error(
      `The table ${table} must read a view of Sql.Database, with at most one column equal to a parameter.`,
    );
  }
  const [, server = '', database = '', schema = '', view = '', , column, parameter] = match;
  const parameterValue = (name: string) => {
    const value = parameters[name];
    if (value === undefined) throw new Error(`The table ${table} reads the parameter ${name}, which does not exist.`);
    return value;
  };
  const filter =
    column === undefined
      ? {}
      : { filter: { column, value: parameterValue(parameter ?? ''), orEmpty: orNone !== undefined } };
  return { server: parameterValue(server), database: parameterValue(database), schema, view, ...filter };
}

/** The text of a parameter's M expression. */
function textOf(expression: string): string {
  return (/^"((?:[^"]|"")*)"/.exec(expression)?.[1] ?? '').replaceAll('""', '"');
}

function joined(text: Text): string {
  return typeof text === 'string' ? text : text.join('\n');
}
