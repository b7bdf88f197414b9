import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type DecodedRecord, decodeRecord, type LogRecord } from './record';

/** Bytes between two marks of the sparse index: what a read may have to skip to find its first record. */
const markEvery = 16 * 1024;
const chunkBytes = 256 * 1024;

interface Mark {
  readonly sequence: number;
  readonly position: number;
  readonly enqueuedTime: number;
}

/** One file of consecutive records, named after its first sequence and offset. */
export class Segment {
  readonly #path: string;
  readonly #file: number;
  readonly #marks: Mark[] = [];
  #bytes = 0;
  #count = 0;
  #lastTime = Number.NEGATIVE_INFINITY;

  private constructor(
    folder: string,
    readonly firstSequence: number,
    readonly firstOffset: number,
  ) {
    this.#path = join(folder, Segment.fileName(firstSequence, firstOffset));
    this.#file = openSync(this.#path, 'a+');
  }

  static fileName(firstSequence: number, firstOffset: number): string {
    return `${String(firstSequence).padStart(16, '0')}-${String(firstOffset).padStart(16, '0')}.log`;
  }

  /** Sequence and offset that a file's name says, or nothing when it is not a segment. */
  static parse(fileName: string): { sequence: number; offset: number } | undefined {
    const match = /^(\d{16})-(\d{16})\.log$/.exec(fileName);
    return match ? { sequence: Number(match[1]), offset: Number(match[2]) } : undefined;
  }

  /** Opens or makes the file; what stands behind its last whole record is not read. */
  static open(folder: string, firstSequence: number, firstOffset: number): Segment {
    const segment = new Segment(folder, firstSequence, firstOffset);
    segment.#decode(0, fstatSync(segment.#file).size, (_position, record, bytes) => {
      segment.#took(bytes, record.enqueuedTime);
      return true;
    });
    return segment;
  }

  /** Cuts off what a killed process left half written behind the last whole record; answers how many bytes. */
  cutTail(): number {
    const cut = fstatSync(this.#file).size - this.#bytes;
    if (cut > 0) ftruncateSync(this.#file, this.#bytes);
    return cut;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get nextSequence(): number {
    return this.firstSequence + this.#count;
  }

  get nextOffset(): number {
    return this.firstOffset + this.#bytes;
  }

  get firstTime(): number {
    return this.#marks[0]?.enqueuedTime ?? this.#lastTime;
  }

  /** Enqueued time of the last record; minus infinity while there is none. */
  get lastTime(): number {
    return this.#lastTime;
  }

  /** Writes encoded records behind the last one; all of them or, when the disk refuses, none. */
  write(encoded: Buffer, records: readonly { readonly bytes: number; readonly enqueuedTime: number }[]): void {
    try {
      for (let written = 0; written < encoded.length; ) written += writeSync(this.#file, encoded, written);
    } catch (error) {
      ftruncateSync(this.#file, this.#bytes);
      throw error;
    }
    for (const record of records) this.#took(record.bytes, record.enqueuedTime);
  }

  /** Records from `from` on, at most `max`; it stops once their payloads are above `maxBytes`. */
  read(from: number, max: number, maxBytes: number): LogRecord[] {
    const records: LogRecord[] = [];
    let bytes = 0;
    this.#walk(
      this.#lastMark((mark) => mark.sequence <= from),
      (record) => {
        if (record.sequence < from) return true;
        records.push(record);
        bytes += record.payload.length;
        return records.length < max && bytes < maxBytes;
      },
    );
    return records;
  }

  /** The first record that passes; the test must fail for all records before some place and pass for all after it. */
  find(passes: (record: Omit<LogRecord, 'payload'>) => boolean): number | undefined {
    const start = this.#lastMark((mark) => !passes({ ...mark, offset: this.firstOffset + mark.position }));
    let found: number | undefined;
    this.#walk(start, (record) => {
      if (passes(record)) found = record.sequence;
      return found === undefined;
    });
    return found;
  }

  close(): void {
    closeSync(this.#file);
  }

  delete(): void {
    closeSync(this.#file);
    unlinkSync(this.#path);
  }

  #took(bytes: number, enqueuedTime: number): void {
    const lastMark = this.#marks.at(-1);
    if (!lastMark || this.#bytes - lastMark.position >= markEvery) {
      this.#marks.push({ sequence: this.nextSequence, position: this.#bytes, enqueuedTime });
    }
    this.#bytes += bytes;
    this.#count += 1;
    this.#lastTime = enqueuedTime;
  }

  #lastMark(isBefore: (mark: Mark) => boolean): Mark | undefined {
    let low = 0;
    let high = this.#marks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const mark = this.#marks[middle];
      if (mark && isBefore(mark)) low = middle + 1;
      else high = middle;
    }
    return this.#marks[Math.max(0, low - 1)];
  }

  #walk(start: Mark | undefined, take: (record: LogRecord) => boolean): void {
    if (!start) return;
    let sequence = start.sequence;
    const reached = this.#decode(start.position, this.#bytes, (position, record) =>
      take({
        sequence: sequence++,
        offset: this.firstOffset + position,
        enqueuedTime: record.enqueuedTime,
        payload: record.payload,
      }),
    );
    if (reached !== undefined) {
      throw new Error(`The log file ${this.#path} is damaged at byte ${reached}; remove its folder to begin anew.`);
    }
  }

  /** Goes through the records of a range; answers where it met bytes that are no record before the range's end. */
  #decode(
    from: number,
    to: number,
    take: (position: number, record: DecodedRecord, bytes: number) => boolean,
  ): number | undefined {
    let position = from;
    let wanted = chunkBytes;
    while (position < to) {
      const chunk = this.#chunk(position, Math.min(wanted, to - position));
      let at = 0;
      let record = decodeRecord(chunk, at);
      while (typeof record === 'object') {
        if (!take(position + at, record, record.end - at)) return undefined;
        at = record.end;
        record = decodeRecord(chunk, at);
      }
      position += at;
      if (record === undefined || (position < to && record > to - position)) return position;
      wanted = Math.max(chunkBytes, record);
    }
    return undefined;
  }

  #chunk(position: number, length: number): Buffer {
    const chunk = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const read = readSync(this.#file, chunk, filled, length - filled, position + filled);
      if (read === 0) break;
      filled += read;
    }
    return chunk.subarray(0, filled);
  }
}
