import fc from 'fast-check';
import type { ScoredWindow } from '../runtime/contracts/scored';
import type { RepositoryDatabase } from '../runtime/repository/connection';
import { followWindows } from '../runtime/repository/followWindows';
import type { Repository, RoutingSnapshot } from '../runtime/repository/port';
import { repositoryIn } from '../runtime/repository/repository';
import type { DashboardFeedRow } from '../runtime/repository/schema';
import { until } from './support/eventHubs';
import { RepositoryHost, RepositoryStep } from './support/repositoryHost';
import {
  clockMark,
  minute,
  noon,
  scoredWindow,
  startOf,
  type WindowGiven,
  windowStreams,
} from './support/repositoryWindows';

let host: RepositoryHost;
beforeAll(async () => {
  host = await RepositoryHost.migrated();
});
afterAll(() => host.close());
beforeEach(() => host.empty());

interface EpisodeShown {
  readonly patient: string;
  readonly kind: string;
  readonly since: number;
  readonly level: string | null;
  readonly endedAt: number | null;
  readonly endReason: string | null;
}

/** Windows after noon, rather than times. */
const at = (time: number | null) => (time === null ? null : (time - noon) / (5 * minute));
const windows = () =>
  host
    .rows<{ patient: string; windowStart: number; revision: number; total: number }>(
      'select patient, windowStart, revision, total from "care.scoredWindow" order by patient, windowStart',
    )
    .map(({ patient, windowStart, revision, total }) => `${patient} ${at(windowStart)} r${revision} total ${total}`);
const episodes = () =>
  host
    .rows<EpisodeShown>(
      'select patient, kind, since, level, endedAt, endReason from "care.episode" order by patient, kind, since',
    )
    .map(
      ({ patient, kind, since, level, endedAt, endReason }) =>
        `${patient} ${kind} ${at(since)} ${level ?? '-'} ${endedAt === null ? 'stands' : `${at(endedAt)} ${endReason}`}`,
    );
let audited = 0;
/** What was put down in the audit since the last look. */
function audit(): string[] {
  const rows = host.rows<{ id: number; action: string; patient: string }>(
    `select id, action, patient from "audit.entry" where id > ${audited} order by id`,
  );
  audited = rows.at(-1)?.id ?? audited;
  return rows.map(({ action, patient }) => `${action} ${patient}`);
}
beforeEach(() => {
  audit();
});

const raised = (given: WindowGiven = {}) => scoredWindow({ total: 8, level: 'high', mayLower: false, ...given });
const quiet = (number: number, given: WindowGiven = {}) => scoredWindow({ at: number, mayLower: false, ...given });

