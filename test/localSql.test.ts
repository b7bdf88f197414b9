import { sql } from 'kysely';
import * as tedious from 'tedious';
import { ask, type LocalSql, startLocalSql } from './support/localSql';

interface Tables {
  'care.patient': {
    patient: string;
    displayName: string | null;
    seen: Date;
    monitored: boolean;
    weight: number | null;
  };
}

describe("the local cloud's Azure SQL", () => {
  let local: LocalSql;
  beforeAll(async () => {
    local = await startLocalSql();
  });
  afterAll(() => local.close());

  test('tedious connects by TDS 8.0 with an access token', async () => {
    const connection = await local.connect(local.administrator);
    expect(await ask(connection, 'select 1 as one, user_name() as who')).toEqual([{ one: 1, who: 'dbo' }]);
  });

  test('Kysely makes a table, writes and reads', async () => {
    const db = local.kysely<Tables>(local.administrator);
    await sql`create schema care`.execute(db);
    await db.schema
      .createTable('care.patient')
      .addColumn('patient', 'varchar(64)', (c) => c.primaryKey())
      .addColumn('displayName', sql`nvarchar(200)`)
      .addColumn('seen', sql`datetime2(3)`, (c) => c.notNull())
      .addColumn('monitored', sql`bit`, (c) => c.notNull())
      .addColumn('weight', sql`decimal(9,3)`)
      .execute();
    const row = {
      patient: 'p1',
      displayName: 'Ærø',
      seen: new Date('2026-01-05T08:00:00.123Z'),
      monitored: true,
      weight: 70.25,
    };
    await db.insertInto('care.patient').values(row).execute();
    expect(await db.selectFrom('care.patient').selectAll().where('monitored', '=', true).execute()).toEqual([row]);
    expect(tedious.TYPES.Int.name).toBe('Int');
  });
});
