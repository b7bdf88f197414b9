import fc from 'fast-check';
import type { EnrichedMeasurement } from '../runtime/contracts/enriched';
import { unknownContext } from '../runtime/contracts/patientContext';
import { readContextCodes } from '../runtime/enrich/contextCodes';
import { keyOf } from '../runtime/enrich/naturalKey';
import { quantised } from '../runtime/enrich/quantise';
import { earliestOpen, isLate } from '../runtime/enrich/windows';
import { readPlausibilityLimits, readWindows } from '../runtime/functions/mlInputInputs';
import { partitionKey } from '../runtime/medtech/partitionKey';
import { replayProperties, restored } from '../runtime/stream/replayed';
import { EnrichedHub, EnrichStep, markOf, noonMs, reading } from './support/enrichStep';
import { FhirInProcess } from './support/fhirInProcess';
import { afterNoon, eventOf } from './support/observationStep';

const patient = (id: string, birthDate?: string) => ({
  resourceType: 'Patient' as const,
  id,
  identifier: [{ value: `mrn-${id}` }],
  ...(birthDate === undefined ? {} : { birthDate }),
});
const device = (id: string, value: string, wearer?: string) => ({
  resourceType: 'Device' as const,
  id,
  identifier: [{ value }],
  ...(wearer === undefined ? {} : { patient: { reference: `Patient/${wearer}` } }),
});
const use = (id: string, wearer: string, start: number, end?: number) => ({
  resourceType: 'DeviceUseStatement' as const,
  id,
  status: end === undefined ? ('active' as const) : ('completed' as const),
  subject: { reference: `Patient/${wearer}` },
  device: { reference: 'Device/d1' },
  timingPeriod: { start: afterNoon(start), ...(end === undefined ? {} : { end: afterNoon(end) }) },
});
const coded = (system: string, code: string) => ({ coding: [{ system, code }] });
const snomed = 'http://snomed.info/sct';
const loinc = 'http://loinc.org';
const subject = { reference: 'Patient/p1' };

let fhir: FhirInProcess;
let step: EnrichStep;
beforeEach(async () => {
  fhir = new FhirInProcess();
  await fhir.put(patient('p1', '1950-06-01'), patient('p2'), device('d1', 'bed-1', 'p1'), device('d2', 'bed-2', 'p2'));
  step = new EnrichStep(fhir.transport);
});
afterEach(() => fhir.close());

const values = (measurements: readonly EnrichedMeasurement[]) =>
  measurements.map(({ patient, samples }) => `${patient} ${samples[0]?.value}`);
const contextOfFirst = () => step.hub.measurements[0]?.context;