describe('a window', () => {
  test('is a row with all that was scored', async () => {
    const step = RepositoryStep.on(host);
    await step.handle([
      raised({ gapSince: 0, endsAfter: 2, more: { prediction: { ...model, values: { risk: 0.125 } } } }),
    ]);
    expect(host.rows('select * from "care.scoredWindow"')).toEqual([
      {
        ...{ patient: 'p', horizon: 'PT5M', windowStart: noon, windowEnd: startOf(1), hot: 1, revision: 1 },
        ...{ corrected: 0, method: 'NEWS2 2017, kernel 1.1.0', complete: 1, missing: '', notApplicable: '' },
        ...{
          cautions: 'pregnancyUnknown',
          carried: 'temperature',
          dataGap: 'heartRate',
          scoredAt: startOf(1) + 2 * minute,
        },
        ...{ total: 8, floorTotal: 8, ceilingTotal: 8, band: 'high', respPoints: 0, spo2Points: 0, oxygenPoints: 0 },
        ...{ sbpPoints: 0, pulsePoints: 1, consciousnessPoints: 0, tempPoints: 0, heartRate: 78, temperature: 37.2 },
        ...{ respirationRate: null, oxygenSaturation: null, supplementalOxygen: null, systolicBloodPressure: null },
        ...{ consciousness: null, totalChange: 0, totalChangeHour: null, predictedRisk: 0.125, flagLevel: 'high' },
        ...{ lastSampleAt: noon + 4 * minute, monitoringEndedAt: noon + 2 * minute, monitoringEndBasis: 'encounter' },
        writtenAt: host.sql.context.clock.now(),
      },
    ]);
    expect(step.lines).toEqual([
      'iomt.repository written=1 ignored=0 episodes=2 deadLetters=0',
      expect.stringMatching(
        /^iomt\.latency sampleAgeP95Seconds=[\d.]+ windowWaitP95Seconds=180 processingP95Seconds=[\d.]+$/,
      ),
    ]);
    expect(step.lines.join()).not.toContain('p=');
  });

  const model = { model: 'site', version: '1', kind: 'module' as const, state: 'done' as const };

  test('where NEWS2 does not hold says why, and a number that no column holds costs no row', async () => {
    const applicability = { applicable: false, reasons: ['underSixteen'], cautions: [] };
    const prediction = { ...model, values: { risk: 1e9 } };
    await RepositoryStep.on(host).handle([
      scoredWindow({ more: { news2: null, trend: null, applicability, prediction } }),
    ]);
    expect(host.rows('select total, band, complete, notApplicable, predictedRisk from "care.scoredWindow"')).toEqual([
      { total: null, band: null, complete: 0, notApplicable: 'underSixteen', predictedRisk: null },
    ]);
  });

  test('stays at its newest revision, in whatever order and how often they come', async () => {
    const revisions = [1, 2, 3].map((revision) => scoredWindow({ revision, total: revision }));
    const [one, two, three] = revisions as [ScoredWindow, ScoredWindow, ScoredWindow];
    const step = RepositoryStep.on(host);
    await step.handle([two, one, two]);
    expect(windows()).toEqual(['p 0 r2 total 2']);
    await step.handle([three]);
    await step.handle([one, two, three]);
    expect(windows()).toEqual(['p 0 r3 total 3']);
    expect(step.lines.filter((line) => line.startsWith('iomt.repository'))).toEqual([
      'iomt.repository written=1 ignored=2 episodes=0 deadLetters=0',
      'iomt.repository written=1 ignored=0 episodes=0 deadLetters=0',
      'iomt.repository written=0 ignored=3 episodes=0 deadLetters=0',
    ]);
  });

  test('of another patient is told by the case of its id', async () => {
    await RepositoryStep.on(host).handle([raised({ patient: 'abc' }), scoredWindow({ patient: 'ABC' })]);
    expect(windows()).toEqual(['ABC 0 r1 total 1', 'abc 0 r1 total 8']);
    expect(episodes()).toEqual(['abc deterioration 0 high stands']);
  });

  test('of the long view moves no flag', async () => {
    const end = noon + 24 * 60 * minute;
    await RepositoryStep.on(host).handle([raised({ more: { horizon: 'PT24H', end } })]);
    expect(host.rows('select horizon, hot from "care.scoredWindow"')).toEqual([{ horizon: 'PT24H', hot: 0 }]);
    expect(episodes()).toEqual([]);
  });
});

describe('what cannot be written', () => {
  test('is a dead letter, and nothing else is lost with it', async () => {
    const step = RepositoryStep.on(host);
    const cautions = Array.from({ length: 5 }, (_, index) => `${index}`.repeat(40));
    const tooLong = { applicability: { applicable: true, reasons: [], cautions } };
    const others = Array.from({ length: 60 }, (_, index) => scoredWindow({ patient: `o${index}` }));
    await step.handle([
      'no JSON',
      raised(),
      scoredWindow({ patient: 'x/y' }),
      quiet(1, { more: tooLong, level: 'high', since: 0 }),
      quiet(2, { level: 'high', since: 0 }),
      ...others,
    ]);
    expect(windows().filter((row) => row.startsWith('p '))).toEqual(['p 0 r1 total 8', 'p 2 r1 total 1']);
    expect(windows()).toHaveLength(62);
    expect(episodes()).toEqual(['p deterioration 0 high stands']);
    expect(
      step.letters.map(({ reason: { name, message }, sequenceNumber }) => [sequenceNumber, name, message]),
    ).toEqual([
      [0, 'InvalidDataFormatException', 'The scored message is not valid JSON.'],
      [2, 'InvalidDataFormatException', 'The scored window has missing or wrong members: patient.'],
      [3, 'RepositoryRefusalException', "The repository refuses the row (SQL Server's error 2628)."],
    ]);
    expect(step.letters.every((letter) => letter.step === 'ml-output-repository')).toBe(true);
    expect(Buffer.from(step.letters[0]?.bodyBase64 ?? '', 'base64').toString()).toBe('no JSON');
  });
});

