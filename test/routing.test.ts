import fc from 'fast-check';
import type { RoutingSnapshot } from '../runtime/repository/port';
import { type CareRecord, routed } from '../runtime/routing/routes';
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
  rules,
  team,
  use,
  ward,
} from './support/careResources';

/** A day after everybody was admitted. */
const noon = Date.parse('2026-01-06T12:00:00Z');
type Resource = ReturnType<typeof patient>;

/** What was read, from a heap of resources. */
function record(...resources: readonly Resource[]): CareRecord {
  const of = (type: string) => resources.filter(({ resourceType }) => resourceType === type) as readonly unknown[];
  const teams = of('CareTeam') as CareRecord['careTeams'];
  return {
    ...{ asOf: noon, flagged: [], careTeams: teams, queueTeams: teams.filter(({ identifier }) => identifier) },
    encounters: of('Encounter') as CareRecord['encounters'],
    statements: of('DeviceUseStatement') as CareRecord['statements'],
    devices: of('Device') as CareRecord['devices'],
    patients: of('Patient') as CareRecord['patients'],
    practitionerRoles: of('PractitionerRole') as CareRecord['practitionerRoles'],
    practitioners: of('Practitioner') as CareRecord['practitioners'],
    locations: of('Location') as CareRecord['locations'],
  };
}

const routeOf = (...resources: readonly Resource[]) => routesIn(routed(record(...resources), rules).snapshot);
const ended = { period: { start: '2026-01-05T08:00:00Z', end: '2026-01-06T11:00:00Z' } };

describe('to whom a patient goes', () => {
  const nurses = [...role('r1', 1), ...role('r2', 2)];

  test('by the active team, with who is in it; by the ward of the bed without one; by the default queue without either', () => {
    const { snapshot, ...counts } = routed(
      record(
        ...[patient('p1'), patient('p2'), patient('p3'), ...ward('w1'), ...nurses, ...role('r3', 3, at('w1'))],
        ...[encounter('e1', 'p1', 'w1-bed'), encounter('e2', 'p2', 'w1-bed'), encounter('e3', 'p3')],
        team('t1', 'p1', ['PractitionerRole/r1', 'Practitioner/dr-r2', 'Patient/p1']),
        team('queue', undefined, ['PractitionerRole/r2'], { identifier: [{ value: 'Unassigned' }] }),
      ),
      rules,
    );
    expect(routesIn(snapshot)).toEqual(['p1 to t1 by careTeam', 'p2 to ward:w1 by ward', 'p3 to default by default']);
    expect(membersIn(snapshot)).toEqual(['default 2 Nurse', 't1 1 Nurse', 't1 2 null', 'ward:w1 3 Nurse']);
    expect(counts).toEqual({
      ...{ monitored: 3, bySource: { careTeam: 1, ward: 1, default: 1 }, withoutObjectId: 0, queueMembers: 1 },
    });
    expect(snapshot.patients[0]).toMatchObject({
      ...{ displayName: 'Family-p1, Given', birthDate: '1950-02-03', recordNumber: 'R-p1' },
      ...{ ward: 'w1', wardName: 'Ward w1', careTeamName: 'Team t1' },
    });
    expect(snapshot.patients[2]).toMatchObject({ ward: null, wardName: null, careTeamName: 'Unassigned' });
  });

  test('of several teams: that of the encounter, then the one that began last, then the least id', () => {
    const staff = ['PractitionerRole/r1'];
    const since = (start: string) => ({ period: { start } });
    const bed = [patient('p1'), ...nurses, encounter('e1', 'p1')];
    const early = team('a', 'p1', staff, since('2026-01-02'));
    const late = team('b', 'p1', staff, since('2026-01-03'));
    const own = team('c', 'p1', staff, { ...since('2026-01-01'), encounter: { reference: 'Encounter/e1' } });
    expect(routeOf(...bed, early, late, own)).toEqual(['p1 to c by careTeam']);
    expect(routeOf(...bed, early, late)).toEqual(['p1 to b by careTeam']);
    expect(routeOf(...bed, team('z', 'p1', staff), team('y', 'p1', staff))).toEqual(['p1 to y by careTeam']);
  });

  test.each([
    ['is not active', { status: 'inactive' }],
    ['has ended', ended],
    ['has not begun', { period: { start: '2026-01-07' } }],
    ['ended by a time that cannot be read', { period: { end: 'soon' } }],
  ])('a team that %s takes nobody', (_, given) => {
    const resources = [
      patient('p1'),
      ...nurses,
      encounter('e1', 'p1'),
      team('t1', 'p1', ['PractitionerRole/r1'], given),
    ];
    expect(routeOf(...resources)).toEqual(['p1 to default by default']);
  });

  test('a team or ward of which nobody can be told is passed over, and those without an object id are counted', () => {
    const strangers = [...role('r1', undefined), ...role('r2', undefined, at('w1'))];
    const bed = [patient('p1'), ...ward('w1'), ...strangers, encounter('e1', 'p1', 'w1')];
    const members = ['PractitionerRole/r1', 'PractitionerRole/gone', 'Organization/o', 'CareTeam/t2'];
    const { snapshot, withoutObjectId } = routed(record(...bed, team('t1', 'p1', members)), rules);
    expect(routesIn(snapshot)).toEqual(['p1 to default by default']);
    expect(snapshot.members).toEqual([]);
    expect(withoutObjectId).toBe(5);
  });

  test('a CareTeam cannot pass for the default queue by its id', () => {
    const resources = [patient('p1'), ...nurses, encounter('e1', 'p1'), team('default', 'p1', ['PractitionerRole/r1'])];
    const { snapshot } = routed(record(...resources), rules);
    expect([routesIn(snapshot), snapshot.members]).toEqual([['p1 to default by default'], []]);
  });

  test('the ward is where the encounter is now; a hospital that does not say what is a ward has the place for one', () => {
    const here = (place: string, status: string) => ({ location: { reference: `Location/${place}` }, status });
    const moved = { location: [here('w1-bed', 'completed'), here('w2-bed', 'active'), here('w3', 'planned')] };
    const [resources] = [[patient('p1'), ...ward('w1'), ...ward('w2'), ...role('r1', 1, at('w2'))]];
    expect(routeOf(...resources, encounter('e1', 'p1', undefined, moved))).toEqual(['p1 to ward:w2 by ward']);
    const plain = [patient('p1'), ...role('r1', 1, at('room-7')), encounter('e1', 'p1', 'room-7')];
    expect(routeOf(...plain)).toEqual(['p1 to ward:room-7 by ward']);
  });
});

