import { patientIdOf } from '../local/admissions';
import type { FaultSettings } from '../local/fhir/faults';
import { cellsOf, compareCells } from '../local/judge/observations';
import type { TelemetryMessage } from '../local/replay/message';
import { ConnectorCloud } from './support/connectorCloud';
import { until } from './support/deviceFleet';
import {
  amplitudeCode,
  amplitudeSeconds,
  deviceMappingWith,
  fhirMapping,
  infusionCode,
  infusionRates,
} from './support/faultMappings';
import { countsOf, hour, malformed, message, readings, second, spread, textMessage, ward } from './support/readings';

/**
 * What may go wrong between a device and the health record, each as it happens in Azure: real devices, the deployed function
 * apps, and the FHIR service behind them. Whatever happens, what is healthy is recorded once, what is sick is a dead letter
 * with its reason, and comes in when its cause is gone.
 */
const settings = {
  deviceMapping: deviceMappingWith(infusionRates.numbersOnly),
  fhirMapping: fhirMapping(),
  flushSeconds: 1,
};

let hospital: ConnectorCloud;
/** From when on the patients of these tests have their devices. */
let since: number;

beforeAll(async () => {
  hospital = await ConnectorCloud.start(settings);
  since = hospital.now() - 6 * hour;
});

afterAll(() => hospital?.close());

type Wearer = (deviceId: string, time: number) => string | undefined;

/** Each reading of the messages is there once, under its patient, and nothing else of these devices; none was rewritten. */
function expectRecordedOnce(messages: readonly TelemetryMessage[], wearer: Wearer = patientIdOf): void {
  const deviceIds = [...new Set(messages.map(({ deviceId }) => deviceId))];
  const observations = hospital.observations(deviceIds);
  const cells = cellsOf(messages);
  const identities = { deviceIds: hospital.deviceIds(), wearer };
  const { lost, duplicated, wrong, rewritten } = compareCells(cells, observations, identities);
  expect({ lost, duplicated, wrong, rewritten }).toEqual({ lost: [], duplicated: [], wrong: [], rewritten: 0 });
  expect(observations).toHaveLength(cells.length);
}

const isHeld = (step: string, cause = '') => new RegExp(`iomt\\.held step=${step} cause=${cause}`);

const throttled: readonly (readonly [string, RegExp, FaultSettings])[] = [
  [
    '429 to whole requests',
    isHeld('write-observations', '429'),
    { requests: { status: 429, requests: 6, retryAfterSeconds: 0.3 } },
  ],
  ['429 to every third entry', isHeld('write-observations', '429'), { entries: { every: 3 } }],
  ['503', isHeld('write-observations', '503'), { requests: { status: 503, requests: 6, retryAfterSeconds: 0.2 } }],
];

test.each(throttled)('while FHIR answers %s, readings are held, and recorded once', async (name, said, faults) => {
  const beds = ward(`fhir-${name.replaceAll(' ', '-')}`, 4);
  await hospital.admit(beds, since);
  const messages = readings(beds, since, 25);
  await hospital.whileFhirHas(faults, async () => {
    await hospital.says(said, () => hospital.send(messages));
    await hospital.settled();
  });
  expectRecordedOnce(messages);
  expect(await hospital.letters(beds)).toEqual({});
});

test('functions that are killed in the middle of their work lose and double nothing', async () => {
  const beds = ward('killed', 4);
  await hospital.admit(beds, since);
  const waves = Array.from({ length: 6 }, (_, i) => readings(beds, since + i * 30 * second, 15));
  const restarts = () => hospital.functions().reduce((sum, one) => sum + one.restarts, 0);
  const before = restarts();
  for (const [i, hub] of ['devicedata', 'normalizeddata', 'devicedata', 'normalizeddata'].entries()) {
    const taken = hospital.taken(hub);
    const sending = hospital.send(waves[i] ?? []);
    await until(`${hub} takes events`, () => hospital.taken(hub) > taken);
    await hospital.kill(hub === 'devicedata' ? 'normalize' : 'write-observations');
    await sending;
  }
  await hospital.settled();

  // In the middle of a batch that is half written, and of one of which nothing is sent.
  const recorded = hospital.observations(beds).length;
  await hospital.whileFhirHas({ entries: { every: 2 } }, async () => {
    await hospital.says(isHeld('write-observations', '429'), () => hospital.send(waves[4] ?? []));
    await hospital.kill('write-observations');
    expect(hospital.observations(beds).length).toBeGreaterThan(recorded);
  });
  await hospital.without('normalize-normalizeddata', async () => {
    await hospital.says(isHeld('normalize'), () => hospital.send(waves[5] ?? []));
    await hospital.kill('normalize');
  });

  await hospital.settled();
  expect(restarts() - before).toBe(6);
  expectRecordedOnce(waves.flat());
  expect(await hospital.letters(beds)).toEqual({});
});