describe('an episode', () => {
  test('is raised, gets worse, keeps, and ends when the rules let it, with an entry in the audit each', async () => {
    const step = RepositoryStep.on(host);
    await step.handle([scoredWindow({ total: 5, level: 'medium', mayLower: false })]);
    expect(audit()).toEqual(['episode.raised p']);
    await step.handle([raised({ at: 1, since: 0 }), raised({ at: 2, since: 0 })]);
    expect([episodes(), audit()]).toEqual([['p deterioration 0 high stands'], ['episode.changed p']]);
    await step.handle([scoredWindow({ at: 3 })]);
    expect([episodes(), audit()]).toEqual([['p deterioration 0 high 4 improved'], ['episode.ended p']]);
    await step.handle([raised({ at: 9 })]);
    expect([episodes(), audit()]).toEqual([
      ['p deterioration 0 high 4 improved', 'p deterioration 9 high stands'],
      ['episode.raised p'],
    ]);
  });

  test('that begins after another one in the same batch stands alone', async () => {
    const step = RepositoryStep.on(host);
    await step.handle([raised()]);
    audit();
    await step.handle([scoredWindow({ at: 1 }), raised({ at: 2 })]);
    expect(episodes()).toEqual(['p deterioration 0 high 2 improved', 'p deterioration 2 high stands']);
    expect(audit().sort()).toEqual(['episode.ended p', 'episode.raised p']);
  });

  test('that is raised again by its name stands in the place of another one that ends', async () => {
    const step = RepositoryStep.on(host);
    await step.handle([raised(), scoredWindow({ at: 1 }), raised({ at: 3 })]);
    await step.handle([scoredWindow({ at: 4 }), raised({ at: 5, since: 0 })]);
    expect(episodes()).toEqual(['p deterioration 0 high stands', 'p deterioration 3 high 5 improved']);
    expect(audit().slice(-2).sort()).toEqual(['episode.ended p', 'episode.raised p']);
  });

  test('of missing data ends when they return, and ends no flag', async () => {
    const step = RepositoryStep.on(host);
    await step.handle([raised(), quiet(1, { level: 'high', since: 0, gapSince: 1 })]);
    expect(episodes()).toEqual(['p data-gap 1 - stands', 'p deterioration 0 high stands']);
    await step.handle([quiet(2, { level: 'high', since: 0 })]);
    expect(episodes()).toEqual(['p data-gap 1 - 3 dataReturned', 'p deterioration 0 high stands']);
  });

  test('ends with monitoring, as such, with the route of the patient, unless FHIR knows better', async () => {
    const routing = repositoryIn(host.as('routingWriter'));
    await routing.writeRouting(snapshot(noon, ['p', 'q']));
    await routing.writeRouting({ ...snapshot(startOf(9), ['q']), hospital: 'other' });
    audit();
    const step = RepositoryStep.on(host);
    await step.handle([raised(), raised({ patient: 'q' })]);
    await step.handle([
      raised({ at: 1, since: 0, endsAfter: 3 }),
      raised({ patient: 'q', at: 1, since: 0, endsAfter: 3 }),
    ]);
    expect(episodes()).toEqual([
      'p deterioration 0 high 1.6 monitoringEnded',
      'q deterioration 0 high 1.6 monitoringEnded',
    ]);
    expect(routes()).toEqual(['p h ct 1.6', 'q other ct holds']);
    expect(host.rows('select patient, monitored from "care.patient" order by patient')).toEqual([
      { patient: 'p', monitored: 0 },
      { patient: 'q', monitored: 1 },
    ]);
    expect(audit().filter((entry) => !entry.startsWith('episode.'))).toEqual(['monitoring.ended p', 'route.ended p']);
  });

  test('is not begun once more by a correction of what ended it', async () => {
    const step = RepositoryStep.on(host);
    await step.handle([raised(), scoredWindow({ at: 2 })]);
    await step.handle([raised({ at: 2, revision: 2 })]);
    expect(episodes()).toEqual(['p deterioration 0 high 3 improved']);
  });

  test('that comes late begins before an end that was read already, and ends with it', async () => {
    const step = RepositoryStep.on(host);
    await step.handle([quiet(0), quiet(1), quiet(2, { endsAfter: 1 })]);
    await step.handle([raised({ revision: 2 })]);
    expect(episodes()).toEqual(['p deterioration 0 high 2.2 monitoringEnded']);
  });
});

