import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJsonAtomic } from '../core/state';
import { DurableLog } from '../durableLog/durableLog';

/** A message of a leaf device on its way through the gateway; nothing of it is changed. */
export interface StoredMessage {
  readonly deviceId: string;
  /** The properties as the device wrote them behind `devices/<id>/messages/events/`, percent-encoded. */
  readonly propertyBag: string;
  readonly body: Buffer;
}

export interface WaitingMessage extends StoredMessage {
  readonly sequence: number;
  /** Milliseconds since 1970 at which the gateway took it. */
  readonly storedTime: number;
}

const cursorEveryMilliseconds = 200;
const trimEvery = 5_000;

/**
 * What the gateway has acknowledged to its devices and the hub has not acknowledged to the gateway, in the order of
 * arrival. Survives the death of the process: messages exactly, the cursor to some messages before its true place, so
 * that these are sent again with the message ids they have.
 */
export class MessageStore {
  private cursor: number;
  private readonly cursorFile: string;
  private cursorTimer: NodeJS.Timeout | undefined;
  private trimmedAt: number;

  private constructor(
    folder: string,
    private readonly log: DurableLog,
  ) {
    this.cursorFile = join(folder, 'cursor.json');
    const kept = readJson<{ next: number }>(this.cursorFile)?.next ?? 0;
    this.cursor = Math.max(kept, log.first());
    this.trimmedAt = this.cursor;
  }

  static open(folder: string): MessageStore {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new MessageStore(folder, DurableLog.open(join(folder, 'messages'), { segmentBytes: 4 * 1024 * 1024 }));
  }

  /** Resolves once the message is safe from the death of this process. */
  async append(message: StoredMessage, storedTime: number): Promise<void> {
    await this.log.append([encode(message)], storedTime);
  }

  /** Sequence of the oldest message that waits. */
  get next(): number {
    return this.cursor;
  }

  /** How many messages wait. */
  get waiting(): number {
    return this.log.next() - this.cursor;
  }

  /** Up to `count` waiting messages from a sequence on. */
  read(from: number, count: number): WaitingMessage[] {
    const records = this.log.read(from, count);
    return records.map(({ sequence, enqueuedTime, payload }) => ({
      ...decode(payload),
      sequence,
      storedTime: enqueuedTime,
    }));
  }

  /** All messages before `sequence` are done with. */
  done(sequence: number): void {
    this.cursor = Math.max(this.cursor, sequence);
    this.cursorTimer ??= setTimeout(() => this.saveCursor(), cursorEveryMilliseconds);
  }

  /** Calls back after each append; returns a function that takes it back. */
  onAppend(listener: () => void): () => void {
    return this.log.onAppend(listener);
  }

  async close(): Promise<void> {
    this.saveCursor();
    await this.log.close();
  }

  private saveCursor(): void {
    clearTimeout(this.cursorTimer);
    this.cursorTimer = undefined;
    writeJsonAtomic(this.cursorFile, { next: this.cursor });
    if (this.cursor - this.trimmedAt < trimEvery) return;
    this.trimmedAt = this.cursor;
    const oldestWaiting = this.log.read(this.cursor, 1)[0]?.enqueuedTime ?? this.log.last()?.enqueuedTime;
    if (oldestWaiting !== undefined) this.log.trim(oldestWaiting);
  }
}

function encode({ deviceId, propertyBag, body }: StoredMessage): Buffer {
  const head = Buffer.from(JSON.stringify([deviceId, propertyBag]));
  const size = Buffer.allocUnsafe(4);
  size.writeUInt32LE(head.length);
  return Buffer.concat([size, head, body]);
}

function decode(payload: Buffer): StoredMessage {
  const end = 4 + payload.readUInt32LE(0);
  const [deviceId, propertyBag] = JSON.parse(payload.toString('utf8', 4, end)) as [string, string];
  return { deviceId, propertyBag, body: payload.subarray(end) };
}
