import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as tedious from 'tedious';
import { guidBytes } from '../local/sql/tds/values';
import { administrators, ask, connected, databaseId, type LocalSql, serverId, startLocalSql } from './support/localSql';

const { TYPES } = tedious;
let local: LocalSql;

beforeAll(async () => {
  local = await startLocalSql();
  const admin = await local.connect(local.administrator);
  await ask(admin, 'create schema care');
});
afterAll(() => local.close());

const principal = (name: string) => local.context.authority.principal(name);
const admin = () => local.connect(local.administrator);

/** SQL Server's number of the error that a statement ends with, and what it says. */
async function refusal(work: Promise<unknown>): Promise<{ number?: number; code?: string; message: string }> {
  try {
    await work;
  } catch (error) {
    const { number, code, message } = error as { number?: number; code?: string; message: string };
    return { message, ...(number !== undefined && { number }), ...(code !== undefined && { code }) };
  }
  throw new Error('It was not refused.');
}

const numberOf = async (work: Promise<unknown>) => (await refusal(work)).number;
const sid = (guid: string) => `0x${guidBytes(guid).toString('hex')}`;

describe('logging in', () => {
  test('takes a token for Azure SQL of an administrator, by TDS 8.0 with the certificate verified', async () => {
    const who = await ask(
      await admin(),
      'select user_name() as [user], suser_name() as [login], db_name() as [database]',
    );
    expect(who).toEqual([{ user: 'dbo', login: 'migrator', database: 'care' }]);
    const { cryptoCredentialsDetails: _, ...options } = local.settings(local.administrator).options ?? {};
    const untrusting = { ...local.settings(local.administrator), options };
    expect((await refusal(connected(untrusting))).message).toContain('certificate');
  });

  test('refuses another audience, who is no user, a database that is not there, and a greeting before TLS', async () => {
    const settings = local.settings(local.administrator);
    const token = local.context.authority.token(local.administrator, 'https://vault.azure.net');
    const authentication = { type: 'azure-active-directory-access-token', options: { token } } as const;
    expect(await refusal(connected({ ...settings, authentication }))).toMatchObject({
      code: 'ELOGIN',
      message: "Login failed for user '<token-identified principal>'.",
    });
    expect((await refusal(connected(local.settings(principal('nobody'))))).message).toContain('Login failed');
    const elsewhere = local.settings(local.administrator, { database: 'other' });
    expect((await refusal(connected(elsewhere))).message).toContain('Cannot open database "other"');
    const old = local.settings(local.administrator, { encrypt: true, trustServerCertificate: true });
    expect((await refusal(connected(old))).code).toBe('ESOCKET');
  });

  test('lets in users by their client id, and members of a group by the group', async () => {
    const [app, nurse] = [principal('app'), principal('nurse')];
    const group = '5a1a0000-0000-4000-8000-0000000000bb';
    const connection = await admin();
    await ask(connection, `create user [app] with sid = ${sid(app.clientId)}, type = E`);
    await ask(connection, `create user [nurses] with sid = ${sid(group)}, type = X`);
    local.context.authority.join(group, nurse);
    expect(await ask(await local.connect(app), 'select user_name() as who')).toEqual([{ who: 'app' }]);
    expect(await ask(await local.connect(nurse), 'select original_login() as who')).toEqual([{ who: 'nurse' }]);
    expect(await ask(connection, "select [type], [sid] from sys.database_principals where name = 'app'")).toEqual([
      { type: 'E', sid: guidBytes(app.clientId) },
    ]);
    await ask(connection, 'drop user [app]');
    expect((await refusal(connected(local.settings(app)))).message).toContain('Login failed');
  });

  test('follows the administrator that is set after the server was made', async () => {
    const id = `${serverId}/administrators/ActiveDirectory`;
    local.context.resources.put('sql:ServerAzureADAdministrator', id, { sid: principal('breakGlass').objectId });
    expect(await ask(await local.connect(principal('breakGlass')), 'select user_name() as who')).toEqual([
      { who: 'dbo' },
    ]);
    expect((await refusal(connected(local.settings(local.administrator)))).message).toContain('Login failed');
    local.context.resources.remove(id);
    expect(administrators).toBeDefined();
    await admin();
  });
});

