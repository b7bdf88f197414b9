import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecording } from '../local/replay/csv';
import { telemetryMessages } from '../local/replay/message';
import { starterMapping } from '../mappings/starter';
import type { Measurement } from '../runtime/contracts/measurement';
import { createObservation, templateFor } from '../runtime/medtech/fhir/observation';
import { observationGroups } from '../runtime/medtech/fhir/observationGroup';
import type { Observation } from '../runtime/medtech/fhir/resources';
import { groupMeasurements } from '../runtime/medtech/grouping';
import { loadDeviceMapping } from '../runtime/medtech/mapping/deviceMapping';
import { loadFhirMapping } from '../runtime/medtech/mapping/fhirMapping';
import { normalize } from '../runtime/medtech/normalize';
import { fhirValidateTest, judgeFhir } from './support/fhirValidate';

/** Observations of the shipped ward, as an independent validator of FHIR R4 sees them. */
const folder = mkdtempSync(join(tmpdir(), 'fhir-validity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Collection {
  readonly templateType: string;
  readonly template: { templateType: string; template: Record<string, unknown> }[];
}

/** The starter mapping with every Quantity as SampledData, a minute a sample, grouped by hour or day. */
function grouped(periodInterval: 60 | 1440): string {
  const collection = JSON.parse(starterMapping('fhir')) as Collection;
  const asSamples = (value: Record<string, unknown>) =>
    value?.valueType === 'Quantity'
      ? { valueType: 'SampledData', valueName: value.valueName, unit: value.unit, defaultPeriod: 60_000 }
      : value;
  const template = collection.template.map((entry) => {
    const { value, components, ...rest } = entry.template as { value: never; components?: { value: never }[] };
    const parts = components?.map((part) => ({ ...part, value: asSamples(part.value) }));
    return { ...entry, template: { ...rest, periodInterval, value: asSamples(value), components: parts } };
  });
  return JSON.stringify({ ...collection, template });
}

async function measurements(): Promise<Measurement[]> {
  const { rows } = await readRecording([join(__dirname, '..', 'local', 'replay', 'ward', 'ward.csv')]);
  const { mapping } = loadDeviceMapping(starterMapping('device'), 'r4');
  if (!mapping) throw new Error('The starter mapping does not load.');
  return telemetryMessages(rows, Date.parse('2026-01-05T00:00:00Z')).flatMap(({ deviceId, body }) => {
    const systemProperties = { 'iothub-connection-device-id': deviceId };
    return normalize(mapping, { body: body.toString('utf8'), properties: {}, systemProperties }).measurements;
  });
}

function observationsOf(found: readonly Measurement[], fhirMapping: string): Observation[] {
  const { mapping, problems } = loadFhirMapping(fhirMapping, 'r4');
  if (!mapping) throw new Error(problems.map(({ message }) => message).join('\n'));
  return groupMeasurements(found, 'r4').flatMap((group) => {
    const template = templateFor(mapping, group);
    return observationGroups(group, template, 'r4').map((part) =>
      createObservation(part, template, { patient: `p-${group.deviceId}`, device: group.deviceId }, 'r4', ''),
    );
  });
}

const category = (observation: Observation) => observation.category?.[0]?.coding?.[0]?.code;

fhirValidateTest(
  'Observations of instances are valid vital signs, grouped ones valid without being called so',
  async () => {
    const found = await measurements();
    const all = { instances: observationsOf(found, starterMapping('fhir')), hours: observationsOf(found, grouped(60)) };
    const days = observationsOf(found, grouped(1440));
    expect(new Set(all.instances.map(category))).toEqual(new Set(['vital-signs']));
    expect(new Set([...all.hours, ...days].map(category))).toEqual(new Set([undefined]));
    // Seventeen milliseconds each: every shape is there many times among a part of them.
    const some = [
      ...all.instances.filter((_, index) => index % 29 === 0),
      ...all.hours.filter((_, index) => index % 3 === 0),
      ...days,
    ];
    writeFileSync(join(folder, 'Observation.ndjson'), some.map((each) => `${JSON.stringify(each)}\n`).join(''));
    const { resources, errors } = judgeFhir(folder);
    expect(errors).toEqual([]);
    expect(resources).toBe(some.length);

    const [first] = some;
    const broken = { ...first, status: 'finished' };
    writeFileSync(join(folder, 'Broken.ndjson'), `${JSON.stringify(broken)}\n`);
    expect(judgeFhir(join(folder, 'Broken.ndjson')).errors).not.toEqual([]);
  },
);
