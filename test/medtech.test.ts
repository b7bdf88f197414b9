import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type Measurement, parseMeasurement } from '../runtime/contracts/measurement';
import { createObservation, mergeObservation, templateFor } from '../runtime/medtech/fhir/observation';
import { type ObservationGroup, observationGroups } from '../runtime/medtech/fhir/observationGroup';
import type { Observation } from '../runtime/medtech/fhir/resources';
import { groupMeasurements } from '../runtime/medtech/grouping';
import { type DeviceMapping, loadDeviceMapping } from '../runtime/medtech/mapping/deviceMapping';
import { type FhirMapping, loadFhirMapping } from '../runtime/medtech/mapping/fhirMapping';
import { problemText } from '../runtime/medtech/mapping/source';
import { normalize } from '../runtime/medtech/normalize';

const ids = { patient: 'p1', device: 'd1' };
const noon = '2026-01-05T12:00:00Z';
const vitalSigns = [
  { codes: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
];
const perMinute = { unit: 'beats/minute', system: 'http://unitsofmeasure.org', code: '/min' };

const collection = (kind: string, templateType: string, templates: readonly object[]) =>
  JSON.stringify({ templateType: kind, template: templates.map((template) => ({ templateType, template })) }, null, 2);

function deviceMapping(...templates: readonly object[]): DeviceMapping {
  const { mapping, problems } = loadDeviceMapping(
    collection('CollectionContent', 'CalculatedContent', templates),
    'r4',
  );
  if (mapping === undefined) throw new Error(problems.map(problemText).join('\n'));
  return mapping;
}

function fhirMapping(...templates: readonly object[]): FhirMapping {
  const { mapping, problems } = loadFhirMapping(collection('CollectionFhir', 'CodeValueFhir', templates), 'r4');
  if (mapping === undefined) throw new Error(problems.map(problemText).join('\n'));
  return mapping;
}

const heartRate = {
  typeName: 'hr',
  typeMatchExpression: '$..[?(@hr)]',
  deviceIdExpression: '$.SystemProperties.iothub-connection-device-id',
  timestampExpression: '$.matchedToken.time',
  values: [{ valueName: 'hr', valueExpression: '$.matchedToken.hr', required: true }],
};
const message = (body: unknown) => ({
  body: typeof body === 'string' ? body : JSON.stringify(body),
  properties: {},
  systemProperties: { 'iothub-connection-device-id': 'bed-1' },
  enqueuedTime: noon,
});
const hrTemplate = {
  typeName: 'hr',
  category: vitalSigns,
  codes: [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart rate' }],
  value: { valueType: 'Quantity', valueName: 'hr', ...perMinute },
};
const hourly = {
  ...hrTemplate,
  periodInterval: 60,
  value: { valueType: 'SampledData', valueName: 'hr', defaultPeriod: 1000, unit: '/min' },
};

function measured(offsetMs: number, value: number): Measurement {
  return {
    Type: 'hr',
    OccurrenceTimeUtc: new Date(Date.parse(noon) + offsetMs).toISOString(),
    IngestionTimeUtc: noon,
    DeviceId: 'bed-1',
    PatientId: null,
    EncounterId: null,
    CorrelationId: null,
    Properties: [{ Name: 'hr', Value: String(value) }],
  };
}

function groupsOf(mapping: FhirMapping, measurements: readonly Measurement[]): readonly ObservationGroup[] {
  return groupMeasurements(measurements, 'r4').flatMap((group) =>
    observationGroups(group, templateFor(mapping, group), 'r4'),
  );
}

function created(mapping: FhirMapping, measurements: readonly Measurement[], now = noon): readonly Observation[] {
  const template = mapping.templates.get('hr');
  if (template === undefined) throw new Error('no template');
  return groupsOf(mapping, measurements).map((group) => createObservation(group, template, ids, 'r4', now));
}

const readings = fc.uniqueArray(fc.record({ second: fc.nat(3599), value: fc.integer({ min: 20, max: 250 }) }), {
  selector: (reading) => reading.second,
  minLength: 1,
  maxLength: 40,
});

describe('the MedTech-compatible engine', () => {
  const runner = join(__dirname, '..', '..', 'shared', 'conformance', 'runner.mjs');

  test('passes the conformance vectors, also by class of error', () => {
    if (!existsSync(runner)) {
      console.warn(`not run: the conformance vectors are not there (${runner})`);
      return;
    }
    const tsx = require.resolve('tsx/cli');
    const adapter = join(__dirname, 'conformance', 'adapter.ts');
    const run = spawnSync(process.execPath, [tsx, runner, adapter, '--errors', 'strict', '-v'], { encoding: 'utf8' });
    expect(run.stdout.match(/FAIL.*/g) ?? []).toEqual([]);
    expect(run.stdout.match(/^\S+ +(\d+)\/\1 /gm)).toHaveLength(6);
    expect(run.status).toBe(0);
  });

  test('gives the same measurements for the same message, and leaves message and mapping as they were', () => {
    const mapping = deviceMapping(heartRate);
    const before = JSON.stringify(mapping);
    fc.assert(
      fc.property(fc.json(), fc.integer(), (json, hr) => {
        const sent = Object.freeze(message(`{"other":${json},"x":{"hr":${hr},"time":"${noon}"}}`));
        const first = normalize(mapping, sent);
        expect(normalize(mapping, sent)).toEqual(first);
        expect(first.measurements.some((one) => one.Properties[0]?.Value === String(hr))).toBe(true);
      }),
    );
    expect(JSON.stringify(mapping)).toBe(before);
  });

  test('a measurement survives being sent as JSON', () => {
    const [measurement] = normalize(deviceMapping(heartRate), message({ hr: 71, time: noon })).measurements;
    expect(parseMeasurement(JSON.stringify(measurement))).toEqual(measurement);
    expect(() => parseMeasurement('{"Type":"hr","Properties":[{"Name":"hr","Value":71}]}')).toThrow(
      'OccurrenceTimeUtc, DeviceId, Properties',
    );
  });

  test('a value that looks like a date keeps its text in r4 and is rewritten in medtech', () => {
    const template = { ...heartRate, values: [{ valueName: 'at', valueExpression: '$.matchedToken.time' }] };
    const text = collection('CollectionContent', 'CalculatedContent', [template]);
    const valueIn = (compatibility: 'r4' | 'medtech') => {
      const { mapping } = loadDeviceMapping(text, compatibility);
      if (mapping === undefined) throw new Error('not loaded');
      return normalize(mapping, message({ hr: 1, time: '2026-01-05T12:00:00.5+01:00' })).measurements[0]?.Properties[0]
        ?.Value;
    };
    expect(valueIn('r4')).toBe('2026-01-05T12:00:00.5+01:00');
    expect(valueIn('medtech')).toBe('01/05/2026 11:00:00');
  });
});

describe('loading a mapping', () => {
  test('tells every problem at once, each with line, column and path', () => {
    const text = [
      '{ "templateType": "CollectionContent", // all devices',
      '  "template": [',
      '    { "templateType": "CalculatedContent", "template": { "typeName": "hr", "surprise": 1,',
      '        "typeMatchExpression": "$..[?(@hr",',
      '        "deviceIdExpression": { "value": "nope(a)", "language": "JmesPath" },',
      '        "timestampExpression": "$.t", "values": [{ "valueName": "hr", "required": "maybe" }] } },',
      '    { "templateType": "NoSuchContent", "template": {} } ] }',
    ].join('\n');
    const { mapping, problems } = loadDeviceMapping(text, 'r4');
    expect(mapping).toBeUndefined();
    expect(problems.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '3 $.template[0].template.surprise',
      '4 $.template[0].template.typeMatchExpression',
      '5 $.template[0].template.deviceIdExpression',
      '6 $.template[0].template.values[0]',
      '6 $.template[0].template.values[0].required',
      '7 $.template[1].templateType',
    ]);
    expect(problems.map(problemText)[1]).toContain('line 4, column 32');
  });

  test.each([
    ['a period that is not supported', { periodInterval: 5 }, 'periodInterval is 0'],
    ['SampledData without a period', { value: { valueType: 'SampledData', valueName: 'hr' } }, 'defaultPeriod'],
  ])('%s is an error in r4 and a warning in medtech', (_name, change, text) => {
    const mapping = collection('CollectionFhir', 'CodeValueFhir', [{ ...hrTemplate, ...change }]);
    expect(loadFhirMapping(mapping, 'r4')).toMatchObject({
      mapping: undefined,
      problems: [{ level: 'error', message: expect.stringContaining(text) }],
    });
    const medtech = loadFhirMapping(mapping, 'medtech');
    expect(medtech.problems).toMatchObject([{ level: 'warning', message: expect.stringContaining(text) }]);
    expect(medtech.mapping?.templates.size).toBe(1);
  });

  test('refuses what would never end: a period of 0, a regular expression with nested repetition', () => {
    const zero = { ...hourly, value: { ...hourly.value, defaultPeriod: 0 } };
    expect(loadFhirMapping(collection('CollectionFhir', 'CodeValueFhir', [zero]), 'medtech').mapping).toBeUndefined();
    const regex = { ...heartRate, typeMatchExpression: '$..[?(@hr =~ /(a+)+$/)]' };
    const { problems } = loadDeviceMapping(collection('CollectionContent', 'CalculatedContent', [regex]), 'r4');
    expect(problems[0]?.message).toContain('repeated group');
  });

  test('refuses a vital sign whose Quantity the FHIR profiles would refuse', () => {
    const { problems } = loadFhirMapping(
      collection('CollectionFhir', 'CodeValueFhir', [
        { ...hrTemplate, value: { valueType: 'Quantity', valueName: 'hr', unit: 'bpm' } },
      ]),
      'r4',
    );
    expect(problems.map((problem) => problem.message)).toEqual([
      'The Quantity of a vital sign needs unit, system and code; missing: system, code.',
    ]);
  });
});

describe('Observations in r4', () => {
  test('an instance has a time, no issued, and does not depend on when or in which order it is written', () => {
    const mapping = fhirMapping(hrTemplate);
    fc.assert(
      fc.property(readings, fc.nat(), (given, seed) => {
        const all = given.map(({ second, value }) => measured(second * 1000, value));
        const shuffled = all.toSorted(
          (a, b) => ((seed % 7) - 3) * (a.OccurrenceTimeUtc < b.OccurrenceTimeUtc ? 1 : -1),
        );
        const first = created(mapping, all);
        expect(JSON.stringify(created(mapping, [...shuffled, ...all], '2030-01-01T00:00:00Z'))).toBe(
          JSON.stringify(first),
        );
        for (const observation of first) {
          expect(observation).not.toHaveProperty('issued');
          expect(observation).not.toHaveProperty('effectivePeriod');
          expect(observation.effectiveDateTime).toMatch(/^2026-01-05T1\d:\d\d:\d\dZ$/);
          expect(observation.category).toEqual([{ coding: vitalSigns[0]?.codes }]);
        }
      }),
    );
  });

  test('two readings one millisecond apart are two Observations', () => {
    const both = created(fhirMapping(hrTemplate), [measured(1, 60), measured(2, 61)]);
    expect(new Set(both.map((observation) => observation.id)).size).toBe(2);
    expect(both.map((observation) => observation.valueQuantity?.value)).toEqual([60, 61]);
  });

  test('a reading without its value says that it is unknown; a blood pressure keeps both components', () => {
    const [shell] = created(fhirMapping(hrTemplate), [{ ...measured(0, 1), Properties: [] }]);
    expect(shell?.dataAbsentReason?.coding?.[0]?.code).toBe('unknown');
    const component = (valueName: string) => ({
      codes: [{ code: valueName }],
      value: { ...hrTemplate.value, valueName },
    });
    const panel = { ...hrTemplate, value: undefined, components: [component('sys'), component('dia')] };
    const [pressure] = created(fhirMapping(panel), [{ ...measured(0, 1), Properties: [{ Name: 'dia', Value: '70' }] }]);
    expect(
      pressure?.component?.map((one) => one.valueQuantity?.value ?? one.dataAbsentReason?.coding?.[0]?.code),
    ).toEqual(['unknown', 70]);
  });

  test('an hour of samples is the same however it is divided into batches, and sending it again changes nothing', () => {
    const mapping = fhirMapping(hourly);
    const template = mapping.templates.get('hr');
    if (template === undefined) throw new Error('no template');
    const store = (stored: Observation | undefined, batch: readonly Measurement[]) =>
      groupsOf(mapping, batch).reduce<Observation | undefined>(
        (before, group) =>
          before === undefined
            ? createObservation(group, template, ids, 'r4', noon)
            : (mergeObservation(before, group, template, 'r4') ?? before),
        stored,
      );
    const offsets = fc
      .uniqueArray(fc.nat(30_000), { minLength: 2, maxLength: 40 })
      .map((all) => all.sort((x, y) => x - y));
    fc.assert(
      fc.property(offsets, fc.nat(100), (given, cut) => {
        const all = given.map((offset, index) => measured(offset, 50 + index));
        const at = 1 + (cut % (all.length - 1));
        const batches = [all.slice(0, at), all.slice(at)];
        const whole = store(undefined, all);
        const parts = batches.reduce(store, undefined as Observation | undefined);
        expect(JSON.stringify(parts) === JSON.stringify(whole)).toBe(true);
        expect(batches.reduce(store, parts)).toBe(parts);
        const contradicted = [[measured(0, 1)], ...batches, [measured(0, 2)]];
        const stored = contradicted.reduce(store, undefined as Observation | undefined);
        expect(contradicted.reduce(store, stored)).toBe(stored);
        expect(whole?.category).toBeUndefined();
        const samples = whole?.valueSampledData?.data?.split(' ').filter((slot) => slot !== 'E');
        expect(samples).toHaveLength(new Set(given.map((offset) => Math.floor(offset / 1000))).size);
      }),
      { numRuns: 25 },
    );
  });
});

describe('hostile input', () => {
  const mapping = deviceMapping(
    heartRate,
    { ...heartRate, typeName: 'all', typeMatchExpression: '$..*..*..[?(@..hr)]' },
    { ...heartRate, typeName: 'jmes', typeMatchExpression: { value: 'values(Body)[].*[].*[]', language: 'JmesPath' } },
  );

  test('never crashes, whatever the body', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json({ maxDepth: 6 }), fc.string(), fc.constant('{"__proto__":{"hr":1},"constructor":2}')),
        (body) => {
          const { measurements, error } = normalize(mapping, message(body));
          expect(Array.isArray(measurements)).toBe(true);
          if (error !== undefined) expect(error.errorName).toMatch(/Exception$/);
        },
      ),
    );
    expect(({} as { hr?: number }).hr).toBeUndefined();
  });

  test('a body that is nested without end is an error of that message', () => {
    for (const depth of [65, 200_000]) {
      const { error } = normalize(mapping, message(`${'['.repeat(depth)}${']'.repeat(depth)}`));
      expect(error?.errorName).toBe('InvalidDataFormatException');
    }
  });

  test('scans within scans over a large body end with an error', () => {
    const body = JSON.stringify({ hr: { list: Array.from({ length: 3000 }, (_, i) => ({ a: { b: { c: [i] } } })) } });
    const { error } = normalize(mapping, message(body));
    expect(error?.errorName).toBe('IncompatibleDataException');
    const scans = deviceMapping({ ...heartRate, typeMatchExpression: '$..*..*..*..*..[?(@..nothing)]' });
    expect(normalize(scans, message(body)).error?.message).toContain('visited more than');
  });

  test('names of the prototype are found only where the message holds them', () => {
    const proto = deviceMapping({
      ...heartRate,
      typeMatchExpression: '$..[?(@constructor || @toString || @__proto__)]',
    });
    expect(normalize(proto, message({ hr: 1, time: noon }))).toEqual({ measurements: [], error: undefined });
  });
});