describe('whoever comes twice', () => {
  const messages = () => [
    ...[raised(), quiet(1, { level: 'high', since: 0, gapSince: 1 }), raised({ at: 1, since: 0, revision: 2 })],
    ...[scoredWindow({ at: 2 }), raised({ at: 3 }), raised({ patient: 'q' }), scoredWindow({ patient: 'q', at: 1 })],
  ];
  const outcome = () => [windows(), episodes(), audit().sort()];
  let expected: unknown;
  beforeEach(async () => {
    await RepositoryStep.on(host).handle(messages());
    expected = outcome();
    await host.empty();
    audit();
  });

  test('changes nothing', async () => {
    const step = RepositoryStep.on(host);
    await step.handle(messages());
    expect(outcome()).toEqual(expected);
    const rows = host.rows('select * from "care.scoredWindow"');
    await RepositoryStep.on(host).handle(messages());
    await step.handle(messages());
    expect(host.rows('select * from "care.scoredWindow"')).toEqual(rows);
    expect(audit()).toEqual([]);
  });

  test('at the same time, as two instances of a partition, writes all once', async () => {
    const steps = Array.from({ length: 3 }, () => RepositoryStep.on(host));
    await Promise.all(steps.map((step) => step.handle(messages())));
    expect(outcome()).toEqual(expected);
  });

  test('at the same time with other windows of a patient, undoes nothing of each other', async () => {
    const patients = Array.from({ length: 12 }, (_, index) => `p${index}`);
    const low = { level: 'low-medium', mayLower: false } as const;
    const each = (given: WindowGiven) => patients.map((patient) => scoredWindow({ patient, ...given }));
    const begin = [...each({ ...low, total: 5 }), ...each({ ...low, at: 1, since: 0 })];
    const one = RepositoryStep.on(host);
    await one.handle([...begin, ...each({ ...low, at: 2, since: 0 })]);
    const late = [
      each({ level: 'high', revision: 2, mayLower: false, total: 8 }),
      each({ level: 'medium', revision: 2, at: 1, since: 0, mayLower: false }),
      each({ level: 'medium', revision: 3, at: 2, since: 0, mayLower: false, total: 3 }),
      each({ level: 'medium', revision: 2, at: 2, since: 0, mayLower: false, total: 2 }),
    ];
    await Promise.all(late.map((some) => RepositoryStep.on(host).handle(some)));
    expect(new Set(episodes().map((shown) => shown.split(' ').slice(1).join(' ')))).toEqual(
      new Set(['deterioration 0 high stands']),
    );
    expect(windows().filter((row) => row.includes(' 2 r'))).toEqual(patients.sort().map((p) => `${p} 2 r3 total 3`));
    const [ending, worse] = [each({ at: 5 }), each({ level: 'high', revision: 3, mayLower: false, total: 9 })];
    await Promise.all([ending, worse].map((some) => RepositoryStep.on(host).handle(some)));
    expect(new Set(episodes().map((shown) => shown.split(' ').slice(1).join(' ')))).toEqual(
      new Set(['deterioration 0 high 6 improved']),
    );
  });

  test('between the reading and the writing of another, has it read and follow again', async () => {
    const patients = Array.from({ length: 8 }, (_, index) => `p${index}`);
    const each = (given: WindowGiven, some = patients) => some.map((patient) => scoredWindow({ patient, ...given }));
    const half = patients.slice(4);
    const low = { level: 'low-medium', mayLower: false } as const;
    await RepositoryStep.on(host).handle([...each({ ...low, total: 5 }), ...each({ ...low, at: 1, since: 0 })]);
    audit();
    const meanwhile = () =>
      RepositoryStep.on(host).handle(each({ level: 'medium', revision: 2, at: 1, since: 0, mayLower: false }, half));
    const worse = each({ level: 'high', revision: 2, mayLower: false, total: 8 });
    await new RepositoryStep(interrupted(repositoryIn(host.as('mlOutputWriter')), meanwhile)).handle(worse);
    expect(episodes()).toEqual(patients.map((patient) => `${patient} deterioration 0 high stands`));
    expect(audit()).toHaveLength(12);
    const ending = () => RepositoryStep.on(host).handle(each({ at: 5 }, half));
    const keep = each({ at: 4, level: 'high', since: 0, gapSince: 4, mayLower: false });
    await new RepositoryStep(interrupted(repositoryIn(host.as('mlOutputWriter')), ending)).handle([
      ...keep,
      ...each({ at: 5 }),
    ]);
    expect(episodes().filter((shown) => shown.includes('deterioration'))).toEqual(
      patients.map((patient) => `${patient} deterioration 0 high 6 improved`),
    );
    expect(audit().filter((entry) => entry.startsWith('episode.ended')).length).toBeGreaterThanOrEqual(8);
  });

  test('at the same time with other beginnings, leaves one that stands', async () => {
    const patients = Array.from({ length: 12 }, (_, index) => `p${index}`);
    const [early, later] = [0, 3].map((number) => patients.map((patient) => raised({ patient, at: number })));
    await Promise.all([early, later].map((some) => RepositoryStep.on(host).handle(some as ScoredWindow[])));
    expect(episodes().map((shown) => [shown.split(' ')[0], shown.split(' ')[4]])).toEqual(
      patients.sort().map((patient) => [patient, 'stands']),
    );
  });

  test('after a death between any two writes finds what is done, and does the rest', async () => {
    for (let calls = 0; ; calls++) {
      await host.empty();
      audit();
      const dying = new RepositoryStep(dyingAfter(calls, repositoryIn(host.as('mlOutputWriter'))));
      const hasDied = await dying.handle(messages()).then(
        () => false,
        () => true,
      );
      await RepositoryStep.on(host).handle(messages());
      expect(outcome()).toEqual(expected);
      if (!hasDied) break;
    }
  });

  test('after a fault before any statement goes on', async () => {
    let statements = 0;
    const counted = failingAt(host.as('mlOutputWriter'), () => {
      statements++;
      return false;
    });
    await new RepositoryStep(repositoryIn(counted)).handle(messages());
    for (let failing = 1; failing <= statements; failing++) {
      await host.empty();
      audit();
      let seen = 0;
      const step = new RepositoryStep(repositoryIn(failingAt(host.as('mlOutputWriter'), () => ++seen === failing)));
      await step.handle(messages());
      expect(outcome()).toEqual(expected);
      expect(step.lines[0]).toBe('iomt.held step=ml-output-repository cause=EBROKEN');
    }
  });
});

