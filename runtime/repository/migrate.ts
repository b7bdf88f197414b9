import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { RepositoryUser } from '../contracts/appSettings';
import { type AccessChanges, reconcileAccess } from './access';
import { asFault, faultOf, numbersOf } from './faults';
import { migrations as allMigrations } from './migrations';

export interface MigrationRun {
  /** Names of the migrations that this run made; others may have been made by another one at the same time. */
  readonly migrated: readonly string[];
  readonly access: AccessChanges;
}

/** The schema was made by a later release. It is left as it is: what that release wrote could be lost. */
export class NewerSchema extends Error {
  override readonly name = 'NewerSchema';

  constructor(unknown: readonly string[], newest: string) {
    super(
      `The repository's schema is newer than this release: it has ${unknown.join(', ')}, and this release knows up to ${newest}. Deploy the release that made it, or a later one; a schema is never taken back.`,
    );
  }
}

/**
 * Brings the schema up to this release, and users and grants up to the list: all migrations that are missing in one transaction,
 * access in another, each under a lock of the database, so that of several that run at once one does it and the others find
 * it done.
 *
 * @throws NewerSchema
 * @throws RepositoryFault
 */
export async function migrateRepository(
  db: Kysely<unknown>,
  users: readonly RepositoryUser[],
  migrations: Readonly<Record<string, Migration>> = allMigrations,
): Promise<MigrationRun> {
  await refuseNewer(db, migrations);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    await refuseNewer(db, migrations);
    throw faultOf(error);
  }
  const migrated = results.filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName);
  const access = await asFault(() => db.connection().execute((one) => underLock(one, users)));
  return { migrated, access };
}

/** Name of our lock, beside the one that the migrator takes. */
const accessLock = 'repository_access';

async function underLock(connection: Kysely<unknown>, users: readonly RepositoryUser[]): Promise<AccessChanges> {
  await sql`exec sp_getapplock @DbPrincipal = 'dbo', @Resource = ${sql.lit(accessLock)}, @LockMode = 'Exclusive', @LockOwner = 'Session'`.execute(
    connection,
  );
  try {
    return await connection.transaction().execute((transaction) => reconcileAccess(transaction, users));
  } finally {
    await sql`exec sp_releaseapplock @DbPrincipal = 'dbo', @Resource = ${sql.lit(accessLock)}, @LockOwner = 'Session'`.execute(
      connection,
    );
  }
}

/** Number of SQL Server's error for a table that is not there. */
const noTable = 208;

async function refuseNewer(db: Kysely<unknown>, migrations: Readonly<Record<string, Migration>>): Promise<void> {
  const known = Object.keys(migrations).sort();
  const made = await asFault(() => namesOf(db));
  const unknown = made.filter((name) => !known.includes(name)).sort();
  if (unknown.length > 0) throw new NewerSchema(unknown, known.at(-1) ?? 'none');
}

async function namesOf(db: Kysely<unknown>): Promise<readonly string[]> {
  try {
    const { rows } = await sql<{ name: string }>`select [name] from [kysely_migration]`.execute(db);
    return rows.map(({ name }) => name);
  } catch (error) {
    if (numbersOf(error).includes(noTable)) return [];
    throw error;
  }
}
