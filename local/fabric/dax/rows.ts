import type { ModelRelationship } from '../../../runtime/powerbi/model';
import type { DaxValue } from './syntax';

export type Row = Readonly<Record<string, DaxValue>>;

/** Which rows of each table are seen, and which tables something filters. */
export interface VisibleRows {
  readonly rows: ReadonlyMap<string, readonly Row[]>;
  /** Filters of these tables, direct ones and those that reached them, go on along relationships. */
  readonly filtered: ReadonlySet<string>;
}

export function allRows(tables: ReadonlyMap<string, readonly Row[]>): VisibleRows {
  return { rows: tables, filtered: new Set() };
}

/** Fewer rows of one table, and of those that its filter reaches: from the `to` side of a relationship to its `from` side. */
export function filterTable(
  visible: VisibleRows,
  relationships: readonly ModelRelationship[],
  table: string,
  keep: (row: Row) => boolean,
): VisibleRows {
  const rows = new Map(visible.rows).set(table, (visible.rows.get(table) ?? []).filter(keep));
  const filtered = new Set(visible.filtered).add(table);
  spread(rows, filtered, relationships, table);
  return { rows, filtered };
}

function spread(
  rows: Map<string, readonly Row[]>,
  filtered: Set<string>,
  relationships: readonly ModelRelationship[],
  table: string,
): void {
  for (const { fromTable, fromColumn, toColumn } of relationships.filter(({ toTable }) => toTable === table)) {
    const keys = new Set((rows.get(table) ?? []).map((row) => row[toColumn]));
    rows.set(
      fromTable,
      (rows.get(fromTable) ?? []).filter((row) => keys.has(row[fromColumn] ?? null)),
    );
    filtered.add(fromTable);
    spread(rows, filtered, relationships, fromTable);
  }
}

/** Rows that are seen in one of them. */
export function union(sets: readonly VisibleRows[], tables: ReadonlyMap<string, readonly Row[]>): VisibleRows {
  const rows = [...tables].map(([table, all]) => {
    const seen = new Set(sets.flatMap((set) => set.rows.get(table) ?? []));
    return [table, all.filter((row) => seen.has(row))] as const;
  });
  return { rows: new Map(rows), filtered: new Set(sets.flatMap(({ filtered }) => [...filtered])) };
}
