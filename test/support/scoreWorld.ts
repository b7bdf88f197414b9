import type { EventData } from '@azure/event-hubs';
import type {
  EnrichedMeasurement,
  EnrichedMessage,
  PatientPresence,
  VitalSample,
} from '../../runtime/contracts/enriched';
import { unknownContext } from '../../runtime/contracts/patientContext';
import type { ScoredMessage, ScoredWindow } from '../../runtime/contracts/scored';
import type { Vital } from '../../runtime/contracts/scoringSource';
import { BronzeReader } from '../../runtime/lake/bronzeReader';
import type { EnrichedEvent } from '../../runtime/score/enrichedEvent';
import type { JsonBlob, JsonBlobs, ListedBlob } from '../../runtime/score/jsonBlobs';
import { Partitions } from '../../runtime/score/partitions';
import { answerPending } from '../../runtime/score/pending';
import type { Model } from '../../runtime/score/predictions';
import { repairWindows } from '../../runtime/score/repair';
import { ScoredHub } from '../../runtime/score/scoredHub';
import { contentOf } from '../../runtime/scoring/content';
import { defaultKernelSettings } from '../../runtime/scoring/kernelSettings';
import type { KernelSettings } from '../../runtime/scoring/kernelTypes';
import { stepWindow } from '../../runtime/scoring/stepWindow';
import { PartitionIds } from '../../runtime/stream/partitionIds';

export const noon = Date.parse('2026-01-05T12:00:00Z');
export const minute = 60_000;
export const settings = { ...defaultKernelSettings, baselines: false };

/** Key of a measurement: the same for the same text. */
function keyOf(text: string): string {
  let hash = 7;
  for (const letter of text) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
  return hash.toString(16).padStart(28, '0');
}

/** A measurement of one vital, `at` milliseconds after noon. */
export function reading(
  patient: string,
  at: number,
  vital: Vital,
  value: number,
  part: Partial<EnrichedMeasurement> & { readonly sample?: Partial<VitalSample> } = {},
): EnrichedMeasurement {
  const { sample, ...members } = part;
  return {
    ...{ kind: 'measurement', patient, time: noon + at, arrival: noon + at + 500, late: false },
    ...{ key: keyOf(`${patient}/${at}/${vital}/${value}`), source: 'device', type: vital },
    ...{ samples: [{ vital, value, priority: 0, ...sample }], context: unknownContext },
    ...members,
  };
}

export function presence(patient: string, at: number, event: 'start' | 'end' = 'start'): PatientPresence {
  const resource = `Encounter/${patient}`;
  return {
    ...{ kind: 'presence', patient, event, basis: 'encounter', resource, time: noon + at },
    key: keyOf(`${resource}/${event}/${at}`),
  };
}

export function mark(at: number, source = '0', sources = 1): EnrichedMessage {
  return { kind: 'clockMark', source, sources, time: new Date(noon + at).toISOString() };
}

/** Blobs with Azure's conditions, in memory. */
export class MemoryBlobs implements JsonBlobs {
  readonly blobs = new Map<string, { readonly text: string; readonly etag: string }>();
  private versions = 0;

  async read<T>(name: string): Promise<JsonBlob<T> | undefined> {
    const found = this.blobs.get(name);
    return found && { content: JSON.parse(found.text) as T, etag: found.etag };
  }

  async etagOf(name: string): Promise<string | undefined> {
    return this.blobs.get(name)?.etag;
  }

  async create(name: string, content: unknown): Promise<string | undefined> {
    return this.blobs.has(name) ? undefined : this.put(name, content);
  }

  async replace(name: string, content: unknown, etag: string): Promise<string | undefined> {
    return this.blobs.get(name)?.etag === etag ? this.put(name, content) : undefined;
  }

  async write(name: string, content: unknown): Promise<void> {
    this.put(name, content);
  }

  async list(prefix: string, limit: number): Promise<readonly ListedBlob[]> {
    const names = [...this.blobs.keys()].filter((name) => name.startsWith(prefix)).sort();
    return names.slice(0, limit).map((name) => ({ name, etag: this.blobs.get(name)?.etag ?? '', ageSeconds: 1 }));
  }

  async remove(name: string, etag: string): Promise<boolean> {
    if (this.blobs.get(name)?.etag === etag) this.blobs.delete(name);
    return !this.blobs.has(name);
  }

  names(prefix: string): string[] {
    return [...this.blobs.keys()].filter((name) => name.startsWith(prefix)).sort();
  }

  private put(name: string, content: unknown): string {
    const etag = `"${++this.versions}"`;
    this.blobs.set(name, { text: JSON.stringify(content), etag });
    return etag;
  }
}

/** What a process does at each request that it makes: go on, wait, or never come back. */
export type Gate = (request: string) => Promise<void>;

const never = new Promise<never>(() => {});
const goOn: Gate = async () => {};

/** One partition of `enriched`, the app's container and `scored`, which outlive the processes of the app. */
export class ScoreWorld {
  readonly blobs = new MemoryBlobs();
  readonly log: EnrichedEvent[] = [];
  readonly sent: ScoredMessage[] = [];
  readonly lines: string[] = [];
  /** How many of the partition's first events the hub has forgotten, and up to where Capture has come. */
  capturedThrough = Number.POSITIVE_INFINITY;
  model: Model | undefined;
  readonly partition = '3';

