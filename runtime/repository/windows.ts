import type { ScoredWindow } from '../contracts/scored';
import { chunks, Overtaken } from './chunks';
import type { RepositoryDatabase } from './connection';
import { databaseTime } from './databaseTime';
import { grouped } from './grouped';
import type { DueWindow } from './port';
import { windowRow } from './windowRow';

type WindowKey = Pick<ScoredWindow, 'patient' | 'horizon' | 'start'>;

/** The name of a window, whatever its revision. */
export const windowKey = ({ patient, horizon, start }: WindowKey) => `${patient} ${horizon} ${start}`;

/** Patient, horizon and start; the latter two once for those that have them in common. */
const parametersOfKey = 3;

/** Revisions that are there, in the order of the windows; 0: none. */
export async function readRevisions(db: RepositoryDatabase, windows: readonly WindowKey[]): Promise<readonly number[]> {
  const keys = new Map(windows.map((window) => [windowKey(window), window]));
  const revisions = new Map<string, number>();
  for (const some of chunks([...keys.values()], parametersOfKey)) {
    for (const { patient, horizon, windowStart, revision } of await rowsOf(db, some))
      revisions.set(windowKey({ patient, horizon, start: windowStart.getTime() }), revision);
  }
  return windows.map((window) => revisions.get(windowKey(window)) ?? 0);
}

/** A ward's windows close together: their patients are asked for by one list. */
function rowsOf(db: RepositoryDatabase, keys: readonly WindowKey[]) {
  const groups = [...grouped(keys, ({ horizon, start }) => `${horizon} ${start}`).values()];
  return db
    .selectFrom('care.scoredWindow')
    .select(['patient', 'horizon', 'windowStart', 'revision'])
    .where((where) =>
      where.or(
        groups.map((group) => {
          const [{ horizon, start }] = group;
          const patients = group.map(({ patient }) => patient);
          return where.and({ horizon, windowStart: new Date(start) }).and('patient', 'in', patients);
        }),
      ),
    )
    .execute();
}

/** Columns of `care.scoredWindow` less `writtenAt`. */
const parametersOfRow = 43;

/**
 * New ones by many rows a statement, of which the unique key takes none when somebody else was first; one that is older by a
 * statement of its own.
 * @throws Overtaken when one is not as it was read
 */
export async function writeWindows(db: RepositoryDatabase, windows: readonly DueWindow[]): Promise<void> {
  const fresh = windows.filter(({ replaces }) => replaces === 0);
  for (const some of chunks(fresh, parametersOfRow))
    await db.insertInto('care.scoredWindow').values(some.map(windowRow)).execute();
  for (const one of windows) if (one.replaces > 0) await replaceWindow(db, one);
}

async function replaceWindow(db: RepositoryDatabase, due: DueWindow): Promise<void> {
  const { patient, horizon, windowStart, ...rest } = windowRow(due);
  const { numUpdatedRows } = await db
    .updateTable('care.scoredWindow')
    .set({ ...rest, writtenAt: databaseTime })
    .where('patient', '=', patient)
    .where('horizon', '=', horizon)
    .where('windowStart', '=', windowStart)
    .where('revision', '=', due.replaces)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Overtaken();
}