describe('values', () => {
  test('come back as they were sent, in the types of the columns', async () => {
    const connection = await admin();
    await ask(
      connection,
      `create table care.every (
        [id] bigint not null primary key, [i] int, [s] smallint, [t] tinyint, [b] bit, [f] float, [d] decimal(9,3),
        [v] varchar(64), [n] nvarchar(20), [m] nvarchar(max), [x] varbinary(max), [g] uniqueidentifier,
        [at] datetime2(3), [day] date, [old] datetime)`,
    );
    const guid = '0E984725-C51C-4BF4-9960-E1C80E27ABA0';
    const at = new Date('2026-01-05T23:59:59.999Z');
    const long = 'ä'.repeat(9000);
    const given: Parameters<typeof ask>[2] = {
      ...{
        id: [TYPES.BigInt, '9007199254740993'],
        i: [TYPES.Int, -5],
        s: [TYPES.SmallInt, -300],
        t: [TYPES.TinyInt, 255],
      },
      ...{ b: [TYPES.Bit, true], f: [TYPES.Float, 0.1], v: [TYPES.VarChar, "o'neil"], n: [TYPES.NVarChar, 'Ærø 🫀'] },
      ...{ m: [TYPES.NVarChar, long], x: [TYPES.VarBinary, Buffer.from([0, 255])], g: [TYPES.UniqueIdentifier, guid] },
      ...{ at: [TYPES.DateTime2, at], day: [TYPES.Date, at], old: [TYPES.DateTime, at], d: [TYPES.Float, 36.65] },
    };
    const names = Object.keys(given);
    const into = `insert into care.every (${names.map((n) => `[${n}]`).join()}) values (${names.map((n) => `@${n}`).join()})`;
    await ask(connection, into, given);
    await ask(connection, 'insert into care.every (id) values (2)');
    const [first, second] = await ask(connection, 'select * from care.every order by id desc');
    expect(first).toEqual({
      ...{
        id: '9007199254740993',
        i: -5,
        s: -300,
        t: 255,
        b: true,
        f: 0.1,
        d: 36.65,
        v: "o'neil",
        n: 'Ærø 🫀',
        m: long,
      },
      ...{ x: Buffer.from([0, 255]), g: guid, at, day: new Date('2026-01-05') },
      // datetime has steps of 3.3 ms: it is the next day.
      old: new Date('2026-01-06T00:00:00.000Z'),
    });
    expect(new Set(Object.values({ ...second, id: null }))).toEqual(new Set([null]));
    const [text] = local.servers.read(databaseId, 'select v, at, b from "care.every" where id > 2');
    expect(text).toEqual({ v: "o'neil", at: at.getTime(), b: 1 });
  });

  test('that a column does not take are refused as SQL Server refuses them', async () => {
    const connection = await admin();
    await ask(
      connection,
      `create table care.narrow ([id] int not null constraint narrowKey primary key, [v] varchar(3), [d] decimal(4,1),
        [s] smallint, [n] int constraint positive check (n > 0), [must] bit not null constraint mustDefault default (1))`,
    );
    const put = (columns: string, values: string) =>
      numberOf(ask(connection, `insert into care.narrow (${columns}) values (${values})`));
    expect(await put('id, v', "1, 'four'")).toBe(2628);
    expect(await put('id, d', '1, 1000.0')).toBe(8115);
    expect(await put('id, s', '1, 40000')).toBe(8115);
    expect(await put('id, n', '1, 0')).toBe(547);
    expect(await put('id, must', '1, null')).toBe(515);
    expect(await put('v', "'a'")).toBe(515);
    expect(await put('id, v', "1, N'日'")).toBe(50_999);
    expect(await numberOf(ask(connection, "select cast('x' as int) as n"))).toBe(245);
    expect(await numberOf(ask(connection, 'select 1 / (1 - 1) as n'))).toBe(8134);
    expect(await numberOf(ask(connection, "select cast('2026-02-30' as date) as d"))).toBe(241);
    expect(await numberOf(ask(connection, 'insert into care.narrow (id, nothing) values (1, 2)'))).toBe(207);
    expect(await numberOf(ask(connection, 'select * from care.nowhere'))).toBe(208);
    expect(await ask(connection, 'select count(*) as n from care.narrow')).toEqual([{ n: 0 }]);
  });

  test('of time follow the clock of the local cloud', async () => {
    const connection = await admin();
    const now = new Date(local.context.clock.now());
    expect(
      await ask(
        connection,
        `select sysutcdatetime() as now, dateadd(minute, -5, sysutcdatetime()) as before,
          datediff(second, '2026-01-04T23:59:59.900', sysutcdatetime()) as seconds, cast(sysutcdatetime() as date) as day`,
      ),
    ).toEqual([{ now, before: new Date(now.getTime() - 300_000), seconds: 1, day: new Date('2026-01-05') }]);
    expect(await numberOf(ask(connection, "select datediff(millisecond, '1970-01-01', sysutcdatetime()) as n"))).toBe(
      535,
    );
  });

  test('sent as datetime are not taken for equal to datetime2 where SQL Server tells them apart', async () => {
    const connection = await admin();
    await ask(connection, 'create table care.moment ([at] datetime2(3) not null)');
    const at = new Date('2026-01-05T08:00:00.123Z');
    await ask(connection, 'insert into care.moment values (@at)', { at: [TYPES.DateTime, at] });
    expect(await ask(connection, 'select at from care.moment')).toEqual([{ at: new Date('2026-01-05T08:00:00.123Z') }]);
    const find = 'select count(*) as n from care.moment where at = @at';
    expect((await refusal(ask(connection, find, { at: [TYPES.DateTime, at] }))).message).toContain('datetime2');
    expect(await ask(connection, find, { at: [TYPES.DateTime2, at] })).toEqual([{ n: 1 }]);
  });
});

