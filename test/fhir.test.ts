import { cpSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventHubConsumerClient, earliestEventPosition, type ReceivedEventData } from '@azure/event-hubs';
import { exportNdjson } from '../local/fhir/exportNdjson';
import { resourceGroupId, startOfTime, type TestContext, testContext } from './support/context';
import { hubIdOf, letLongTimersGo, sendAction, TestEventHubs, trust, until } from './support/eventHubs';
import { type FhirBody, type FhirJson, fhirId, heartRate, TestFhir, workspaceId } from './support/fhir';

let context: TestContext;
let fhir: TestFhir;

beforeAll(async () => {
  context = await testContext();
  trust(context.certificates);
  fhir = await TestFhir.start(context);
});

afterAll(async () => {
  await fhir.services.close();
  context.close();
});

const batchOf = (...entry: unknown[]) => ({ resourceType: 'Bundle', type: 'batch', entry });
const transactionOf = (...entry: unknown[]) => ({ resourceType: 'Bundle', type: 'transaction', entry });
const putEntry = (resource: FhirJson, more = {}) => ({
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...more },
  resource,
});
const patient = (id: string, more = {}): FhirJson => ({ resourceType: 'Patient', id, ...more });

describe('a resource', () => {
  test('goes through its life by a real client, with versions 1, 2, 3', async () => {
    const client = fhir.client();
    const made = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', active: true } });
    const id = String(made.id);
    expect(made.meta).toEqual({ versionId: '1', lastUpdated: new Date(startOfTime).toISOString() });
    await context.clock.advanceTo(context.clock.now() + 60_000);
    const updated = await client.update({ resourceType: 'Patient', id, body: { ...made, active: false } });
    expect(updated.meta).toMatchObject({ versionId: '2', lastUpdated: new Date(context.clock.now()).toISOString() });
    const patch = [{ op: 'replace' as const, path: '/active', value: true }];
    expect(await client.patch({ resourceType: 'Patient', id, jsonPatch: patch })).toMatchObject({ active: true });
    expect(await client.vread({ resourceType: 'Patient', id, version: '2' })).toMatchObject({ active: false });
    const history = await fhir.send('GET', `Patient/${id}/_history`);
    expect(history.body.entry.map(({ response }) => response.etag)).toEqual(['W/"3"', 'W/"2"', 'W/"1"']);
    expect((await fhir.send('DELETE', `Patient/${id}`)).status).toBe(204);
    expect((await fhir.send('DELETE', `Patient/${id}`)).status).toBe(204);
    expect((await fhir.send('GET', `Patient/${id}`)).status).toBe(410);
    expect(await fhir.ids(`Patient?_id=${id}`)).toEqual([]);
    expect((await fhir.send('PUT', `Patient/${id}`, patient(id))).headers.get('etag')).toBe('W/"5"');
    expect((await fhir.send('GET', 'Patient/never')).status).toBe(404);
  });

  test('that is put under a new id is created (201), and put unchanged keeps its version and time', async () => {
    const first = await fhir.send('PUT', 'Observation/same', heartRate('same'));
    expect([first.status, first.headers.get('etag')]).toEqual([201, 'W/"1"']);
    expect(first.headers.get('location')).toBe(`${fhir.url}/Observation/same/_history/1`);
    await context.clock.advanceTo(context.clock.now() + 60_000);
    // In another order, and as it was read.
    const again = Object.fromEntries(Object.entries(first.body).reverse());
    const second = await fhir.send('PUT', 'Observation/same', again);
    expect([second.status, second.body]).toEqual([200, first.body]);
    const third = await fhir.send('PUT', 'Observation/same', heartRate('same', { status: 'amended' }));
    expect([third.status, third.headers.get('etag')]).toEqual([200, 'W/"2"']);
  });

  test.each([
    ['lacks what R4 requires', 'POST', 'Observation', { resourceType: 'Observation', status: 'final' }, 400],
    ['has a code that R4 does not know', 'PUT', 'Observation/x', heartRate('x', { status: 'done' }), 400],
    ['has an unknown element', 'POST', 'Patient', { resourceType: 'Patient', shoeSize: 43 }, 400],
    ['is of another type than its address', 'PUT', 'Patient/x', { resourceType: 'Device', id: 'x' }, 400],
    ['has another id than its address', 'PUT', 'Patient/x', patient('y'), 400],
    ['has an id that is none', 'PUT', 'Patient/a_b', patient('a_b'), 400],
    ['is nested 100,000 deep', 'POST', 'Basic', `${'{"extension":['.repeat(100_000)}${']}'.repeat(100_000)}`, 400],
    ['is no JSON', 'POST', 'Patient', '{"resourceType":', 400],
    ['is of no R4 type', 'POST', 'Shoe', { resourceType: 'Shoe' }, 404],
  ])('that %s is refused', async (_what, method, path, body, status) => {
    const reply = await fhir.send(method, path, body);
    expect([reply.status, reply.body.resourceType]).toEqual([status, 'OperationOutcome']);
  });

  test('in another media type than JSON is refused', async () => {
    expect((await fhir.send('POST', 'Patient', '<Patient/>', { 'content-type': 'application/fhir+xml' })).status).toBe(
      415,
    );
  });
});

