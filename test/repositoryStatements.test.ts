import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { repositoryRoles } from '../runtime/contracts/appSettings';
import { parseScored } from '../runtime/contracts/parseScored';
import type { ScoredWindow } from '../runtime/contracts/scored';
import { latencyOf } from '../runtime/functions/latency';
import { readRepositoryUsers } from '../runtime/functions/repositoryMigrationsInputs';
import type { Episode } from '../runtime/hotPath/episodes';
import { sidOf } from '../runtime/repository/access';
import { type RepositoryDatabase, readServer } from '../runtime/repository/connection';
import { failingOf, faultOf } from '../runtime/repository/faults';
import { followWindows, namedIn } from '../runtime/repository/followWindows';
import { migrateRepository } from '../runtime/repository/migrate';
import type { PatientResults, RoutingSnapshot } from '../runtime/repository/port';
import { repositoryIn } from '../runtime/repository/repository';
import { causeOf, isTransientFault } from '../runtime/stream/transient';
import { item, KernelPatient, normalCharted, normalDevice } from './support/kernelPatient';
import { RecordedDatabase } from './support/recordedRepository';
import { minute, noon, scoredWindow, startOf, windowStreams } from './support/repositoryWindows';

const client = '4b1f0d5c-0000-4000-8000-00000000000a';

