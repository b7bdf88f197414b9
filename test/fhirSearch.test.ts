import { type TestContext, testContext } from './support/context';
import { trust } from './support/eventHubs';
import { type FhirJson, heartRate, TestFhir } from './support/fhir';

let context: TestContext;
let fhir: TestFhir;

const vital = 'http://terminology.hl7.org/CodeSystem/observation-category|vital-signs';
const identified = (system: string | undefined, value: string) => ({ identifier: [{ system, value }] });
const at = (effectiveDateTime: string) => ({ effectiveDateTime });

const device = (n: number, more = {}): FhirJson => ({
  ...{ resourceType: 'Device', id: `d${n}`, ...identified('urn:dev', `bed-0${n}`) },
  ...more,
});
const use = (id: string, deviceId: string, patientId: string): FhirJson => ({
  ...{ resourceType: 'DeviceUseStatement', id, status: 'active', device: { reference: `Device/${deviceId}` } },
  subject: { reference: `Patient/${patientId}` },
});

beforeAll(async () => {
  context = await testContext();
  trust(context.certificates);
  fhir = await TestFhir.start(context);
  await fhir.put(
    {
      ...{ resourceType: 'Patient', id: 'p1', name: [{ family: 'Müller', given: ['Ada'] }], birthDate: '1950-03-04' },
      ...{ ...identified('urn:mrn', 'a,1'), gender: 'female', telecom: [{ system: 'phone', value: '+49 1' }] },
    },
    { resourceType: 'Patient', id: 'p2', ...identified(undefined, 'plain'), deceasedBoolean: true },
    ...[device(1, { patient: { reference: 'Patient/p1' } }), device(2), device(3)],
    ...[use('u1', 'd1', 'p1'), use('u2', 'd2', 'p2'), use('u3', 'd2', 'p1')],
    {
      resourceType: 'Encounter',
      id: 'e1',
      status: 'in-progress',
      class: { code: 'IMP' },
      subject: { reference: 'Patient/p1' },
    },
    heartRate('h1', { ...at('2026-01-05T10:00:00Z'), ...identified('urn:k', '1') }),
    heartRate('h2', {
      ...at('2026-01-05T10:00:01.500Z'),
      ...identified('urn:k', '2'),
      device: { reference: 'Device/d2' },
    }),
    heartRate('h3', { ...at('2026-01-06T10:00:00+02:00'), ...identified('urn:other', '1'), status: 'amended' }),
    heartRate('h4', { ...at('2026-02'), subject: { reference: 'Patient/p2' }, category: undefined, device: undefined }),
    heartRate('h5', {
      ...{
        effectiveDateTime: undefined,
        effectivePeriod: { start: '2026-03-01T00:00:00Z', end: '2026-03-01T01:00:00Z' },
      },
      ...{ code: { coding: [{ system: 'http://loinc.org', code: '59408-5' }] }, device: undefined },
      valueQuantity: { value: 97.04, unit: '%', system: 'http://unitsofmeasure.org', code: '%' },
    }),
  );
});

afterAll(async () => {
  await fhir.services.close();
  context.close();
});