describe('a conditional interaction', () => {
  const known = { identifier: [{ system: 'urn:mrn', value: 'c-1' }] };

  test('creates once, updates what it finds, and is refused where it finds several', async () => {
    const create = () =>
      fhir.send(
        'POST',
        'Patient',
        { resourceType: 'Patient', ...known },
        { 'if-none-exist': 'identifier=urn:mrn|c-1' },
      );
    const [first, second] = [await create(), await create()];
    expect([first.status, second.status, second.body.id]).toEqual([201, 200, first.body.id]);
    const update = { resourceType: 'Patient', ...known, active: true };
    const updated = await fhir.send('PUT', 'Patient?identifier=urn:mrn|c-1', update);
    expect([updated.status, updated.body.id, updated.body.meta.versionId]).toEqual([200, first.body.id, '2']);
    await fhir.put(patient('c-2', known));
    expect((await create()).status).toBe(412);
    expect((await fhir.send('PUT', 'Patient?identifier=urn:mrn|c-1', update)).status).toBe(412);
    const unknown = await fhir.send('PUT', 'Patient?shoe=43', update);
    expect([unknown.status, unknown.body.issue[0]?.diagnostics]).toEqual([
      400,
      "Patient has no search parameter 'shoe'.",
    ]);
  });

  test('with If-Match writes over that version only, with If-None-Match: * a new one only', async () => {
    const put = (body: FhirJson, headers: Record<string, string>) => fhir.send('PUT', 'Patient/m1', body, headers);
    expect((await put(patient('m1'), { 'if-match': 'W/"1"' })).status).toBe(404);
    expect((await put(patient('m1'), { 'if-none-match': '*' })).status).toBe(201);
    expect((await put(patient('m1', { active: true }), { 'if-none-match': '*' })).status).toBe(412);
    expect((await put(patient('m1', { active: true }), { 'if-match': 'W/"1"' })).status).toBe(200);
    expect((await put(patient('m1', { active: false }), { 'if-match': 'W/"1"' })).status).toBe(412);
    expect((await fhir.send('GET', 'Patient/m1')).body).toMatchObject({ active: true, meta: { versionId: '2' } });
  });
});

