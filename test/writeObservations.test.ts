import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { starterMappingFile } from '../mappings/starter';
import { packageFiles, writeObservationsSettings } from '../runtime/contracts/appSettings';
import type { Measurement } from '../runtime/contracts/measurement';
import { AdaptiveConcurrency } from '../runtime/fhir/adaptiveConcurrency';
import type { BatchRequest, Bundle, BundleEntry } from '../runtime/fhir/batch';
import { FhirClient } from '../runtime/fhir/fhirClient';
import { type Transport, transport } from '../runtime/fhir/transport';
import { resourceId } from '../runtime/medtech/fhir/observation';
import type { Observation } from '../runtime/medtech/fhir/resources';
import { FhirInProcess } from './support/fhirInProcess';
import { afterNoon, clockMark, eventOf, measurement, noon, ObservationStep } from './support/observationStep';
import { startPackage } from './support/startPackage';

type Stored = Observation & { readonly version: number };

const patient = (id: string, value = `mrn-${id}`) => ({
  resourceType: 'Patient' as const,
  id,
  identifier: [{ value }],
});
const device = (id: string, value: string, wearer?: string) => ({
  resourceType: 'Device' as const,
  id,
  identifier: [{ value }],
  ...(wearer === undefined ? {} : { patient: { reference: `Patient/${wearer}` } }),
});
const use = (id: string, wearer: string, start: string, end?: string) => ({
  resourceType: 'DeviceUseStatement' as const,
  id,
  status: end === undefined ? ('active' as const) : ('completed' as const),
  subject: { reference: `Patient/${wearer}` },
  device: { reference: 'Device/d1' },
  timingPeriod: { start, ...(end === undefined ? {} : { end }) },
});

let fhir: FhirInProcess;
beforeEach(async () => {
  fhir = new FhirInProcess();
  await fhir.put(patient('p1'), patient('p2'), device('d1', 'bed-1', 'p1'));
});
afterEach(() => fhir.close());

const observations = () => fhir.all<Stored>('Observation');
const versions = () => observations().map(({ id, version }) => `${id} ${version}`);
const contents = () => observations().map(({ version: _version, ...content }) => content);
const ofPatient = (id: string) => observations().filter(({ subject }) => subject?.reference === `Patient/${id}`);

/** Values of a SampledData stream by slot. */
function samples(observation: Stored | undefined): ReadonlyMap<number, string> {
  const slots = observation?.valueSampledData?.data?.split(' ') ?? [];
  return new Map(slots.flatMap((value, slot) => (value === 'E' ? [] : [[slot, value]])));
}

/** Sample of the hour that begins at noon. */
const hourly = (second: number, value = String(60 + (second % 40))) =>
  measurement({ Type: 'hrHour', OccurrenceTimeUtc: afterNoon(second * 1000), value });