test.each<[string, string[]]>([
  ['Observation?_id=h2,h4,none', ['h2', 'h4']],
  ['Observation?identifier=urn:k|1', ['h1']],
  ['Observation?identifier=1', ['h1', 'h3']],
  ['Observation?identifier=urn:k|1,urn:k|2,urn:other|2', ['h1', 'h2']],
  ['Observation?identifier=urn:k|', ['h1', 'h2']],
  ['Patient?identifier=|plain', ['p2']],
  ['Patient?identifier=|a\\,1', []],
  ['Patient?identifier=urn:mrn|a\\,1', ['p1']],
  ['Observation?code=8867-4', ['h1', 'h2', 'h3', 'h4']],
  ['Observation?code=http://loinc.org|59408-5', ['h5']],
  ['Observation?code=urn:x|8867-4', []],
  [`Observation?category=${vital}`, ['h1', 'h2', 'h3', 'h5']],
  ['Observation?category:missing=true', ['h4']],
  ['Observation?category:missing=false&code=59408-5', ['h5']],
  ['Observation?status=amended,registered', ['h3']],
  ['Observation?status:not=final', ['h3']],
  ['Observation?patient=p2', ['h4']],
  ['Observation?patient=Patient/p2', ['h4']],
  ['Observation?subject=Patient/p1,Patient/p2', ['h1', 'h2', 'h3', 'h4', 'h5']],
  ['Observation?device=Device/d1,Device/d2', ['h1', 'h2', 'h3']],
  ['Observation?device=d2', ['h2']],
  ['Observation?patient=p1&code=8867-4&date=2026-01-05', ['h1', 'h2']],
  ['Observation?date=2026-01', ['h1', 'h2', 'h3']],
  ['Observation?date=2026-01-05T10:00:00Z', ['h1']],
  ['Observation?date=2026-01-05T10:00:01Z', ['h2']],
  ['Observation?date=2026-01-06T08:00:00Z', ['h3']],
  ['Observation?date=ge2026-01-06', ['h3', 'h4', 'h5']],
  ['Observation?date=gt2026-01-06', ['h4', 'h5']],
  ['Observation?date=lt2026-01-05T10:00:01.500Z', ['h1']],
  ['Observation?date=le2026-01-05T10:00:01.500Z', ['h1', 'h2']],
  ['Observation?date=ge2026-01-05T10:00:01Z&date=lt2026-01-07', ['h2', 'h3']],
  ['Observation?date=ge2026-03-01T00:30:00Z', ['h5']],
  ['Observation?date=sa2026-01-31', ['h4', 'h5']],
  ['Observation?date=eb2026-01-06', ['h1', 'h2']],
  ['Observation?date=ne2026-01&code=8867-4', ['h4']],
  ['Observation?value-quantity=97.0', ['h5']],
  ['Observation?value-quantity=97', ['h5']],
  ['Observation?value-quantity=gt72|http://unitsofmeasure.org|%25', ['h5']],
  ['Observation?value-quantity=72||/min&date=2026-02', ['h4']],
  ['Patient?family=muller', ['p1']],
  ['Patient?name=AD', ['p1']],
  ['Patient?family:exact=Muller', []],
  ['Patient?family:exact=Müller', ['p1']],
  ['Patient?name:contains=ULLE', ['p1']],
  ['Patient?birthdate=1950', ['p1']],
  ['Patient?gender=female', ['p1']],
  ['Patient?phone=%2B49 1', ['p1']],
  ['Patient?deceased=true', ['p2']],
  ['Encounter?class=IMP&patient=p1', ['e1']],
  ['Device?patient=p1', ['d1']],
  ['Observation?_sort=-date&code=8867-4', ['h4', 'h3', 'h2', 'h1']],
  ['Observation?_sort=status,-date&_count=2', ['h3', 'h5']],
  ['Patient?_sort=_id&_elements=id', ['p1', 'p2']],
  ['Observation?_lastUpdated=2026-01-05&_id=h1', ['h1']],
  ['Observation?_lastUpdated=gt2026-01-05&_id=h1', []],
  [
    'Device?identifier=urn:dev|bed-01,urn:dev|bed-02&_revinclude=DeviceUseStatement:device',
    ['d1', 'd2', 'u1', 'u2', 'u3'],
  ],
  [
    'DeviceUseStatement?_id=u2&_include=DeviceUseStatement:device&_include=DeviceUseStatement:subject',
    ['u2', 'd2', 'p2'],
  ],
  ['Device?_id=d1&_include=Device:patient&_revinclude:iterate=Encounter:patient', ['d1', 'p1', 'e1']],
])('%s', async (query, expected) => {
  expect(await fhir.ids(query)).toEqual(expected);
});

test('a search can be posted as a form', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const { status, body } = await fhir.send('POST', 'Observation/_search', 'identifier=urn:k|1&status=final', form);
  expect([status, body.entry.map(({ resource }) => resource.id)]).toEqual([200, ['h1']]);
});

