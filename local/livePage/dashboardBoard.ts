import type { DashboardPatientRow, DashboardTrendRow } from '../../runtime/repository/schema';
import type { DashboardPatient, DashboardSnapshot, FeedSnapshot, TrendPoint } from './snapshot';

/** What the dashboard's queries answer: rows of the views that its identity may read. */
export interface DashboardRows {
  readonly patients: readonly DashboardPatientRow[];
  readonly trend: readonly DashboardTrendRow[];
  readonly feeds: readonly { readonly feed: string; readonly until: Date }[];
}

/** Windows of 5 minutes: four hours. */
const trendPoints = 48;

/** Keeps the last answers of the dashboard's queries, also while these fail. */
export class DashboardBoard {
  private snapshotNow: DashboardSnapshot = { refreshedAt: null, feeds: [], patients: [] };

  /** @param now virtual time, milliseconds since 1970 */
  answered(rows: DashboardRows, now: number): void {
    const trends = trendsOf(rows.trend);
    this.snapshotNow = {
      refreshedAt: iso(now),
      feeds: rows.feeds.map(feedOf).sort((a, b) => (a.feed < b.feed ? -1 : 1)),
      patients: [...rows.patients].sort(byRisk).map((row) => patientOf(row, trends.get(row.patient) ?? [])),
    };
  }

  /** @param fault why, in words */
  failed(fault: string): void {
    this.snapshotNow = { ...this.snapshotNow, fault };
  }

  snapshot(): DashboardSnapshot {
    return this.snapshotNow;
  }
}

function trendsOf(rows: readonly DashboardTrendRow[]): ReadonlyMap<string, TrendPoint[]> {
  const trends = new Map<string, TrendPoint[]>();
  for (const row of rows) {
    const trend = trends.get(row.patient);
    if (trend) trend.push(pointOf(row));
    else trends.set(row.patient, [pointOf(row)]);
  }
  return trends;
}

const compare = new Intl.Collator('en', { numeric: true }).compare;

/** As the page of the report: by risk, then by what the score is at least, then by the patient's id. */
function byRisk(a: DashboardPatientRow, b: DashboardPatientRow): number {
  return a.riskOrder - b.riskOrder || (b.floorTotal ?? -1) - (a.floorTotal ?? -1) || compare(a.patient, b.patient);
}

function patientOf(row: DashboardPatientRow, trend: readonly TrendPoint[]): DashboardPatient {
  return {
    patient: row.patient,
    name: row.displayName,
    recordNumber: row.recordNumber,
    ward: row.wardName,
    careTeam: row.careTeamName ?? row.careTeam,
    isRouted: row.routeSource !== 'default',
    score: scoreOf(row),
    missing: listOf(row.missing),
    notApplicable: listOf(row.notApplicable),
    flag: row.flagLevel as DashboardPatient['flag'],
    flaggedAt: row.flaggedAt && iso(row.flaggedAt),
    dataGap: listOf(row.dataGap),
    lastSampleAt: row.lastSampleAt && iso(row.lastSampleAt),
    changeInHour: row.totalChangeHour,
    trend: [...trend].sort((a, b) => a.time - b.time).slice(-trendPoints),
  };
}

function scoreOf({ floorTotal, ceilingTotal, band, complete }: DashboardPatientRow): DashboardPatient['score'] {
  if (floorTotal === null || ceilingTotal === null || band === null) return null;
  const known = band as NonNullable<DashboardPatient['score']>['band'];
  return { atLeast: floorTotal, atMost: ceilingTotal, band: known, complete };
}

function pointOf({ windowEnd, floorTotal, ceilingTotal }: DashboardTrendRow): TrendPoint {
  return { time: new Date(windowEnd).getTime() / 1000, atLeast: floorTotal, atMost: ceilingTotal };
}

function feedOf({ feed, until }: { readonly feed: string; readonly until: Date }): FeedSnapshot {
  return { feed, until: iso(until) };
}

function listOf(text: string): string[] {
  return text === '' ? [] : text.split(',').map((one) => one.trim());
}

const iso = (time: Date | number) => new Date(time).toISOString();