test('of a stream with 10 % duplicates, 10 % late and 5 % malformed messages, the healthy ones are recorded once', async () => {
  const beds = ward('stream', 4);
  await hospital.admit(beds, since);
  const healthy = readings(beds, hospital.now() - hour, 60);
  const late = readings(beds, since, 6);
  const duplicates = healthy.filter((_, i) => i % 10 === 3);
  const sick = Array.from({ length: 12 }, (_, i) => {
    const time = hospital.now() - 2 * hour + i * second;
    const [, text] = malformed[i % malformed.length] ?? [];
    return textMessage(beds[i % beds.length] ?? '', time, text?.(new Date(time).toISOString()) ?? '');
  });
  await hospital.send(spread(healthy, [...late, ...duplicates, ...sick]));
  await hospital.settled();
  expectRecordedOnce([...healthy, ...late]);
  const reasons = sick.map((_, i) => malformed[i % malformed.length]?.[0] ?? '');
  expect(await hospital.letters(beds)).toEqual(countsOf(reasons));
});

/** Sends the dead letters of a device again; afterwards there are none left to be sent. */
async function replayed(deviceId: string, count: number): Promise<void> {
  expect(await hospital.replay('--device', deviceId)).toBe(`${count} of ${count} sent again`);
  expect(await hospital.replay('--device', deviceId, '--dry-run')).toBe('0 would be sent again');
  await hospital.settled();
}

test('readings of a device without patient are dead letters until it is admitted', async () => {
  const [unknown = '', idle = ''] = ward('unworn', 2);
  await hospital.record({ resourceType: 'Device', id: `device-${idle}`, identifier: [{ value: idle }] });
  const messages = readings([unknown, idle], since, 5);
  await hospital.send(messages);
  await hospital.settled();
  expect(await hospital.letters([unknown])).toEqual({ 'write-observations DeviceNotFoundException': 10 });
  expect(await hospital.letters([idle])).toEqual({ 'write-observations PatientNotFoundException': 10 });
  expect(hospital.observations([unknown, idle])).toEqual([]);

  await hospital.admit([unknown, idle], since);
  await replayed(unknown, 10);
  await replayed(idle, 10);
  expectRecordedOnce(messages);
  expect(await hospital.letters([unknown, idle])).toEqual({});
});

test('readings of a device that was given to another patient are recorded under who wore it then, whenever they come', async () => {
  const device = 'handed-on';
  const [first, next] = ['patient-before', 'patient-after'];
  const handOver = since + hour;
  const use = (patient: string, status: string, start: number, end?: number) => ({
    ...{ resourceType: 'DeviceUseStatement', id: `use-of-${patient}`, status },
    subject: { reference: `Patient/${patient}` },
    device: { reference: `Device/${device}` },
    timingPeriod: { start: iso(start), ...(end === undefined ? {} : { end: iso(end) }) },
  });
  const worn = (patient: string) => ({
    ...{ resourceType: 'Device', id: device, identifier: [{ value: device }] },
    patient: { reference: `Patient/${patient}` },
  });
  const patients = [first, next].map((id) => ({ resourceType: 'Patient', id }));
  await hospital.record(...patients, worn(first), use(first, 'active', since));
  const before = readings([device], handOver - 30 * second, 30);
  await hospital.send(before.slice(0, 10));
  await hospital.settled();

  await hospital.record(worn(next), use(first, 'completed', since, handOver), use(next, 'active', handOver));
  // As long as what was read about a device is believed.
  await hospital.cloud.clock.advanceTo(hospital.now() + 61 * second);
  const after = readings([device], handOver, 30);
  const [early] = readings([device], since - hour, 1);
  await hospital.send([...spread(after, before.slice(10).toReversed()), early as TelemetryMessage]);
  await hospital.settled();
  expectRecordedOnce([...before, ...after], (_, time) => (time < handOver ? first : next));
  expect(await hospital.letters([device])).toEqual({ 'write-observations PatientNotFoundException': 2 });
});

const iso = (time: number) => new Date(time).toISOString();

