import type { EventData, EventDataBatch } from '@azure/event-hubs';
import { type ScoringSource, scoringProperty } from '../../runtime/contracts/scoringSource';
import { defaultContextCodes } from '../../runtime/enrich/contextCodes';
import type { SourceMarks } from '../../runtime/enrich/sourceMarks';
import { FhirClient } from '../../runtime/fhir/fhirClient';
import { IdentityResolver } from '../../runtime/fhir/identityResolver';
import { ContextResolver } from '../../runtime/fhir/patientContext';
import type { Transport } from '../../runtime/fhir/transport';
import { EnrichedData } from '../../runtime/functions/enrichedData';
import { mlInput } from '../../runtime/functions/mlInput';
import type { Resource } from '../../runtime/medtech/fhir/resources';
import { defaultLimits } from '../../runtime/scoring/plausibility';
import type { EventBatch, ReceivedEvent } from '../../runtime/stream/eventBatch';
import { type HubProducer, HubSender } from '../../runtime/stream/hubSender';
import { PartitionIds } from '../../runtime/stream/partitionIds';
import { deviceId, eventOf, reading } from '../observations/ward';

export const silent = { info: () => {}, warn: () => {}, error: () => {} };

const source: ScoringSource = { vital: 'heartRate', valueName: 'hr', priority: 0 };
const properties = { [scoringProperty]: JSON.stringify([source]) };

export function scoredReading(device: string, time: Date, count: number, key: string): ReceivedEvent {
  return { ...eventOf(reading('instance', device, time, count), count, key), properties };
}

/** For each device a patient with a birth date, some with a target of saturation and charted oxygen. */
export function recordOf(index: number): readonly Resource[] {
  const patient = { reference: `Patient/p${index}` };
  const target = {
    measure: { coding: [{ system: 'http://loinc.org', code: '2708-6' }] },
    detailRange: { low: { value: 88 }, high: { value: 92 } },
  };
  return [
    { resourceType: 'Patient', id: `p${index}`, birthDate: `19${30 + (index % 60)}-02-03` },
    deviceOf(index, index),
    ...(index % 10 === 0
      ? [
          {
            ...{ resourceType: 'Goal', id: `g${index}`, lifecycleStatus: 'active', subject: patient, target: [target] },
            ...{ description: { text: 'Saturation' } },
          },
        ]
      : []),
  ] as readonly Resource[];
}

export function deviceOf(index: number, wearer: number): Resource {
  return {
    ...{ resourceType: 'Device', id: `d${index}`, identifier: [{ value: deviceId(index) }] },
    patient: { reference: `Patient/p${wearer}` },
  } as Resource;
}

/** A hub that takes everything at once. */
class TakesAll implements HubProducer {
  sent = 0;

  readonly createBatch = async () => {
    const events: EventData[] = [];
    const tryAdd = (event: EventData) => events.push(event) > 0;
    return { events, tryAdd } as unknown as EventDataBatch;
  };

  async sendBatch(batch: EventDataBatch): Promise<void> {
    this.sent += (batch as unknown as { events: readonly EventData[] }).events.length;
  }
}

/** An instance of `mlInput`, with an empty memory. */
export class Instance {
  readonly hub = new TakesAll();
  private readonly tools: Parameters<typeof mlInput>[1];

  constructor(transport: Transport) {
    const client = new FhirClient(transport, 'ml-input');
    const settings = { resolutionType: 'Lookup', compatibility: 'r4', cacheSeconds: 60 } as const;
    const sender = new HubSender(
      this.hub,
      new PartitionIds({ getPartitionIds: async () => ['0', '1', '2', '3'] }),
      'ml-input',
    );
    this.tools = {
      identities: new IdentityResolver(client, settings),
      awaitsCreation: false,
      contexts: new ContextResolver(client, defaultContextCodes, 60),
      rules: { windowMs: 300_000, latenessMs: 120_000, limits: defaultLimits, compatibility: 'r4' },
      enriched: new EnrichedData(sender, async () => 5, 'ml-input'),
      deadLetters: {
        put: async (name) => {
          throw new Error(`${name} became a dead letter.`);
        },
      },
      marks: new Map<string, SourceMarks>(),
    };
  }

  async handle(batch: EventBatch): Promise<void> {
    const before = this.hub.sent;
    await mlInput(batch, this.tools, {
      ...silent,
      // What is given up is not fast.
      warn: (line) => {
        throw new Error(line);
      },
    });
    if (this.hub.sent === before && batch.events.length > 0) throw new Error('Nothing was sent.');
  }
}
