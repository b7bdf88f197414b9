import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { code, id, now, text, time } from '../types';
import { makeCareTables } from './careTables';
import { makeDashboardViews } from './dashboardViews';

/** Scored windows, episodes, patients, routes, teams and feeds; the audit; what the dashboard sees. */
export const careAuditDashboard: Migration = {
  async up(db) {
    // Of one owner, whoever migrates: so a view may be read without rights on the tables behind it.
    for (const schema of ['care', 'audit', 'dashboard'])
      await sql`create schema ${sql.id(schema)} authorization [dbo]`.execute(db);
    await makeCareTables(db);
    await makeAudit(db);
    await makeDashboardViews(db);
  },
};

/** Rows of an append-only ledger table are added, and neither changed nor deleted, by nobody; a digest proves it. */
async function makeAudit(db: Kysely<unknown>): Promise<void> {
  await sql`create table [audit].[entry] (
  [id] bigint identity(1, 1) not null,
  [at] ${time} not null constraint [entryAt] default (${now}),
  [actor] nvarchar(128) not null constraint [entryActor] default (user_name()),
  [action] ${code(40)} not null,
  [patient] ${id} not null,
  [detail] ${text(400)} not null,
  constraint [entryKey] primary key ([id])
) with (ledger = on (append_only = on))`.execute(db);
}
