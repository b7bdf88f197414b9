import type { Insertable } from 'kysely';
import { chunks } from './chunks';
import type { RepositoryDatabase } from './connection';
import type { RoutingSnapshot } from './port';
import type { TeamMemberRow } from './schema';

type Member = Insertable<TeamMemberRow>;

const keyOf = ({ careTeam, objectId }: Pick<Member, 'careTeam' | 'objectId'>) => `${careTeam} ${objectId}`;
const parametersOfRow = 5;

/** Who may see a team's patients: those of the snapshot, and nobody else. */
export async function replaceMembers(
  db: RepositoryDatabase,
  { hospital, asOf: until, members }: RoutingSnapshot,
): Promise<void> {
  const asOf = new Date(until);
  const stored = await db.selectFrom('care.teamMember').selectAll().where('hospital', '=', hospital).execute();
  const known = new Map(stored.map((member) => [keyOf(member), member]));
  const wanted = new Map(
    members.map(({ careTeam, objectId, role }) => {
      const row = { careTeam, hospital, objectId: objectId.toLowerCase(), role, asOf };
      return [keyOf(row), row];
    }),
  );
  for (const [key, { careTeam, objectId }] of known)
    if (!wanted.has(key))
      await db
        .deleteFrom('care.teamMember')
        .where('careTeam', '=', careTeam)
        .where('objectId', '=', objectId)
        .where('hospital', '=', hospital)
        .executeTakeFirst();
  const rows = [...wanted.values()];
  const begun = rows.filter((row) => !known.has(keyOf(row)));
  for (const some of chunks(begun, parametersOfRow)) await db.insertInto('care.teamMember').values(some).execute();
  for (const { careTeam, objectId, role } of rows.filter((row) => hasOtherRole(known.get(keyOf(row)), row)))
    await db
      .updateTable('care.teamMember')
      .set({ role })
      .where('careTeam', '=', careTeam)
      .where('objectId', '=', objectId)
      .where('hospital', '=', hospital)
      .executeTakeFirst();
  await db.updateTable('care.teamMember').set({ asOf }).where('hospital', '=', hospital).executeTakeFirst();
}

function hasOtherRole(known: Pick<Member, 'role'> | undefined, { role }: Member): boolean {
  return known !== undefined && known.role !== role;
}