test('pages follow each other by links, also while something is written', async () => {
  await fhir.put(...Array.from({ length: 25 }, (_, i) => ({ resourceType: 'Location', id: `l${i}` })));
  const seen: string[] = [];
  for (let url: string | undefined = 'Location?_total=accurate'; url !== undefined; ) {
    const { body } = await fhir.send('GET', url);
    expect(body.entry.length).toBeLessThanOrEqual(10);
    seen.push(...body.entry.map(({ resource }) => resource.id));
    url = body.link.find(({ relation }) => relation === 'next')?.url;
    await fhir.put({ resourceType: 'Location', id: 'l0', status: seen.length % 20 === 0 ? 'active' : 'inactive' });
  }
  expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `l${i}`));
  expect(await fhir.ids('Location?_count=1000')).toHaveLength(25);
  const sorted = await fhir.send('GET', 'Location?_sort=-_id&_count=20');
  expect(await fhir.ids(sorted.body.link.find(({ relation }) => relation === 'next')?.url ?? '')).toHaveLength(5);
});

test('a count is given where asked for', async () => {
  const { body } = await fhir.send('GET', 'Observation?code=8867-4&_summary=count');
  expect([body.total, body.entry]).toEqual([4, undefined]);
  expect((await fhir.send('GET', 'Observation?code=8867-4&_count=1&_total=accurate')).body.total).toBe(4);
  expect((await fhir.send('GET', 'Observation?code=8867-4')).body.total).toBeUndefined();
});

test('an unknown parameter is left out with a warning, and refused when handling is strict', async () => {
  const { body } = await fhir.send('GET', 'Observation?_id=h1&shoe=43');
  expect(body.entry.map(({ search }) => search.mode)).toEqual(['match', 'outcome']);
  expect(body.entry[1]?.resource.issue).toEqual([
    {
      severity: 'warning',
      code: 'not-supported',
      diagnostics: "Observation has no search parameter 'shoe'; it was left out.",
    },
  ]);
  expect(body.link).toEqual([{ relation: 'self', url: `${fhir.url}/Observation?_id=h1` }]);
  expect((await fhir.send('GET', 'Observation?shoe=43', undefined, { prefer: 'handling=strict' })).status).toBe(400);
});

test.each([
  ['what the local service cannot do', 'Observation?subject.identifier=x'],
  ['what the local service cannot do', 'Patient?_has:Observation:patient:code=8867-4'],
  ['what the local service cannot do', 'Observation?code:in=urn:x'],
  ['what is no date', 'Observation?date=yesterday'],
  ['what is no number', 'Observation?value-quantity=many'],
  ['what nothing can be sorted by', 'Observation?_sort=shoe'],
  ['what is no reference', 'Observation?_include=Observation:code'],
])('%s is refused: %s', async (_what, query) => {
  const { status, body } = await fhir.send('GET', query);
  expect([status, body.resourceType]).toEqual([400, 'OperationOutcome']);
});

test('no more than 100 resources are included, with a warning', async () => {
  await fhir.put(device(9), ...Array.from({ length: 101 }, (_, i) => use(`many-${i}`, 'd9', 'p1')));
  const { body } = await fhir.send('GET', 'Device?_id=d9&_revinclude=DeviceUseStatement:device');
  expect(body.entry.filter(({ search }) => search.mode === 'include')).toHaveLength(100);
  expect(body.entry.at(-1)?.resource.issue[0]?.diagnostics).toContain('More than 100');
});

test('what is changed is found by what it is now, and not by what it was', async () => {
  await fhir.put(heartRate('now', identified('urn:now', 'one')));
  await fhir.put(heartRate('now', identified('urn:now', 'two')));
  expect(await fhir.ids('Observation?identifier=urn:now|one')).toEqual([]);
  expect(await fhir.ids('Observation?identifier=urn:now|two')).toEqual(['now']);
});
