import type { RepositoryDatabase } from './connection';
import { databaseTime } from './databaseTime';
import { failingOf } from './faults';

export interface Progress {
  readonly feed: 'repository' | 'fhir' | 'routing';
  readonly source: string;
  readonly until: number;
}

/** Notes how far a feed is, where that is further than before. @returns whether it was */
export async function reportFeed(db: RepositoryDatabase, { feed, source, until }: Progress): Promise<boolean> {
  const time = new Date(until);
  for (;;) {
    const { numUpdatedRows } = await db
      .updateTable('care.feed')
      .set(({ ref }) => ({ earlierUntil: ref('until'), until: time, writtenAt: databaseTime }))
      .where('feed', '=', feed)
      .where('source', '=', source)
      .where('until', '<', time)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) return true;
    const known = await db
      .selectFrom('care.feed')
      .select('until')
      .where('feed', '=', feed)
      .where('source', '=', source)
      .executeTakeFirst();
    if (known === undefined) break;
    // Somebody else may have begun it in between, and not as far.
    if (known.until >= time) return false;
  }
  await db.insertInto('care.feed').values({ feed, source, until: time, earlierUntil: null }).execute();
  return true;
}

/** Does the work, and once more where somebody else wrote the same row first. */
export async function againIfOvertaken<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (failingOf(error) !== 'duplicate') throw error;
    return work();
  }
}
