import { Type } from 'avsc';
import { decodeContainer, LakeFileError } from './avroContainer';
import type { LakeContainer } from './lakeContainer';

/**
 * Where Event Hubs Capture puts its files: this library's `archiveNameFormat` of captured hubs. Times are when the file's first
 * event was enqueued.
 */
export const captureNameFormat = '{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}-{Namespace}';

/** Longest interval of Capture: a file may hold events that were enqueued so much later than its name says. */
export const longestCaptureMs = 900_000;

/** An event out of a captured file. Its enqueued time is there to the second alone and therefore not read. */
export interface CapturedEvent {
  readonly partition: string;
  readonly sequence: number;
  readonly body: Buffer;
}

/** A captured file, not read yet. */
export interface CapturedFile {
  readonly name: string;
  readonly events: AsyncIterable<CapturedEvent[]>;
}

/** Which files: by when the events in them were enqueued, milliseconds since 1970. */
export interface ArrivalRange {
  /** Events enqueued at or after it are read; some before it may be. Left out: from the first. */
  readonly arrivedFrom?: number;
  /** Files are read that hold events enqueued before it. Left out: all that are there. */
  readonly arrivedUntil?: number;
}

interface Bounds {
  readonly least: string;
  readonly most: string;
}

const eventType = Type.forSchema({
  type: 'record',
  name: 'EventData',
  namespace: 'Microsoft.ServiceBus.Messaging',
  fields: [
    { name: 'SequenceNumber', type: 'long' },
    { name: 'Body', type: ['null', 'bytes'] },
  ],
});

interface EventRecord {
  readonly SequenceNumber: number;
  readonly Body: Buffer | null;
}

/** The captured files of one event hub, partition by partition. What is in no file yet is not seen. */
export class CapturedHub {
  constructor(
    private readonly container: Pick<LakeContainer, 'list' | 'listAll' | 'read'>,
    readonly eventHub: string,
  ) {}

  /** Names of the files, oldest first. Folders out of the range are not listed. */
  async *files(partition: string, range: ArrivalRange = {}): AsyncGenerator<string> {
    const { arrivedFrom, arrivedUntil } = range;
    const bounds = {
      least: arrivedFrom === undefined ? '0000' : timePath(arrivedFrom - longestCaptureMs),
      most: arrivedUntil === undefined ? '~' : timePath(arrivedUntil),
    };
    yield* this.below(`${this.eventHub}/${partition}/`, '', bounds);
  }

  /**
   * Events in the files' order, a block at a time; an event may come twice, as in two files.
   * @throws LakeFileError when a file is torn or foreign
   */
  async *events(partition: string, range: ArrivalRange = {}): AsyncGenerator<CapturedEvent[]> {
    for await (const file of this.files(partition, range)) yield* this.eventsOf(file, partition);
  }

  /** The files, the newest one first (those of one second in any order), and the events of each, a block at a time. */
  async *newest(partition: string): AsyncGenerator<CapturedFile> {
    for await (const name of this.newestFirst(`${this.eventHub}/${partition}/`, '')) {
      yield { name, events: this.eventsOf(name, partition) };
    }
  }

  /** The last sequence number that is captured; -1 while there is none. It costs six listings and a file. */
  async capturedThrough(partition: string): Promise<number> {
    let last = -1;
    let second: string | undefined;
    for await (const { name, events } of this.newest(partition)) {
      const itsSecond = name.slice(0, name.lastIndexOf('/') + 3);
      if (second !== undefined && itsSecond !== second && last >= 0) break;
      second = itsSecond;
      for await (const some of events) for (const { sequence } of some) last = Math.max(last, sequence);
    }
    return last;
  }

  private async *eventsOf(file: string, partition: string): AsyncGenerator<CapturedEvent[]> {
    const content = await this.container.read(file);
    // Deleted since it was listed: the lifecycle of the lake.
    if (content === undefined) return;
    for await (const records of decodeContainer<EventRecord>(content, file, eventType)) {
      yield records.map(({ SequenceNumber, Body }) => ({
        partition,
        sequence: SequenceNumber,
        body: Body ?? Buffer.alloc(0),
      }));
    }
  }

  /** @param time the folders above this one, as `2026/01/05/`: it sorts as its time does */
  private async *below(folder: string, time: string, bounds: Bounds): AsyncGenerator<string> {
    if (isWithin(time, bounds)) {
      for await (const name of this.container.listAll(folder)) {
        if (isFile(name, `${time}${name.slice(folder.length)}`)) yield name;
      }
      return;
    }
    for await (const name of this.container.list(folder)) {
      const at = `${time}${name.slice(folder.length)}`;
      const second = at.slice(0, secondEnd);
      const isOut = second < bounds.least.slice(0, second.length) || second > bounds.most;
      if (at.endsWith('/')) {
        if (!isOut) yield* this.below(name, at, bounds);
      } else if (isFile(name, at) && !isOut) yield name;
    }
  }

  private async *newestFirst(folder: string, time: string): AsyncGenerator<string> {
    const names: string[] = [];
    for await (const name of this.container.list(folder)) names.push(name);
    for (const name of names.sort().reverse()) {
      const at = `${time}${name.slice(folder.length)}`;
      if (name.endsWith('/')) yield* this.newestFirst(name, at);
      else if (isFile(name, at)) yield name;
    }
  }
}

/** `2026/01/05/10/12/30` */
const secondEnd = 19;

function timePath(time: number): string {
  return new Date(time).toISOString().slice(0, secondEnd).replaceAll(/[-T:]/g, '/');
}

/** Whether all that lies below these folders is within the bounds. */
function isWithin(time: string, { least, most }: Bounds): boolean {
  return time > least.slice(0, time.length) && time < most.slice(0, time.length);
}

/** Folders of an account with a hierarchical namespace are listed as blobs too; what else lies there is not ours. */
function isFile(name: string, at: string): boolean {
  if (/^\d{4}\/\d\d\/\d\d\/\d\d\/\d\d\/\d\d-[^/]*\.avro$/.test(at)) return true;
  if (name.endsWith('.avro')) throw new LakeFileError(name, `does not lie where files of ${captureNameFormat} do`);
  return false;
}
