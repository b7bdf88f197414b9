import { identityDatabase, type RepositoryDatabase, type RepositoryEndpoint } from './connection';
import { readEpisodes } from './episodes';
import { asFault } from './faults';
import { againIfOvertaken, reportFeed } from './feeds';
import { readEnds } from './monitoring';
import type { Repository } from './port';
import { writeResults } from './results';
import { writeRouting } from './routing';
import { readRevisions } from './windows';

/** The repository as the user-assigned identity of that client id; connects when it is first needed. */
export function openRepository(endpoint: RepositoryEndpoint): Repository {
  return repositoryIn(identityDatabase(endpoint));
}

export function repositoryIn(db: RepositoryDatabase): Repository {
  /** One connection for what several statements do, which is tried once before. */
  const on = <T>(work: (connection: RepositoryDatabase) => Promise<T>): Promise<T> =>
    asFault(() => db.connection().execute(work));
  return {
    readRevisions: (windows) => on((connection) => readRevisions(connection, windows)),
    readEpisodes: (patients, from, named) => on((connection) => readEpisodes(connection, patients, from, named)),
    readEnds: (patients, from) => on((connection) => readEnds(connection, patients, from)),
    writeResults: (results) => on((connection) => writeResults(connection, results)),
    reportFeed: (feed, source, until) =>
      on(async (connection) => {
        await againIfOvertaken(() => reportFeed(connection, { feed, source, until }));
      }),
    writeRouting: (routing) => on((connection) => againIfOvertaken(() => writeRouting(connection, routing))),
    close: () => db.destroy(),
  };
}