describe('measurements', () => {
  test('are quantised, keyed and handed on with the patient, in order, by the patient', async () => {
    await step.mlInput([
      reading({ value: '60.0005', at: 1, OccurrenceTimeUtc: '2026-01-05T12:00:00.0015Z' }),
      reading({ value: '61', at: 1000, DeviceId: 'bed-2' }),
      reading({ value: '62', at: 2000 }),
      reading({ value: '99', at: 3000 }, null),
    ]);
    const [first] = step.hub.measurements;
    expect(first).toEqual({
      ...{ kind: 'measurement', patient: 'p1', time: noonMs + 2, arrival: noonMs + 1, late: false, source: 'device' },
      ...{ type: 'hr', samples: [{ vital: 'heartRate', value: 60.001, priority: 0 }] },
      key: keyOf(0, ['bed-1', 'hr', '2026-01-05T12:00:00.0015Z', null]),
      context: {
        ...unknownContext,
        underSixteen: {
          ...{ value: false, resource: 'Patient/p1', code: 'Patient.birthDate', date: null, validUntil: null },
        },
      },
    });
    expect(values(step.hub.measurements.filter((one) => one.patient === 'p1'))).toEqual(['p1 60.001', 'p1 62']);
    expect(step.hub.sent.map(({ where }) => where).sort()).toEqual(
      ['p1', 'p1', 'p2'].map((id) => `key ${partitionKey(id)}`).sort(),
    );
    expect(JSON.stringify(step.hub.sent)).not.toContain('1950');
    expect(step.letters).toEqual([]);
  });

  test('tell how long they were under way to the hub', async () => {
    const taken = (at: number) => afterNoon(at);
    await step.mlInput([
      ...Array.from({ length: 19 }, (_, index) => reading({ at: index, IngestionTimeUtc: taken(index + 1_500) })),
      reading({ at: 50, IngestionTimeUtc: taken(40_050) }),
    ]);
    expect(step.lines).toContain('iomt.transport p50Seconds=1.5 p95Seconds=1.5');
    await step.mlInput([reading({ at: 60_000, IngestionTimeUtc: taken(59_000) })]);
    expect(step.lines.at(-1)).toBe('iomt.transport p50Seconds=0 p95Seconds=0');
  });

  test('with poor, impossible or unknown values are counted with the reason; texts become codes', async () => {
    const sampled = async (
      vital: 'heartRate' | 'consciousness' | 'supplementalOxygen',
      value: string,
      sqi?: string,
    ) => {
      const hub = new EnrichedHub();
      const source = { vital, valueName: 'x', priority: 1, spot: true as const };
      const quality = { valueName: 'sqi', least: 0.5 };
      const Properties = [{ Name: 'x', Value: value }, ...(sqi === undefined ? [] : [{ Name: 'sqi', Value: sqi }])];
      await new EnrichStep(fhir.transport, hub).mlInput([reading({ Properties }, [{ ...source, quality }])]);
      const { value: found, rejected, spot } = hub.measurements[0]?.samples[0] ?? {};
      expect(spot).toBe(true);
      return rejected === undefined ? found : `${rejected} ${found}`;
    };
    expect(await sampled('heartRate', '70', '0.5')).toBe(70);
    expect(await sampled('heartRate', '70', '0.49')).toBe('signalQuality 70');
    expect(await sampled('heartRate', '70', 'bad')).toBe('signalQuality 70');
    expect(await sampled('heartRate', '900')).toBe('implausible 900');
    expect(await sampled('heartRate', 'unplugged')).toBe('unreadable null');
    const levels = ['0', 'A', 'C', 'V', 'P', 'U', '1'];
    expect(await Promise.all(levels.map((text) => sampled('consciousness', text)))).toEqual([0, 0, 1, 2, 3, 4, 5]);
    expect(await sampled('consciousness', '2')).toBe('unreadable null');
    const oxygen = ['0', 'false', 'True', '2.5', '1'];
    expect(await Promise.all(oxygen.map((text) => sampled('supplementalOxygen', text)))).toEqual([0, 0, 1, 1, 1]);
    expect(await sampled('supplementalOxygen', '-1')).toBe('unreadable null');
  });

  test('belong to whom wore the device when they were taken, also hours later', async () => {
    const hour = 3_600_000;
    await fhir.put(use('u1', 'p1', -hour, hour), use('u2', 'p2', hour));
    await step.mlInput([
      reading({ value: '60', at: 0, arrived: 3 * hour }),
      reading({ value: '61', at: hour, arrived: 3 * hour }),
      reading({ value: '62', at: 2 * hour, arrived: 3 * hour }),
    ]);
    expect(values(step.hub.measurements).sort()).toEqual(['p1 60', 'p2 61', 'p2 62']);
    expect(step.hub.measurements.every(({ late }) => late)).toBe(true);
  });

  test('are late from the moment on at which their window was due to close', async () => {
    const minute = 60_000;
    await step.mlInput([
      reading({ value: '60', at: 299_999, arrived: 7 * minute - 1 }),
      reading({ value: '61', at: 299_999, arrived: 7 * minute }),
      reading({ value: '62', at: 300_000, arrived: 7 * minute }),
    ]);
    expect(step.hub.measurements.map(({ late }) => late)).toEqual([false, true, false]);
  });

  test('of nobody known, from the future, or that cannot be read are dead letters; the others go on', async () => {
    const day = 86_400_000;
    await fhir.put(device('d3', 'bed-3'), device('d4', 'bed-4', 'nobody'));
    const ahead = reading({ value: '63', at: day, arrived: 0 });
    await step.mlInput([
      reading({ value: '60' }),
      reading({ value: '61', DeviceId: 'bed-3' }),
      reading({ value: '62', DeviceId: 'bed-4' }),
      ahead,
      reading({ value: '64', at: 120_000, arrived: 0 }),
      reading({ value: '65', at: 120_001, arrived: 0 }),
      reading({ value: '66', PatientId: 'somebody-else' }),
      { ...eventOf('{'), properties: { 'iomt-scoring': '[]' } },
      { ...reading({}), properties: { 'iomt-scoring': '{' } },
      eventOf('{'),
    ]);
    expect(values(step.hub.measurements)).toEqual(['p1 60', 'p1 64']);
    expect([...step.reasons].sort()).toEqual([
      'MeasurementProcessingException',
      'MeasurementProcessingException',
      'OccurrenceInFutureException',
      'OccurrenceInFutureException',
      'PatientDeviceMismatchException',
      'PatientNotFoundException',
      'PatientNotFoundException',
    ]);
    const letter = step.letters.find(({ sequenceNumber }) => sequenceNumber === ahead.sequenceNumber);
    expect(letter).toMatchObject({
      ...{ step: 'ml-input', eventHub: 'normalizeddata', bodyBase64: ahead.body.toString('base64') },
      measurement: { deviceId: 'bed-1', type: 'hr', occurrenceTime: afterNoon(day), correlationId: null },
    });
    for (const { reason } of step.letters) expect(reason.message).not.toMatch(/bed-|somebody|nobody/);
  });

  test('that come again as dead letters count by when they first came', async () => {
    const lost = reading({ value: '60', at: 0, arrived: 1000, DeviceId: 'bed-5' });
    const ahead = reading({ value: '61', at: 86_400_000, arrived: 1000 });
    await step.mlInput([lost, ahead]);
    await fhir.put(device('d5', 'bed-5', 'p2'));
    const again = step.letters.map((letter) =>
      restored({
        ...{ contentType: letter.contentType, partitionKey: '7', systemProperties: {}, sequenceNumber: 900 },
        body: Buffer.from(letter.bodyBase64, 'base64'),
        properties: replayProperties('letter', letter),
        enqueuedTime: afterNoon(2 * 86_400_000),
      }),
    );
    step.letters.length = 0;
    await step.mlInput(again);
    expect(step.hub.measurements).toMatchObject([{ patient: 'p2', arrival: noonMs + 1000, late: false }]);
    expect(step.reasons).toEqual(['OccurrenceInFutureException']);
  });

  test('of a device that is just being made are waited for', async () => {
    let reads = 0;
    fhir.beforeBatch = async () => {
      reads += 1;
      if (reads === 2) await fhir.put(device('d6', 'bed-6', 'p2'));
    };
    step.awaitsCreation = true;
    await step.mlInput([reading({ DeviceId: 'bed-6' }), reading({ at: 1 })]);
    expect(values(step.hub.measurements).sort()).toEqual(['p1 60', 'p2 60']);
    expect(step.letters).toEqual([]);
  });

  test('have one key however often and however late they come, and each has its own', async () => {
    const events = [0, 1, 2].map((at) => reading({ at, value: '60' }));
    await step.mlInput(events);
    await new EnrichStep(fhir.transport, step.hub).mlInput(events.toReversed());
    const keys = step.hub.measurements.map(({ key }) => key);
    expect(new Set(keys).size).toBe(3);
    for (const key of keys) expect(key).toMatch(/^0{12}[0-9a-f]{16}$/);
  });

  test('larger than the hub takes are dead letters, and do not stand in the way', async () => {
    const many = Array.from({ length: 400 }, () => ({ vital: 'heartRate' as const, valueName: 'hr', priority: 0 }));
    await step.mlInput([reading({ value: '60' }), reading({ value: '61' }, many), reading({ value: '62', at: 5 })]);
    expect(values(step.hub.measurements)).toEqual(['p1 60', 'p1 62']);
    expect(step.reasons).toEqual(['MeasurementProcessingException']);
  });

  test('are held while FHIR, the hub or the container refuses, and none is lost', async () => {
    fhir.faults.set({ requests: { status: 503, requests: 2, retryAfterSeconds: 0 } });
    step.hub.refusals = 2;
    step.containerRefusals = 1;
    await step.mlInput([reading({ value: '60' }), reading({ DeviceId: 'unknown' }), markOf('0', 0), markOf('1', 0)]);
    expect(values(step.hub.measurements)).toEqual(['p1 60']);
    expect(step.reasons).toEqual(['DeviceNotFoundException']);
    expect(step.hub.marks).toEqual(['0/3 12:00:00']);
    const held = step.lines.filter((line) => line.startsWith('iomt.held step=ml-input'));
    expect(new Set(held.map((line) => line.split('cause=')[1]))).toEqual(new Set(['503', 'ECONNRESET']));
  });
});

