import type { EventData, EventDataBatch } from '@azure/event-hubs';
import { clockMarkKind, kindProperty } from '../../runtime/contracts/clockMark';
import type { DeadLetter } from '../../runtime/contracts/deadLetter';
import type { EnrichedMeasurement, EnrichedMessage, PatientPresence } from '../../runtime/contracts/enriched';
import { type ScoringSource, scoringProperty } from '../../runtime/contracts/scoringSource';
import { defaultContextCodes } from '../../runtime/enrich/contextCodes';
import type { SourceMarks } from '../../runtime/enrich/sourceMarks';
import { FhirClient } from '../../runtime/fhir/fhirClient';
import { IdentityResolver } from '../../runtime/fhir/identityResolver';
import { ContextResolver } from '../../runtime/fhir/patientContext';
import type { Transport } from '../../runtime/fhir/transport';
import { chartedValues } from '../../runtime/functions/chartedValues';
import { EnrichedData } from '../../runtime/functions/enrichedData';
import { mlInput } from '../../runtime/functions/mlInput';
import { pollCharted } from '../../runtime/functions/pollCharted';
import type { PositionStore } from '../../runtime/functions/searchPosition';
import { defaultLimits } from '../../runtime/scoring/plausibility';
import type { DeadLetterStore } from '../../runtime/stream/deadLetters';
import type { ReceivedEvent } from '../../runtime/stream/eventBatch';
import { type HubProducer, HubSender } from '../../runtime/stream/hubSender';
import { PartitionIds } from '../../runtime/stream/partitionIds';
import { afterNoon, eventOf, measurement, noon } from './observationStep';

export const noonMs = Date.parse(noon);
export const hr: ScoringSource = { vital: 'heartRate', valueName: 'hr', priority: 0 };

type Sent = { readonly where: string; readonly message: EnrichedMessage };

/** The hub `enriched` in memory, with three partitions; what is keyed is kept by its key. */
export class EnrichedHub implements HubProducer {
  readonly sent: Sent[] = [];
  /** How many sends it still refuses, and whether it takes what it refuses all the same. */
  refusals = 0;
  mostBytes = 10_000;

  readonly createBatch = async (options: { partitionKey?: string; partitionId?: string } = {}) => {
    const events: EventData[] = [];
    const where =
      options.partitionId === undefined ? `key ${options.partitionKey}` : `partition ${options.partitionId}`;
    const tryAdd = (event: EventData) => {
      if (Buffer.byteLength(event.body as Buffer) > this.mostBytes) return false;
      events.push(event);
      return true;
    };
    return { where, events, tryAdd } as unknown as EventDataBatch;
  };

  async sendBatch(batch: EventDataBatch): Promise<void> {
    const { where, events } = batch as unknown as { where: string; events: EventData[] };
    if (this.refusals-- > 0) throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
    this.sent.push(...events.map(({ body }) => ({ where, message: JSON.parse(String(body)) as EnrichedMessage })));
  }

  get measurements(): readonly EnrichedMeasurement[] {
    return this.sent.flatMap(({ message }) => (message.kind === 'measurement' ? [message] : []));
  }

  get presences(): readonly PatientPresence[] {
    return this.sent.flatMap(({ message }) => (message.kind === 'presence' ? [message] : []));
  }

  /** Marks as `source time`, each once, in order; the partitions that got each must be all. */
  get marks(): readonly string[] {
    const marks = new Map<string, Set<string>>();
    for (const { where, message } of this.sent) {
      if (message.kind !== 'clockMark') continue;
      const text = `${message.source}/${message.sources} ${message.time.slice(11, 19)}`;
      marks.set(text, (marks.get(text) ?? new Set()).add(where));
    }
    for (const [text, partitions] of marks) {
      if (partitions.size !== 3) throw new Error(`The mark ${text} is not in every partition.`);
    }
    return [...marks.keys()];
  }
}