describe('rows of several writers', () => {
  test('are unique over connections, by keys and by filtered indexes', async () => {
    const [one, two] = [await admin(), await admin()];
    await ask(
      one,
      `create table care.episode ([patient] varchar(64) collate Latin1_General_100_BIN2 not null, [since] int not null,
        [endedAt] datetime2(3), constraint episodeKey primary key ([patient], [since]))`,
    );
    await ask(one, 'create unique index standing on care.episode (patient) where endedAt is null');
    const put = (connection: tedious.Connection, patient: string, since: number) =>
      ask(connection, `insert into care.episode (patient, since) values ('${patient}', ${since})`);
    await put(one, 'p', 1);
    await put(one, 'ended', 1);
    await ask(one, "update care.episode set endedAt = sysutcdatetime() where patient = 'ended'");
    expect(await refusal(put(two, 'ended', 1))).toMatchObject({
      number: 2627,
      message: expect.stringContaining("'episodeKey'"),
    });
    expect(await refusal(put(two, 'p', 2))).toMatchObject({
      number: 2601,
      message: expect.stringContaining("'standing'"),
    });
    // The collation tells cases apart.
    await put(two, 'P', 1);
    await ask(two, "update care.episode set endedAt = sysutcdatetime() where patient = 'p'");
    await ask(two, "delete from care.episode where patient = 'ended'");
    await put(two, 'p', 2);
    const guarded = `insert into care.episode (patient, since) select 'q', 1
      where not exists (select 1 from care.episode where patient = 'q' and endedAt is null)`;
    await Promise.all([ask(one, guarded), ask(two, guarded)]);
    expect(local.servers.read(databaseId, `select patient, since from "care.episode" order by 1, 2`)).toEqual([
      ...[
        { patient: 'P', since: 1 },
        { patient: 'p', since: 1 },
        { patient: 'p', since: 2 },
        { patient: 'q', since: 1 },
      ],
    ]);
  });

  test('compare without case where the collation is the default one', async () => {
    const connection = await admin();
    await ask(connection, 'create table care.word ([w] nvarchar(20) not null primary key, [n] int)');
    await ask(connection, "insert into care.word (w) values ('Ward')");
    expect(await numberOf(ask(connection, "insert into care.word (w) values ('WARD')"))).toBe(2627);
    expect(
      await ask(connection, "select w from care.word where w in ('ward') and upper(w) = 'ward' and w like 'wa[p-t]%'"),
    ).toEqual([{ w: 'Ward' }]);
    await ask(connection, 'create unique index oneNull on care.word (n)');
    expect(await numberOf(ask(connection, "insert into care.word (w) values ('other')"))).toBe(2601);
  });

  test('of a transaction are seen when it commits, wait for each other, and are gone when it does not', async () => {
    const db = local.kysely<{ 'care.word': { w: string; n: number | null } }>(local.administrator);
    const words = async () => (await db.selectFrom('care.word').select('w').orderBy('w').execute()).map(({ w }) => w);
    const before = await words();
    await expect(
      db.transaction().execute(async (transaction) => {
        await transaction.insertInto('care.word').values({ w: 'gone', n: 1 }).execute();
        expect(await words()).toEqual(before);
        throw new Error('as if it had failed');
      }),
    ).rejects.toThrow('as if');
    expect(await words()).toEqual(before);
    const order: string[] = [];
    const write = (name: string) =>
      db.transaction().execute(async (transaction) => {
        await transaction.insertInto('care.word').values({ w: name, n: name.length }).execute();
        order.push(`${name} in`);
        await transaction.selectFrom('care.word').selectAll().execute();
        order.push(`${name} out`);
      });
    await Promise.all([write('first'), write('second')]);
    expect(order).toEqual(
      order[0] === 'first in'
        ? ['first in', 'first out', 'second in', 'second out']
        : ['second in', 'second out', 'first in', 'first out'],
    );
  });

  test('of a savepoint are taken back alone', async () => {
    const db = local.kysely<{ 'care.word': { w: string; n: number | null } }>(local.administrator);
    const transaction = await db.startTransaction().execute();
    await transaction.insertInto('care.word').values({ w: 'kept', n: 77 }).execute();
    const saved = await transaction.savepoint('here').execute();
    await saved.insertInto('care.word').values({ w: 'taken back', n: 78 }).execute();
    await saved.rollbackToSavepoint('here').execute();
    await transaction.commit().execute();
    const rows = await db.selectFrom('care.word').select('w').where('n', 'in', [77, 78]).execute();
    expect(rows).toEqual([{ w: 'kept' }]);
  });

  test('are locked by names, each holder after the other; a circle of waiting is broken with 1205', async () => {
    const [one, two] = [await admin(), await admin()];
    const take = (connection: tedious.Connection, name: string, timeout = -1) =>
      ask(
        connection,
        `declare @r int; exec @r = sp_getapplock @Resource = '${name}', @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = ${timeout}; select @r as r`,
      ).then(([row]) => row?.r);
    const release = (connection: tedious.Connection, name: string) =>
      ask(connection, `exec sp_releaseapplock @Resource = '${name}', @LockOwner = 'Session'`);
    expect(await take(one, 'a')).toBe(0);
    expect(await take(two, 'a', 20)).toBe(-1);
    const waiting = take(two, 'a');
    await release(one, 'a');
    expect(await waiting).toBe(1);
    expect(await numberOf(release(one, 'a'))).toBe(1223);
    expect(await take(one, 'b')).toBe(0);
    const other = take(one, 'a');
    expect(await take(two, 'b')).toBe(-3);
    await release(two, 'a');
    expect(await other).toBe(1);
    // A transaction's lock by name against the rows of another one.
    const [writer, holder] = [await admin(), await admin()];
    await ask(holder, "begin tran exec sp_getapplock @Resource = 'c', @LockMode = 'Exclusive'");
    await ask(writer, "begin tran insert into care.word (w, n) values ('circle', 555)");
    const blocked = numberOf(
      ask(writer, "exec sp_getapplock @Resource = 'c', @LockMode = 'Exclusive'").then(() =>
        ask(writer, 'select 1 / 0 as x'),
      ),
    );
    expect(await numberOf(ask(holder, "insert into care.word (w, n) values ('circle two', 556)"))).toBe(1205);
    expect(await blocked).toBe(8134);
    await ask(writer, 'rollback');
    // Who goes leaves nothing locked.
    one.close();
    expect(await take(two, 'b')).toBeLessThanOrEqual(1);
  });
});

