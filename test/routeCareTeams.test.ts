import { routingSettings } from '../runtime/contracts/appSettings';
import type { Transport } from '../runtime/fhir/transport';
import { readRoutingInputs } from '../runtime/functions/routingInputs';
import { UseStatements } from '../runtime/functions/useStatements';
import { standingFlagSystem } from '../runtime/hotPath/flagIdentifiers';
import { RepositoryFault } from '../runtime/repository/faults';
import { repositoryIn } from '../runtime/repository/repository';
import {
  at,
  device,
  encounter,
  membersIn,
  objectId,
  objectIdSystem,
  patient,
  role,
  routesIn,
  team,
  use,
  ward,
} from './support/careResources';
import { until } from './support/deviceFleet';
import { FhirInProcess } from './support/fhirInProcess';
import { RepositoryHost } from './support/repositoryHost';
import { RoutingStep, RoutingTable, staleSeconds } from './support/routingStep';

let fhir: FhirInProcess;
/** The service's clock, milliseconds since 1970. */
let now: number;
/** What the service answers in place of what was asked, when it is down. */
let down: number | undefined;
let table: RoutingTable;
let step: RoutingStep;

const timed: Transport = async (body) => {
  const headers = new Headers({ 'retry-after': '0' });
  if (down !== undefined) return { status: down, headers };
  const answer = await fhir.transport(body);
  answer.headers.set('date', new Date(now).toUTCString());
  return answer;
};

beforeEach(async () => {
  fhir = new FhirInProcess();
  now = Date.parse('2026-01-06T12:00:00Z');
  fhir.now = now;
  down = undefined;
  table = new RoutingTable();
  step = new RoutingStep(timed, table);
  await fhir.put(
    ...[patient('p1'), patient('p2'), patient('p3'), ...ward('w1'), ...ward('w2')],
    ...[
      ...role('r1', 1),
      ...role('r2', 2, at('w1')),
      ...role('r3', 3, at('w2')),
      ...role('r4', 4),
      ...role('r5', undefined),
    ],
    ...[encounter('e1', 'p1', 'w1-bed'), encounter('e2', 'p2', 'w1-bed'), device('d3', 'p3'), use('u3', 'p3', 'd3')],
    team('t1', 'p1', ['PractitionerRole/r1', 'PractitionerRole/r5', 'Practitioner/dr-r4']),
    team('queue', undefined, ['PractitionerRole/r4'], { identifier: [{ value: 'Unassigned' }] }),
  );
});
afterEach(() => fhir.close());

/** The next run of the timer, a minute later. */
async function next(): Promise<readonly string[]> {
  now += 60_000;
  fhir.now = now;
  await step.run();
  return table.snapshot === undefined ? [] : routesIn(table.snapshot);
}
const members = () => membersIn(table.snapshot ?? { hospital: '', asOf: 0, patients: [], members: [] });
const finished = { status: 'finished', period: { start: '2026-01-05T08:00:00Z', end: '2026-01-06T12:00:30Z' } };

test('who is observed gets a route, teams get their members, and operators get counts without a name', async () => {
  expect(await next()).toEqual(['p1 to t1 by careTeam', 'p2 to ward:w1 by ward', 'p3 to default by default']);
  expect(members()).toEqual(['default 4 Nurse', 't1 1 Nurse', 't1 4 null', 'ward:w1 2 Nurse']);
  expect(table.snapshot).toMatchObject({ hospital: 'st-elsewhere', asOf: now });
  expect(table.snapshot?.patients[1]).toMatchObject({
    displayName: 'Family-p2, Given',
    ward: 'w1',
    wardName: 'Ward w1',
  });
  expect(step.said).toEqual([
    'iomt.routing patients=3 routed=1 ward=1 unrouted=1 members=4 withoutObjectId=1 ageSeconds=0',
    'iomt.unrouted count=1',
  ]);
});

test('what stays wrong is said when it changes, and again before an alert would forget it', async () => {
  for (let run = 0; run < 12; run++) await next();
  expect(step.said.filter((line) => line.startsWith('iomt.unrouted'))).toEqual(Array(2).fill('iomt.unrouted count=1'));
  await fhir.put(device('d4', 'p4'));
  await next();
  expect(step.said.at(-1)).toBe('iomt.unrouted count=2');
});

test('a queue that nobody reads is said to be one', async () => {
  await fhir.put(team('queue', undefined, ['PractitionerRole/r5'], { identifier: [{ value: 'Unassigned' }] }));
  await next();
  expect(step.said).toContain('iomt.routing.unread queue=default');
});

test('a team that changes, an end of it, and a transfer to another ward are in the next projection', async () => {
  await next();
  await fhir.put(team('t1', 'p1', ['PractitionerRole/r4']), encounter('e2', 'p2', 'w2-room'));
  expect(await next()).toEqual(['p1 to t1 by careTeam', 'p2 to ward:w2 by ward', 'p3 to default by default']);
  expect(members()).toEqual(['default 4 Nurse', 't1 4 Nurse', 'ward:w2 3 Nurse']);
  await fhir.put(team('t1', 'p1', ['PractitionerRole/r4'], { status: 'inactive' }));
  expect((await next())[0]).toBe('p1 to ward:w1 by ward');
});