/** Ends like a process that is killed before the call of that number, or after it. */
function dyingAfter(calls: number, repository: Repository): Repository {
  let left = calls;
  const dying =
    (name: keyof Repository) =>
    async (...given: never[]) => {
      if (left-- === 0) throw new Error('killed');
      const result = await (repository[name] as (...given: never[]) => Promise<unknown>)(...given);
      if (left-- === 0) throw new Error('killed');
      return result;
    };
  const names = ['readRevisions', 'readEpisodes', 'readEnds', 'writeResults'] as const;
  return { ...repository, ...Object.fromEntries(names.map((name) => [name, dying(name)])) };
}

/** Somebody else comes before its first write. */
function interrupted(repository: Repository, work: () => Promise<void>): Repository {
  let isFirst = true;
  const writeResults: Repository['writeResults'] = async (results) => {
    if (isFirst) await work();
    isFirst = false;
    return repository.writeResults(results);
  };
  return { ...repository, writeResults };
}

/** Whose connection breaks before a statement. */
function failingAt(db: RepositoryDatabase, isFailing: () => boolean): RepositoryDatabase {
  return db.withPlugin({
    transformQuery: ({ node }) => {
      if (isFailing()) throw Object.assign(new Error('broken'), { code: 'EBROKEN' });
      return node;
    },
    transformResult: async ({ result }) => result,
  });
}