/** An instance of the app `ml-input`, with memory of its own, and what it left behind. */
export class EnrichStep {
  readonly lines: string[] = [];
  readonly letters: DeadLetter[] = [];
  /** How often the dead-letter container still refuses. */
  containerRefusals = 0;
  /** Whether Patients and Devices that are missing are waited for. */
  awaitsCreation = false;
  /** The resolvers' monotonic timer, in milliseconds. */
  timer = 0;
  private readonly client: FhirClient;
  private readonly identities: IdentityResolver;
  private readonly contexts: ContextResolver;
  private readonly marks = new Map<string, SourceMarks>();

  constructor(
    transport: Transport,
    readonly hub = new EnrichedHub(),
    /** Partitions of `normalizeddata`, and of `fhirevents`. */
    private readonly sources = 2 + 1,
  ) {
    this.client = new FhirClient(transport, 'ml-input');
    const settings = { resolutionType: 'Lookup', compatibility: 'r4', cacheSeconds: 60 } as const;
    this.identities = new IdentityResolver(this.client, settings, () => this.timer);
    this.contexts = new ContextResolver(this.client, defaultContextCodes, 60, () => this.timer);
  }

  async mlInput(events: readonly ReceivedEvent[], partitionId = '0'): Promise<void> {
    const { identities, awaitsCreation, contexts, marks } = this;
    const tools = { identities, awaitsCreation, contexts, marks, ...this.common('ml-input') };
    await mlInput({ eventHub: 'normalizeddata', partitionId, events }, tools, this.log);
  }

  async chartedValues(events: readonly ReceivedEvent[], partitionId = '0'): Promise<void> {
    const { client, contexts } = this;
    const tools = { client, contexts, ...this.common('charted-values') };
    await chartedValues({ eventHub: 'fhirevents', partitionId, events }, tools, this.log);
  }

  async poll(position: PositionStore): Promise<void> {
    const { client, contexts } = this;
    await pollCharted({ client, contexts, position, ...this.common('charted-values') }, this.log);
  }

  get reasons(): readonly string[] {
    return this.letters.map(({ reason }) => reason.name);
  }

  private common(step: 'ml-input' | 'charted-values') {
    const sender = new HubSender(this.hub, new PartitionIds({ getPartitionIds: async () => ['0', '1', '2'] }), step);
    return {
      rules: {
        ...{ windowMs: 300_000, latenessMs: 120_000, limits: defaultLimits, compatibility: 'r4' as const },
        encounterClasses: defaultContextCodes.encounterClasses,
      },
      enriched: new EnrichedData(sender, async () => this.sources, step),
      deadLetters: this.container,
    };
  }

  private readonly log = {
    info: (line: string) => void this.lines.push(line),
    warn: (line: string) => void this.lines.push(line),
    error: (line: string) => void this.lines.push(line),
  };

  private readonly container: DeadLetterStore = {
    put: async (_name, content) => {
      if (this.containerRefusals-- > 0) throw Object.assign(new Error('refused'), { statusCode: 503 });
      this.letters.push(JSON.parse(content) as DeadLetter);
    },
  };
}

/** A heart rate of bed-1, measured and arrived so many milliseconds after noon. */
export function reading(
  part: Parameters<typeof measurement>[0] & { readonly at?: number; readonly arrived?: number },
  sources: readonly ScoringSource[] | null = [hr],
): ReceivedEvent {
  const { at = 0, arrived = at, ...members } = part;
  const times = { OccurrenceTimeUtc: afterNoon(at), IngestionTimeUtc: afterNoon(arrived) };
  const properties = sources === null ? {} : { [scoringProperty]: JSON.stringify(sources) };
  return eventOf(JSON.stringify(measurement({ ...times, ...members })), {
    properties,
    enqueuedTime: afterNoon(arrived + 500),
  });
}

/** A mark of a partition of `devicedata`, seconds after noon. */
export const markOf = (source: string, seconds: number, sources = 2) =>
  eventOf(JSON.stringify({ source, sources, time: afterNoon(seconds * 1000) }), {
    properties: { [kindProperty]: clockMarkKind },
    enqueuedTime: afterNoon(seconds * 1000 + 500),
  });
