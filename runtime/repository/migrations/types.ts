import { sql } from 'kysely';

// Types of columns, in T-SQL. Ids and codes are compared byte by byte: those of FHIR differ by case, and one case-insensitive
// collation would make one patient of two.

export const id = sql`varchar(64) collate Latin1_General_100_BIN2`;
export const code = (length: number) => sql`varchar(${sql.lit(length)}) collate Latin1_General_100_BIN2`;
export const text = (length: number) => sql`nvarchar(${sql.lit(length)})`;
export const time = sql`datetime2(3)`;
export const bit = sql`bit`;
export const measured = sql`decimal(9, 3)`;
export const risk = sql`decimal(9, 6)`;

/** The database's clock, in UTC. */
export const now = sql`sysutcdatetime()`;
