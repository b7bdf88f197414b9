import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DurableLog, type LogRecord } from '../durableLog/durableLog';
import { encodeRecord, producerOf, type StoredEvent } from './storedEvent';

/** After so many records the producers' sequences are noted, so that opening need not read the whole log. */
const recordsBetweenNotes = 50_000;

/** One partition of an event hub: its log, and what its producers have had taken. */
export class Partition {
  readonly #log: DurableLog;
  readonly #notes: string;
  /** Last sequence per producer among what is written. */
  readonly #written: Map<string, number>;
  /** Same, with what waits to be written. */
  #taken: Map<string, number>;
  #notedAt: number;
  /** What `#written` knows of: all records before this one. */
  #knownTo: number;

  constructor(
    readonly id: string,
    folder: string,
    retentionMs: number,
  ) {
    // Files of a quarter of the retention: an event outlives its time by at most that much.
    this.#log = DurableLog.open(folder, { segmentMs: retentionMs / 4 });
    this.#notes = join(folder, 'producers.json');
    const noted = readNotes(this.#notes);
    this.#notedAt = noted.next;
    this.#written = new Map(Object.entries(noted.producers));
    this.#readProducers(noted.next);
    this.#taken = new Map(this.#written);
    this.#knownTo = this.#log.next();
  }

  /** Appends the events in order; those that their producer has sent before are dropped. */
  async append(events: readonly StoredEvent[], enqueuedTime: number): Promise<void> {
    const fresh = events.filter((event) => this.#take(event));
    if (fresh.length === 0) return;
    let first: number;
    try {
      first = await this.#log.append(fresh.map(encodeRecord), enqueuedTime);
    } catch (error) {
      this.#taken = new Map(this.#written);
      throw error;
    }
    for (const { from } of fresh) if (from) this.#written.set(from.producer, from.sequence);
    this.#knownTo = first + fresh.length;
    if (this.#knownTo - this.#notedAt >= recordsBetweenNotes) this.#note();
  }

  get firstSequence(): number {
    return this.#log.first();
  }

  get nextSequence(): number {
    return this.#log.next();
  }

  last(): LogRecord | undefined {
    return this.#log.last();
  }

  read(from: number, max: number, maxBytes: number): LogRecord[] {
    return this.#log.read(from, max, maxBytes);
  }

  /** Sequence of the last event that is written of a producer inside the local cloud. */
  lastOf(producer: string): number | undefined {
    return this.#written.get(producer);
  }

  afterOffset(offset: number): number {
    return this.#log.afterOffset(offset);
  }

  atTime(time: number): number {
    return this.#log.atTime(time);
  }

  onAppend(listener: () => void): () => void {
    return this.#log.onAppend(listener);
  }

  /** Forgets what was enqueued before `time`. */
  trim(time: number): void {
    this.#note();
    this.#log.trim(time);
  }

  async close(): Promise<void> {
    await this.#log.close();
    this.#note();
  }

  #take({ from }: StoredEvent): boolean {
    if (!from) return true;
    const last = this.#taken.get(from.producer);
    if (last !== undefined && from.sequence <= last) return false;
    this.#taken.set(from.producer, from.sequence);
    return true;
  }

  #readProducers(from: number): void {
    for (let at = Math.max(from, this.#log.first()); at < this.#log.next(); ) {
      const records = this.#log.read(at, 1000);
      for (const { payload } of records) {
        const producer = producerOf(payload);
        if (producer) this.#written.set(producer.producer, producer.sequence);
      }
      at = (records.at(-1)?.sequence ?? this.#log.next()) + 1;
    }
  }

  #note(): void {
    this.#notedAt = this.#knownTo;
    if (this.#written.size === 0) return;
    writeFileSync(
      `${this.#notes}.tmp`,
      JSON.stringify({ next: this.#knownTo, producers: Object.fromEntries(this.#written) }),
    );
    renameSync(`${this.#notes}.tmp`, this.#notes);
  }
}

function readNotes(path: string): { next: number; producers: Record<string, number> } {
  if (!existsSync(path)) return { next: 0, producers: {} };
  return JSON.parse(readFileSync(path, 'utf8')) as { next: number; producers: Record<string, number> };
}