describe('rights', () => {
  let nurse: tedious.Connection;
  const grant = async (statement: string) => ask(await admin(), statement);

  beforeAll(async () => {
    const connection = await admin();
    await ask(connection, 'create schema board');
    await ask(connection, 'create table care.secret ([id] int not null primary key, [text] nvarchar(20))');
    await ask(connection, "insert into care.secret values (1, 'one')");
    await ask(connection, 'create view board.shown as select [id], [text] from care.secret');
    await ask(connection, 'create role reader');
    await ask(connection, `create user [reader app] with sid = ${sid(principal('reader app').clientId)}, type = E`);
    await ask(connection, 'alter role reader add member [reader app]');
    nurse = await local.connect(principal('reader app'));
  });

  test('are refused statement by statement, and hold as soon as they are given', async () => {
    expect(await refusal(ask(nurse, 'select * from care.secret'))).toMatchObject({
      number: 229,
      message: "The SELECT permission was denied on the object 'secret', database 'care', schema 'care'.",
    });
    expect(await numberOf(ask(nurse, 'select * from board.shown'))).toBe(229);
    expect(await ask(nurse, 'select name from sys.tables')).toEqual([]);
    await grant('grant select on board.shown to reader');
    // A view shows what it shows, whoever may not see the table.
    expect(await ask(nurse, 'select text from board.shown')).toEqual([{ text: 'one' }]);
    expect(
      await numberOf(ask(nurse, 'select s.id from board.shown as v inner join care.secret as s on s.id = v.id')),
    ).toBe(229);
    expect(await numberOf(ask(nurse, 'select (select count(*) from care.secret) as n'))).toBe(229);
    await grant('grant select, insert on schema::care to reader');
    expect(await ask(nurse, 'select count(*) as n from care.secret')).toEqual([{ n: 1 }]);
    await ask(nurse, "insert into care.secret values (2, 'two')");
    expect(await numberOf(ask(nurse, "update care.secret set text = ''"))).toBe(229);
    expect(await numberOf(ask(nurse, 'delete from care.secret'))).toBe(229);
    await grant('deny select on care.secret to [reader app]');
    expect(await numberOf(ask(nurse, 'select * from care.secret'))).toBe(229);
    await grant('revoke select on care.secret from [reader app]');
    await grant('alter role reader drop member [reader app]');
    expect(await numberOf(ask(nurse, 'select * from board.shown'))).toBe(229);
  });

  test('to change schemas and rights are those of owners', async () => {
    expect(await numberOf(ask(nurse, 'create table care.mine ([a] int)'))).toBe(262);
    expect(await numberOf(ask(nurse, 'grant select on care.secret to reader'))).toBe(15_247);
    expect(await numberOf(ask(nurse, 'alter role db_owner add member [reader app]'))).toBe(15_247);
    await grant('alter role db_owner add member [reader app]');
    await ask(nurse, 'create table care.mine ([a] int)');
    await grant('alter role db_owner drop member [reader app]');
  });

  test('to a ledger that is appended to are to append, for owners too', async () => {
    const connection = await admin();
    await ask(
      connection,
      `create table care.audit ([id] bigint identity(1,1) not null primary key, [actor] nvarchar(128) not null default (user_name()),
        [at] datetime2(3) not null default (sysutcdatetime()), [what] nvarchar(40) not null) with (ledger = on (append_only = on))`,
    );
    const made = await ask(
      connection,
      "insert into care.audit (what) output inserted.id, inserted.actor values ('a'), ('b')",
    );
    expect(made).toEqual([
      { id: '1', actor: 'dbo' },
      { id: '2', actor: 'dbo' },
    ]);
    expect(await numberOf(ask(connection, "update care.audit set what = 'c'"))).toBe(37_359);
    expect(await numberOf(ask(connection, 'delete from care.audit'))).toBe(37_359);
    expect(await numberOf(ask(connection, "insert into care.audit (id, what) values (9, 'x')"))).toBe(544);
    expect(await ask(connection, "select ledger_type_desc from sys.tables where name = 'audit'")).toEqual([
      { ledger_type_desc: 'APPEND_ONLY_LEDGER_TABLE' },
    ]);
  });
});

