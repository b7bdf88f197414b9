import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import { Blobs } from '../local/blobs/blobs';
import { mlInputSettings } from '../runtime/contracts/appSettings';
import { clockMarkKind, kindProperty } from '../runtime/contracts/clockMark';
import { type PositionStore, positionStore } from '../runtime/functions/searchPosition';
import { resourceId } from '../runtime/medtech/fhir/observation';
import { connectorSystem } from '../runtime/medtech/fhir/resources';
import type { ReceivedEvent } from '../runtime/stream/eventBatch';
import { provisionWriterAccounts } from './support/blobAccounts';
import { testContext } from './support/context';
import { EnrichedHub, EnrichStep, noonMs } from './support/enrichStep';
import { trust } from './support/eventHubs';
import { FhirInProcess } from './support/fhirInProcess';
import { afterNoon, eventOf } from './support/observationStep';
import { startPackage } from './support/startPackage';

const loinc = 'http://loinc.org';
const snomed = 'http://snomed.info/sct';
const ucum = 'http://unitsofmeasure.org';
const minute = 60_000;
const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
const quantity = (value: number, code: string) => ({ valueQuantity: { value, unit: code, system: ucum, code } });

const observation = (id: string, code: object, value: object, part: object = {}) =>
  ({
    ...{ resourceType: 'Observation', id, status: 'final', code, subject: { reference: 'Patient/p1' } },
    ...{ effectiveDateTime: afterNoon(0), ...value, ...part },
  }) as Resource;
const temperature = (value: number, part: object = {}) =>
  observation('temp', coded(loinc, '8310-5'), quantity(value, 'Cel'), part);

let fhir: FhirInProcess;
let step: EnrichStep;
beforeEach(async () => {
  fhir = new FhirInProcess();
  await fhir.put({ resourceType: 'Patient', id: 'p1' }, { resourceType: 'Patient', id: 'p2' });
  step = new EnrichStep(fhir.transport);
});
afterEach(() => fhir.close());

/** What Event Grid puts into the hub for a resource, some time after noon. */
function gridEvent(
  [type = '', id = '']: readonly string[],
  version: number,
  { kind = 'Updated', at = 1000 }: { readonly kind?: string; readonly at?: number } = {},
): ReceivedEvent {
  const data = { resourceType: type, resourceFhirId: id, resourceVersionId: version, resourceFhirAccount: 'fhir.test' };
  const event = { eventType: `Microsoft.HealthcareApis.FhirResource${kind}`, eventTime: afterNoon(at), data };
  return eventOf(JSON.stringify([event]), { enqueuedTime: afterNoon(at) });
}

/** Writes resources, and hands on what the hub would be told. */
async function chart(...resources: readonly Resource[]): Promise<void> {
  await fhir.put(...resources);
  await step.chartedValues(resources.map(told));
}

function told({ resourceType, id = '' }: Resource, index = 0): ReceivedEvent {
  const stored = fhir.all<{ id: string; version: number }>(resourceType).find((one) => one.id === id);
  return gridEvent([resourceType, id], stored?.version ?? 1, { at: 1000 + index });
}

const samples = () =>
  step.hub.measurements.flatMap((one) =>
    one.samples.map(({ vital, value, rejected }) => `${one.patient} ${vital} ${rejected ?? value}`),
  );
const presences = () =>
  step.hub.presences.map((one) => `${one.patient} ${one.event} ${one.resource} ${(one.time - noonMs) / minute}`);

