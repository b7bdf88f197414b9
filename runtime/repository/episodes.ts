import type { Insertable, Selectable } from 'kysely';
import type { Vital } from '../contracts/scoringSource';
import type { Episode, EpisodeEnd, EpisodeKind } from '../hotPath/episodes';
import type { AuditEntry } from './audit';
import { chunks, Overtaken } from './chunks';
import type { RepositoryDatabase } from './connection';
import { databaseTime } from './databaseTime';
import { grouped } from './grouped';
import type { EpisodeChange } from './port';
import type { EpisodeRow } from './schema';

type EpisodeName = Pick<Episode, 'patient' | 'kind' | 'since'>;

export async function readEpisodes(
  db: RepositoryDatabase,
  patients: readonly string[],
  from: number,
  named: readonly EpisodeName[],
): Promise<readonly Episode[]> {
  const found: Episode[] = [];
  for (const some of chunks([...new Set(patients)], 1)) {
    const rows = await db
      .selectFrom('care.episode')
      .selectAll()
      .where('patient', 'in', some)
      .where((where) => where.or([where('endedAt', 'is', null), where('changedBy', '>=', new Date(from))]))
      .execute();
    found.push(...rows.map(episodeOf));
  }
  const nameOf = ({ patient, kind, since }: EpisodeName) => `${patient} ${kind} ${since}`;
  const known = new Set(found.map(nameOf));
  const others = new Map(named.map((name) => [nameOf(name), name]));
  for (const name of known) others.delete(name);
  for (const some of chunks([...others.values()], 3)) found.push(...(await readNamed(db, some)));
  return found;
}

async function readNamed(db: RepositoryDatabase, names: readonly EpisodeName[]): Promise<readonly Episode[]> {
  const rows = await db
    .selectFrom('care.episode')
    .selectAll()
    .where((where) =>
      where.or(
        [...grouped(names, ({ kind, since }) => `${kind} ${since}`).values()].map((group) => {
          const { kind, since } = group[0] as EpisodeName;
          const patients = group.map(({ patient }) => patient);
          return where.and({ kind, since: new Date(since) }).and('patient', 'in', patients);
        }),
      ),
    )
    .execute();
  return rows.map(episodeOf);
}

const parametersOfRow = 9;

/**
 * Writes what is another one than before. What ends goes first, since one of a kind stands.
 * @throws Overtaken when one is not as it was read; the unique keys' error when somebody else began one
 */
export async function writeEpisodes(db: RepositoryDatabase, changes: readonly EpisodeChange[]): Promise<void> {
  const known = changes.filter(({ before }) => before !== null);
  const ending = known.filter(({ after }) => after.ended !== null);
  const lasting = known.filter(({ after }) => after.ended === null);
  for (const some of [ending, lasting])
    for (const alike of grouped(some, whatChanges).values())
      for (const patients of chunks(alike, 1)) await replace(db, patients);
  const begun = changes.filter(({ before }) => before === null).map(({ after }) => after);
  for (const some of chunks(begun, parametersOfRow))
    await db.insertInto('care.episode').values(some.map(rowOf)).execute();
}

/** What a change is, whoever the patient: a ward's episodes end together. */
function whatChanges({ before, after }: EpisodeChange): string {
  return JSON.stringify([before, after].map((episode) => episode && { ...rowOf(episode), patient: '' }));
}

/**
 * The same change of several patients' episodes.
 * @throws Overtaken when one is not as it was read
 */
async function replace(db: RepositoryDatabase, changes: readonly EpisodeChange[]): Promise<void> {
  const [{ before, after }] = changes as readonly [EpisodeChange];
  const old = rowOf(before as Episode);
  const { patient: _patient, kind: _kind, since: _since, raisedAt: _raisedAt, ...content } = rowOf(after);
  const patients = changes.map((change) => change.after.patient);
  const { numUpdatedRows } = await db
    .updateTable('care.episode')
    .set({ ...content, writtenAt: databaseTime })
    .where('patient', 'in', patients)
    .where('kind', '=', old.kind)
    .where('since', '=', old.since)
    .where('changedBy', '=', old.changedBy)
    .where('vitals', '=', old.vitals)
    .where('level', old.level == null ? 'is' : '=', old.level ?? null)
    .where('endedAt', old.endedAt == null ? 'is' : '=', old.endedAt ?? null)
    .executeTakeFirst();
  if (numUpdatedRows < BigInt(patients.length)) throw new Overtaken();
}

function rowOf({ patient, kind, since, raisedAt, level, vitals, changedBy, ended }: Episode): Insertable<EpisodeRow> {
  return {
    ...{ patient, kind, level, since: new Date(since), raisedAt: new Date(raisedAt) },
    ...{ vitals: vitals.join(), changedBy: new Date(changedBy) },
    ...{ endedAt: ended && new Date(ended.time), endReason: ended?.reason ?? null },
  };
}

function episodeOf(row: Selectable<EpisodeRow>): Episode {
  return {
    patient: row.patient,
    kind: row.kind as EpisodeKind,
    since: row.since.getTime(),
    raisedAt: row.raisedAt.getTime(),
    level: row.level as Episode['level'],
    vitals: row.vitals === '' ? [] : (row.vitals.split(',') as Vital[]),
    changedBy: row.changedBy.getTime(),
    ended: row.endedAt && { time: row.endedAt.getTime(), reason: row.endReason as EpisodeEnd },
  };
}

/** What people must be able to look up later: not each window that kept an episode as it was. */
export function episodeEntries({ before, after }: EpisodeChange): readonly AuditEntry[] {
  const { patient, kind, since, level, vitals, ended } = after;
  const entry = (action: AuditEntry['action'], detail: AuditEntry['detail']): AuditEntry => ({
    ...{ action, patient },
    detail: { kind, since: new Date(since).toISOString(), ...detail },
  });
  const state: AuditEntry['detail'] = kind === 'data-gap' ? { vitals: vitals.join() } : { level };
  const stood = before !== null && before.ended === null;
  const isOther = before !== null && (before.level !== level || before.vitals.join() !== vitals.join());
  return [
    ...(before === null || (!stood && ended === null) ? [entry('episode.raised', state)] : []),
    ...(stood && isOther ? [entry('episode.changed', state)] : []),
    ...(ended !== null && (stood || before === null) ? [entry('episode.ended', { reason: ended.reason })] : []),
  ];
}