describe('statements', () => {
  test('that the local cloud does not do are refused by name, and change nothing', async () => {
    const connection = await admin();
    const says = async (statement: string) => (await refusal(ask(connection, statement))).message;
    expect(await says('merge care.secret as t using care.secret as s on 1 = 1 when matched then delete;')).toContain(
      'MERGE',
    );
    expect(await says('select * from care.secret as s cross apply care.secret as t')).toContain('CROSS APPLY');
    expect(await says('select * into care.copy from care.secret')).toContain('SELECT ... INTO');
    expect(await says('create table #t ([a] int)')).toContain('temporary tables');
    expect(await says('create procedure care.p as select 1')).toContain('CREATE PROCEDURE');
    expect(await says('create table care.x ([a] xml)')).toContain('xml');
    expect(await says('select soundex(text) as s from care.secret')).toContain('SOUNDEX');
    expect(await says('use master')).toContain('USE');
    expect(await says('selec 1')).toContain("Incorrect syntax near 'selec'");
    expect(await says("update care.secret set text = 'x' where text")).toContain('non-boolean');
    expect(await says('select id, count(*) as n from care.secret')).toContain('GROUP BY');
    expect(await says('select * from (select id from care.secret order by id) as q')).toContain(
      'ORDER BY clause is invalid',
    );
    expect(await says("exec sp_rename 'care.secret', 'x'")).toContain("'sp_rename'");
    expect(await ask(connection, 'select count(*) as n from care.secret')).toEqual([{ n: 2 }]);
  });

  test('of a batch see its variables and conditions, and go on after what concerns one row', async () => {
    const connection = await admin();
    const batch = `
      declare @n int = 0, @name nvarchar(10);
      if not exists (select 1 from sys.tables where name = N'counted') create table care.counted ([n] int not null primary key)
      while @n < 3 begin insert into care.counted values (@n) set @n = @n + 1 end
      select @name = concat('n', max(n)) from care.counted
      begin try insert into care.counted values (1) end try
      begin catch select error_number() as number end catch
      select @name as [name], @@rowcount as [rows], case when @n = 3 then 'three' else 'other' end as [word]`;
    expect(await ask(connection, batch)).toEqual([{ number: 2627 }, { name: 'n2', rows: 1, word: 'three' }]);
    const failing = ask(connection, 'insert into care.counted values (1) insert into care.counted values (9)');
    expect(await numberOf(failing)).toBe(2627);
    expect(await ask(connection, 'select count(*) as n from care.counted')).toEqual([{ n: 4 }]);
    const aborting = ask(
      connection,
      'set xact_abort on begin tran insert into care.counted values (10) insert into care.counted values (1) commit',
    );
    expect(await numberOf(aborting)).toBe(2627);
    expect(await ask(connection, 'select @@trancount as depth, max(n) as n from care.counted')).toEqual([
      { depth: 0, n: 9 },
    ]);
  });

  test('that are prepared, called by name and taken back are answered', async () => {
    const connection = await admin();
    const prepared = new Promise<unknown[]>((resolve, reject) => {
      const rows: unknown[] = [];
      const request = new tedious.Request('select @a + 1 as next', (error) => (error ? reject(error) : resolve(rows)));
      request.addParameter('a', TYPES.Int, null);
      request.on('row', (columns: { value: unknown }[]) => rows.push(columns[0]?.value));
      request.once('prepared', () => connection.execute(request, { a: 41 }));
      connection.prepare(request);
    });
    expect(await prepared).toEqual([42]);
    await ask(connection, 'begin tran');
    await ask(connection, 'insert into care.counted values (100)');
    const other = await admin();
    const waiting = new Promise<Error | null | undefined>((resolve) => {
      other.execSql(new tedious.Request('insert into care.counted values (101)', (error) => resolve(error)));
    });
    // The request has to have arrived before it is taken back.
    await ask(connection, 'select 1 as one');
    other.cancel();
    expect((await waiting)?.message).toBe('Canceled.');
    expect(await ask(other, 'select max(n) as n from care.counted')).toEqual([{ n: 9 }]);
    await ask(connection, 'rollback');
  });

  test('of sets, windows, joins and JSON say what they say in SQL Server', async () => {
    const connection = await admin();
    const all = async (statement: string) =>
      (await ask(connection, statement)).map((row) => Object.values(row).join(' '));
    await ask(
      connection,
      'create table care.score ([patient] varchar(10) not null, [at] int not null, [total] int, [part] decimal(5,2))',
    );
    await ask(
      connection,
      `insert into care.score (patient, at, total, part) select p, t, n, d from openjson(@rows)
        with (p varchar(10) '$.patient', t int '$.at', n int '$.total', d decimal(5,2) '$.part') as j`,
      {
        rows: [
          TYPES.NVarChar,
          JSON.stringify([
            ...[
              { patient: 'a', at: 1, total: 3, part: 1.005 },
              { patient: 'a', at: 2, total: 7, part: 2.5 },
            ],
            ...[
              { patient: 'b', at: 1, total: null },
              { patient: 'b', at: 2, total: 1, part: -0.25 },
            ],
          ]),
        ],
      },
    );
    expect(
      await all(`with ranked as (select patient, total, row_number() over (partition by patient order by at desc) as n from care.score)
        select patient, total from ranked where n = 1 order by patient`),
    ).toEqual(['a 7', 'b 1']);
    expect(await all('select top (1) patient from care.score order by total desc')).toEqual(['a']);
    expect(
      await all("select at from care.score where patient = 'a' order by at offset 1 rows fetch next 1 rows only"),
    ).toEqual(['2']);
    expect(
      await all(`select patient, count(*) as n, sum(total) as s, avg(total) as a, string_agg(cast(at as varchar(5)), '-') within group (order by at desc) as t
        from care.score group by patient having count(*) > 1 order by s`),
    ).toEqual(['b 2 1 1 2-1', 'a 2 10 5 2-1']);
    expect(
      await all('select distinct part / cast(3 as decimal(1,0)) as third from care.score where part = 2.5'),
    ).toEqual(['0.833333']);
    expect(await all("select patient from care.score union select 'c' except select 'a' order by patient")).toEqual([
      'b',
      'c',
    ]);
    expect(
      await all(
        'select v.a + 1 as n from (values (1), (2)) as v(a) left join care.score as s on s.at = v.a and s.total > 5',
      ),
    ).toEqual(['2', '3']);
    expect(
      await all(
        "update s set total = v.n output inserted.total from care.score as s inner join (values ('b', 1, 5)) as v(p, t, n) on v.p = s.patient and v.t = s.at",
      ),
    ).toEqual(['5']);
    expect(await all("delete from care.score output deleted.at where patient = 'b' and total = 5")).toEqual(['1']);
    expect(
      await all(
        "select isnull(nullif('a', 'A'), 'none') as w, iif(1 = 1 and not 2 > 3, 'yes', 'no') as i, right('abc', 2) as r",
      ),
    ).toEqual(['none yes bc']);
  });
});