describe('who is a member', () => {
  const membersWith = (identifier: unknown, given: Record<string, unknown> = {}) => {
    const [practitioner, held] = role('r1', 7);
    const member = { reference: 'PractitionerRole/r1' };
    const resources = [
      { ...practitioner, ...(given.practitioner as object) },
      { ...held, ...(identifier === undefined ? {} : { identifier }), ...(given.role as object) },
      team('t1', 'p1', [], { participant: [{ member, ...(given.participant as object) }] }),
    ] as unknown as readonly Resource[];
    return membersIn(routed(record(patient('p1'), encounter('e1', 'p1'), ...resources), rules).snapshot);
  };
  const own = (value: string, more: object = {}) => [{ system: objectIdSystem, value, ...more }];

  test('the object id is that of the role, or else of its practitioner, in lower case', () => {
    expect(membersWith(undefined)).toEqual(['t1 7 Nurse']);
    expect(membersWith(own(objectId(8).toUpperCase()))).toEqual(['t1 8 Nurse']);
    expect(membersWith([{ system: 'urn:other', value: objectId(8) }])).toEqual(['t1 7 Nurse']);
    expect(membersWith(own(objectId(8)), { participant: { role: [{ text: 'Lead' }] } })).toEqual(['t1 8 Lead']);
  });

  test.each([
    ['a value that is no object id', own('j.doe@example.org'), {}],
    ['two different object ids', [...own(objectId(8)), ...own(objectId(9))], {}],
    ['one that is old', own(objectId(8), { use: 'old' }), {}],
    ['one whose time is over', own(objectId(8), ended), {}],
    ['a role that is not active', undefined, { role: { active: false } }],
    ['a role whose time is over', undefined, { role: ended }],
    ['a practitioner who is not active', undefined, { practitioner: { active: false } }],
    ['a participant who has left', undefined, { participant: ended }],
  ])('nobody by %s', (_, identifier, given) => {
    expect(membersWith(identifier, given)).toEqual([]);
  });
});

describe('who is monitored', () => {
  const dead = { deceasedDateTime: '2026-01-06T11:59:00Z' };

  test.each<[string, readonly Resource[], string[]]>([
    ['an encounter', [encounter('e1', 'p1')], ['p1 to default by default']],
    ['an encounter that has ended', [encounter('e1', 'p1', undefined, { status: 'finished', ...ended })], []],
    ['an encounter in error', [encounter('e1', 'p1', undefined, { status: 'entered-in-error' })], []],
    ['an encounter of the out-patients', [encounter('e1', 'p1', undefined, { class: { code: 'AMB' } })], []],
    ['a device in use', [use('u1', 'p1', 'd1')], ['p1 to default by default']],
    ['a device in use no more', [use('u1', 'p1', 'd1', { status: 'completed', timingPeriod: ended.period })], []],
    ['a device that names the patient', [device('d1', 'p1')], ['p1 to default by default']],
    ['a device that others wear', [device('d1', 'p1'), use('u1', 'p2', 'd1')], ['p2 to default by default']],
    ['nothing', [patient('p1')], []],
  ])('%s', (_, resources, expected) => {
    expect(routeOf(...resources)).toEqual(expected);
  });

  test('nobody who has died; whoever is flagged has a route until the flag has ended, monitored or not', () => {
    expect(routeOf(patient('p1', dead), encounter('e1', 'p1'))).toEqual(['p1 ended, was default by default']);
    expect(routeOf(patient('p1', { deceasedBoolean: false }), device('d1', 'p1'))).toEqual([
      'p1 to default by default',
    ]);
    const flagged = {
      ...record(patient('p1'), ...role('r1', 1), team('t1', 'p1', ['PractitionerRole/r1'])),
      flagged: ['p1'],
    };
    expect(routesIn(routed(flagged, rules).snapshot)).toEqual(['p1 ended, was t1 by careTeam']);
  });
});