describe('a bundle', () => {
  test('as batch answers each entry on its own', async () => {
    await fhir.put(heartRate('b1'));
    const { status, body } = await fhir.send(
      'POST',
      '',
      batchOf(
        putEntry(heartRate('b1')),
        putEntry(heartRate('b2')),
        putEntry({ resourceType: 'Observation', id: 'b3', status: 'final' }),
        putEntry(heartRate('b1', { status: 'amended' }), { ifMatch: 'W/"9"' }),
        putEntry(heartRate('b2', { status: 'amended' }), { ifNoneMatch: '*' }),
        { request: { method: 'GET', url: 'Observation?_id=b1,b2' } },
        { request: { method: 'GET', url: 'Observation/b9' } },
        {
          request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=b-1' },
          resource: { resourceType: 'Patient' },
        },
        { request: { method: 'DELETE', url: 'Observation/b1' } },
      ),
    );
    const responses = body.entry.map(({ response }) => response);
    expect([status, body.type]).toEqual([200, 'batch-response']);
    expect(responses.map(({ status: own }) => own)).toEqual(
      // Deletions are done first, as R4 says.
      ['201', '201', '400', '412', '412', '200', '404', '201', '204'],
    );
    expect(responses[1]).toEqual({
      status: '201',
      location: `${fhir.url}/Observation/b2/_history/1`,
      etag: 'W/"1"',
      lastModified: body.entry[1]?.resource.meta.lastUpdated,
    });
    expect(responses[2]?.outcome?.issue[0]?.severity).toBe('error');
    expect(body.entry[5]?.resource.entry.map(({ resource }) => resource.id)).toEqual(['b1', 'b2']);
  });

  test('of more than 500 entries is refused', async () => {
    const entries = Array.from({ length: 501 }, (_, i) => putEntry(patient(`big-${i}`)));
    expect((await fhir.send('POST', '', batchOf(...entries))).status).toBe(413);
    expect((await fhir.send('POST', '', batchOf(...entries.slice(1)))).status).toBe(200);
  });

  test('as transaction resolves its own references, and leaves nothing behind when an entry fails', async () => {
    const fullUrl = 'urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a';
    const own = heartRate(undefined, { subject: { reference: fullUrl } });
    const { entry } = (await fhir.client().transaction({
      body: transactionOf(
        { fullUrl, request: { method: 'POST', url: 'Patient' }, resource: { resourceType: 'Patient' } },
        { request: { method: 'POST', url: 'Observation' }, resource: own },
      ),
    })) as unknown as FhirBody;
    expect(entry[1]?.resource).toMatchObject({ subject: { reference: `Patient/${entry[0]?.resource.id}` } });
    const many = Array.from({ length: 60 }, (_, i) => putEntry(patient(`t-${i}`)));
    const failed = await fhir.send('POST', '', transactionOf(...many, putEntry(patient('t-bad', { shoeSize: 43 }))));
    expect([failed.status, failed.body.resourceType]).toEqual([400, 'OperationOutcome']);
    expect((await fhir.send('GET', 'Patient/t-0')).status).toBe(404);
    expect((await fhir.send('POST', '', transactionOf(...many))).status).toBe(200);
    const twice = transactionOf(putEntry(patient('t-0')), putEntry(patient('t-0')));
    expect((await fhir.send('POST', '', twice)).status).toBe(400);
  });
});

