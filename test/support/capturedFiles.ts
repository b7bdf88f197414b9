import { captureFile, captureFileName } from '../../local/eventHubs/captureFile';
import { encodeRecord, eventFrom } from '../../local/eventHubs/storedEvent';
import { captureNameFormat } from '../../runtime/lake/capturedHub';

/** An event as it lies in a partition of a hub. */
export interface Enqueued {
  readonly arrived: number;
  readonly message: unknown;
}

/** A captured file of consecutive events of a partition, by the name that Capture gives it. */
export async function capturedFileOf(
  from: {
    readonly eventHub: string;
    readonly partition: string;
    readonly firstSequence: number;
    readonly repetition?: number;
  },
  events: readonly Enqueued[],
  codec: 'null' | 'deflate' = 'null',
): Promise<{ readonly name: string; readonly content: Buffer }> {
  const { eventHub, partition, firstSequence, repetition = 0 } = from;
  const records = events.map(({ arrived, message }, index) => ({
    sequence: firstSequence + index,
    offset: (firstSequence + index) * 100,
    enqueuedTime: arrived,
    payload: encodeRecord(eventFrom({ body: bodyOf(message) }, 'key')),
  }));
  const file = async function* () {
    yield records;
  };
  const identity = `${eventHub}/${partition}/${firstSequence}`;
  const { content } = await captureFile(file(), { codec, identity });
  const named = { namespace: 'evhns-test', eventHub, partition, time: events[0]?.arrived ?? 0, repetition };
  return { name: captureFileName(captureNameFormat, named), content };
}

function bodyOf(message: unknown): Buffer {
  return Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
}

/** Appends events to the partitions of a hub and captures them, as files of a container. */
export class CapturedPartitions {
  private readonly next = new Map<string, number>();

  constructor(
    private readonly container: { put(name: string, content: Buffer): unknown },
    private readonly eventHub: string,
  ) {}

  /** One file. Events of later calls must not have arrived before. */
  async add(partition: string, events: readonly Enqueued[], codec?: 'null' | 'deflate'): Promise<string> {
    const firstSequence = this.next.get(partition) ?? 0;
    this.next.set(partition, firstSequence + events.length);
    const from = { eventHub: this.eventHub, partition, firstSequence, repetition: firstSequence };
    const { name, content } = await capturedFileOf(from, events, codec);
    this.container.put(name, content);
    return name;
  }
}