  readonly say = {
    info: (line: string) => void this.lines.push(line),
    warn: (line: string) => void this.lines.push(line),
    error: (line: string) => void this.lines.push(line),
  };

  append(...messages: EnrichedMessage[]): EnrichedEvent[] {
    const events = messages.map((message, index) => ({ sequence: this.log.length + index, message }));
    this.log.push(...events);
    return events;
  }

  /**
   * An instance of the app; what it does goes through the gate, before and after each request.
   * @param changed of the kernel's settings
   */
  process(gate: Gate = goOn, changed: Partial<KernelSettings> = {}) {
    const through = async <T>(name: string, request: () => Promise<T>): Promise<T> => {
      await gate(name);
      const result = await request();
      await gate(`after ${name}`);
      return result;
    };
    const { blobs } = this;
    const gated: JsonBlobs = {
      read: (name) => through(`read ${name}`, () => blobs.read(name)),
      etagOf: (name) => through(`etag ${name}`, () => blobs.etagOf(name)),
      create: (name, content) => through(`create ${name}`, () => blobs.create(name, content)),
      replace: (name, content, etag) => through(`replace ${name}`, () => blobs.replace(name, content, etag)),
      write: (name, content) => through(`write ${name}`, () => blobs.write(name, content)),
      list: (prefix, limit) => through(`list ${prefix}`, () => blobs.list(prefix, limit)),
      remove: (name, etag) => through(`remove ${name}`, () => blobs.remove(name, etag)),
    };
    const scored = new ScoredHub(this.producer(through) as never, new PartitionIds(this.hub), 'score');
    const shared = { settings: { ...settings, ...changed }, step: stepWindow, blobs: gated, scored, model: this.model };
    const baselineFor = async () => ({ version: null, reason: 'off', patients: {} });
    const readAgain = (_partition: string, from: number, to: number) => this.readAgain(from, to);
    const partitions = new Partitions({ ...shared, baselineFor, readAgain, sources: async () => 4 });
    const bronze = new BronzeReader({
      events: () => this.captured(),
      capturedThrough: async () => this.capturedThrough,
    });
    const repairTools = { ...shared, bronze, baselineFor, partitions: async () => [this.partition] };
    return {
      handle: (events: readonly EnrichedEvent[]) => partitions.handle(this.partition, events, this.say),
      repair: () => repairWindows(repairTools, this.say),
      pending: () => answerPending(shared, this.say),
    };
  }

  private readonly hub = { getPartitionIds: async () => ['0', '1'] };

  private producer(through: <T>(name: string, request: () => Promise<T>) => Promise<T>) {
    return {
      createBatch: async () => {
        const events: EventData[] = [];
        return { events, tryAdd: (event: EventData) => events.push(event) > 0 };
      },
      sendBatch: ({ events }: { events: EventData[] }) =>
        through('send', async () => {
          for (const { body } of events) this.sent.push(JSON.parse(String(body)));
        }),
    };
  }

  private async *readAgain(from: number, to: number): AsyncGenerator<EnrichedEvent[]> {
    for (const event of this.log) if (event.sequence >= from && event.sequence <= to) yield [event];
  }

  private async *captured() {
    yield this.log
      .filter(({ sequence }) => sequence <= this.capturedThrough)
      .map(({ sequence, message }) => ({
        ...{ partition: this.partition, sequence, body: Buffer.from(JSON.stringify(message)) },
      }));
  }

  /** Windows on `scored` in the order in which they came. */
  get windows(): ScoredWindow[] {
    return this.sent.filter((message): message is ScoredWindow => message.kind === 'window');
  }

  /** By patient and minute after noon: the last revision, as a reader that ignores what is not newer has it. */
  last(): Record<string, ScoredWindow> {
    const last: Record<string, ScoredWindow> = {};
    for (const window of this.windows) {
      const name = `${window.patient} ${(window.start - noon) / minute}`;
      if ((last[name]?.revision ?? 0) < window.revision) last[name] = window;
    }
    return last;
  }

  /** What the last revisions say. */
  truth(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.last())
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, window]) => [name, contentOf(window)]),
    );
  }

  /** Revisions that were sent with two contents: there must be none. */
  contradictions(): string[] {
    const contents = new Map<string, string>();
    return this.windows.flatMap((window) => {
      const name = `${window.patient} ${window.start} ${window.revision}`;
      const content = JSON.stringify(window);
      const before = contents.get(name) ?? content;
      contents.set(name, content);
      return before === content ? [] : [name];
    });
  }
}

/** A gate that ends the process at its nth request (it never comes back), and says so. */
export function killAt(nth: number): { gate: Gate; killed: Promise<'killed'> } {
  let count = 0;
  let kill: (how: 'killed') => void = () => {};
  const killed = new Promise<'killed'>((resolve) => {
    kill = resolve;
  });
  const gate = async () => {
    count += 1;
    if (count < nth) return;
    kill('killed');
    await never;
  };
  return { gate, killed };
}

/** A gate that lets something else happen at the nth request, and then goes on. */
export function meanwhileAt(nth: number, meanwhile: () => Promise<void>): { gate: Gate; reached: () => boolean } {
  let count = 0;
  const gate = async () => {
    count += 1;
    if (count === nth) await meanwhile();
  };
  return { gate, reached: () => count >= nth };
}
