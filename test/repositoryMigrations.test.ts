import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { RepositoryRole } from '../runtime/contracts/appSettings';
import { migrate } from '../runtime/functions/migrate';
import { numbersOf } from '../runtime/repository/faults';
import { migrateRepository } from '../runtime/repository/migrate';
import { migrations } from '../runtime/repository/migrations';
import { repositoryIn } from '../runtime/repository/repository';
import { causeOf, isTransientFault } from '../runtime/stream/transient';
import { identities, RepositoryHost, RepositoryStep } from './support/repositoryHost';
import { noon, scoredWindow, startOf } from './support/repositoryWindows';

let host: RepositoryHost;
beforeEach(async () => {
  host = await RepositoryHost.start();
});
afterEach(() => host.close());

const [first = '', second = ''] = Object.keys(migrations);
const only = (...names: string[]) =>
  Object.fromEntries(Object.entries(migrations).filter(([name]) => names.includes(name)));
const made = () =>
  host.rows<{ name: string }>('select name from "dbo.kysely_migration" order by name').map(({ name }) => name);
const nothing = { usersMade: 0, usersDropped: 0, membershipsChanged: 0 };

/** SQL Server's number of the error that a statement ends with, or the driver's word for it; undefined: there is none. */
async function numberOf(work: Promise<unknown>): Promise<number | string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return numbersOf(error)[0] ?? (error as { code?: string }).code;
  }
}

describe('a schema', () => {
  test('is made from nothing, with users and roles, and found done the next time', async () => {
    const run = await migrateRepository(host.migrator(), host.users());
    expect(run).toEqual({
      migrated: [first, second],
      access: { usersMade: 3, usersDropped: 0, membershipsChanged: 3 },
    });
    expect(made()).toEqual([first, second]);
    expect(await migrateRepository(host.migrator(), host.users())).toEqual({ migrated: [], access: nothing });
  });

  test('is made once by several migrators that begin at once', async () => {
    const runs = await Promise.all(Array.from({ length: 3 }, () => migrateRepository(host.migrator(), host.users())));
    expect(runs.flatMap(({ migrated }) => migrated)).toEqual([first, second]);
    expect(runs.reduce((sum, { access }) => sum + access.usersMade, 0)).toBe(3);
    expect(made()).toEqual([first, second]);
  });

  test('of an older release is brought up with its data', async () => {
    const old = host.migrator();
    await migrateRepository(old, host.users(), only(first));
    await sql`insert into [care].[episode] ([patient], [kind], [since], [raisedAt], [vitals], [changedBy])
values ('p', 'data-gap', ${new Date(noon)}, ${new Date(startOf(1))}, 'heartRate', ${new Date(noon)})`.execute(old);
    const columns = await sql<{ name: string }>`select [name] from [sys].[columns]
where [object_id] = object_id('care.scoredWindow') and [name] <> 'writtenAt' and [is_nullable] = 0`.execute(old);
    await insertOldWindow(
      old,
      columns.rows.map(({ name }) => name),
    );
    const { migrated } = await migrateRepository(old, host.users());
    expect(migrated).toEqual([second]);
    expect(host.rows('select patient, revision, monitoringEndBasis from "care.scoredWindow"')).toEqual([
      { patient: 'p', revision: 7, monitoringEndBasis: null },
    ]);
    expect(host.rows('select patient, vitals from "care.episode"')).toEqual([{ patient: 'p', vitals: 'heartRate' }]);
    const step = RepositoryStep.on(host);
    await step.handle([scoredWindow({ revision: 8, endsAfter: 1 })]);
    expect(host.rows('select revision, monitoringEndBasis from "care.scoredWindow"')).toEqual([
      { revision: 8, monitoringEndBasis: 'encounter' },
    ]);
  });

  test('of a later release is left alone, with a sentence, and so are its users', async () => {
    const later: Migration = { up: async () => {} };
    await migrateRepository(host.migrator(), host.users(), { ...migrations, '003-later': later });
    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    await expect(migrate(host.migrator(), [], { info: say, warn: say, error: say })).rejects.toThrow('003-later');
    expect(lines).toEqual([
      `iomt.migration.refused The repository's schema is newer than this release: it has 003-later, and this release knows up to ${second}. Deploy the release that made it, or a later one; a schema is never taken back.`,
    ]);
    expect(
      (await migrateRepository(host.migrator(), host.users(), { ...migrations, '003-later': later })).access,
    ).toEqual(nothing);
  });

  test('is not left half made by a migration that fails', async () => {
    const failing: Migration = {
      async up(db) {
        await db.schema.createTable('care.halfDone').addColumn('a', 'integer').execute();
        await sql`select * from [care].[nowhere]`.execute(db);
      },
    };
    const all = { ...migrations, '003-failing': failing };
    await expect(migrateRepository(host.migrator(), host.users(), all)).rejects.toThrow('208');
    expect(await numberOf(sql`select * from [care].[scoredWindow]`.execute(host.migrator()))).toBe(208);
    expect((await migrateRepository(host.migrator(), host.users())).migrated).toEqual([first, second]);
  });

  test('that is missing or older, and a user that is not there yet, are waited for', async () => {
    const fault = async () =>
      repositoryIn(host.as('mlOutputWriter'))
        .reportFeed('fhir', '0', noon)
        .catch((error) => error);
    expect([causeOf(await fault()), isTransientFault(await fault())]).toEqual(['ELOGIN', true]);
    await sql`create user [id-ml-output] with sid = ${sql.raw(`0x${sidOf(host)}`)}, type = E`.execute(host.migrator());
    expect([causeOf(await fault()), isTransientFault(await fault())]).toEqual(['208', true]);
    await migrateRepository(host.migrator(), host.users(), only(first));
    expect(await fault()).toBeUndefined();
    const window = { window: scoredWindow(), scoredAt: noon, hot: true, replaces: 0 };
    const written = repositoryIn(host.as('mlOutputWriter')).writeResults([
      { patient: 'p', windows: [window], changes: [], ends: [] },
    ]);
    await expect(written).rejects.toMatchObject({ code: '207', retryable: true });
  });
});