describe('a schema', () => {
  test("is migrated by Kysely's migrator, once by several, and its tables are told", async () => {
    const migrations: Record<string, Migration> = {
      one: {
        async up(db: Kysely<unknown>) {
          await db.schema
            .createTable('care.grown')
            .addColumn('id', 'integer', (c) => c.primaryKey().identity())
            .addColumn('name', 'varchar(20)', (c) => c.notNull().defaultTo('none'))
            .execute();
        },
      },
    };
    const migrate = () => {
      const db = local.kysely<Record<string, Record<string, unknown>>>(local.administrator);
      return new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
    };
    const runs = await Promise.all([migrate(), migrate()]);
    expect(runs.flatMap(({ results, error }) => [error, ...(results ?? []).map(({ status }) => status)])).toEqual(
      expect.arrayContaining([undefined, 'Success']),
    );
    expect(runs.flatMap(({ results }) => results ?? [])).toHaveLength(1);
    const db = local.kysely<Record<string, Record<string, unknown>>>(local.administrator);
    await db.insertInto('care.grown').values({ name: 'kept' }).execute();
    await sql`alter table care.grown add [more] int not null constraint moreDefault default (7), [free] nvarchar(10)`.execute(
      db,
    );
    await sql`create index byName on care.grown (name desc) include (more)`.execute(db);
    await sql`alter table care.grown alter column name varchar(40) not null`.execute(db);
    expect(await db.selectFrom('care.grown').selectAll().execute()).toEqual([
      { id: 1, name: 'kept', more: 7, free: null },
    ]);
    const tables = await db.introspection.getTables();
    const grown = tables.find(({ name }) => name === 'grown');
    expect(
      grown?.columns.map(({ name, dataType, isNullable, isAutoIncrementing }) => [
        name,
        dataType,
        isNullable,
        isAutoIncrementing,
      ]),
    ).toEqual([
      ['free', 'nvarchar', true, false],
      ['id', 'int', false, true],
      ['more', 'int', false, false],
      ['name', 'varchar', false, false],
    ]);
    await expect(sql`alter table care.grown drop column more`.execute(db)).rejects.toMatchObject({ number: 5074 });
    await sql`alter table care.grown drop constraint moreDefault`.execute(db);
    await sql`alter table care.grown drop column more`.execute(db);
    await sql`drop table if exists care.grown`.execute(db);
    expect(await numberOf(sql`select * from care.grown`.execute(db))).toBe(208);
  });
});