describe('charted values', () => {
  test('join as measurements in the units of the chart, converted only where the unit says so', async () => {
    await chart(
      temperature(37.25),
      observation('f', coded(loinc, '8310-5'), quantity(100.4, '[degF]')),
      observation('s', coded(loinc, '59408-5'), quantity(0.97, '1')),
      observation('r', coded(snomed, '86290005'), { valueQuantity: { value: 18, unit: 'breaths/minute' } }),
      observation('k', coded(loinc, '8480-6'), quantity(16, 'kPa')),
      observation('c', coded(loinc, '67775-7'), { valueCodeableConcept: coded(snomed, '130987000') }),
      observation('o', coded(loinc, '3151-8'), quantity(2, 'L/min')),
      observation('air', coded(snomed, '57485005'), { valueCodeableConcept: coded(snomed, '722742002') }),
      observation('hot', coded(loinc, '8310-5'), quantity(98.6, 'Cel')),
      observation('x', coded(loinc, '718-7'), quantity(14, 'g/dL')),
    );
    expect(samples()).toEqual([
      'p1 temperature 37.25',
      'p1 temperature 38',
      'p1 oxygenSaturation 97',
      'p1 respirationRate 18',
      'p1 systolicBloodPressure 120.01',
      'p1 consciousness 1',
      'p1 supplementalOxygen 1',
      'p1 supplementalOxygen 0',
      'p1 temperature implausible',
    ]);
    const [first] = step.hub.measurements;
    expect(first).toMatchObject({ source: 'charted', type: 'Observation', time: noonMs, arrival: noonMs + 1000 });
    expect(step.letters).toEqual([]);
  });

  test('a blood pressure is read from its components, and a set of vital signs is one measurement', async () => {
    const component = [
      { code: coded(loinc, '8480-6'), ...quantity(118, 'mm[Hg]') },
      { code: coded(loinc, '8462-4'), dataAbsentReason: { text: 'unknown' } },
    ];
    await chart(observation('bp', coded(loinc, '85354-9'), {}, { component }));
    expect(samples()).toEqual(['p1 systolicBloodPressure 118']);
  });

  test('an amended one wins by its key, and takes the old one back where it is not any more', async () => {
    await chart(temperature(37));
    await chart(temperature(38));
    await chart(temperature(38, { effectiveDateTime: afterNoon(-minute) }));
    await chart(temperature(38, { effectiveDateTime: afterNoon(-minute), subject: { reference: 'Patient/p2' } }));
    expect(
      step.hub.measurements.map(({ patient, time, samples: [sample] }) => [patient, time - noonMs, sample?.value]),
    ).toEqual([
      ['p1', 0, 37],
      ['p1', 0, 38],
      ['p1', 0, null],
      ['p1', -minute, 38],
      ['p1', -minute, null],
      ['p2', -minute, 38],
    ]);
    const tails = step.hub.measurements.map(({ key }) => key.slice(12));
    expect(new Set(tails).size).toBe(1);
  });

  test('entered in error, and deleted, are taken back', async () => {
    await chart(temperature(37));
    await chart(temperature(37, { status: 'entered-in-error' }));
    await chart(observation('other', coded(loinc, '8867-4'), quantity(80, '/min')));
    const { bundle } = await fhir.transport(
      JSON.stringify({
        ...{ resourceType: 'Bundle', type: 'batch' },
        entry: [{ request: { method: 'DELETE', url: 'Observation/other' } }],
      }),
    );
    expect(bundle?.entry?.[0]?.response?.status).toMatch(/^20/);
    await step.chartedValues([gridEvent(['Observation', 'other'], 2, { kind: 'Deleted', at: 5000 })]);
    expect(samples()).toEqual([
      'p1 temperature 37',
      'p1 temperature enteredInError',
      'p1 heartRate 80',
      'p1 heartRate enteredInError',
    ]);
    const [, , charted, deleted] = step.hub.measurements;
    expect((deleted?.key ?? '') > (charted?.key ?? '')).toBe(true);
  });

  test('events that come twice or in another order change nothing', async () => {
    await fhir.put(temperature(37));
    await fhir.put(temperature(38));
    const events = [gridEvent(['Observation', 'temp'], 2), gridEvent(['Observation', 'temp'], 1)];
    await step.chartedValues(events);
    await step.chartedValues(events.toReversed());
    expect(new Set(samples())).toEqual(new Set(['p1 temperature 38']));
    expect(new Set(step.hub.measurements.map(({ key }) => key)).size).toBe(1);
  });

  test('what the connector wrote, what is not final and other resources are not read as values', async () => {
    const own = resourceId(connectorSystem, 'p1.d1.hr.1');
    await step.chartedValues([
      gridEvent(['Observation', own], 1),
      gridEvent(['RiskAssessment', 'r1'], 1),
      eventOf(JSON.stringify([{ eventType: 'Microsoft.Storage.BlobCreated', data: {} }])),
    ]);
    expect(fhir.batches).toEqual([]);
    await chart(
      observation('managed', coded(loinc, '8867-4'), quantity(80, '/min'), {
        identifier: [{ system: connectorSystem, value: 'x' }],
      }),
      temperature(37, { status: 'preliminary' }),
    );
    expect(step.hub.sent).toEqual([]);
    expect(step.letters).toEqual([]);
  });

  test('that cannot be used are dead letters; the others go on', async () => {
    await chart(
      temperature(37),
      observation('unit', coded(loinc, '8310-5'), quantity(37, '/min')),
      observation('none', coded(loinc, '8867-4'), { valueQuantity: { value: 80 } }),
      observation('day', coded(loinc, '8867-4'), quantity(80, '/min'), { effectiveDateTime: '2026-01-05' }),
      observation('nobody', coded(loinc, '8867-4'), quantity(80, '/min'), { subject: { reference: 'Patient/gone' } }),
      observation('group', coded(loinc, '8867-4'), quantity(80, '/min'), { subject: { reference: 'Group/g' } }),
      observation('ahead', coded(loinc, '8867-4'), quantity(80, '/min'), { effectiveDateTime: afterNoon(3 * minute) }),
    );
    await step.chartedValues([eventOf('{'), eventOf('[{}]')]);
    expect(samples()).toEqual(['p1 temperature 37']);
    expect([...step.reasons].sort()).toEqual([
      'IncompatibleDataException',
      'InvalidDataFormatException',
      'InvalidDataFormatException',
      'InvalidQuantityFhirValueException',
      'InvalidQuantityFhirValueException',
      'OccurrenceInFutureException',
      'PatientIdentityNotDefinedException',
      'PatientNotFoundException',
    ]);
    expect(step.letters.every(({ step: name }) => name === 'charted-values')).toBe(true);
  });

  test('are held while FHIR or the hub refuses; marks go on after them as a source of their own', async () => {
    await fhir.put(temperature(37));
    fhir.faults.set({ requests: { status: 503, requests: 2, retryAfterSeconds: 0 } });
    step.hub.refusals = 1;
    const mark = eventOf('', { properties: { [kindProperty]: clockMarkKind }, enqueuedTime: afterNoon(20_000) });
    await step.chartedValues([gridEvent(['Observation', 'temp'], 1), mark], '3');
    expect(samples()).toEqual(['p1 temperature 37']);
    expect(step.hub.marks).toEqual(['fhirevents/3/3 12:00:20']);
    expect(step.hub.sent[0]?.message.kind).toBe('measurement');
  });
});

