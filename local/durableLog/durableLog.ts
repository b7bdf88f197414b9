import { mkdirSync, readdirSync } from 'node:fs';
import { encodeRecord, headerBytes, type LogRecord } from './record';
import { Segment } from './segment';

export type { LogRecord } from './record';

export interface DurableLogOptions {
  /** A new file is begun at this size; default 32 MiB. Trimming forgets whole files. */
  readonly segmentBytes?: number;
  /** A new file is begun for a record this many milliseconds (enqueued time) after the file's first; default 1 day. */
  readonly segmentMs?: number;
}

interface Waiting {
  readonly payloads: readonly Buffer[];
  readonly enqueuedTime: number;
  readonly resolve: (firstSequence: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * An append-only log of one writer, in a folder of its own: an event hub's partition, an IoT hub's ingress.
 *
 * What `append` has acknowledged is in the operating system's hands and survives the death of this process (SIGKILL);
 * it is not forced to the disk, so a power cut may take the last seconds. Everything that waits in one turn of the event
 * loop is written at once. Bodies are not kept in memory: a sparse index leads to them, and the page cache holds them.
 * One process at a time may have the folder open.
 */
export class DurableLog {
  readonly #segments: Segment[];
  readonly #listeners = new Set<() => void>();
  #waiting: Waiting[] = [];
  #flushing: NodeJS.Immediate | undefined;
  #closed = false;

  private constructor(
    readonly folder: string,
    /** Bytes of a half-written tail that `open` cut off (0 after an orderly end); they were never acknowledged. */
    readonly cutBytes: number,
    segments: Segment[],
    private readonly segmentBytes: number,
    private readonly segmentMs: number,
  ) {
    this.#segments = segments;
  }

  /** Opens the log in `folder`, which is made when it does not exist. @throws Error when a file of it is damaged. */
  static open(folder: string, options: DurableLogOptions = {}): DurableLog {
    mkdirSync(folder, { recursive: true });
    const found = readdirSync(folder)
      .sort()
      .flatMap((name) => Segment.parse(name) ?? []);
    if (found.length === 0) found.push({ sequence: 0, offset: 0 });
    const segments = found.map(({ sequence, offset }) => Segment.open(folder, sequence, offset));
    assertContiguous(folder, segments);
    return new DurableLog(
      folder,
      segments.at(-1)?.cutTail() ?? 0,
      segments,
      options.segmentBytes ?? 32 * 1024 * 1024,
      options.segmentMs ?? 86_400_000,
    );
  }

  /**
   * Appends the payloads as consecutive records. Calls are taken in their order.
   * @param enqueuedTime milliseconds since 1970; a time before that of the last record counts as the last record's.
   * @returns the sequence of the first one, once all are safe from the death of this process.
   * @throws Error when the log is closed or the disk refuses; then none of the payloads is in the log.
   */
  append(payloads: readonly Buffer[], enqueuedTime: number): Promise<number> {
    if (this.#closed) return Promise.reject(new Error(`The log ${this.folder} is closed.`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payloads, enqueuedTime, resolve, reject });
      this.#flushing ??= setImmediate(() => this.#flush());
    });
  }

  /** Sequence of the oldest record that is still there; equals `next()` when there is none. */
  first(): number {
    return this.#segments[0]?.firstSequence ?? 0;
  }

  /** Sequence that the next record will get. */
  next(): number {
    return this.#active.nextSequence;
  }

  /** Offset and enqueued time of the newest record; nothing while there is none. */
  last(): LogRecord | undefined {
    return this.read(this.next() - 1, 1)[0];
  }

  /**
   * Records from sequence `from` (or the oldest that is still there) on, in order; none when there is nothing yet.
   * @param max at most so many records.
   * @param maxBytes it stops once the payloads are above so many bytes; default 1 MiB.
   */
  read(from: number, max: number, maxBytes = 1024 * 1024): LogRecord[] {
    const segment = this.#segments.findLast(({ firstSequence }) => firstSequence <= from) ?? this.#segments[0];
    return segment && from < this.next() ? segment.read(from, max, maxBytes) : [];
  }

  /** Sequence of the first record whose offset is above `offset`; `next()` when there is none. */
  afterOffset(offset: number): number {
    return this.#find((record) => record.offset > offset);
  }

  /** Sequence of the first record enqueued at `time` or later; `next()` when there is none. */
  atTime(time: number): number {
    return this.#find((record) => record.enqueuedTime >= time);
  }

  /** Calls back after each write; returns a function that takes it back. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves with true once there is a record with this sequence, with false when the log is closed or on `signal`. */
  waitFor(sequence: number, signal?: AbortSignal): Promise<boolean> {
    if (sequence < this.next()) return Promise.resolve(true);
    if (this.#closed || signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const check = () => {
        const there = sequence < this.next();
        if (!there && !this.#closed && !signal?.aborted) return;
        stop();
        signal?.removeEventListener('abort', check);
        resolve(there);
      };
      const stop = this.onAppend(check);
      signal?.addEventListener('abort', check);
    });
  }