test('a mapping that fails for one device gives up its messages alone, and a repaired one brings them in', async () => {
  const [texts, numbers] = ['pump-with-texts', 'pump-with-numbers'];
  const monitors = ward('monitor', 4);
  await hospital.admit([texts, numbers, ...monitors], since);
  const rates = Array.from({ length: 10 }, (_, i) => 0.5 * (i + 1));
  const infusion = (device: string, shown: (rate: number) => unknown) =>
    rates.map((rate, i) => message(device, since + i * second, { hr: 70 + i, rate: shown(rate) }));
  const vitals = readings(monitors, since, 20);
  const fromTexts = infusion(texts, String);
  const fromNumbers = infusion(numbers, (rate) => rate);
  // What comes while it starts gathers, so that batches hold messages of all of them.
  await Promise.all([hospital.kill('normalize'), hospital.send([...spread(vitals, fromTexts), ...fromNumbers])]);
  await hospital.settled();
  expect(await hospital.letters([texts])).toEqual({ 'normalize Exception': 10 });
  expect(await hospital.letters([numbers, ...monitors])).toEqual({});
  const recorded = rates.map((rate, i) => [since + i * second, rate * 60, '1']);
  expect(infusionsOf(numbers)).toEqual(recorded);
  expect(infusionsOf(texts)).toEqual([]);

  const [normalizeStarts, writeStarts] = [hospital.starts('normalize'), hospital.starts('write-observations')];
  const later = readings(monitors, since + 60 * second, 20);
  const deviceMapping = deviceMappingWith(infusionRates.numbersAndTexts);
  const [changes] = await Promise.all([hospital.up({ ...settings, deviceMapping }), hospital.send(later)]);
  expect(changes).toEqual({ same: expect.any(Number), update: 1 });
  expect(hospital.starts('normalize')).toBe(normalizeStarts + 1);
  expect(hospital.starts('write-observations')).toBe(writeStarts);

  await replayed(texts, 10);
  expect(infusionsOf(texts)).toEqual(recorded);
  expect(hospital.observations([texts]).map(({ meta }) => meta?.versionId)).toEqual(Array(20).fill('1'));
  expectRecordedOnce([...vitals, ...later]);
});

/** Time, mL an hour and version of each, in the order of time. */
function infusionsOf(deviceId: string) {
  return withCode(deviceId, infusionCode.code)
    .map((one) => [Date.parse(one.effectiveDateTime ?? ''), one.valueQuantity?.value, one.meta?.versionId] as const)
    .toSorted(([a], [b]) => a - b);
}

function withCode(deviceId: string, wanted: string) {
  return hospital
    .observations([deviceId])
    .filter(({ code }) => code?.coding?.some((coding) => coding.code === wanted) ?? false);
}

test('while the container of dead letters refuses, partitions are held, and nothing is lost', async () => {
  const [bed = '', nobody = ''] = ward('container', 2);
  await hospital.admit([bed], since);
  const healthy = readings([bed], since, 20);
  const sick = textMessage(bed, since + 20 * second, 'no JSON');
  const later = readings([bed], since + 30 * second, 20);
  await hospital.without('normalize-dead-letters', async () => {
    await hospital.says(isHeld('normalize'), () => hospital.send([...healthy, sick]));
    await hospital.send(later);
    await until('what is healthy in front of it is recorded', () => hospital.observations([bed]).length >= 40);
    // The batch that is held comes again, and is held again.
    await hospital.says(isHeld('normalize'), () => hospital.kill('normalize'));
    expectRecordedOnce(healthy);
    expect(await hospital.letters([bed])).toEqual({});
  });
  await hospital.without('write-observations-dead-letters', async () => {
    await hospital.says(isHeld('write-observations'), () => hospital.send(readings([nobody], since, 1)));
    expect(await hospital.letters([nobody])).toEqual({});
  });
  await hospital.settled();
  expectRecordedOnce([...healthy, ...later]);
  expect(await hospital.letters([bed])).toEqual({ 'normalize InvalidDataFormatException': 1 });
  expect(await hospital.letters([nobody])).toEqual({ 'write-observations DeviceNotFoundException': 2 });
});

test('a restart in the middle of an hour of samples loses none, and sending all again writes nothing', async () => {
  const device = 'sampled';
  await hospital.admit([device], since);
  const from = Math.ceil(since / hour) * hour;
  const samples = Array.from({ length: hour / second / amplitudeSeconds }, (_, i) =>
    message(device, from + i * amplitudeSeconds * second, { amplitude: i % 100, ...(i % 10 === 0 ? { hr: 70 } : {}) }),
  );
  await hospital.send(samples.slice(0, 120));
  await hospital.settled();
  await hospital.whileFhirHas({ requests: { status: 503, retryAfterSeconds: 0 } }, async () => {
    await hospital.says(isHeld('write-observations', '503'), () => hospital.send(samples.slice(120, 240)));
    const kills = [hospital.kill('normalize'), hospital.kill('write-observations')];
    await Promise.all([...kills, hospital.send(samples.slice(240))]);
  });
  await hospital.settled();

  const [hourly] = withCode(device, amplitudeCode.code);
  expect(Date.parse(hourly?.effectivePeriod?.start ?? '')).toBe(from);
  expect(hourly?.valueSampledData?.data).toBe(samples.map((_, i) => i % 100).join(' '));
  const versions = () => hospital.observations([device]).map(({ id, meta }) => [id, meta?.versionId]);
  const written = versions();
  expect(written).toHaveLength(1 + 36);
  await hospital.send(samples);
  await hospital.settled();
  expect(versions()).toEqual(written);
});