describe('clock marks', () => {
  test('the least of all sources goes on after the data, and none before each source has come', async () => {
    await step.mlInput([markOf('0', 10), reading({ value: '60' })]);
    expect(step.hub.marks).toEqual([]);
    await step.mlInput([markOf('1', 20), reading({ value: '61', at: 1 })]);
    expect(step.hub.marks).toEqual(['0/3 12:00:10']);
    expect(step.hub.sent.slice(-3).every(({ message }) => message.kind === 'clockMark')).toBe(true);
    await step.mlInput([markOf('1', 30)]);
    await step.mlInput([markOf('0', 20), markOf('0', 40)]);
    expect(step.hub.marks).toEqual(['0/3 12:00:10', '0/3 12:00:30']);
  });

  test('of one partition say nothing for another, and a new process begins with none', async () => {
    await step.mlInput([markOf('0', 10), markOf('1', 10)], '0');
    await step.mlInput([markOf('0', 20)], '1');
    const next = new EnrichStep(fhir.transport, step.hub);
    await next.mlInput([markOf('1', 20)], '0');
    expect(step.hub.marks).toEqual(['0/3 12:00:10']);
    await next.mlInput([markOf('0', 20)], '0');
    expect(step.hub.marks).toEqual(['0/3 12:00:10', '0/3 12:00:20']);
  });

  test('that come again, or a source that is new, never take time back or ahead', async () => {
    await step.mlInput([markOf('0', 10), markOf('1', 10)]);
    await step.mlInput([markOf('0', 5), markOf('1', 5)]);
    await step.mlInput([markOf('0', 20, 3), markOf('1', 20, 3)]);
    expect(step.hub.marks).toEqual(['0/3 12:00:10']);
    await step.mlInput([markOf('2', 15, 3)]);
    expect(step.hub.marks).toEqual(['0/3 12:00:10', '0/3 12:00:15']);
  });
});