describe('what a patient is recognised by', () => {
  const seen = (given: Record<string, unknown>, system = '') => {
    const resources = record(patient('p1', given), encounter('e1', 'p1'));
    const { displayName, birthDate, recordNumber } = routed(resources, { ...rules, recordNumberSystem: system })
      .snapshot.patients[0] as RoutingSnapshot['patients'][number];
    return [displayName, birthDate, recordNumber];
  };

  test('the official name, the date of birth and the record number of the system; none of them is made up', () => {
    const name = [
      { use: 'nickname', text: 'Bob' },
      { use: 'usual', text: 'Robert Usual' },
      { use: 'official', text: 'Robert Official', period: { start: '2020' } },
    ];
    const number = (system: string, value: string, more: object = {}) => ({ system, value, ...more });
    const identifier = [number('urn:a', '1', { use: 'old' }), number('urn:a', '2'), number('urn:b', '3')];
    expect(seen({ name, identifier }, 'urn:a')).toEqual(['Robert Official', '1950-02-03', '2']);
    expect(seen({ name: name.slice(0, 1), identifier, birthDate: '1950' })).toEqual([null, '1950', null]);
    expect(
      seen({ name: undefined, identifier: [number('urn:a', 'x'.repeat(65))], birthDate: '3 May' }, 'urn:a'),
    ).toEqual([null, null, null]);
  });
});

test('whatever FHIR holds, each monitored patient has one route, to somebody or to the default queue, and members are known', () => {
  const few = fc.integer({ min: 0, max: 4 });
  const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { maxLength: 6 });
  const status = fc.constantFrom('in-progress', 'finished', 'planned', 'onleave');
  const period = fc.constantFrom(undefined, {}, ended.period, { start: '2026-01-07' }, { start: 'x' }, { end: '2027' });
  const person = fc.option(few, { nil: undefined });
  const place = fc.constantFrom('w0', 'w0-bed', 'w1-room', 'gone');
  const resources = fc.tuple(
    some(
      fc
        .tuple(few, few, place, status)
        .map(([id, who, where, is]) => encounter(`e${id}`, `p${who}`, where, { status: is })),
    ),
    some(fc.tuple(few, few, few).map(([id, who, worn]) => use(`u${id}`, `p${who}`, `d${worn}`))),
    some(fc.tuple(few, person).map(([id, who]) => device(`d${id}`, who === undefined ? undefined : `p${who}`))),
    some(
      fc.tuple(few, few, some(few), period).map(([id, who, staff, during]) =>
        team(
          `t${id}`,
          `p${who}`,
          staff.map((one) => `PractitionerRole/r${one}`),
          { period: during },
        ),
      ),
    ),
    some(fc.tuple(few, person, place).map(([id, who, where]) => role(`r${id}`, who, at(where)))).map((all) =>
      all.flat(),
    ),
    some(fc.tuple(few, fc.boolean()).map(([id, deceasedBoolean]) => patient(`p${id}`, { deceasedBoolean }))),
  );
  fc.assert(
    fc.property(resources, some(few), fc.integer(), (heap, flags, turn) => {
      const all = [...heap.flat(), ...ward('w0'), ...ward('w1')];
      const given = { ...record(...all), flagged: flags.map((id) => `p${id}`) };
      const { snapshot, monitored, bySource } = routed(given, rules);
      const ids = snapshot.patients.map((one) => one.patient);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(given.flagged));
      const ofTeam = (id: string) => snapshot.members.filter(({ careTeam }) => careTeam === id);
      for (const one of snapshot.patients) {
        expect(one.source === 'default' || ofTeam(one.careTeam).length > 0).toBe(true);
        expect(one.source === 'default').toBe(one.careTeam === 'default');
      }
      expect(monitored).toBe(bySource.careTeam + bySource.ward + bySource.default);
      const known = JSON.stringify([given.practitionerRoles, given.practitioners]);
      for (const member of snapshot.members) expect(known).toContain(member.objectId);
      // In whatever order pages bring what they bring; of two resources with an id only one is there.
      const once = [...new Map(all.map((one) => [`${one.resourceType}/${one.id}`, one])).values()];
      const turned = once.map((_, index) => once[(index + Math.abs(turn)) % once.length] as Resource);
      const again = (some: readonly Resource[]) =>
        routed({ ...record(...some), flagged: given.flagged }, rules).snapshot;
      expect(again(turned)).toEqual(again(once));
    }),
  );
});
