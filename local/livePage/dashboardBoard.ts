import type { DashboardQuery } from '../../runtime/powerbi/queries';
import type { DashboardPatient, DashboardSnapshot, FeedSnapshot, TrendPoint } from './snapshot';

/** A visual of the report with what it was answered: a value a field, by the field's title. */
export interface AnsweredVisual extends DashboardQuery {
  readonly rows: readonly Readonly<Record<string, VisualValue>>[];
}

export type VisualValue = string | number | boolean | Date | null;

/** Windows of 5 minutes: four hours. */
const trendPoints = 48;

/** Keeps what the report's own visuals were answered last, also while their queries fail. */
export class DashboardBoard {
  private latest: DashboardSnapshot = { refreshedAt: null, cards: [], risks: [], feeds: [], patients: [] };

  /**
   * @param now virtual time, milliseconds since 1970
   * @throws Error when the report lacks a visual that is drawn
   */
  answered(visuals: readonly AnsweredVisual[], now: number): void {
    const rowsOf = (name: string) => namedRows(visuals, name);
    const trends = trendsOf(rowsOf('windows'));
    const [firstPage] = visuals.map(({ page }) => page);
    const cards = visuals.filter(({ visualType, page }) => visualType === 'card' && page === firstPage);
    this.latest = {
      refreshedAt: iso(now),
      cards: cards.map(({ title, rows }) => ({
        title,
        value: String(Object.values(rows[0] ?? {})[0] ?? ''),
      })),
      risks: rowsOf('byRisk').map((row) => ({ risk: text(row.currentRisk), patients: Number(row.Patients) })),
      feeds: rowsOf('feeds')
        .map(feedOf)
        .sort((a, b) => (a.feed < b.feed ? -1 : 1)),
      patients: rowsOf('patientTable').map((row) => patientOf(row, trends.get(text(row.label)) ?? [])),
    };
  }

  /** @param fault why, in words */
  failed(fault: string): void {
    this.latest = { ...this.latest, fault };
  }

  snapshot(): DashboardSnapshot {
    return this.latest;
  }
}

type NamedRow = Readonly<Record<string, VisualValue>>;

/** By the names of columns and measures, since titles are for people. */
function namedRows(visuals: readonly AnsweredVisual[], name: string): NamedRow[] {
  const visual = visuals.find((one) => one.visual === name);
  if (visual === undefined) throw new Error(`the report has no visual "${name}"`);
  const { fields, rows } = visual;
  return rows.map((row) => Object.fromEntries(fields.map((field) => [field.name, row[field.title] ?? null])));
}

function trendsOf(rows: readonly NamedRow[]): ReadonlyMap<string, TrendPoint[]> {
  const trends = new Map<string, TrendPoint[]>();
  for (const row of rows) {
    const label = text(row.label);
    const trend = trends.get(label);
    if (trend) trend.push(pointOf(row));
    else trends.set(label, [pointOf(row)]);
  }
  return trends;
}

function patientOf(row: NamedRow, trend: readonly TrendPoint[]): DashboardPatient {
  return {
    label: text(row.label),
    ward: text(row.wardName),
    careTeam: text(row.careTeamName),
    risk: text(row.risk),
    score: text(row.score),
    changeInHour: numberOf(row.totalChangeHour),
    flag: row.flagLevel === null ? null : text(row.flagLevel),
    flaggedAt: timeOf(row.flaggedAt),
    missing: listOf(row.missing),
    dataGap: listOf(row.dataGap),
    dataState: text(row.dataState),
    lastSampleAt: timeOf(row.lastSampleAt),
    trend: [...trend].sort((a, b) => a.time - b.time).slice(-trendPoints),
  };
}

function pointOf({ windowEnd, floorTotal, ceilingTotal }: NamedRow): TrendPoint {
  const time = new Date(timeOf(windowEnd) ?? 0).getTime() / 1000;
  return { time, atLeast: numberOf(floorTotal), atMost: numberOf(ceilingTotal) };
}

function feedOf({ feed, until, behindSeconds }: NamedRow): FeedSnapshot {
  return { feed: text(feed), until: timeOf(until) ?? iso(0), behindSeconds: numberOf(behindSeconds) ?? 0 };
}

const text = (value: VisualValue | undefined) => String(value ?? '');
const numberOf = (value: VisualValue | undefined) => (typeof value === 'number' ? value : null);
const timeOf = (value: VisualValue | undefined) => (value instanceof Date ? iso(value) : null);

function listOf(value: VisualValue | undefined): string[] {
  return text(value)
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

const iso = (time: Date | number) => new Date(time).toISOString();