const sidOf = ({ sql: { context } }: RepositoryHost) => {
  const { clientId } = context.authority.principal(identities.mlOutputWriter);
  const [a = '', b = '', c = '', ...rest] = clientId.split('-');
  const reversed = (hex: string) => (hex.match(/../g) ?? []).reverse().join('');
  return [reversed(a), reversed(b), reversed(c), ...rest].join('');
};

/** A row with something in each column that needs it. */
async function insertOldWindow(db: Kysely<unknown>, columns: readonly string[]): Promise<void> {
  const times = ['windowStart', 'windowEnd', 'scoredAt'];
  const given: Record<string, unknown> = {
    patient: 'p',
    horizon: 'PT5M',
    revision: 7,
    hot: 1,
    complete: 1,
    corrected: 1,
  };
  const values = columns.map((name) => given[name] ?? (times.includes(name) ? new Date(noon) : ''));
  await sql`insert into [care].[scoredWindow] (${sql.join(columns.map((name) => sql.id(name)))})
values (${sql.join(values)})`.execute(db);
}

describe('access', () => {
  beforeEach(async () => {
    await migrateRepository(host.migrator(), host.users());
  });

  const columns: Readonly<Record<string, string>> = {
    'care.feed': 'feed',
    'care.teamMember': 'careTeam',
    'dbo.kysely_migration': 'name',
  };
  const probes = {
    select: (object: string) => sql`select count(*) as n from ${sql.table(object)}`,
    insert: (object: string) =>
      sql`insert into ${sql.table(object)} (${sql.id(columns[object] ?? 'patient')}) values ('x')`,
    update: (object: string) => {
      const column = sql.id(columns[object] ?? 'patient');
      return sql`update ${sql.table(object)} set ${column} = ${column} where 1 = 0`;
    },
    delete: (object: string) => sql`delete from ${sql.table(object)} where 1 = 0`,
  };
  const tables = [
    'scoredWindow',
    'episode',
    'patient',
    'route',
    'teamMember',
    'feed',
    'watchedPatient',
    'currentState',
  ];
  const views = ['patient', 'trend', 'episode', 'feed', 'teamMember'];
  const objects = [
    ...[...tables.map((name) => `care.${name}`), ...views.map((name) => `dashboard.${name}`)],
    ...['audit.entry', 'dbo.kysely_migration'],
  ];

  // First letters of select, insert, update, delete.
  test.each<[RepositoryRole, Record<string, string>]>([
    [
      'mlOutputWriter',
      {
        ...{ 'care.scoredWindow': 'siu', 'care.episode': 'siu', 'care.feed': 'siu' },
        ...{ 'care.patient': 'su', 'care.route': 'su', 'audit.entry': 'i' },
      },
    ],
    [
      'routingWriter',
      {
        ...{ 'care.patient': 'siu', 'care.route': 'siu', 'care.teamMember': 'siud', 'care.feed': 'siu' },
        'audit.entry': 'i',
      },
    ],
    ['dashboardReader', Object.fromEntries(views.map((name) => [`dashboard.${name}`, 's']))],
  ])('of %s is what its app needs, and nothing else', async (role, expected) => {
    const db = host.as(role);
    const allowed: Record<string, string> = {};
    // An empty row is against other rules, once it may be added.
    for (const object of objects)
      for (const [permission, statement] of Object.entries(probes))
        if ([undefined, 515].includes((await numberOf(statement(object).execute(db))) as 515))
          allowed[object] = `${allowed[object] ?? ''}${permission[0]}`;
    expect(allowed).toEqual(expected);
    expect(await numberOf(sql`create table [care].[mine] ([a] int)`.execute(db))).toBeDefined();
  });

  test('to the audit is to add to it, for whoever is administrator too', async () => {
    const writer = host.as('mlOutputWriter');
    await sql`insert into [audit].[entry] ([action], [patient], [detail]) values ('episode.raised', 'p', '{}')`.execute(
      writer,
    );
    expect(host.rows('select id, at, actor, action from "audit.entry"')).toEqual([
      { id: 1, at: host.sql.context.clock.now(), actor: 'id-ml-output', action: 'episode.raised' },
    ]);
    const administrator = host.migrator();
    for (const statement of [sql`update [audit].[entry] set [patient] = 'q'`, sql`delete from [audit].[entry]`])
      expect(await numberOf(statement.execute(administrator))).toBeDefined();
    expect(host.rows('select patient from "audit.entry"')).toEqual([{ patient: 'p' }]);
  });

  test('goes with the list: an identity with another client id, one that is gone, and whom somebody else let in', async () => {
    const db = host.migrator();
    const group = '5a1a0000-0000-4000-8000-0000000000bb';
    await sql`create user [analysts] with sid = ${sql.raw(`0x${group.replaceAll('-', '')}`)}, type = X`.execute(db);
    await sql`alter role [dashboardReader] add member [analysts]`.execute(db);
    const renewed = host.sql.context.authority.principal('made again');
    const [output, , dashboard] = host.users();
    const users = [{ ...output, clientId: renewed.clientId }, dashboard] as ReturnType<typeof host.users>;
    const { access } = await migrateRepository(db, users);
    expect(access).toEqual({ usersMade: 1, usersDropped: 1, membershipsChanged: 2 });
    const members = await sql<{ role: string; member: string }>`select r.[name] as [role], m.[name] as [member]
from sys.database_role_members as rm inner join sys.database_principals as r on r.principal_id = rm.role_principal_id
inner join sys.database_principals as m on m.principal_id = rm.member_principal_id`.execute(db);
    expect(members.rows.map(({ role, member }) => `${role} ${member}`).sort()).toEqual([
      'dashboardReader id-dashboard',
      'mlOutputWriter id-ml-output',
    ]);
    const can = (name: string) =>
      numberOf(
        sql`select count(*) as n from [care].[feed]`.execute(host.connect(host.sql.context.authority.principal(name))),
      );
    const names = ['id-ml-output', 'made again', 'id-routing'];
    expect(await Promise.all(names.map(can))).toEqual(['ELOGIN', undefined, 'ELOGIN']);
    expect((await migrateRepository(db, users)).access).toEqual(nothing);
  });
});
