import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultScoringSources, starterMapping } from '../mappings/starter';
import { vitals } from '../runtime/contracts/scoringSource';
import { createObservation, templateFor } from '../runtime/medtech/fhir/observation';
import { observationGroups } from '../runtime/medtech/fhir/observationGroup';
import type { Observation } from '../runtime/medtech/fhir/resources';
import { groupMeasurements } from '../runtime/medtech/grouping';
import { loadDeviceMapping } from '../runtime/medtech/mapping/deviceMapping';
import { loadFhirMapping } from '../runtime/medtech/mapping/fhirMapping';
import { normalize } from '../runtime/medtech/normalize';

const time = '2026-01-05T12:00:00.000Z';

function load() {
  const device = loadDeviceMapping(starterMapping('device'), 'r4');
  const fhir = loadFhirMapping(starterMapping('fhir'), 'r4');
  expect([...device.problems, ...fhir.problems]).toEqual([]);
  if (device.mapping === undefined || fhir.mapping === undefined) throw new Error('not loaded');
  return { device: device.mapping, fhir: fhir.mapping };
}

function measure(vitalSigns: Record<string, unknown>) {
  const message = {
    body: JSON.stringify({ time, ...vitalSigns }),
    properties: {},
    systemProperties: { 'iothub-connection-device-id': 'bed-1' },
  };
  const { measurements, error } = normalize(load().device, message);
  expect(error).toBeUndefined();
  return measurements;
}

function observe(vitalSigns: Record<string, unknown>): readonly Observation[] {
  const { fhir } = load();
  return groupMeasurements(measure(vitalSigns), 'r4').flatMap((group) => {
    const template = templateFor(fhir, group);
    return observationGroups(group, template, 'r4').map((part) =>
      createObservation(part, template, { patient: 'p', device: 'd' }, 'r4', time),
    );
  });
}

const codesOf = (observation: Observation | undefined) => observation?.code.coding?.map(({ code }) => code);

describe('the starter mappings', () => {
  test('leave out no value of the ward', () => {
    const file = join(__dirname, '..', 'local', 'replay', 'ward', 'ward.csv');
    const [header = '', ...lines] = readFileSync(file, 'utf8').trim().split('\n');
    const columns = header.split(',').slice(2);
    const { device } = load();
    for (const line of lines) {
      const cells = line.split(',').slice(2);
      const row = Object.fromEntries(columns.flatMap((name, i) => (cells[i] ? [[name, Number(cells[i])]] : [])));
      const { measurements, error } = normalize(device, {
        body: JSON.stringify({ time, ...row }),
        properties: {},
        systemProperties: { 'iothub-connection-device-id': 'bed-1' },
      });
      expect(error).toBeUndefined();
      const found = measurements.flatMap(({ Properties }) => Properties.map(({ Name, Value }) => [Name, Value]));
      expect(Object.fromEntries(found)).toEqual(
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])),
      );
    }
  });

  test('keep two sources of one vital apart, each with the codes of the vital signs profiles', () => {
    const all = observe({ hr: 62.8, pulse: 60, spo2: 97, resp: 12.7, temp: 36.6, abpmean: 80, nbpsys: 120 });
    const byType = new Map(all.map((observation) => [observation.code.text, observation]));
    expect(codesOf(byType.get('heartRate'))).toContain('8867-4');
    expect(codesOf(byType.get('pulseRate'))).toContain('8867-4');
    expect(codesOf(byType.get('oxygenSaturation'))).toEqual(expect.arrayContaining(['2708-6', '59408-5']));
    expect(byType.get('heartRate')?.valueQuantity).toMatchObject({ value: 62.8, code: '/min' });
    expect(byType.get('bodyTemperature')?.valueQuantity).toMatchObject({ value: 36.6, code: 'Cel' });
    const components = (type: string) =>
      byType
        .get(type)
        ?.component?.map(({ code, valueQuantity, dataAbsentReason }) => [
          code.coding?.[0]?.code,
          valueQuantity?.value ?? dataAbsentReason?.coding?.[0]?.code,
        ]);
    const [systolic, diastolic, mean] = ['8480-6', '8462-4', '8478-0'];
    expect(components('arterialBloodPressure')).toEqual([
      [systolic, 'unknown'],
      [diastolic, 'unknown'],
      [mean, 80],
    ]);
    expect(components('cuffBloodPressure')).toEqual([
      [systolic, 120],
      [diastolic, 'unknown'],
      [mean, 'unknown'],
    ]);
  });

  test.each([
    [{ avpu: 0 }, 'LA9340-6'],
    [{ avpu: 'A' }, 'LA9340-6'],
    [{ avpu: 'C' }, 'LA6560-2'],
    [{ avpu: 'V' }, 'LA17108-4'],
    [{ avpu: 'P' }, 'LA17107-6'],
    [{ avpu: 'U' }, 'LA9343-0'],
    [{ avpu: 1 }, undefined],
    [{ oxygen: 0 }, '722742002'],
    [{ oxygen: 1 }, '371825009'],
    [{ oxygen: 2.5 }, '371825009'],
  ])('%j becomes one coded Observation', (message, code) => {
    const [observation, ...others] = observe(message);
    expect(others).toEqual([]);
    expect(observation?.valueCodeableConcept?.coding?.[0]?.code).toBe(code);
    expect(observation?.valueCodeableConcept?.text).toBeTruthy();
  });

  test('a vital that is sent as null was not measured', () => {
    expect(measure({ hr: null, abpsys: null, avpu: null, oxygen: null })).toEqual([]);
  });

  test('every vital of scoring has a source, and every source is a value that the mapping gives', () => {
    const { device } = load();
    for (const { measurementType, valueName } of defaultScoringSources) {
      const template = device.templates.find(({ typeName }) => typeName === measurementType);
      expect(template?.values.map(({ name }) => name)).toContain(valueName);
    }
    expect(new Set(defaultScoringSources.map(({ vital }) => vital))).toEqual(new Set(vitals));
  });
});