describe('patient context', () => {
  const goal = (id: string, low: number, high: number, startDate = '2026-01-01') => ({
    ...{ resourceType: 'Goal' as const, id, lifecycleStatus: 'active' as const, subject, startDate },
    description: { text: 'Target' },
    target: [
      {
        measure: coded(loinc, '2708-6'),
        detailRange: { low: { value: low, unit: '%' }, high: { value: high, unit: '%' } },
      },
    ],
  });
  const condition = (id: string, code: string, part: object = {}) => ({
    ...{ resourceType: 'Condition' as const, id, code: coded(snomed, code), subject, onsetDateTime: '2026-01-01' },
    ...part,
  });
  const observation = (id: string, code: string, value: object, part: object = {}) => ({
    ...{ resourceType: 'Observation' as const, id, status: 'final' as const, code: coded(loinc, code), subject },
    ...{ effectiveDateTime: afterNoon(-60_000), ...value, ...part },
  });
  const status = (id: string, code: string, effectiveDateTime: string) =>
    observation(id, '82810-3', { valueCodeableConcept: coded(snomed, code) }, { effectiveDateTime });

  test('names for each fact the resource, its code, date and validity', async () => {
    await fhir.put(
      goal('g1', 88, 92),
      condition('c1', '11538006'),
      status('o1', '77386006', '2025-12-01T08:00:00Z'),
      observation('o2', '3151-8', {
        valueQuantity: { value: 2, unit: 'L/min', system: 'http://unitsofmeasure.org', code: 'L/min' },
      }),
      {
        ...{ resourceType: 'Consent', id: 'k1', status: 'active', patient: subject, dateTime: '2026-01-02T00:00:00Z' },
        scope: coded('http://terminology.hl7.org/CodeSystem/consentscope', 'adr'),
        category: [coded('http://terminology.hl7.org/CodeSystem/consentcategorycodes', 'dnr')],
        policyRule: { text: 'local' },
      },
    );
    await step.mlInput([reading({})]);
    expect(contextOfFirst()).toMatchObject({
      oxygenSaturationScale: {
        value: 2,
        resource: 'Goal/g1',
        code: `${loinc}|2708-6`,
        date: '2026-01-01T00:00:00.000Z',
        validUntil: null,
      },
      supplementalOxygen: {
        ...{ value: true, resource: 'Observation/o2', code: `${loinc}|3151-8` },
        ...{ date: afterNoon(-60_000), validUntil: afterNoon(4 * 3_600_000 - 60_000) },
      },
      pregnant: {
        value: true,
        resource: 'Observation/o1',
        code: `${snomed}|77386006`,
        validUntil: '2026-11-02T08:00:00.000Z',
      },
      spinalCordInjury: { value: true, resource: 'Condition/c1' },
      limitsOfTreatment: { value: true, resource: 'Consent/k1' },
    });
  });

  test('leaves out what is contradictory, in error, refuted, over, or of another patient', async () => {
    const of = (system: string, code: string) => ({
      coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }],
    });
    await fhir.put(
      goal('g1', 88, 92),
      goal('g2', 94, 98),
      condition('c1', '90584004', { verificationStatus: of('condition-ver-status', 'refuted') }),
      condition('c2', '77386006', { verificationStatus: of('condition-ver-status', 'entered-in-error') }),
      condition('c3', '103735009', {
        clinicalStatus: of('condition-clinical', 'resolved'),
        abatementDateTime: '2026-01-03',
      }),
      condition('c4', '103735009', { subject: { reference: 'Patient/p2' } }),
      observation('o1', '3150-6', { valueQuantity: { value: 40, unit: '%' } }, { status: 'entered-in-error' }),
      {
        ...observation('o2', '3151-8', { valueCodeableConcept: coded(snomed, '261665006') }),
        code: coded(snomed, '57485005'),
      },
    );
    await step.mlInput([reading({})]);
    expect(contextOfFirst()).toMatchObject({ ...unknownContext, underSixteen: { value: false } });
  });

  test('holds after birth, and for oxygen no longer than it is believed', async () => {
    const resolved = {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'resolved' }],
    };
    await fhir.put(
      condition('c1', '77386006', {
        onsetDateTime: '2025-05-01',
        clinicalStatus: resolved,
        abatementDateTime: '2025-12-20T00:00:00Z',
      }),
      observation('o1', '3150-6', { valueQuantity: { value: 21, unit: '%' } }),
    );
    const late = 5 * 3_600_000;
    await step.mlInput([reading({ at: 0, arrived: late }), reading({ at: late })]);
    const [first, second] = step.hub.measurements;
    expect(first?.context).toMatchObject({
      pregnant: { value: true, validUntil: '2026-01-31T00:00:00.000Z' },
      supplementalOxygen: { value: false },
    });
    expect(second?.context.supplementalOxygen).toBeNull();
  });

  test('a pregnancy status that says otherwise counts once the time after birth is over', async () => {
    await fhir.put(status('o1', '77386006', '2025-11-01T00:00:00Z'), status('o2', '60001007', '2025-12-30T00:00:00Z'));
    await step.mlInput([reading({})]);
    expect(contextOfFirst()?.pregnant).toMatchObject({ value: true, validUntil: '2026-02-10T00:00:00.000Z' });
  });

  test('tells the age at the time of the measurement, as far as the record does', async () => {
    const ages = { young: '2012-03-01', turns: '2010-01-05', year: '2010', older: '2009-12', none: undefined };
    const resources = Object.entries(ages).flatMap(([id, birthDate]) => [
      patient(id, birthDate),
      device(`d-${id}`, id, id),
    ]);
    await fhir.put(...resources);
    await step.mlInput(Object.keys(ages).map((id) => reading({ DeviceId: id })));
    const found = step.hub.measurements.map((one) => [one.patient, one.context.underSixteen?.value ?? null]);
    expect(Object.fromEntries(found)).toEqual({ young: true, turns: false, year: null, older: false, none: null });
  });

  test('is read in one batch for a batch, and again after its time or for older readings', async () => {
    await step.mlInput([reading({}), reading({ DeviceId: 'bed-2' })]);
    const cold = fhir.batches.length;
    expect(cold).toBe(2);
    await step.mlInput([reading({ at: 59_000 })]);
    expect(fhir.batches).toHaveLength(cold);
    await step.mlInput([reading({ at: 61_000 })]);
    expect(fhir.batches).toHaveLength(cold + 2);
    await step.mlInput([reading({ at: -7_200_000, arrived: 62_000 })]);
    expect(fhir.batches).toHaveLength(cold + 3);
  });
});