describe('writing Observations', () => {
  const types = ['hr', 'hrHour', 'hrDay', 'hrCorrelated'];
  const streams = fc
    .uniqueArray(
      fc.record({ type: fc.constantFrom(...types), minute: fc.nat(59), value: fc.integer({ min: 20, max: 250 }) }),
      {
        selector: ({ type, minute }) => `${type} ${minute}`,
        minLength: 1,
        maxLength: 40,
      },
    )
    .map((given) =>
      given.map(({ type, minute, value }) =>
        measurement({
          Type: type,
          OccurrenceTimeUtc: afterNoon(minute * 60_000 + 1),
          CorrelationId: 'c1',
          value: String(value),
        }),
      ),
    );

  test('gives the same resources for any order, duplication and division, and leaves them when all is sent again', async () => {
    const arrivals = streams.chain((all) =>
      fc.record({
        all: fc.constant(all),
        again: fc.subarray(all),
        order: fc.array(fc.nat(), { minLength: 80, maxLength: 80 }),
        size: fc.integer({ min: 1, max: 20 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(arrivals, async ({ all, again, order, size }) => {
        fhir.close();
        fhir = new FhirInProcess();
        await fhir.put(patient('p1'), device('d1', 'bed-1', 'p1'));
        await new ObservationStep(fhir.transport).write(all);
        const expected = contents();
        fhir.close();
        fhir = new FhirInProcess();
        await fhir.put(patient('p1'), device('d1', 'bed-1', 'p1'));
        const shuffled = [...all, ...again]
          .map((one, index) => ({ one, at: order[index] ?? 0 }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ one }) => one);
        const step = new ObservationStep(fhir.transport);
        for (let from = 0; from < shuffled.length; from += size) await step.write(shuffled.slice(from, from + size));
        expect(contents()).toEqual(expected);
        const before = versions();
        await new ObservationStep(fhir.transport).write(shuffled);
        expect(versions()).toEqual(before);
        expect(step.letters).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  test('one batch is one identity read, one read of what is merged, and one write; marks cost nothing', async () => {
    const step = new ObservationStep(fhir.transport);
    await step.handle([clockMark(), clockMark()]);
    expect(fhir.batches).toEqual([]);
    await step.write([
      measurement({}),
      hourly(0),
      hourly(1),
      hourly(2),
      measurement({ OccurrenceTimeUtc: afterNoon(1) }),
    ]);
    expect(fhir.batches.map((requests) => requests.map(({ method }) => method).join(' '))).toEqual([
      'GET',
      'GET',
      'PUT PUT PUT',
    ]);
    expect(step.lines).toEqual(['iomt.observations events=5 written=3 unchanged=0 deadLetters=0']);
  });

  test('2,000 readings go in batches of at most 500', async () => {
    const all = Array.from({ length: 2000 }, (_, index) => measurement({ OccurrenceTimeUtc: afterNoon(index) }));
    await new ObservationStep(fhir.transport).write(all);
    expect(observations()).toHaveLength(2000);
    expect(fhir.batches.map((requests) => requests.length)).toEqual([1, 500, 500, 500, 500]);
  });

  test('malformed messages, types without template and sick samples are dead letters; the rest of their group is written', async () => {
    const step = new ObservationStep(fhir.transport);
    const sick = hourly(7, 'unplugged');
    await step.handle([
      ...[hourly(1), hourly(2), sick, hourly(9), measurement({ Type: 'unknown' })].map((one) =>
        eventOf(JSON.stringify(one)),
      ),
      ...['', '{', '[]', '{"Type":"hr"}'].map((text) => eventOf(text)),
    ]);
    expect([...samples(observations()[0]).keys()]).toEqual([1, 2, 9]);
    expect([...step.reasons].sort()).toEqual([
      'FhirDataMappingException',
      'FormatException',
      ...Array(4).fill('MeasurementProcessingException'),
    ]);
    const letter = step.letters.find(({ reason }) => reason.name === 'FormatException');
    expect(JSON.parse(Buffer.from(letter?.bodyBase64 ?? '', 'base64').toString())).toEqual(sick);
    expect(letter?.measurement).toEqual({
      deviceId: 'bed-1',
      type: 'hrHour',
      occurrenceTime: sick.OccurrenceTimeUtc,
      correlationId: null,
    });
    for (const { reason } of step.letters) expect(reason.message).not.toMatch(/bed-1|unplugged/);
  });

  test('what the service refuses is found by dividing, in a batch and in a group', async () => {
    // 66 is refused: as a whole batch where it is a reading of its own, as an entry where it is a sample.
    const refusing: Transport = async (body) => {
      if (/"valueQuantity":\{"value":66,/.test(body)) return { status: 400, headers: new Headers() };
      const { entry: sent = [], ...bundle } = JSON.parse(body) as Bundle;
      const isRefused = ({ resource }: BundleEntry) => /"data":"[^"]*66/.test(JSON.stringify(resource ?? {}));
      const served = sent.filter((one) => !isRefused(one));
      const answer = await fhir.transport(JSON.stringify({ ...bundle, entry: served }));
      const answers = [...(answer.bundle?.entry ?? [])];
      const entry = sent.map((one) => (isRefused(one) ? { response: { status: '422' } } : (answers.shift() ?? {})));
      return { ...answer, bundle: { ...(answer.bundle as Bundle), entry } };
    };
    const step = new ObservationStep(refusing);
    const values = [60, 61, 66, 62];
    await step.write([
      ...values.map((value, index) => measurement({ OccurrenceTimeUtc: afterNoon(index), value: String(value) })),
      ...values.map((value, index) => hourly(index, String(value))),
    ]);
    const instances = observations().flatMap(({ valueQuantity }) => valueQuantity?.value ?? []);
    expect(instances.sort()).toEqual([60, 61, 62]);
    const [hour] = observations().filter(({ valueSampledData }) => valueSampledData);
    expect([...samples(hour).values()]).toEqual(['60', '61', '62']);
    expect(step.reasons).toEqual(['HttpRequestError', 'HttpRequestError']);
    for (const requests of fhir.batches) expect(new Set(requests.map(({ url }) => url)).size).toBe(requests.length);
  });
});

describe('faults of the FHIR service', () => {
  test('requests at a time: half as many after each sign of overload, more again one by one', async () => {
    const concurrency = new AdaptiveConcurrency();
    const fine = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () =>
          concurrency.run(
            async () => true,
            () => false,
          ),
        ),
      );
    await fine(100);
    expect(concurrency.allowed).toBeGreaterThan(8);
    const before = concurrency.allowed;
    await concurrency.run(
      async () => true,
      () => true,
    );
    expect(concurrency.allowed).toBe(Math.floor(before / 2));
    for (let count = 0; count < 10; count++)
      await concurrency.run(
        async () => true,
        () => true,
      );
    expect(concurrency.allowed).toBe(1);
    await fine(3);
    expect(concurrency.allowed).toBeLessThanOrEqual(3);
    await expect(
      concurrency.run(
        () => Promise.reject(new Error('gone')),
        () => false,
      ),
    ).rejects.toThrow('gone');
    await fine(20);
  });

  const readings = Array.from({ length: 40 }, (_, index) => measurement({ OccurrenceTimeUtc: afterNoon(index) }));
  const everything = [...readings, ...Array.from({ length: 40 }, (_, second) => hourly(second))];

  async function expectEverythingOnce(step: ObservationStep): Promise<void> {
    expect(observations()).toHaveLength(41);
    expect(samples(observations().find(({ valueSampledData }) => valueSampledData)).size).toBe(40);
    expect(new Set(observations().map(({ version }) => version))).toEqual(new Set([1]));
    expect(step.letters).toEqual([]);
  }

  test.each([429, 503] as const)('%i for a while is waited out, and said', async (status) => {
    fhir.faults.set({ requests: { status, requests: 3, retryAfterSeconds: 0.001 } });
    const step = new ObservationStep(fhir.transport);
    await step.write(everything);
    await expectEverythingOnce(step);
    expect(step.lines.filter((line) => line.startsWith('iomt.held'))).toEqual(
      Array(3).fill(`iomt.held step=write-observations cause=${status}`),
    );
  });

  test('of a batch, only the entries that were throttled are sent again', async () => {
    fhir.faults.set({ entries: { every: 3, entries: 20 } });
    const step = new ObservationStep(fhir.transport);
    await step.write(everything);
    await expectEverythingOnce(step);
    const puts = fhir.batches.flat().filter(({ method }) => method === 'PUT');
    expect(puts.length).toBeLessThanOrEqual(41 + 20);
    expect(step.lines).toContain('iomt.held step=write-observations cause=429');
  });

  test('an answer that is lost on the way does no harm: what was written is seen, and stays', async () => {
    let lost = 0;
    const step = new ObservationStep(async (body) => {
      const answer = await fhir.transport(body);
      if (body.includes('"PUT"') && lost++ < 1) throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
      return answer;
    });
    await step.write(everything);
    await expectEverythingOnce(step);
    expect(lost).toBeGreaterThan(1);
  });

  test('no request goes out before the time that the service asks for', async () => {
    const at: number[] = [];
    const client = new FhirClient(async (body) => {
      at.push(performance.now());
      if (at.length > 1) return fhir.transport(body);
      return { status: 429, headers: new Headers({ 'x-ms-retry-after-ms': '400' }) };
    }, 'write-observations');
    const log = { info: () => {}, warn: () => {}, error: () => {} };
    const read = () => client.batch([{ method: 'GET', url: 'Patient/p1' }], log);
    const first = read();
    // Another partition's, which has not been told.
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, read()]);
    for (const time of at.slice(1)) expect(time - (at[0] ?? 0)).toBeGreaterThanOrEqual(395);
    expect(at).toHaveLength(3);
  });

  test('two writers of one hour lose no sample, whoever comes in between', async () => {
    const [one, other] = [new ObservationStep(fhir.transport), new ObservationStep(fhir.transport)];
    let between = [hourly(1), hourly(2)];
    // The other one writes after this one has read and before it writes, when it creates and when it changes.
    fhir.beforeBatch = async (requests) => {
      if (!requests.some(({ method }) => method === 'PUT') || between.length === 0) return;
      const [next, ...rest] = between;
      between = [];
      await other.write([next as Measurement]);
      between = rest;
    };
    await one.write([hourly(10)]);
    await one.write([hourly(11)]);
    expect([...samples(observations()[0]).keys()]).toEqual([1, 2, 10, 11]);
    expect(observations()).toHaveLength(1);
    expect([...one.letters, ...other.letters]).toEqual([]);
  });

  test('many writers of one hour at once lose no sample', async () => {
    const writers = Array.from({ length: 5 }, () => new ObservationStep(fhir.transport));
    await Promise.all(
      writers.map(async (writer, index) => {
        for (let second = index; second < 50; second += 5) await writer.write([hourly(second)]);
      }),
    );
    expect(samples(observations()[0]).size).toBe(50);
  });

  test('a process that dies between two steps of an hour loses no sample and writes nothing twice', async () => {
    await new ObservationStep(fhir.transport).write([hourly(1), hourly(2)]);
    const batch = [hourly(3), hourly(4)];
    const dead = new Promise<never>(() => {});
    // Written, and never told: the host gives the batch to another instance.
    const dying = new ObservationStep(async (body) => {
      const answer = await fhir.transport(body);
      return body.includes('"PUT"') ? dead : answer;
    });
    const served = new Promise<void>((resolve) => {
      fhir.beforeBatch = async (requests: readonly BatchRequest[]) => {
        if (requests.some(({ method }) => method === 'PUT')) resolve();
      };
    });
    void dying.write(batch);
    await served;
    const successor = new ObservationStep(fhir.transport);
    await successor.write(batch);
    expect([...samples(observations()[0]).keys()]).toEqual([1, 2, 3, 4]);
    expect(observations()[0]?.version).toBe(2);
  });

  test('a dead-letter container that refuses for a while keeps nothing healthy back and loses no letter', async () => {
    const step = new ObservationStep(fhir.transport);
    step.containerRefusals = 2;
    await step.write([measurement({}), measurement({ DeviceId: 'nobody' }), hourly(3, 'sick')]);
    expect(observations()).toHaveLength(1);
    expect([...step.reasons].sort()).toEqual(['DeviceNotFoundException', 'FormatException']);
    expect(step.lines).toContain('iomt.held step=write-observations cause=503');
  });

  test('the HTTP side: a token for the audience; 401, a page of a proxy and a lost connection are waited out', async () => {
    const seen: string[] = [];
    const answers = ['401', 'page', 'reset', 'ok'];
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      request.resume();
      const answer = answers.shift();
      if (answer === 'reset') request.socket.destroy();
      else if (answer === 'page') response.end('<html>');
      else if (answer === '401') response.writeHead(401).end();
      else {
        const entry = [{ resource: patient('p1'), response: { status: '200' } }];
        response.end(JSON.stringify({ resourceType: 'Bundle', type: 'batch-response', entry }));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const getToken = async (scopes: string | string[]) => ({ token: `for:${scopes}`, expiresOnTimestamp: 0 });
    const held: string[] = [];
    const log = { info: () => {}, error: () => {}, warn: (line: string) => held.push(line) };
    const client = new FhirClient(transport(url, 'https://fhir.example/', { getToken }), 'write-observations');
    const [answer] = await client.batch([{ method: 'GET', url: 'Patient/p1' }], log);
    server.closeAllConnections();
    server.close();
    expect(answer?.resource).toEqual(patient('p1'));
    expect(seen).toEqual(Array(4).fill('POST / Bearer for:https://fhir.example/.default'));
    expect(held).toHaveLength(3);
  });
});

describe('who wore the device when', () => {
  const at = (minutes: number) => afterNoon(minutes * 60_000);
  const reading = (minutes: number, part: Partial<Measurement> = {}) =>
    measurement({ OccurrenceTimeUtc: at(minutes), ...part });
  const wearers = () =>
    observations()
      .toSorted((a, b) => ((a.effectiveDateTime ?? '') < (b.effectiveDateTime ?? '') ? -1 : 1))
      .map(({ effectiveDateTime, subject }) => `${effectiveDateTime?.slice(11, 16)} ${subject?.reference}`);
  const identityReads = () => fhir.batches.flat().filter(({ url }) => url.startsWith('Device?')).length;

  test('a device given to another patient in the middle: data from before that arrives after goes to who wore it then', async () => {
    await fhir.put(use('u1', 'p1', at(0), at(10)), use('u2', 'p2', at(10)));
    await fhir.put(device('d1', 'bed-1', 'p2'));
    const step = new ObservationStep(fhir.transport);
    await step.write([reading(15), reading(5), reading(10), reading(9)]);
    expect(wearers()).toEqual(['12:05 Patient/p1', '12:09 Patient/p1', '12:10 Patient/p2', '12:15 Patient/p2']);
    await step.write([reading(9, { Type: 'hrHour' }), reading(11, { Type: 'hrHour' })]);
    const hours = observations().filter(({ effectivePeriod }) => effectivePeriod !== undefined);
    expect(hours.map((hour) => [hour.subject?.reference, [...samples(hour).keys()]]).sort()).toEqual([
      ['Patient/p1', [540]],
      ['Patient/p2', [660]],
    ]);
  });

  test('nobody wore it before the first statement and between two; afterwards Device.patient counts unless it is stale', async () => {
    await fhir.put(use('u1', 'p1', at(0), at(10)), use('u2', 'p1', at(20), at(30)));
    const step = new ObservationStep(fhir.transport);
    await step.write([reading(-1), reading(5), reading(15), reading(25), reading(31)]);
    expect(wearers()).toEqual(['12:05 Patient/p1', '12:25 Patient/p1']);
    expect(step.reasons).toEqual(Array(3).fill('PatientNotFoundException'));
    await fhir.put(device('d1', 'bed-1', 'p2'));
    await step.write([reading(15), reading(31)]);
    expect(wearers().at(-1)).toBe('12:31 Patient/p2');
  });

  test('statements that give it to two patients at once, and those entered in error', async () => {
    const step = new ObservationStep(fhir.transport);
    await fhir.put({ ...use('u1', 'p2', at(0)), status: 'entered-in-error' });
    await step.write([reading(5)]);
    expect(wearers()).toEqual(['12:05 Patient/p1']);
    await fhir.put(use('u2', 'p1', at(10)), use('u3', 'p2', at(10)));
    await new ObservationStep(fhir.transport).write([reading(12)]);
    await step.write([reading(12)], at(2));
    expect(step.reasons).toEqual(['MultiplePatientFoundException']);
  });

  test('a statement may name a day', async () => {
    const { timingPeriod: _period, ...statement } = use('u1', 'p2', '');
    await fhir.put({ ...statement, timingDateTime: '2026-01-05' });
    const step = new ObservationStep(fhir.transport);
    await step.write([reading(0), reading(-12 * 60), reading(-12 * 60 - 1), reading(12 * 60 - 1)]);
    expect(ofPatient('p2')).toHaveLength(3);
    expect(step.reasons).toEqual(['PatientNotFoundException']);
  });

  test('a device with more statements than a search includes still has the right wearer', async () => {
    const shifts = Array.from({ length: 130 }, (_, index) =>
      use(`u${index}`, 'p2', at(-index * 10 - 10), at(-index * 10)),
    );
    await fhir.put(...shifts);
    await fhir.put(use('last', 'p1', at(-1310), at(-1300)));
    const step = new ObservationStep(fhir.transport);
    await step.write([reading(-1305), reading(-1295), reading(-5)]);
    expect(
      wearers()
        .map((text) => text.slice(-2))
        .sort(),
    ).toEqual(['p1', 'p2', 'p2']);
    expect(step.letters).toEqual([]);
  });

  test('a device without patient is a dead letter, and written as soon as it has one and the letter is replayed', async () => {
    await fhir.put(device('d1', 'bed-1'));
    const step = new ObservationStep(fhir.transport);
    await step.write([reading(0), reading(1, { DeviceId: 'unknown' })]);
    expect([...step.reasons].sort()).toEqual(['DeviceNotFoundException', 'PatientNotFoundException']);
    await fhir.put(device('d1', 'bed-1', 'p1'));
    const [letter] = step.letters.filter(({ reason }) => reason.name === 'PatientNotFoundException');
    await step.handle([eventOf(Buffer.from(letter?.bodyBase64 ?? '', 'base64').toString())]);
    expect(wearers()).toEqual(['12:00 Patient/p1']);
    expect(step.letters).toHaveLength(2);
  });

  test('two devices with one identifier are told; with a system only its own is found', async () => {
    await fhir.put({ ...device('d2', 'bed-1', 'p2'), identifier: [{ system: 'urn:ward', value: 'bed-1' }] });
    const step = new ObservationStep(fhir.transport);
    await step.write([reading(0)]);
    expect(step.reasons).toEqual(['MultipleDeviceFoundException']);
    await new ObservationStep(fhir.transport, { deviceIdentifierSystem: 'urn:ward' }).write([reading(0)]);
    expect(wearers()).toEqual(['12:00 Patient/p2']);
  });

  test('a message may name its patient by id or identifier; another one than the wearer is a dead letter in r4', async () => {
    const named = ['p1', 'Patient/p1', 'mrn-p1', 'p2', 'mrn-p2', 'nobody'];
    const all = named.map((PatientId, index) => reading(index, { PatientId }));
    const step = new ObservationStep(fhir.transport);
    await step.write(all);
    expect(wearers()).toEqual(['12:00 Patient/p1', '12:01 Patient/p1', '12:02 Patient/p1']);
    expect(step.reasons).toEqual(Array(3).fill('PatientDeviceMismatchException'));
    const original = new ObservationStep(fhir.transport, { compatibility: 'medtech' });
    await original.write(all);
    expect(original.letters).toEqual([]);
  });

  test('what was read is believed for 60 s of the events and of the timer', async () => {
    const step = new ObservationStep(fhir.transport);
    await step.write([reading(0)], noon);
    await step.write([reading(1)], afterNoon(59_000));
    expect(identityReads()).toBe(1);
    await step.write([reading(2)], afterNoon(60_000));
    expect(identityReads()).toBe(2);
    step.timer = 60_000;
    await step.write([reading(3)], afterNoon(60_000));
    expect(identityReads()).toBe(3);
  });

  test('200 devices are four searches in one request', async () => {
    const wards = Array.from({ length: 200 }, (_, index) => device(`w${index}`, `ward,${index}|$`, 'p1'));
    await fhir.put(...wards);
    const step = new ObservationStep(fhir.transport);
    await step.write(wards.map(({ identifier }) => reading(0, { DeviceId: identifier[0]?.value ?? '' })));
    expect(observations()).toHaveLength(200);
    expect(fhir.batches.map((requests) => requests.length)).toEqual([4, 200]);
  });

  test('encounters are found by identifier; LookupWithEncounter needs one', async () => {
    const encounter = { class: { code: 'IMP' }, status: 'in-progress' as const, identifier: [{ value: 'stay-1' }] };
    await fhir.put({ resourceType: 'Encounter', id: 'e1', ...encounter });
    const step = new ObservationStep(fhir.transport, { resolutionType: 'LookupWithEncounter' });
    await step.write([reading(0, { EncounterId: 'stay-1' }), reading(1, { EncounterId: 'stay-2' }), reading(2)]);
    expect(observations().map((one) => one.encounter?.reference)).toEqual(['Encounter/e1']);
    expect([...step.reasons].sort()).toEqual(['EncounterIdentityNotDefinedException', 'EncounterNotFoundException']);
  });

  test('Create makes patient and device once, also when two instances do it at a time', async () => {
    const create = { resolutionType: 'Create' as const };
    const instances = Array.from({ length: 2 }, () => new ObservationStep(fhir.transport, create));
    const newcomers = (minute: number) =>
      ['bed-7', 'bed-8', 'bed-9'].map((DeviceId) => reading(minute, { DeviceId, PatientId: `of ${DeviceId}` }));
    await Promise.all(instances.map((one, index) => one.write(newcomers(index))));
    const made = (type: string) => fhir.all<{ id: string; version: number }>(type).filter(({ id }) => id.length === 64);
    expect(
      made('Device')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['bed-7', 'bed-8', 'bed-9'].map((value) => resourceId('', value)).sort());
    expect(made('Patient')).toHaveLength(3);
    expect([...made('Patient'), ...made('Device')].every(({ version }) => version === 1)).toBe(true);
    expect(observations()).toHaveLength(6);
    const [one] = instances;
    await one?.write([reading(3, { DeviceId: 'bed-10' }), reading(4, { DeviceId: 'bed-7', PatientId: 'of bed-8' })]);
    expect([...(one?.reasons ?? [])].sort()).toEqual([
      'PatientDeviceMismatchException',
      'PatientIdentityNotDefinedException',
    ]);
  });

  test('Create links a device without patient, and never one whose use is stated', async () => {
    await fhir.put(device('d1', 'bed-1'), device('d2', 'bed-2'), use('u1', 'p1', at(0), at(10)));
    const step = new ObservationStep(fhir.transport, { resolutionType: 'Create' });
    await step.write([reading(20, { PatientId: 'mrn-p2' }), reading(20, { DeviceId: 'bed-2', PatientId: 'mrn-p2' })]);
    expect(wearers()).toEqual(['12:20 Patient/p2']);
    expect(step.reasons).toEqual(['PatientNotFoundException']);
    const patients = fhir.all<{ id: string; patient?: { reference: string } }>('Device').map((one) => one.patient);
    expect(patients).toEqual([undefined, { reference: 'Patient/p2' }]);
  });
});

describe('compatibility medtech', () => {
  test('an Observation that a MedTech service made under another id is found by its identifier and amended', async () => {
    const step = new ObservationStep(fhir.transport, { compatibility: 'medtech' });
    await step.write([measurement({ value: '60' })], afterNoon(5000));
    const [made] = observations();
    expect(made).toMatchObject({ status: 'final', issued: afterNoon(5000), version: 1 });
    await step.write([measurement({ value: '60' })], afterNoon(6000));
    expect(observations()[0]?.version).toBe(1);
    const { version: _version, id: _id, ...content } = made as Stored;
    const hour = {
      ...content,
      identifier: [{ ...content.identifier?.[0], value: 'p1.d1.hr.20260105120100Z.20260105120100Z' }],
    };
    const period = { start: afterNoon(60_000), end: afterNoon(60_000) };
    await fhir.put({ ...hour, id: 'given-by-the-server', effectivePeriod: period } as never);
    await step.write([measurement({ value: '80', OccurrenceTimeUtc: afterNoon(60_000) })], afterNoon(7000));
    expect(observations()).toHaveLength(2);
    const amended = observations().find(({ id }) => id === 'given-by-the-server');
    expect(amended).toMatchObject({
      status: 'amended',
      valueQuantity: { value: 80 },
      version: 2,
      issued: afterNoon(5000),
    });
  });

  test('two readings within one second are one Observation, the later one amends it', async () => {
    const step = new ObservationStep(fhir.transport, { compatibility: 'medtech' });
    await step.write([measurement({ value: '60' }), measurement({ value: '61', OccurrenceTimeUtc: afterNoon(10) })]);
    expect(observations()).toHaveLength(1);
    expect(observations()[0]).toMatchObject({ status: 'amended', valueQuantity: { value: 61 } });
  });
});

describe('the package', () => {
  const settings: Record<string, string> = {
    ...Object.fromEntries(writeObservationsSettings.map((name) => [name, name.toLowerCase()])),
    ...{ COMPATIBILITY: 'r4', RESOLUTION_TYPE: 'Lookup', IDENTITY_CACHE_SECONDS: '60', DEVICE_IDENTIFIER_SYSTEM: '' },
    ...{ FHIR_URL: 'https://localhost', DEAD_LETTER_CONTAINER_URL: 'https://localhost/st/deadletter' },
  };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'package-'));
    copyFileSync(join(__dirname, '..', 'dist', 'functions', 'write-observations', 'main.js'), join(folder, 'main.js'));
    mkdirSync(join(folder, 'mappings'));
    copyFileSync(starterMappingFile('fhir'), join(folder, packageFiles.fhirMapping));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (changed: Record<string, string> = {}) =>
    startPackage(join(folder, 'main.js'), { ...settings, ...changed });

  test('is one file that registers the function, which is retried without end', async () => {
    const { registered, model } = await run();
    expect(model).toBe('@azure/functions');
    expect(Object.keys(registered)).toEqual(['writeObservations']);
    expect(registered.writeObservations?.trigger).toMatchObject({
      ...{ type: 'eventHubTrigger', connection: 'NormalizedData', eventHubName: '%NORMALIZED_DATA_HUB%' },
      ...{ consumerGroup: '%WRITE_OBSERVATIONS_CONSUMER_GROUP%', cardinality: 'many', dataType: 'binary' },
    });
    expect(registered.writeObservations?.retryOptions).toMatchObject({ maxRetryCount: -1 });
  });

  test.each([
    [{ RESOLUTION_TYPE: 'Guess' }, "RESOLUTION_TYPE is 'Guess'; allowed are Create, Lookup, LookupWithEncounter."],
    [{ IDENTITY_CACHE_SECONDS: '61' }, "IDENTITY_CACHE_SECONDS is '61'; allowed are 0 to 60."],
    [{ COMPATIBILITY: 'stu3' }, "COMPATIBILITY is 'stu3'"],
  ])('does not start with %j', async (changed: Record<string, string>, said) => {
    await expect(run(changed)).rejects.toThrow(said);
  });

  test('does not start with a mapping that cannot be used', async () => {
    writeFileSync(join(folder, packageFiles.fhirMapping), '{"templateType":"CollectionFhir","template":[{}]}');
    await expect(run()).rejects.toThrow(/mappings\/fhir\.json cannot be used:\nline 1, column/);
  });
});