  /** Forgets the files whose records were all enqueued before `time`, so it may keep up to a file's worth too many. */
  trim(time: number): void {
    if (this.#active.lastTime < time && this.#active.bytes > 0) this.#roll();
    while (this.#segments.length > 1 && (this.#segments[0]?.lastTime ?? time) < time) this.#segments.shift()?.delete();
  }

  /** Writes what waits and closes the files. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#flush();
    this.#closed = true;
    for (const listener of [...this.#listeners]) listener();
    for (const segment of this.#segments) segment.close();
    return Promise.resolve();
  }

  get #active(): Segment {
    const segment = this.#segments.at(-1);
    if (!segment) throw new Error(`The log ${this.folder} has no file.`);
    return segment;
  }

  #find(passes: Parameters<Segment['find']>[0]): number {
    for (const segment of this.#segments) {
      const sequence = segment.find(passes);
      if (sequence !== undefined) return sequence;
    }
    return this.next();
  }

  #roll(): void {
    const { nextSequence, nextOffset } = this.#active;
    this.#segments.push(Segment.open(this.folder, nextSequence, nextOffset));
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    let sequence: number;
    try {
      sequence = this.#write(batch);
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const { payloads, resolve } of batch) {
      resolve(sequence);
      sequence += payloads.length;
    }
    for (const listener of [...this.#listeners]) listener();
  }

  /** One write for all that waits; answers the first sequence. */
  #write(batch: readonly Waiting[]): number {
    const newest = batch.at(-1)?.enqueuedTime ?? 0;
    const active = this.#active;
    if (active.bytes > 0 && (active.bytes >= this.segmentBytes || newest - active.firstTime >= this.segmentMs)) {
      this.#roll();
    }
    const first = this.next();
    let time = this.#segments.findLast(({ bytes }) => bytes > 0)?.lastTime ?? Number.NEGATIVE_INFINITY;
    const sizes: { bytes: number; enqueuedTime: number }[] = [];
    let total = 0;
    for (const { payloads } of batch) for (const payload of payloads) total += headerBytes + payload.length;
    const encoded = Buffer.allocUnsafe(total);
    let end = 0;
    for (const { payloads, enqueuedTime } of batch) {
      time = Math.max(time, enqueuedTime);
      for (const payload of payloads) {
        end = encodeRecord(encoded, end, time, payload);
        sizes.push({ bytes: headerBytes + payload.length, enqueuedTime: time });
      }
    }
    this.#active.write(encoded, sizes);
    return first;
  }
}

function assertContiguous(folder: string, segments: readonly Segment[]): void {
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    if (next && next.firstSequence !== segment.nextSequence) {
      throw new Error(
        `The log ${folder} lacks records ${segment.nextSequence} to ${next.firstSequence - 1}; remove the folder to begin anew.`,
      );
    }
  }
}
