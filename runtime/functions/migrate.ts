import type { RepositoryUser } from '../contracts/appSettings';
import type { MigratorDatabase } from '../repository/connection';
import { migrateRepository, NewerSchema } from '../repository/migrate';
import { hold } from '../stream/hold';
import type { StepLog } from '../stream/stepLog';
import { causeOf } from '../stream/transient';

/**
 * Brings the repository's schema up to this release, and its users, roles and grants up to the list. Waits while the database cannot
 * be reached or the identity is not its administrator yet. A schema of a later release is left as it is, and said: the
 * apps of this release may find it fit or not.
 */
export async function migrate(db: MigratorDatabase, users: readonly RepositoryUser[], log: StepLog): Promise<void> {
  try {
    const { migrated, access } = await hold('migrate', log, () => migrateRepository(db, users));
    const counts = { migrated: migrated.length, ...access };
    log.info(
      `iomt.migration ${Object.entries(counts)
        .map(([name, count]) => `${name}=${count}`)
        .join(' ')}`,
    );
  } catch (error) {
    if (error instanceof NewerSchema) log.error(`iomt.migration.refused ${error.message}`);
    else log.error(`iomt.migration.failed cause=${causeOf(error)}`);
    throw error;
  }
}
