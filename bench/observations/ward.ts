import type { Measurement } from '../../runtime/contracts/measurement';
import type { Resource } from '../../runtime/medtech/fhir/resources';
import { type FhirMapping, loadFhirMapping } from '../../runtime/medtech/mapping/fhirMapping';
import type { ReceivedEvent } from '../../runtime/stream/eventBatch';

/** `instance`: an Observation for each reading; `grouped`: one an hour, with a sample a second. */
export type Grouping = 'instance' | 'grouped';

const codes = [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart rate' }];
const ucum = { unit: 'beats/minute', system: 'http://unitsofmeasure.org', code: '/min' };
const templates = [
  { typeName: 'instance', codes, value: { valueType: 'Quantity', valueName: 'hr', ...ucum } },
  {
    ...{ typeName: 'grouped', periodInterval: 60, codes },
    value: { valueType: 'SampledData', valueName: 'hr', defaultPeriod: 1000, unit: '/min' },
  },
];

export function mapping(): FhirMapping {
  const template = templates.map((one) => ({ templateType: 'CodeValueFhir', template: one }));
  const loaded = loadFhirMapping(JSON.stringify({ templateType: 'CollectionFhir', template }), 'r4').mapping;
  if (loaded === undefined) throw new Error('The mapping of the benchmark cannot be used.');
  return loaded;
}

/** A patient for each device, linked by Device.patient. */
export function residents(devices: number): readonly Resource[] {
  return Array.from({ length: devices }, (_, index) => [
    { resourceType: 'Patient', id: `p${index}` },
    {
      ...{ resourceType: 'Device', id: `d${index}`, identifier: [{ value: deviceId(index) }] },
      patient: { reference: `Patient/p${index}` },
    },
  ]).flat();
}

export const deviceId = (index: number) => `monitor-${index}`;

export function reading(type: Grouping, device: string, time: Date, count: number): Measurement {
  return {
    Type: type,
    OccurrenceTimeUtc: time.toISOString(),
    IngestionTimeUtc: time.toISOString(),
    DeviceId: device,
    PatientId: null,
    EncounterId: null,
    CorrelationId: null,
    Properties: [{ Name: 'hr', Value: String(60 + (count % 60)) }],
  };
}

export function eventOf(measurement: Measurement, sequenceNumber: number, partitionKey: string): ReceivedEvent {
  return {
    body: Buffer.from(JSON.stringify(measurement)),
    contentType: 'application/json',
    properties: {},
    systemProperties: {},
    enqueuedTime: measurement.OccurrenceTimeUtc,
    sequenceNumber,
    partitionKey,
  };
}