describe('faults', () => {
  // Kysely says there that a connection was lost.
  beforeAll(() => jest.spyOn(console, 'error').mockImplementation(() => {}));
  afterAll(() => jest.restoreAllMocks());

  test('a database that is not available breaks connections and refuses logins with 40613, and comes back with its rows', async () => {
    const db = local.kysely<{ 'care.secret': { id: number; text: string } }>(local.administrator);
    const ids = async () => (await db.selectFrom('care.secret').select('id').execute()).map(({ id }) => id);
    const before = await ids();
    await local.servers.unavailable(databaseId, true);
    expect((await refusal(connected(local.settings(local.administrator)))).message).toContain(
      'is not currently available',
    );
    await local.servers.unavailable(databaseId, false);
    expect(await ids()).toEqual(before);
    await local.servers.setListening(serverId, false);
    expect((await refusal(connected(local.settings(local.administrator)))).code).toBe('ESOCKET');
    await local.servers.setListening(serverId, true);
    expect(await ids()).toEqual(before);
    const { logins, calls, rowsChanged } = local.servers.stats()[databaseId.toLowerCase()] ?? {};
    expect([logins, calls, rowsChanged].every((count) => Number(count) > 0)).toBe(true);
  });

  test('a start on what an earlier one left has its rows, users and what was committed, and nothing else', async () => {
    const connection = await admin();
    await ask(connection, 'begin tran');
    await ask(connection, "insert into care.secret values (500, 'never committed')");
    await local.servers.close();
    await local.disconnect();
    local = await startLocalSql(local.context);
    const rows = await ask(await admin(), 'select id from care.secret order by id');
    expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    const users = await ask(await admin(), "select name from sys.database_principals where type = 'E'");
    expect(users).toEqual([{ name: 'reader app' }]);
  });
});