describe('who may', () => {
  test('ask without a token: for capabilities and health only', async () => {
    const metadata = await fetch(`${fhir.url}/metadata`);
    expect(await metadata.json()).toMatchObject({ resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' });
    expect((await fetch(`${fhir.url}/health/check`)).status).toBe(200);
    expect((await fetch(`${fhir.url}/Patient`)).status).toBe(401);
  });

  test('ask with a token of another audience: nobody', async () => {
    const token = fhir.token(fhir.writer, 'https://management.azure.com');
    expect((await fhir.send('GET', 'Patient', undefined, {}, token)).status).toBe(401);
  });

  test('read and not write: a reader; neither: one without a role', async () => {
    await fhir.put(patient('w1'));
    const reader = fhir.token(fhir.principal('reader', 'read'));
    expect((await fhir.send('GET', 'Patient/w1', undefined, {}, reader)).status).toBe(200);
    expect((await fhir.send('PUT', 'Patient/w1', patient('w1', { active: true }), {}, reader)).status).toBe(403);
    expect((await fhir.send('DELETE', 'Patient/w1', undefined, {}, reader)).status).toBe(403);
    const batch = batchOf({ request: { method: 'GET', url: 'Patient/w1' } }, putEntry(patient('w2')));
    const { body } = await fhir.send('POST', '', batch, {}, reader);
    expect(body.entry.map(({ response }) => response.status)).toEqual(['200', '403']);
    const stranger = fhir.token(fhir.principal('stranger'));
    expect((await fhir.send('POST', '', batch, {}, stranger)).status).toBe(403);
  });
});

describe('faults', () => {
  afterEach(() => fhir.services.faults(fhirId).set({}));

  test('of whole requests last for as many requests as asked for, or until they are taken back', async () => {
    const faults = fhir.services.faults(fhirId);
    faults.set({ requests: { status: 429, requests: 2, retryAfterSeconds: 3 } });
    const throttled = await fhir.send('GET', 'Patient');
    expect(throttled.status).toBe(429);
    expect(throttled.headers.get('retry-after')).toBe('3');
    expect(throttled.headers.get('x-ms-retry-after-ms')).toBe('3000');
    expect((await fhir.send('GET', 'Patient')).status).toBe(429);
    expect((await fhir.send('GET', 'Patient')).status).toBe(200);
    faults.set({ requests: { status: 503 } });
    expect((await fhir.send('GET', 'Patient')).status).toBe(503);
    expect((await fhir.send('POST', '', batchOf(putEntry(patient('f1'))))).status).toBe(503);
    faults.set({});
    expect((await fhir.send('GET', 'Patient/f1')).status).toBe(404);
  });

  test('of entries hit each nth one of batches', async () => {
    fhir.services.faults(fhirId).set({ entries: { every: 3, entries: 2 } });
    const batch = batchOf(...Array.from({ length: 5 }, (_, i) => putEntry(patient(`e${i}`))));
    const statuses = async () => (await fhir.send('POST', '', batch)).body.entry.map(({ response }) => response.status);
    expect(await statuses()).toEqual(['201', '201', '429', '201', '201']);
    expect(await statuses()).toEqual(['429', '200', '201', '200', '200']);
    expect(await statuses()).toEqual(['200', '200', '200', '200', '200']);
  });
});

describe('a version policy', () => {
  afterAll(() => fhir.provision({}));

  test('keeps no history of a no-version type, and asks for the version of a versioned-update one', async () => {
    await fhir.provision({
      resourceVersionPolicyConfiguration: {
        default: 'versioned',
        resourceTypeOverrides: { Observation: 'no-version', Flag: 'versioned-update' },
      },
    });
    await fhir.put(heartRate('v1'));
    await fhir.put(heartRate('v1', { status: 'amended' }));
    expect((await fhir.send('GET', 'Observation/v1/_history')).body.entry).toHaveLength(1);
    expect((await fhir.send('GET', 'Observation/v1')).body.meta.versionId).toBe('2');
    const flag = (status: string) => ({
      ...{ resourceType: 'Flag', id: 'v2', status, code: { text: 'at risk' } },
      subject: { reference: 'Patient/p1' },
    });
    expect((await fhir.send('PUT', 'Flag/v2', flag('active'))).status).toBe(201);
    expect((await fhir.send('PUT', 'Flag/v2', flag('inactive'))).status).toBe(400);
    expect((await fhir.send('PUT', 'Flag/v2', flag('inactive'), { 'if-match': 'W/"1"' })).status).toBe(200);
  });
});

describe('for the live page and the judge', () => {
  test('each Observation is step 5c, and each question for a device or patient 5a, its answer 5b; of one who only reads, step 7', async () => {
    const count = (id: string) => context.events.steps().find((step) => step.id === id)?.count ?? 0;
    const before = ['5a', '5b', '5c', '7'].map(count);
    const written = fhir.services.stats()[fhirId.toLowerCase()]?.written.Observation ?? 0;
    await fhir.send('GET', 'Device?identifier=x&_revinclude=DeviceUseStatement:device');
    const questions = ['Device/none', 'Patient/s1', 'Observation/s1'].map((url) => ({
      request: { method: 'GET', url },
    }));
    await fhir.send(
      'POST',
      '',
      batchOf(putEntry(patient('s1')), putEntry(heartRate('s1')), putEntry(heartRate('s2')), ...questions),
    );
    await fhir.send('PUT', 'Observation/s1', heartRate('s1'));
    const onlyReads = fhir.token(fhir.principal('ml-input', 'read'));
    await fhir.send('GET', 'Patient/s1', undefined, {}, onlyReads);
    expect(['5a', '5b', '5c', '7'].map((id, i) => count(id) - (before[i] ?? 0))).toEqual([3, 2, 2, 1]);
    expect(fhir.services.stats()[fhirId.toLowerCase()]?.written.Observation).toBe(written + 2);
  });

  test('all resources are read with their versions, and exported as NDJSON, a file a type', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ndjson-'));
    const counts = await exportNdjson(fhir.services, folder);
    expect(readdirSync(folder).sort()).toEqual(Object.keys(counts).map((type) => `${type}.ndjson`));
    const lines = readFileSync(join(folder, 'Observation.ndjson'), 'utf8').trimEnd().split('\n');
    const observations = lines.map((line) => JSON.parse(line) as FhirJson);
    expect(observations).toEqual([...fhir.services.resources(fhirId, 'Observation')]);
    expect(observations).toHaveLength(counts.Observation as number);
    expect(observations.find(({ id }) => id === 'same')?.meta).toMatchObject({ versionId: '2' });
  });
});

describe('what is written survives', () => {
  test('a restart, and the death of the process at any moment', async () => {
    const first = await testContext();
    trust(first.certificates);
    const before = await TestFhir.start(first);
    await before.put(patient('k1'), heartRate('k1'));
    // What lies on the disk while the service runs is what kill -9 leaves.
    const left = mkdtempSync(join(tmpdir(), 'killed-'));
    cpSync(first.folder, left, { recursive: true });
    await before.services.close();
    first.clock.close();
    for (const folder of [first.folder, left]) {
      const again = await testContext(folder);
      trust(again.certificates);
      const after = await TestFhir.start(again);
      expect(after.url).toBe(before.url);
      expect(await after.ids('Observation?patient=p1')).toEqual(['k1']);
      expect((await after.send('PUT', 'Observation/k1', heartRate('k1'))).headers.get('etag')).toBe('W/"1"');
      await after.services.close();
      again.close();
    }
  });

  test('no longer than the service itself', async () => {
    const own = await testContext();
    trust(own.certificates);
    const service = await TestFhir.start(own);
    await service.put(patient('gone'));
    await service.services.deprovision(own.resources.put('healthcareapis:FhirService', fhirId, {}));
    await service.provision({});
    expect((await service.send('GET', 'Patient/gone')).status).toBe(404);
    await service.services.close();
    own.close();
  });
});

describe('events', () => {
  const topicId = `${resourceGroupId}/providers/Microsoft.EventGrid/systemTopics/evgt-fhir`;
  let own: TestContext;
  let hubs: TestEventHubs;
  let service: TestFhir;

  beforeAll(async () => {
    letLongTimersGo();
    own = await testContext();
    trust(own.certificates);
    hubs = await new TestEventHubs(own).start();
    await hubs.hub('fhirevents', 1);
    service = await TestFhir.start(own, hubs.service);
  });

  afterAll(async () => {
    await service.services.close();
    await hubs.service.close();
    own.close();
    jest.restoreAllMocks();
  });

  function subscribe(includedEventTypes: string[]): void {
    const identity = own.authority.identityId('fhir-events');
    own.resources.put('eventgrid:SystemTopic', topicId, { source: workspaceId });
    own.resources.put('eventgrid:SystemTopicEventSubscription', `${topicId}/eventSubscriptions/fhirevents`, {
      deliveryWithResourceIdentity: {
        identity: { type: 'UserAssigned', userAssignedIdentity: identity },
        destination: { endpointType: 'EventHub', resourceId: hubIdOf('fhirevents') },
      },
      filter: { includedEventTypes },
    });
  }

  test('wait for the role, arrive once and in order over a restart, and say nothing about a patient', async () => {
    await service.put(patient('before'));
    subscribe(['Created', 'Updated', 'Deleted'].map((what) => `Microsoft.HealthcareApis.FhirResource${what}`));
    await service.put(patient('ev', { name: [{ family: 'Secret' }] }));
    await service.put(patient('ev', { name: [{ family: 'Secret' }] }));
    await until('the missing role was noticed', () => own.logged.some((line) => line.includes('fhirevents wait')));
    await service.services.close();
    service = await TestFhir.start(own, hubs.service);
    await service.put(patient('ev', { active: true }));
    await service.send('DELETE', 'Patient/ev');
    own.authority.grant(own.authority.principal('fhir-events'), sendAction, hubIdOf('fhirevents'));
    const events = await received(3);
    expect(events.map(({ eventType }) => eventType)).toEqual([
      'Microsoft.HealthcareApis.FhirResourceCreated',
      'Microsoft.HealthcareApis.FhirResourceUpdated',
      'Microsoft.HealthcareApis.FhirResourceDeleted',
    ]);
    const host = new URL(service.url).host;
    expect(events[1]).toEqual({
      id: expect.any(String),
      topic: workspaceId,
      subject: `${host}/Patient/ev`,
      data: { resourceType: 'Patient', resourceFhirAccount: host, resourceFhirId: 'ev', resourceVersionId: 2 },
      eventType: 'Microsoft.HealthcareApis.FhirResourceUpdated',
      dataVersion: '1',
      metadataVersion: '1',
      eventTime: new Date(startOfTime).toISOString(),
    });
    expect(JSON.stringify(events)).not.toContain('Secret');
  });

  /** The events in the hub, once there are as many. */
  async function received(count: number): Promise<{ eventType: string }[]> {
    const credential = own.authority.credential(hubs.owner());
    const consumer = new EventHubConsumerClient('$Default', hubs.host, 'fhirevents', credential);
    const events: ReceivedEventData[] = [];
    const reading = consumer.subscribe(
      {
        processEvents: async (batch) => void events.push(...batch),
        processError: async (error) => {
          throw error;
        },
      },
      { startPosition: earliestEventPosition, maxWaitTimeInSeconds: 1 },
    );
    await until(`${count} events`, () => events.length >= count);
    await reading.close();
    await consumer.close();
    return events.flatMap(({ body }) => body as { eventType: string }[]);
  }
});