describe('numbers, keys and windows', () => {
  test('are rounded half up on their digits', () => {
    const thousandths = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n });
    const digits = fc.stringMatching(/^[0-9]{0,9}$/);
    const text = (n: bigint, more: string) => {
      const size = (n < 0n ? -n : n).toString().padStart(4, '0');
      return `${n < 0n ? '-' : ''}${size.slice(0, -3)}.${size.slice(-3)}${more}`;
    };
    fc.assert(
      fc.property(thousandths, digits, (n, more) => {
        const isUp = n < 0n ? /^(?:5.*[1-9]|[6-9])/.test(more) : /^[5-9]/.test(more);
        const expected = n + (isUp ? (n < 0n ? -1n : 1n) : 0n);
        expect(quantised(text(n, more), 'r4')).toBe(Number(expected) / 1000 + 0);
      }),
    );
    const known = {
      '1.0005': 1.001,
      '-0.0005': 0,
      '-0.0006': -0.001,
      '1e-400': 0,
      '-1e-400': 0,
      '1.5e2': 150,
      '1,234.5': 1234.5,
    };
    for (const [given, value] of Object.entries(known)) expect([given, quantised(given, 'r4')]).toEqual([given, value]);
    for (const given of ['', 'E', '1.2.3', 'NaN', 'Infinity']) expect(quantised(given, 'r4')).toBeUndefined();
    expect(quantised('1e2', 'medtech')).toBeUndefined();
  });

  test('keys sort by change, and differ where anything of the natural key does', () => {
    const part = fc.option(fc.string());
    fc.assert(
      fc.property(fc.array(part), fc.array(part), fc.nat(2 ** 40), fc.nat(2 ** 40), (one, other, early, late) => {
        expect(keyOf(early, one) === keyOf(early, other)).toBe(JSON.stringify(one) === JSON.stringify(other));
        if (early < late) expect(keyOf(early, one) < keyOf(late, other)).toBe(true);
        expect(keyOf(early, one)).toHaveLength(28);
      }),
    );
  });

  test('what is in time lies in a window that is open, and what is late in none', () => {
    const windows = { windowMs: 300_000, latenessMs: 120_000 };
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -1e9, max: 1e9 }), (time, arrival) => {
        expect(isLate(time, arrival, windows)).toBe(time < earliestOpen(arrival, windows));
      }),
    );
  });

  test('settings say all that is wrong', () => {
    expect(() => readWindows('7', 'x')).toThrow(/WINDOW_SECONDS is '7'.*\nLATENESS_SECONDS is 'x'/);
    expect(() => readPlausibilityLimits('{"pulse":{},"temperature":{"least":90,"most":110}}')).toThrow(
      /pulse, temperature/,
    );
    expect(readPlausibilityLimits('{"heartRate":{"least":30,"most":250}}').heartRate).toEqual({ least: 30, most: 250 });
    expect(() => readContextCodes('{"pregnant":[{"resource":"Basic"}],"x":1}')).toThrow(/pregnant, x/);
    expect(readContextCodes('{"encounterClasses":["s|c"]}').encounterClasses).toEqual(['s|c']);
    expect(() => readContextCodes('[]')).toThrow('not a JSON object');
  });
});