test('a discharge, a death and a device that is taken off end monitoring; a flag that stands keeps its route', async () => {
  await next();
  const standing = { system: standingFlagSystem, value: 'p1.deterioration' };
  await fhir.put(
    encounter('e1', 'p1', 'w1-bed', finished),
    {
      resourceType: 'Flag',
      id: 'f1',
      identifier: [standing],
      status: 'active',
      code: { text: 'Deterioration' },
      subject: { reference: 'Patient/p1' },
    },
    patient('p2', { deceasedDateTime: '2026-01-06T12:00:30Z' }),
    device('d3'),
    use('u3', 'p3', 'd3', { status: 'completed', timingPeriod: finished.period }),
  );
  expect(await next()).toEqual(['p1 ended, was t1 by careTeam', 'p2 ended, was ward:w1 by ward']);
  expect(step.said.at(-1)).toMatch(/patients=0 routed=0 ward=0 unrouted=0 /);
  await fhir.put({
    ...{
      resourceType: 'Flag',
      id: 'f1',
      identifier: [{ system: 'urn:other' }],
      status: 'inactive',
      code: { text: 'Deterioration' },
    },
    subject: { reference: 'Patient/p1' },
  });
  expect(await next()).toEqual(['p2 ended, was ward:w1 by ward']);
});

test('a patient who is known by a device alone goes by the ward of an encounter that puts nobody under observation', async () => {
  await fhir.put(encounter('e3', 'p3', 'w2-bed', { class: { code: 'HH' } }));
  expect((await next())[2]).toBe('p3 to ward:w2 by ward');
});

test('while FHIR is down the last projection stays; once it is too old, it is said to be stale; then all goes on', async () => {
  await next();
  const before = table.snapshot;
  down = 503;
  const run = next();
  await until('it is held', async () => step.said.includes('iomt.held step=routing cause=503'));
  expect(step.lines('iomt.routing.stale')).toEqual([]);
  step.monotonic += staleSeconds * 1000 + 1000;
  await until('it is stale', async () => step.said.includes(`iomt.routing.stale ageSeconds=${staleSeconds + 1}`));
  expect(table.snapshot).toBe(before);
  down = undefined;
  await run;
  expect(table.snapshot?.asOf).toBe(now);
  expect(step.said.at(-1)).toMatch(/^iomt.routing patients=3 .* ageSeconds=0$/);
});

test('a search that is refused writes nothing, since a part of it would take patients from their teams', async () => {
  await next();
  const before = table.snapshot;
  const refusing: Transport = async (body) => {
    const answer = await timed(body);
    const { entry = [] } = answer.bundle ?? {};
    const isOfTeams = body.includes('CareTeam?patient');
    const refused = entry.map((one) => (isOfTeams ? { response: { status: '400' } } : one));
    return answer.bundle === undefined ? answer : { ...answer, bundle: { ...answer.bundle, entry: refused } };
  };
  const other = new RoutingStep(refusing, table);
  now += 60_000;
  other.monotonic = staleSeconds * 1000 + 2000;
  await expect(other.run()).rejects.toThrow('The FHIR service answered 400.');
  expect(table.snapshot).toBe(before);
  expect(other.said).toEqual([`iomt.routing.stale ageSeconds=${staleSeconds + 2}`]);
});

test('a repository that is away is waited for', async () => {
  table.faults.push(new RepositoryFault('ECONNREFUSED'), new RepositoryFault('40613'));
  await next();
  expect(table.snapshot?.patients).toHaveLength(3);
  expect(step.lines('iomt.held')).toEqual([
    'iomt.held step=routing cause=ECONNREFUSED',
    'iomt.held step=routing cause=40613',
  ]);
});

test('of two instances at once the newer projection stays, whoever writes last', async () => {
  const other = new RoutingStep(timed, table);
  let go = () => {};
  const slow = new Promise<void>((resolve) => {
    go = resolve;
  });
  let hasRead = false;
  const { writeRouting } = table;
  const late = Object.assign(new RoutingTable(), {
    writeRouting: async (snapshot: Parameters<typeof writeRouting>[0]) => {
      hasRead = true;
      await slow;
      return writeRouting(snapshot);
    },
  });
  const first = new RoutingStep(timed, late);
  const written = first.run();
  await until('the first has read', async () => hasRead);
  now += 60_000;
  await fhir.put(team('t1', 'p1', ['PractitionerRole/r4']));
  await other.run();
  go();
  await written;
  expect(table.snapshot?.asOf).toBe(now);
  expect(members()).toContain('t1 4 Nurse');
  expect(first.said).toEqual([]);
});

