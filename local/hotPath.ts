import type { LocalCloud } from './cloud';
import type { Resources } from './contracts';
import { deployer } from './identity/principals';
import type { AnsweredVisual } from './livePage/dashboardBoard';
import type { ShownWindow } from './livePage/latencyBoard';

/** Where the hot path of a stack writes. */
export interface LocalHotPath {
  /** ARM id of the repository's database; undefined without one. */
  readonly databaseId: string | undefined;
}

/** Undefined where nobody is there to write the windows down: told by the consumer group that it reads `scored` with. */
export function hotPathOf(resources: Resources): LocalHotPath | undefined {
  const groups = resources.list('eventhub:ConsumerGroup');
  if (!groups.some(({ id }) => id.endsWith('/ml-output-fhir'))) return undefined;
  const databases = resources.list('sql:Database').filter(({ id }) => !id.endsWith('/master'));
  return { databaseId: databases[0]?.id };
}

/**
 * What the visuals of the dashboard's report show, asked by who may see all of it.
 * @throws Error in words for people
 */
export async function askDashboard({ fabric }: LocalCloud): Promise<readonly AnsweredVisual[]> {
  const [dashboard] = fabric.dashboards();
  if (dashboard === undefined) throw new Error('no report is deployed');
  return fabric.draw(dashboard.reportId, { objectId: deployer.objectId });
}

const writtenSql = `SELECT lastSampleAt, scoredAt, writtenAt FROM "care.scoredWindow"
  WHERE hot = 1 AND corrected = 0 AND lastSampleAt IS NOT NULL AND writtenAt >= ?`;

/** Windows whose row was written since; those that correct an earlier one are old by design. */
export function writtenWindows(
  { sqlServers }: LocalCloud,
  databaseId: string,
  since: number,
): Omit<ShownWindow, 'shownAt'>[] {
  const rows = sqlServers.read(databaseId, writtenSql, since) as unknown as Omit<ShownWindow, 'shownAt'>[];
  return rows.map(({ lastSampleAt, scoredAt, writtenAt }) => ({ lastSampleAt, scoredAt, writtenAt }));
}

/** Windows that the repository has; 0 before its tables are made. */
export function countRows({ sqlServers }: LocalCloud, databaseId: string): number {
  const [table] = sqlServers.read(databaseId, `SELECT 1 FROM sqlite_schema WHERE name = 'care.scoredWindow'`);
  if (table === undefined) return 0;
  const [row] = sqlServers.read(databaseId, 'SELECT COUNT(*) AS windows FROM "care.scoredWindow"');
  return Number(row?.windows);
}
