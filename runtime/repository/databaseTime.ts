import { sql } from 'kysely';

/** The database's clock, in UTC: the only one that tells when a row was written. */
export const databaseTime = sql<Date>`sysutcdatetime()`;