describe('a database that is away', () => {
  test('holds the batch, says so, and has all of it afterwards', async () => {
    const step = RepositoryStep.on(host);
    await step.handle([raised()]);
    let handled: Promise<void> = Promise.resolve();
    // Kysely's driver says there what becomes of a connection.
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    await host.away(async () => {
      handled = step.handle([raised({ at: 1, since: 0 }), clockMark('0', 1, startOf(1))]);
      await until('held twice', () => step.lines.filter((line) => line.startsWith('iomt.held')).length > 1);
    });
    await handled;
    jest.restoreAllMocks();
    expect(windows()).toEqual(['p 0 r1 total 8', 'p 1 r1 total 8']);
    expect(feeds()).toEqual(['repository 0 1']);
  });
});

const feeds = () =>
  host
    .rows<{ feed: string; source: string; until: number }>('select feed, source, until from "care.feed" order by 1, 2')
    .map(({ feed, source, until: time }) => `${feed} ${source} ${at(time)}`);

describe('a feed', () => {
  test('is as far as the least of its sources, once all are known, and never goes back', async () => {
    const step = RepositoryStep.on(host);
    await step.handle([clockMark('a', 2, startOf(2))], '3');
    expect(feeds()).toEqual([]);
    await step.handle([clockMark('b', 2, startOf(1))], '3');
    await step.handle([clockMark('b', 1, startOf(5))], '4');
    expect(feeds()).toEqual(['repository 3 1', 'repository 4 5']);
    await RepositoryStep.on(host).handle([clockMark('a', 2, startOf(0)), clockMark('b', 2, startOf(0))], '3');
    expect(feeds()).toEqual(['repository 3 1', 'repository 4 5']);
    await step.handle([clockMark('b', 2, startOf(3))], '3');
    expect(feeds()).toEqual(['repository 3 2', 'repository 4 5']);
  });

  test('is written once by many who begin it', async () => {
    const times = [3, 1, 4, 2];
    const writers = times.map(() => repositoryIn(host.as('mlOutputWriter')));
    await Promise.all(writers.map((one, index) => one.reportFeed('fhir', '0', startOf(times[index] as number))));
    expect(feeds()).toEqual(['fhir 0 4']);
  });
});

const routes = () =>
  host
    .rows<{ patient: string; hospital: string; careTeam: string; endedAt: number | null }>(
      'select patient, hospital, careTeam, endedAt from "care.route" order by patient',
    )
    .map(({ patient, hospital, careTeam, endedAt }) => `${patient} ${hospital} ${careTeam} ${at(endedAt) ?? 'holds'}`);

function snapshot(asOf: number, patients: readonly string[], given: Partial<RoutingSnapshot['patients'][0]> = {}) {
  return {
    ...{ hospital: 'h', asOf },
    patients: patients.map((patient) => ({
      ...{ patient, displayName: 'Zoë Ærø', birthDate: '1950', recordNumber: '7', ward: 'w', wardName: 'Ward' },
      ...{ monitored: true, careTeam: 'ct', careTeamName: 'Team', source: 'careTeam' as const, ...given },
    })),
    members: [{ careTeam: 'ct', objectId: 'A0000000-0000-4000-8000-00000000000A', role: 'nurse' }],
  } satisfies RoutingSnapshot;
}