describe('who is under observation', () => {
  const encounter = (status: string, period: object, part: object = {}) =>
    ({
      ...{ resourceType: 'Encounter', id: 'e1', status, period, subject: { reference: 'Patient/p1' } },
      ...{ class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' }, ...part },
    }) as Resource;
  const device = (wearer?: string) =>
    ({
      ...{ resourceType: 'Device', id: 'd1' },
      ...(wearer === undefined ? {} : { patient: { reference: `Patient/${wearer}` } }),
    }) as Resource;
  const use = (id: string, wearer: string, status: string, timingPeriod: object) =>
    ({
      ...{ resourceType: 'DeviceUseStatement', id, status, timingPeriod },
      ...{ subject: { reference: `Patient/${wearer}` }, device: { reference: 'Device/d1' } },
    }) as Resource;

  test('an encounter starts and ends, in no window that was due to close', async () => {
    await chart(encounter('planned', {}));
    await chart(encounter('in-progress', { start: afterNoon(-10 * minute) }));
    await chart(encounter('in-progress', { start: afterNoon(-10 * minute) }, { priority: { text: 'x' } }));
    await chart(encounter('finished', { start: afterNoon(-10 * minute), end: afterNoon(2 * minute) }));
    expect(presences()).toEqual(['p1 start Encounter/e1 -5', 'p1 start Encounter/e1 -5', 'p1 end Encounter/e1 2']);
  });

  test('an encounter in error, of another patient or of outpatients puts nobody under observation', async () => {
    await chart(encounter('in-progress', { start: afterNoon(0) }));
    await chart(encounter('in-progress', { start: afterNoon(0) }, { subject: { reference: 'Patient/p2' } }));
    await chart(encounter('entered-in-error', { start: afterNoon(0) }));
    expect(step.hub.presences.map(({ patient, event }) => `${patient} ${event}`)).toEqual([
      'p1 start',
      'p1 end',
      'p2 start',
      'p2 end',
    ]);
    step.hub.sent.length = 0;
    const ambulatory = { class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' } };
    await chart(encounter('in-progress', { start: afterNoon(0) }, { id: 'e2', ...ambulatory }));
    expect(presences()).toEqual([]);
  });

  test('a device that is given to somebody else ends one assignment and starts the other', async () => {
    await chart(device('p1'));
    await chart(device('p2'));
    await chart(device());
    expect(step.hub.presences.map(({ patient, event, resource }) => `${patient} ${event} ${resource}`)).toEqual([
      'p1 start Device/d1',
      'p1 end Device/d1',
      'p2 start Device/d1',
      'p2 end Device/d1',
    ]);
    const keys = step.hub.presences.map(({ key }) => key);
    expect(new Set(keys.map((key) => key.slice(12))).size).toBe(2);
  });

  test('statements of use decide over Device.patient', async () => {
    await chart(device('p1'));
    await chart(use('u1', 'p2', 'active', { start: afterNoon(0) }));
    await chart(use('u1', 'p2', 'completed', { start: afterNoon(0), end: afterNoon(minute) }));
    expect(presences()).toEqual([
      'p1 start Device/d1 -5',
      'p2 start DeviceUseStatement/u1 0',
      'p1 end Device/d1 -5',
      'p2 start DeviceUseStatement/u1 0',
      'p2 end DeviceUseStatement/u1 1',
      'p1 end Device/d1 -5',
    ]);
  });

  test('a death ends everything', async () => {
    await chart({ resourceType: 'Patient', id: 'p1', deceasedDateTime: afterNoon(minute) });
    expect(step.hub.presences).toMatchObject([
      { patient: 'p1', event: 'end', basis: 'death', resource: 'Patient/p1', time: noonMs + minute },
    ]);
  });
});

describe('searching, where events are off', () => {
  /** The note of how far the search got, in memory. */
  class Note implements PositionStore {
    upTo: number | undefined;
    version = 0;
    taken = false;
    async read() {
      return this.upTo === undefined ? undefined : { upTo: this.upTo, etag: String(this.version) };
    }
    async write(upTo: number, before: { readonly etag: string } | undefined) {
      if (this.taken || (before?.etag ?? '0') !== String(this.version)) return false;
      this.upTo = upTo;
      this.version += 1;
      return true;
    }
  }

  let note: Note;
  /** The service's clock, milliseconds since 1970; the in-process service writes at 0. */
  let now = 5000;
  const timed: typeof fhir.transport = async (body) => {
    const answer = await fhir.transport(body);
    answer.headers.set('date', new Date(now).toUTCString());
    return answer;
  };

  beforeEach(() => {
    note = new Note();
    now = 5000;
    step = new EnrichStep(timed, new EnrichedHub(), 2 + 1);
  });

  test('finds what was charted and who is there, says until when, and then notes it', async () => {
    const encounter = {
      resourceType: 'Encounter',
      id: 'e1',
      status: 'in-progress',
      subject: { reference: 'Patient/p1' },
    };
    const imp = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' };
    await fhir.put(
      temperature(37, { effectiveDateTime: '1970-01-01T00:00:00Z' }),
      { ...encounter, class: imp } as Resource,
      {
        ...{ resourceType: 'Device', id: 'd1', patient: { reference: 'Patient/p2' } },
      },
    );
    await step.poll(note);
    expect(samples()).toEqual(['p1 temperature 37']);
    expect(step.hub.presences.map(({ patient, resource }) => `${patient} ${resource}`).sort()).toEqual([
      'p1 Encounter/e1',
      'p2 Device/d1',
    ]);
    expect(step.hub.marks).toEqual(['charted/3 00:00:05']);
    expect(note.upTo).toBe(5000);
    await step.poll(note);
    expect(step.hub.marks).toHaveLength(1);
    now = 15_000;
    await fhir.put(temperature(38, { effectiveDateTime: '1970-01-01T00:00:00Z' }));
    await step.poll(note);
    expect(samples().at(-1)).toBe('p1 temperature 38');
    expect(step.hub.measurements.at(-1)).toMatchObject({ arrival: 5000 });
    expect(step.hub.marks).toEqual(['charted/3 00:00:05', 'charted/3 00:00:15']);
  });

  test('goes over the same time again when it was not noted, and counts what it cannot use', async () => {
    await fhir.put(
      temperature(37, { effectiveDateTime: '1970-01-01T00:00:00Z' }),
      observation('unit', coded(loinc, '8310-5'), quantity(37, '/min'), { effectiveDateTime: '1970-01-01T00:00:00Z' }),
    );
    note.taken = true;
    await step.poll(note);
    await step.poll(note);
    expect(samples()).toEqual(['p1 temperature 37', 'p1 temperature 37']);
    expect(new Set(step.hub.measurements.map(({ key }) => key)).size).toBe(1);
    expect(step.lines).toContain('iomt.unusable step=charted-values reason=InvalidQuantityFhirValueException count=1');
    expect(step.lines).toContain('iomt.charted position=taken');
  });
});

describe('how far the search got', () => {
  test('is kept in a blob, and not written over what another process noted', async () => {
    const context = await testContext();
    trust(context.certificates);
    const blobs = new Blobs(context);
    try {
      const { lake } = await provisionWriterAccounts(context, blobs);
      const store = positionStore(lake);
      expect(await store.read()).toBeUndefined();
      expect(await store.write(1000, undefined)).toBe(true);
      expect(await store.write(2000, undefined)).toBe(false);
      const position = await store.read();
      expect(position?.upTo).toBe(1000);
      expect(await store.write(3000, position)).toBe(true);
      expect(await store.write(4000, position)).toBe(false);
      expect((await store.read())?.upTo).toBe(3000);
    } finally {
      await blobs.close();
      context.close();
    }
  });
});

describe('the package', () => {
  const bundle = join(__dirname, '..', 'dist', 'functions', 'ml-input', 'main.js');
  const settings = {
    ...Object.fromEntries(mlInputSettings.map((name) => [name, name.toLowerCase()])),
    ...{ COMPATIBILITY: 'r4', RESOLUTION_TYPE: 'Lookup', IDENTITY_CACHE_SECONDS: '60', WINDOW_SECONDS: '300' },
    ...{ LATENESS_SECONDS: '120', PLAUSIBILITY_LIMITS: '', CONTEXT_CODES: '' },
    ...{
      DEAD_LETTER_CONTAINER_URL: 'https://localhost/st/deadletter',
      STATE_CONTAINER_URL: 'https://localhost/st/state',
    },
  };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'package-'));
    copyFileSync(bundle, join(folder, 'main.js'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is one file that registers what events, or searching, need', async () => {
    const { registered, model } = await startPackage(join(folder, 'main.js'), settings);
    expect(model).toBe('@azure/functions');
    expect(Object.keys(registered)).toEqual(['mlInput', 'fhirEventMarks', 'chartedValues']);
    expect(registered.mlInput?.trigger).toMatchObject({
      ...{ type: 'eventHubTrigger', connection: 'NormalizedData', eventHubName: '%NORMALIZED_DATA_HUB%' },
      ...{ consumerGroup: '%ML_INPUT_CONSUMER_GROUP%', cardinality: 'many', dataType: 'binary' },
    });
    expect(registered.chartedValues?.trigger).toMatchObject({ connection: 'FhirEvents' });
    expect(registered.mlInput?.retryOptions).toMatchObject({ maxRetryCount: -1 });
    const off = await startPackage(join(folder, 'main.js'), { ...settings, FHIR_EVENTS_HUB: '' });
    expect(Object.keys(off.registered)).toEqual(['mlInput', 'pollCharted']);
    expect(off.registered.pollCharted?.trigger).toMatchObject({ schedule: '%CHARTED_SCHEDULE%' });
  });
});