describe('what scored brings', () => {
  const text = (window: unknown) => JSON.stringify(window);

  test('is what the kernel makes, whatever is known of a patient', () => {
    const patient = new KernelPatient();
    const results = [
      patient.result({ device: normalDevice, charted: normalCharted }),
      patient.result({
        device: { heartRate: 140, respirationRate: 30, oxygenSaturation: 80 },
        spot: { temperature: 40 },
      }),
      patient.result({ context: { ...scoredWindow().context, underSixteen: item(true) }, device: normalDevice }),
      patient.result({ device: normalDevice }),
    ];
    for (const result of results) {
      const window = { kind: 'window', ...result, revision: 1, corrected: false };
      expect(parseScored(text(window))).toEqual(JSON.parse(text(window)));
    }
  });

  test.each([
    ['a patient that is no id of FHIR', { patient: 'p/1' }, 'patient'],
    ['a time that is none', { start: '2026' }, 'start'],
    ['no revision', { revision: 0 }, 'revision'],
    ['an unknown level', { flag: { ...scoredWindow().flag, level: 'huge' } }, 'flag.level'],
    ['a vital that nobody knows', { vitals: { mood: {} } }, 'vitals'],
    ['a number that no column holds', { vitals: { heartRate: { used: 1e9 } } }, 'vitals.heartRate.used'],
    ['a total beyond the chart', { news2: { ...scoredWindow().news2, total: 21 } }, 'news2.total'],
    ['no result at all', { news2: undefined }, 'news2'],
    ['an end for no reason', { monitoringEnd: { time: 1, basis: 'lunch' } }, 'monitoringEnd.basis'],
  ])('is refused by name: %s', (_what, given, member) => {
    expect(() => parseScored(text({ ...scoredWindow(), ...given }))).toThrow(
      new RegExp(`missing or wrong members: .*${member.replaceAll('.', '\\.')}`),
    );
  });

  test('is refused where it contradicts itself, or is something else', () => {
    const flag = { ...scoredWindow().flag, level: 'high' as const, since: null };
    expect(() => parseScored(text({ ...scoredWindow(), flag }))).toThrow('flag.level and flag.since');
    expect(() => parseScored(text({ ...scoredWindow(), end: noon }))).toThrow('end is not after start');
    expect(() => parseScored(text({ kind: 'presence' }))).toThrow('neither a window nor a clock mark');
    expect(() => parseScored('{')).toThrow('not valid JSON');
    expect(() => parseScored(text({ kind: 'clockMark', source: '' }))).toThrow('source, sources, time');
  });

  test('never shows a value in what it says', () => {
    const values = fc.record({
      patient: fc.constant('Mrs Secret'),
      start: fc.anything(),
      flag: fc.anything(),
      news2: fc.anything(),
    });
    fc.assert(
      fc.property(values, (given) => {
        const message = messageOf(() => parseScored(JSON.stringify({ ...scoredWindow(), ...given })));
        expect(message).toMatch(/^The scored window has missing or wrong members: [\w., ]+\.$/);
        expect(message).not.toContain('Secret');
      }),
    );
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('settings', () => {
  test('of users are read, all problems at once', () => {
    const user = { name: 'id-ml-output', clientId: client, role: 'mlOutputWriter' };
    expect(readRepositoryUsers(JSON.stringify([user]))).toEqual([user]);
    const wrong = [
      { ...user, name: 'a b' },
      { ...user, clientId: 'x', role: 'owner' },
    ];
    expect(() => readRepositoryUsers(JSON.stringify(wrong))).toThrow(
      /name of entry 1 .*clientId of entry 2 .*role of entry 2 is none of mlOutputWriter, routingWriter, dashboardReader/,
    );
    const twins = [user, { ...user, clientId: client.replace('a', 'b') }];
    expect(() => readRepositoryUsers(JSON.stringify(twins))).toThrow('of another identity');
    expect(() => readRepositoryUsers('{}')).toThrow('not a JSON array');
  });

  test('of the server may name a port', () => {
    expect(readServer('sql.database.windows.net')).toEqual({ host: 'sql.database.windows.net', port: 1433 });
    expect(readServer('localhost:14330')).toEqual({ host: 'localhost', port: 14_330 });
    expect(() => readServer('localhost:x')).toThrow("'localhost:x'");
  });

  test('become security ids with the bytes of a client id', () => {
    expect(sidOf('af355f87-3f9a-4bb3-b8f9-ea1dc1f2f687')).toBe('875f35af9a3fb34bb8f9ea1dc1f2f687');
    expect(() => sidOf('x')).toThrow('no UUID');
  });
});

describe('faults', () => {
  const sql = (number: number) => Object.assign(new Error('Patient Secret'), { code: 'EREQUEST', number });

  test.each([2628, 8152, 547, 515, 8115])('of one row are refusals: %i', (number) => {
    expect(failingOf(sql(number))).toBe('row');
  });

  test.each([18_456, 4060, 40_613, 40_197, 40_501, 49_918, 10_928, 1205, 233, 208, 207, 229, 916, 102])(
    'of the server, its schema or its rights are waited out: %i',
    (number) => {
      expect(failingOf(sql(number))).toBe('fault');
      const fault = faultOf(sql(number));
      expect(isTransientFault(fault)).toBe(true);
      expect(causeOf(fault)).toBe(String(number));
      expect(fault.message).not.toContain('Secret');
    },
  );

  test('of several errors are told by what is behind them', () => {
    expect(failingOf([sql(2627), sql(3621)])).toBe('duplicate');
    expect(failingOf(Object.assign(new Error(), { code: 'ESOCKET' }))).toBe('fault');
    expect(causeOf(faultOf(Object.assign(new Error(), { code: 'ESOCKET' })))).toBe('ESOCKET');
  });
});

describe('latency', () => {
  const rules = { latenessSeconds: 120, warningMinutes: 10, breachMinutes: 15 };
  const arrived = (window: ScoredWindow) => ({ window, scoredAt: window.end + 2 * minute + 500, hot: true });

  test('is told by its parts, of the newest samples', () => {
    const windows = [scoredWindow(), scoredWindow({ patient: 'q' })].map(arrived);
    expect(latencyOf(windows, startOf(1) + 2 * minute + 1500, rules)).toEqual({
      level: 'info',
      line: 'iomt.latency sampleAgeP95Seconds=181.5 windowWaitP95Seconds=180 processingP95Seconds=1',
    });
  });

  test('leaves out what came late, long windows, and those without a sample', () => {
    const windows = [scoredWindow({ revision: 2 }), scoredWindow({ more: { vitals: {} } })].map(arrived);
    expect(latencyOf([...windows, { ...arrived(scoredWindow()), hot: false }], noon, rules)).toBeUndefined();
  });

  test.each([
    [10, 'warn'],
    [15, 'error'],
  ])('is a warning or a breach from %i minutes on', (minutes, level) => {
    const [one] = [scoredWindow()].map(arrived);
    expect(latencyOf([one as never], noon + 4 * minute + minutes * minute, rules)?.level).toBe(level);
  });
});

describe('windows of a patient', () => {
  test('come to the same episodes in one batch and in many, of which each knows only what it is to read', () => {
    fc.assert(
      fc.property(windowStreams(['p']), fc.array(fc.nat(12), { maxLength: 6 }), (stream, cuts) => {
        const bounds = [0, ...cuts.map((cut) => Math.min(cut, stream.length)), stream.length].sort((a, b) => a - b);
        const batches = bounds.slice(1).map((bound, index) => stream.slice(bounds[index], bound));
        expect(followed(batches)).toEqual(followed([stream]));
      }),
      { numRuns: 2000 },
    );
  });

  /** As the repository reads and keeps, without one. */
  function followed(batches: readonly (readonly ScoredWindow[])[]): readonly Episode[] {
    const episodes = new Map<string, Episode>();
    const stored = new Map<number, ScoredWindow>();
    const nameOf = ({ kind, since }: Pick<Episode, 'kind' | 'since'>) => `${kind} ${since}`;
    for (const batch of batches) {
      const newest = new Map([...stored].map(([start, { revision }]) => [start, revision]));
      const due = batch.filter(({ start, revision }) => {
        const isNewer = revision > (newest.get(start) ?? 0);
        if (isNewer) newest.set(start, revision);
        return isNewer;
      });
      const from = Math.min(...due.map(({ start }) => start));
      const named = due.flatMap(namedIn).map(nameOf);
      const known = [...episodes.values()].filter(
        (one) => one.ended === null || one.changedBy >= from || named.includes(nameOf(one)),
      );
      const ends = [...stored.values()].flatMap(({ patient, start, monitoringEnd }) =>
        monitoringEnd === null || start < from ? [] : [{ patient, windowStart: start, ...monitoringEnd }],
      );
      for (const { after } of followWindows(known, due, ends)) episodes.set(nameOf(after), after);
      for (const window of due) stored.set(window.start, window);
    }
    return [...episodes.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }
});

const episode = (given: Partial<Episode> = {}): Episode => ({
  ...{ patient: 'p', kind: 'deterioration', since: noon, raisedAt: startOf(1), level: 'high', vitals: [] },
  ...{ changedBy: noon, ended: null, ...given },
});

describe('every statement', () => {
  const setup = spawnSync(process.execPath, ['setup/python.mjs', 'sqlglot==30.30.0'], {
    cwd: join(__dirname, '..'),
    encoding: 'utf8',
  });
  const inPython = setup.status === 0 ? test : test.skip;

  inPython(
    'is T-SQL to a parser of others (skipped without Python 3 and its package index)',
    async () => {
      const statements = await allStatements();
      expect(statements.length).toBeGreaterThan(60);
      const complaints = parsed(statements, setup.stdout.trim().split('\n').at(-1) ?? '');
      // It takes the words of these as they come, and looks into all others.
      const known =
        /^COMMAND (create schema|create role|create user|alter role|drop user|exec sp_(get|release)applock) /;
      expect(complaints.filter((line) => !known.test(line))).toEqual([]);
    },
    120_000,
  );

  test('has fewer parameters than SQL Server takes', async () => {
    const database = new RecordedDatabase();
    const windows = Array.from({ length: 1000 }, (_, at) => scoredWindow({ patient: `p${at}` }));
    await repositoryIn(database.db).readRevisions(windows);
    await repositoryIn(database.db).writeResults(
      windows.map((window) => ({
        ...{ patient: window.patient, ends: [], windows: [{ window, scoredAt: noon, hot: true, replaces: 0 }] },
        changes: [{ before: null, after: episode({ patient: window.patient }) }],
      })),
    );
    const most = Math.max(...database.statements.map((one) => one.match(/@\d+/g)?.length ?? 0));
    expect(most).toBeGreaterThan(1500);
    expect(most).toBeLessThan(2100);
    // A thousand windows, each with a flag and an entry in the audit, in so many round trips.
    expect(database.statements.length).toBeLessThan(50);
  });
});

/** Statements that the runtime can emit: of each branch one. */
async function allStatements(): Promise<readonly string[]> {
  const empty = new RecordedDatabase();
  const users = repositoryRoles.map((role, at) => ({
    name: `id-${role}`,
    clientId: client.replace('a', `${at}`),
    role,
  }));
  await migrateRepository(empty.db as never, users);
  await write(empty.db, 0);
  const full = new RecordedDatabase(({ sql }) => {
    if (sql.includes('database_principals]') && !sql.includes('inner join')) return { rows: principals };
    if (sql.includes('database_role_members]')) return { rows: [{ role: 'mlOutputWriter', member: 'id-stranger' }] };
    if (/^select .*from "care"/.test(sql)) return { rows: [stored] };
    return undefined;
  });
  await migrateRepository(full.db as never, users);
  await write(full.db, 1);
  // A ledger's option is beyond the parser; the table's columns are not.
  const withoutLedger = (sql: string) => sql.replace(/ with \(ledger = on \(append_only = on\)\)$/, '');
  return [...new Set([...empty.statements, ...full.statements].map(withoutLedger))];
}

const principals = [
  { name: 'id-mlOutputWriter', type: 'E', sid: Buffer.alloc(16) },
  { name: 'id-stranger', type: 'X', sid: Buffer.alloc(16, 1) },
];

/** Has what any table's rows have. */
const stored = {
  ...{ patient: 'p', hospital: 'h', careTeam: 'old', careTeamName: null, source: 'ward', asOf: new Date(0) },
  ...{
    endedAt: null,
    objectId: client,
    role: null,
    until: new Date(2 ** 42),
    kind: 'deterioration',
    since: new Date(noon),
  },
  ...{ raisedAt: new Date(noon), level: 'high', vitals: '', changedBy: new Date(noon), endReason: null, revision: 1 },
  ...{ horizon: 'PT5M', windowStart: new Date(noon), monitoringEndedAt: new Date(noon), monitoringEndBasis: null },
};

async function write(db: RepositoryDatabase, replaces: number): Promise<void> {
  const repository = repositoryIn(db);
  const before = replaces === 0 ? null : episode();
  const gap = episode({ kind: 'data-gap', level: null, ended: { time: noon, reason: 'dataReturned' } });
  const results: PatientResults = {
    patient: 'p',
    windows: [{ window: scoredWindow({ endsAfter: 2 }), scoredAt: noon, hot: true, replaces }],
    changes: [
      { before, after: episode({ level: 'medium' }) },
      { before: replaces === 0 ? null : { ...gap, ended: null }, after: gap },
    ],
    ends: [noon],
  };
  const windows = [scoredWindow(), scoredWindow({ at: 1 }), scoredWindow({ patient: 'q' })];
  await repository.readRevisions(windows);
  await repository.readEpisodes(['p', 'q'], noon, [episode({ since: noon + 1 }), episode({ kind: 'data-gap' })]);
  await repository.readEnds(['p', 'q'], noon);
  await repository.writeResults([results]);
  await repository.reportFeed('fhir', '0', noon);
  await repository.writeRouting(snapshot);
  await repository.writeRouting({ ...snapshot, members: [], patients: [] });
}

const snapshot: RoutingSnapshot = {
  ...{ hospital: 'h', asOf: noon },
  patients: ['p', 'r'].map((patient) => ({
    ...{ patient, displayName: 'Ärger', birthDate: '1950', recordNumber: '1', ward: 'w', wardName: 'W' },
    ...{ monitored: true, careTeam: 'ct', careTeamName: 'Team', source: 'careTeam' as const },
  })),
  members: [{ careTeam: 'ct', objectId: client, role: 'nurse' }],
};

function parsed(statements: readonly string[], interpreter: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'statements-'));
  try {
    const file = join(folder, 'statements.json');
    writeFileSync(file, JSON.stringify(statements));
    const script = join(__dirname, 'support', 'python', 'parse_tsql.py');
    const { status, stdout, stderr } = spawnSync(interpreter, ['-B', script, file], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stdout.split('\n').filter((line) => line !== '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