describe('routing', () => {
  const routing = () => repositoryIn(host.as('routingWriter'));
  const members = () => host.rows('select careTeam, objectId, role from "care.teamMember" order by objectId');

  test('is what FHIR said last; what is older stays out', async () => {
    const one = routing();
    expect(await one.writeRouting(snapshot(startOf(1), ['p', 'q']))).toBe(true);
    expect(audit()).toEqual(['route.changed p', 'route.changed q']);
    expect(host.rows('select displayName, birthDate, wardName from "care.patient" where patient = \'p\'')).toEqual([
      { displayName: 'Zoë Ærø', birthDate: '1950', wardName: 'Ward' },
    ]);
    expect(members()).toEqual([{ careTeam: 'ct', objectId: 'a0000000-0000-4000-8000-00000000000a', role: 'nurse' }]);
    expect(await one.writeRouting(snapshot(startOf(2), ['p', 'q']))).toBe(true);
    expect(audit()).toEqual([]);
    const moved = snapshot(startOf(3), ['p'], { careTeam: 'ward:w', source: 'ward' });
    expect(await one.writeRouting({ ...moved, members: [] })).toBe(true);
    expect(routes()).toEqual(['p h ward:w holds', 'q h ct 3']);
    expect([audit(), members()]).toEqual([['route.changed p', 'route.ended q'], []]);
    expect(await one.writeRouting(snapshot(startOf(2), ['p', 'q']))).toBe(false);
    expect(routes()).toEqual(['p h ward:w holds', 'q h ct 3']);
    expect(feeds()).toEqual(['routing h 3']);
    expect(await one.writeRouting(snapshot(startOf(4), ['p', 'q']))).toBe(true);
    expect([routes(), audit()]).toEqual([
      ['p h ct holds', 'q h ct holds'],
      ['route.changed p', 'route.changed q'],
    ]);
  });

  test('of two that write at once is the newer one', async () => {
    const older = snapshot(startOf(1), ['p', 'q'], { careTeam: 'old' });
    const newer = snapshot(startOf(2), ['q', 'r']);
    await Promise.all([older, newer, older].map((one) => routing().writeRouting(one)));
    expect(routes().filter((route) => route.endsWith('holds'))).toEqual(['q h ct holds', 'r h ct holds']);
  });

  test('of a patient who is not monitored any more ends, and does not begin', async () => {
    const one = routing();
    await one.writeRouting(snapshot(startOf(1), ['p']));
    const over = snapshot(startOf(2), ['p', 'q'], { monitored: false });
    await one.writeRouting(over);
    await one.writeRouting({ ...over, asOf: startOf(3) });
    expect(routes()).toEqual(['p h ct 2']);
    expect(audit()).toEqual(['route.changed p', 'route.ended p']);
  });
});

