import { clockMarkKind, kindProperty } from '../../runtime/contracts/clockMark';
import type { DeadLetter } from '../../runtime/contracts/deadLetter';
import type { Measurement } from '../../runtime/contracts/measurement';
import { FhirClient } from '../../runtime/fhir/fhirClient';
import { IdentityResolver, type ResolverSettings } from '../../runtime/fhir/identityResolver';
import { ObservationWriter } from '../../runtime/fhir/observationWriter';
import type { Transport } from '../../runtime/fhir/transport';
import { writeObservations } from '../../runtime/functions/writeObservations';
import type { Compatibility } from '../../runtime/medtech/compatibility';
import { type FhirMapping, loadFhirMapping } from '../../runtime/medtech/mapping/fhirMapping';
import type { DeadLetterStore } from '../../runtime/stream/deadLetters';
import type { ReceivedEvent } from '../../runtime/stream/eventBatch';

export const noon = '2026-01-05T12:00:00.000Z';

/** Milliseconds after noon as ISO 8601. */
export const afterNoon = (milliseconds: number) => new Date(Date.parse(noon) + milliseconds).toISOString();

const loinc = (code: string, display: string) => [{ system: 'http://loinc.org', code, display }];
const category = [
  { codes: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
];
const quantity = {
  valueType: 'Quantity',
  valueName: 'hr',
  unit: 'beats/minute',
  system: 'http://unitsofmeasure.org',
  code: '/min',
};
const sampled = { valueType: 'SampledData', valueName: 'hr', defaultPeriod: 1000, unit: '/min' };

/** `hr`: an Observation each; `hrHour`, `hrDay`, `hrCorrelated`: samples of an hour, a day, a correlation. */
const templates = [
  { typeName: 'hr', category, codes: loinc('8867-4', 'Heart rate'), value: quantity },
  { typeName: 'hrHour', category, periodInterval: 60, codes: loinc('8867-4', 'Heart rate'), value: sampled },
  {
    ...{ typeName: 'hrDay', periodInterval: 1440, codes: loinc('8867-4', 'Heart rate') },
    value: { ...sampled, defaultPeriod: 60_000 },
  },
  { typeName: 'hrCorrelated', periodInterval: -1, codes: loinc('8867-4', 'Heart rate'), value: sampled },
];

export function mappingFor(compatibility: Compatibility): FhirMapping {
  const text = JSON.stringify({
    templateType: 'CollectionFhir',
    template: templates.map((template) => ({ templateType: 'CodeValueFhir', template })),
  });
  const { mapping, problems } = loadFhirMapping(text, compatibility);
  if (mapping === undefined) throw new Error(JSON.stringify(problems));
  return mapping;
}

export function measurement(part: Partial<Measurement> & { readonly value?: string }): Measurement {
  const { value = '60', ...members } = part;
  return {
    Type: 'hr',
    OccurrenceTimeUtc: noon,
    IngestionTimeUtc: noon,
    DeviceId: 'bed-1',
    PatientId: null,
    EncounterId: null,
    CorrelationId: null,
    Properties: [{ Name: 'hr', Value: value }],
    ...members,
  };
}

let sequenceNumber = 0;

export function eventOf(body: string, part: Partial<ReceivedEvent> = {}): ReceivedEvent {
  return {
    body: Buffer.from(body),
    contentType: 'application/json',
    properties: {},
    systemProperties: {},
    enqueuedTime: noon,
    sequenceNumber: sequenceNumber++,
    partitionKey: '7',
    ...part,
  };
}

export const clockMark = () =>
  eventOf(JSON.stringify({ source: '0', sources: 1, time: noon }), { properties: { [kindProperty]: clockMarkKind } });

/** An instance of the function, with memory of its own, and what it left behind. */
export class ObservationStep {
  readonly lines: string[] = [];
  readonly letters: DeadLetter[] = [];
  /** How often the dead-letter container still refuses. */
  containerRefusals = 0;
  /** The resolver's monotonic timer, in milliseconds. */
  timer = 0;
  private readonly resolver: IdentityResolver;
  private readonly writer: ObservationWriter;

  constructor(transport: Transport, settings: Partial<ResolverSettings> = {}) {
    const { compatibility = 'r4' } = settings;
    const client = new FhirClient(transport, 'write-observations');
    const all: ResolverSettings = { resolutionType: 'Lookup', compatibility, cacheSeconds: 60, ...settings };
    this.resolver = new IdentityResolver(client, all, () => this.timer);
    this.writer = new ObservationWriter(client, mappingFor(compatibility));
  }

  /** Handles measurements as one batch that arrived at noon. */
  async write(measurements: readonly Measurement[], enqueuedTime = noon): Promise<void> {
    await this.handle(measurements.map((one) => eventOf(JSON.stringify(one), { enqueuedTime })));
  }

  async handle(events: readonly ReceivedEvent[]): Promise<void> {
    const say = (line: string) => {
      this.lines.push(line);
    };
    const tools = { resolver: this.resolver, writer: this.writer, deadLetters: this.container };
    const batch = { eventHub: 'normalizeddata', partitionId: '0', events };
    await writeObservations(batch, tools, { info: say, warn: say, error: say });
  }

  /** Reasons of the dead letters. */
  get reasons(): readonly string[] {
    return this.letters.map(({ reason }) => reason.name);
  }

  private readonly container: DeadLetterStore = {
    put: async (_name, content) => {
      if (this.containerRefusals-- > 0) throw Object.assign(new Error('refused'), { statusCode: 503 });
      this.letters.push(JSON.parse(content) as DeadLetter);
    },
  };
}
