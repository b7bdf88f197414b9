import type { EpisodeEnd, EpisodeKind } from './episodes';
import { type EpisodeRead, type WindowRowRead, windowKey } from './hotPath';

/** Reads what is committed: `SqlServers.read`. Times are milliseconds since 1970. */
export type ReadSql = (sql: string) => readonly Record<string, unknown>[];

const windowSql = `SELECT patient, windowStart, windowEnd, revision, total, band, flagLevel FROM "care.scoredWindow"`;
const episodeSql = `SELECT patient, kind, since, raisedAt, level, vitals, endedAt, endReason FROM "care.episode"`;

interface WindowRow {
  readonly patient: string;
  readonly windowStart: number;
  readonly windowEnd: number;
  readonly revision: number;
  readonly total: number | null;
  readonly band: string | null;
  readonly flagLevel: string | null;
}

interface EpisodeRow {
  readonly patient: string;
  readonly kind: EpisodeKind;
  readonly since: number;
  readonly raisedAt: number;
  readonly level: EpisodeRead['level'];
  readonly vitals: string;
  readonly endedAt: number | null;
  readonly endReason: EpisodeEnd | null;
}

/** What the repository holds; nothing where its tables have not been made yet. */
export function readRepository(read: ReadSql): { windows: WindowRowRead[]; episodes: EpisodeRead[] } {
  const tables = read(`SELECT name FROM sqlite_schema WHERE name IN ('care.scoredWindow', 'care.episode')`);
  if (tables.length < 2) return { windows: [], episodes: [] };
  return {
    windows: (read(windowSql) as unknown as WindowRow[]).map(windowOf),
    episodes: (read(episodeSql) as unknown as EpisodeRow[]).map(episodeOf),
  };
}

function windowOf({ patient, windowStart, windowEnd, ...rest }: WindowRow): WindowRowRead {
  return { key: windowKey(patient, windowStart, windowEnd), ...rest };
}

function episodeOf({ vitals, endedAt, endReason, ...rest }: EpisodeRow): EpisodeRead {
  return {
    ...rest,
    vitals: vitals.split(',').flatMap((one) => (one.trim() === '' ? [] : [one.trim()])),
    ended: endedAt === null || endReason === null ? null : { time: endedAt, reason: endReason },
  };
}