describe('the dashboard', () => {
  const read = <Row>(view: 'patient' | 'trend' | 'episode' | 'feed' | 'teamMember') =>
    host.as('dashboardReader').selectFrom(`dashboard.${view}`).selectAll().execute() as Promise<Row[]>;

  test('shows who is monitored or flagged, by risk, with the age of what is known', async () => {
    const step = RepositoryStep.on(host);
    await repositoryIn(host.as('routingWriter')).writeRouting(snapshot(noon, ['p', 'q', 'silent']));
    await host.sql.context.clock.advanceTo(startOf(2) + 2 * minute);
    await step.handle([
      ...[raised(), quiet(1, { level: 'high', since: 0 }), scoredWindow({ patient: 'q', at: 1, total: 2 })],
      ...[scoredWindow({ patient: 'unrouted', at: 1, total: 5 }), clockMark('0', 1, startOf(1))],
    ]);
    const rows = await read<Record<string, unknown>>('patient');
    const shown = ['riskOrder', 'careTeam', 'total', 'flagLevel', 'dataAgeSeconds', 'dataState', 'displayName'];
    expect(Object.fromEntries(rows.map((row) => [row.patient, shown.map((name) => row[name])]))).toEqual({
      p: [0, 'ct', 1, 'high', 180, 'current', 'Zoë Ærø'],
      q: [3, 'ct', 2, null, 180, 'current', 'Zoë Ærø'],
      silent: [4, 'ct', null, null, null, 'no data', 'Zoë Ærø'],
      unrouted: [1, 'default', 5, null, 180, 'current', null],
    });
    expect((await read<{ patient: string }>('trend')).map(({ patient }) => patient).sort()).toEqual([
      'p',
      'p',
      'q',
      'unrouted',
    ]);
    expect(await read('episode')).toMatchObject([
      { patient: 'p', kind: 'deterioration', level: 'high', careTeam: 'ct' },
    ]);
    expect(await read('feed')).toEqual([
      { feed: 'repository', until: new Date(startOf(1)), ageSeconds: 420, behindSeconds: 0 },
      { feed: 'routing', until: new Date(noon), ageSeconds: 720, behindSeconds: 0 },
    ]);
    expect(await read('teamMember')).toMatchObject([{ careTeam: 'ct', hospital: 'h' }]);
  });

  test('says that a writer is behind once the other has a window for a minute, or the next one, too', async () => {
    const { clock } = host.sql.context;
    const wrote = (feed: 'repository' | 'fhir', source: string, window: number) =>
      repositoryIn(host.as('mlOutputWriter')).reportFeed(feed, source, startOf(window));
    const behind = async () =>
      Object.fromEntries((await read<DashboardFeedRow>('feed')).map((row) => [row.feed, row.behindSeconds]));
    for (const source of ['0', '1']) for (const feed of ['repository', 'fhir'] as const) await wrote(feed, source, 1);
    await wrote('repository', '0', 2);
    expect(await behind()).toEqual({ fhir: 0, repository: 0 });
    await clock.advanceTo(clock.now() + minute);
    expect(await behind()).toEqual({ fhir: 300, repository: 0 });
    await wrote('fhir', '0', 2);
    expect(await behind()).toEqual({ fhir: 0, repository: 0 });
    await wrote('fhir', '1', 2);
    await wrote('fhir', '1', 3);
    expect(await behind()).toEqual({ fhir: 0, repository: 600 });
  });
});

describe('any stream', () => {
  const patients = ['p', 'q'];
  const streams = windowStreams(patients);

  test('comes to what it does one by one, however it is cut, repeated and read by two', async () => {
    await fc.assert(
      fc.asyncProperty(streams, fc.array(fc.nat(12), { maxLength: 3 }), async (stream, cuts) => {
        await host.empty();
        const bounds = [0, ...cuts.map((cut) => Math.min(cut, stream.length)), stream.length].sort((a, b) => a - b);
        const [one, two] = [RepositoryStep.on(host), RepositoryStep.on(host)];
        for (let part = 1; part < bounds.length; part++) {
          const batch = stream.slice(bounds[part - 1], bounds[part]);
          await Promise.all([one.handle(batch), part % 2 === 0 ? two.handle(batch) : undefined]);
        }
        await two.handle(stream);
        expect(episodes()).toEqual(followed(stream));
      }),
      // Each run is some seconds: no time to look for a shorter counterexample.
      { numRuns: 25, endOnFailure: true },
    );
  });

  /** Each patient's windows that were newer when they came, followed by a pure function. */
  function followed(stream: readonly ScoredWindow[]): string[] {
    return patients.flatMap((patient) => {
      const newest = new Map<number, number>();
      const due = stream.filter((window) => {
        const isNewer = window.patient === patient && window.revision > (newest.get(window.start) ?? 0);
        if (isNewer) newest.set(window.start, window.revision);
        return isNewer;
      });
      return followWindows([], due, [])
        .map(
          ({ after: { kind, since, level, ended } }) =>
            `${patient} ${kind} ${at(since)} ${level ?? '-'} ${ended === null ? 'stands' : `${at(ended.time)} ${ended.reason}`}`,
        )
        .sort();
    });
  }
});