test('in the repository each nurse sees those of the teams and wards that are hers, and nobody who was discharged', async () => {
  const host = await RepositoryHost.migrated();
  try {
    const written = repositoryIn(host.as('routingWriter'));
    const instances = [new RoutingStep(timed, written), new RoutingStep(timed, written)];
    /** By the filter of the dashboard's row-level security. */
    const seenBy = async (person: number) => {
      const rows = await host
        .as('dashboardReader')
        .selectFrom('dashboard.patient as p')
        .innerJoin('dashboard.teamMember as m', (on) =>
          on.onRef('m.careTeam', '=', 'p.careTeam').onRef('m.hospital', '=', 'p.hospital'),
        )
        .select(['p.patient', 'p.displayName'])
        .where('m.objectId', '=', objectId(person))
        .orderBy('p.patient')
        .execute();
      return rows.map(({ patient: who, displayName }) => `${who} ${displayName}`);
    };
    const run = async () => {
      now += 60_000;
      fhir.now = now;
      await Promise.all(instances.map((one) => one.run()));
      return Promise.all([seenBy(1), seenBy(2), seenBy(3), seenBy(4)]);
    };
    const [p1, p2, p3] = ['p1 Family-p1, Given', 'p2 Family-p2, Given', 'p3 Family-p3, Given'];
    expect(await run()).toEqual([[p1], [p2], [], [p1, p3]]);
    await fhir.put(encounter('e2', 'p2', 'w2-bed'), team('t1', 'p1', ['PractitionerRole/r1']));
    expect(await run()).toEqual([[p1], [], [p2], [p3]]);
    await fhir.put(encounter('e2', 'p2', 'w2-bed', finished));
    expect(await run()).toEqual([[p1], [], [], [p3]]);
    expect(host.rows('select patient, careTeam, endedAt from "care.route" where endedAt is not null')).toEqual([
      { patient: 'p2', careTeam: 'ward:w2', endedAt: now },
    ]);
    expect(host.rows('select until from "care.feed" where feed = \'routing\'')).toEqual([{ until: now }]);
  } finally {
    await host.close();
  }
});

test('who wore a device is read as a whole once an hour, so that a deleted statement does not last, and in between what changed', async () => {
  const urls = () => fhir.batches.flat().flatMap(({ url }) => (url.startsWith('DeviceUseStatement') ? [url] : []));
  await next();
  await next();
  now += 3_600_000;
  await next();
  const statements = new UseStatements();
  const [kept, deleted] = [use('u1', 'p1', 'd1'), use('u2', 'p2', 'd2')] as Parameters<typeof statements.with>[0];
  const ids = (found: readonly unknown[], time: number) =>
    statements.with(found as readonly (typeof kept & object)[], time).map(({ id }) => id);
  expect([ids([kept, deleted], 0), ids([kept], 60_000), ids([kept], 3_600_000)]).toEqual([
    ...[
      ['u1', 'u2'],
      ['u1', 'u2'],
    ],
    ['u1'],
  ]);
  const isPart = urls().map((url) => url.includes('_lastUpdated=ge'));
  expect(isPart).toEqual([false, true, false]);
});

test('five hundred patients and more than a page of them take few requests', async () => {
  const many = Array.from({ length: 520 }, (_, index) => [
    ...[patient(`m${index}`), encounter(`me${index}`, `m${index}`, `w${1 + (index % 2)}-bed`)],
    ...(index % 10 === 0 ? [] : [team(`mt${index}`, `m${index}`, [`PractitionerRole/mr${index % 90}`])]),
  ]).flat();
  const staff = Array.from({ length: 90 }, (_, index) => role(`mr${index}`, 100 + index)).flat();
  for (let from = 0; from < many.length; from += 400) await fhir.put(...many.slice(from, from + 400));
  await fhir.put(...staff);
  const routes = await next();
  expect(routes).toHaveLength(523);
  expect(routes.filter((one) => one.endsWith('by careTeam'))).toHaveLength(469);
  expect(routes.filter((one) => one.endsWith('by ward'))).toHaveLength(53);
  expect(fhir.batches.length).toBeLessThanOrEqual(10);
});

test('what is wrong with the settings is said at once', () => {
  const settings = Object.fromEntries(routingSettings.map((name) => [name, ''])) as Parameters<
    typeof readRoutingInputs
  >[0];
  expect(() => readRoutingInputs({ ...settings, ROUTING_STALE_SECONDS: '5m' })).toThrow(
    /HOSPITAL_ID has 0 characters[\s\S]*ENTRA_OBJECT_ID_SYSTEM is empty[\s\S]*DEFAULT_QUEUE has 0 characters[\s\S]*ROUTING_STALE_SECONDS is '5m'/,
  );
  const right = {
    HOSPITAL_ID: 'h',
    ENTRA_OBJECT_ID_SYSTEM: objectIdSystem,
    DEFAULT_QUEUE: 'q',
    ROUTING_STALE_SECONDS: '300',
  };
  expect(readRoutingInputs({ ...settings, ...right })).toMatchObject({ rules: { hospital: 'h' }, staleSeconds: 300 });
});
