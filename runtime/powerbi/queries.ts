import type { ItemParts } from './source';

/** What one visual of the report asks the semantic model. */
export interface DashboardQuery {
  readonly page: string;
  readonly pageTitle: string;
  readonly visual: string;
  readonly title: string;
  /** Power BI's name of the kind of visual, as `card`, `tableEx`, `lineChart`. */
  readonly visualType: string;
  readonly fields: readonly QueryField[];
  readonly filters: readonly QueryFilter[];
  readonly order: readonly (FieldReference & { readonly direction: 'Ascending' | 'Descending' })[];
}

export interface FieldReference {
  readonly kind: 'column' | 'measure';
  readonly table: string;
  readonly name: string;
}

export interface QueryField extends FieldReference {
  /** Where the visual puts it, as `Values`, `Category`, `Y`. */
  readonly well: string;
  readonly title: string;
}

/** A column that is equal to a value, or is not. */
export interface QueryFilter {
  readonly table: string;
  readonly column: string;
  readonly isNot: boolean;
  readonly value: string | number | boolean | null;
}

interface PageFile {
  readonly name: string;
  readonly displayName: string;
}

interface VisualFile {
  readonly name: string;
  readonly visual: {
    readonly visualType: string;
    readonly query: {
      readonly queryState: Readonly<Record<string, { readonly projections: readonly ProjectionFile[] }>>;
      readonly sortDefinition?: { readonly sort: readonly SortFile[] };
    };
    readonly visualContainerObjects?: {
      readonly title?: readonly { readonly properties: { readonly text?: Literal } }[];
    };
  };
  readonly filterConfig?: { readonly filters: readonly FilterFile[] };
}

interface ProjectionFile {
  readonly field: Field;
  readonly queryRef: string;
  readonly displayName?: string;
}

interface SortFile {
  readonly field: Field;
  readonly direction: 'Ascending' | 'Descending';
}

interface FilterFile {
  readonly name: string;
  readonly filter: {
    readonly From: readonly { readonly Name: string; readonly Entity: string }[];
    readonly Where: readonly { readonly Condition: Condition }[];
  };
}

interface Reference {
  readonly Expression: { readonly SourceRef: { readonly Entity?: string; readonly Source?: string } };
  readonly Property: string;
}

interface Field {
  readonly Column?: Reference;
  readonly Measure?: Reference;
}

interface Literal {
  readonly expr: { readonly Literal: { readonly Value: string } };
}

interface Condition {
  readonly Not?: { readonly Expression: Condition };
  readonly Comparison?: {
    readonly ComparisonKind: number;
    readonly Left: Field;
    readonly Right: { readonly Literal: { readonly Value: string } };
  };
}

/**
 * The report's questions, in the order of its pages and visuals, from its files (PBIR): whoever draws the dashboard elsewhere
 * asks these and no others.
 * @throws Error in one sentence for a visual that asks in another way than this project's do
 */
export function dashboardQueries(report: ItemParts): readonly DashboardQuery[] {
  const { pageOrder } = JSON.parse(report['definition/pages/pages.json'] ?? '') as { pageOrder: readonly string[] };
  return pageOrder.flatMap((page) => {
    const folder = `definition/pages/${page}`;
    const { displayName } = JSON.parse(report[`${folder}/page.json`] ?? '') as PageFile;
    const files = Object.keys(report).filter((path) => path.startsWith(`${folder}/visuals/`));
    const visuals = files.map((path) => JSON.parse(report[path] ?? '') as VisualFile & Placed).sort(byTabOrder);
    return visuals.map((file) => queryOf(page, displayName, file));
  });
}

interface Placed {
  readonly position: { readonly tabOrder?: number };
}

const byTabOrder = (a: Placed, b: Placed) => (a.position.tabOrder ?? 0) - (b.position.tabOrder ?? 0);

function queryOf(page: string, pageTitle: string, { name, visual, filterConfig }: VisualFile): DashboardQuery {
  const { queryState, sortDefinition } = visual.query;
  const text = visual.visualContainerObjects?.title?.[0]?.properties.text?.expr.Literal.Value;
  return {
    page,
    pageTitle,
    visual: name,
    title: String(text === undefined ? name : literal(text)),
    visualType: visual.visualType,
    fields: Object.entries(queryState).flatMap(([well, { projections }]) =>
      projections.map(({ field, queryRef, displayName }) => {
        return { well, ...referenceOf(name, field), title: displayName ?? queryRef };
      }),
    ),
    filters: (filterConfig?.filters ?? []).flatMap((one) => filtersOf(name, one)),
    order: (sortDefinition?.sort ?? []).map(({ field, direction }) => ({ ...referenceOf(name, field), direction })),
  };
}

function referenceOf(visual: string, { Column, Measure }: Field, entities: ReadonlyMap<string, string> = new Map()) {
  const reference = Column ?? Measure;
  const { Entity, Source = '' } = reference?.Expression.SourceRef ?? {};
  const table = Entity ?? entities.get(Source);
  if (reference === undefined || table === undefined) {
    throw new Error(`The visual ${visual} asks for something that is neither a column nor a measure of a table.`);
  }
  return { kind: Column === undefined ? ('measure' as const) : ('column' as const), table, name: reference.Property };
}

function filtersOf(visual: string, { name, filter }: FilterFile): QueryFilter[] {
  const entities = new Map(filter.From.map(({ Name, Entity }) => [Name, Entity]));
  return filter.Where.map(({ Condition }) => {
    const { Comparison } = Condition.Not?.Expression ?? Condition;
    if (Comparison?.ComparisonKind !== 0) {
      throw new Error(
        `The filter ${name} of the visual ${visual} must ask whether a column equals a value, or does not.`,
      );
    }
    const { table, name: column } = referenceOf(visual, Comparison.Left, entities);
    return { table, column, isNot: Condition.Not !== undefined, value: literal(Comparison.Right.Literal.Value) };
  });
}

/** `null`, `true`, `'a text'`, `24L`, `2.4D` (semantic query, literals). */
function literal(value: string): string | number | boolean | null {
  if (value === 'null') return null;
  if (value === 'true' || value === 'false') return value === 'true';
  const text = /^'(.*)'$/s.exec(value)?.[1];
  return text === undefined ? Number(value.replace(/[LDM]$/, '')) : text.replaceAll("''", "'");
}
