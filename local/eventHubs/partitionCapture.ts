import { AzureError, type BlobWriter, type Clock, type Principal } from '../contracts';
import type { LogRecord } from '../durableLog/durableLog';
import { BackOff } from '../iotHub/routing/endpointHealth';
import { captureFile, captureFileName } from './captureFile';
import { CaptureProgress, type UnfinishedFile } from './captureProgress';
import type { CaptureSettings } from './captureSettings';
import type { Partition } from './partition';

export interface PartitionCaptureOptions {
  readonly namespace: string;
  readonly eventHub: string;
  readonly partition: Partition;
  /** File that remembers how far the partition is captured. */
  readonly progressFile: string;
  readonly clock: Clock;
  readonly writer: BlobWriter;
  /** Asked at each try. */
  readonly settings: () => CaptureSettings;
  /** Who writes. Asked at each try. @throws when the identity is gone */
  readonly caller: () => Principal;
  readonly onWritten: (events: number) => void;
  /** Told once each time that writing begins to fail, and with undefined when it goes on. */
  readonly onFailing: (error: string | undefined) => void;
}

const recordsARead = 200;
const mostFilesASecond = 1_000;
/** Machine time without events after which a file is closed. */
const idleMs = 500;

/** Captures one partition; see `HubCapture`. */
export class PartitionCapture {
  readonly #backOff = new BackOff();
  readonly #stopListening: () => void;
  readonly #progress: CaptureProgress;
  #open: { readonly begun: number; bytes: number } | undefined;
  /** All records before this one are in the open file, or captured. */
  #scanned: number;
  /** Since when there is no file open. */
  #emptySince: number;
  #isIdle = false;
  #waits = false;
  #closed = false;
  #work: Promise<void> = Promise.resolve();
  #stopClock: () => void = () => undefined;
  #idle: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(private readonly options: PartitionCaptureOptions) {
    const { partition, progressFile, clock } = options;
    // What was there before Capture was turned on is not captured, as in Azure.
    this.#progress = new CaptureProgress(progressFile, partition.nextSequence);
    this.#scanned = this.#progress.next;
    this.#emptySince = clock.now();
    this.#stopListening = partition.onAppend(() => this.#appended());
    this.#arm();
    this.#appended();
  }

  /** Sequence number of the last event that is in a file; -1 while there is none. */
  get capturedThrough(): number {
    return this.#progress.next - 1;
  }

  /** Why the last try to write failed; undefined while all is well. */
  get error(): string | undefined {
    return this.#backOff.lastError;
  }

  /** Enqueued time of the oldest event that is not captured. */
  get uncapturedSince(): number | undefined {
    return this.options.partition.read(this.#progress.next, 1, 1)[0]?.enqueuedTime;
  }

  /** Takes changed settings into account. */
  settingsChanged(): void {
    this.#arm();
    void this.#process();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    this.#stopClock();
    clearTimeout(this.#idle);
    clearTimeout(this.#retry);
    await this.#work;
    clearTimeout(this.#retry);
  }

  /** Forgets how far the partition is captured. After `close`. */
  forget(): void {
    this.#progress.forget();
  }

  /**
   * The first event of a file is noted before its sender is told that it was taken: the clock, which may move on then,
   * must know when the file is due.
   */
  #appended(): void {
    if (this.#open === undefined) this.#scanSome();
    this.#isIdle = false;
    if (this.#idle) this.#idle.refresh();
    else this.#idle = setTimeout(() => this.#becameIdle(), idleMs).unref();
    if (this.options.partition.nextSequence - this.#scanned >= recordsARead && !this.#retry) void this.#process();
  }

  #becameIdle(): void {
    this.#isIdle = true;
    if (!this.#retry) void this.#process();
  }

  /** Writes the files that are complete. Resolves when it has or when a try has failed (which is tried again). */
  #process(): Promise<void> {
    if (this.#waits) return this.#work;
    this.#waits = true;
    this.#work = this.#work.then(async () => {
      // Events stamped before now are in the log once this turn of the event loop is over.
      await nextTurn();
      this.#waits = false;
      if (!this.#closed) await this.#writeComplete();
    });
    return this.#work;
  }

  async #writeComplete(): Promise<void> {
    try {
      for (;;) {
        const file = this.#progress.unfinished ?? (await this.#nextFile());
        if (file === undefined || this.#closed) break;
        await this.#write(file);
      }
    } catch (error) {
      if (this.#backOff.lastError === undefined) this.options.onFailing(String(error));
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        void this.#process();
      }, this.#backOff.failed(error)).unref();
    }
  }

  /** The file that is complete, if one is. */
  async #nextFile(): Promise<UnfinishedFile | undefined> {
    const { clock, partition, settings } = this.options;
    for (;;) {
      const scan = this.#scanSome();
      if (scan.end !== undefined) return this.#decided(scan.end);
      if (!scan.more) break;
      await nextTurn();
    }
    if (this.#scanned !== partition.nextSequence) return undefined;
    if (this.#open !== undefined) {
      return this.#isIdle || clock.now() >= this.#dueTime() ? this.#decided(this.#scanned) : undefined;
    }
    const isEmptyDue = !settings().skipEmptyArchives && clock.now() >= this.#dueTime();
    return isEmptyDue ? this.#decided(this.#scanned) : undefined;
  }

  #decided(end: number): UnfinishedFile {
    const unfinished = { end, begun: this.#open?.begun ?? this.#emptySince, repetition: 0 };
    this.#progress.begin(unfinished);
    return unfinished;
  }

  /** Goes on through the log for a while; `end` is the sequence before which the open file ends, once that is known. */
  #scanSome(): { readonly end?: number; readonly more: boolean } {
    const records = this.options.partition.read(this.#scanned, recordsARead, 4 * 1024 * 1024);
    for (const { sequence, enqueuedTime, payload } of records) {
      if (this.#open === undefined) {
        this.#open = { begun: enqueuedTime, bytes: 0 };
        this.#arm();
      } else if (
        enqueuedTime >= this.#dueTime() ||
        this.#open.bytes + payload.length > this.options.settings().sizeLimitBytes
      ) {
        return { end: sequence, more: false };
      }
      this.#open.bytes += payload.length;
      this.#scanned = sequence + 1;
    }
    return { more: records.length > 0 };
  }

  #dueTime(): number {
    return (this.#open?.begun ?? this.#emptySince) + this.options.settings().intervalMs;
  }

  #arm(): void {
    this.#stopClock();
    if (this.#open === undefined && this.options.settings().skipEmptyArchives) return;
    this.#stopClock = this.options.clock.at(this.#dueTime(), () => this.#process());
  }

  async #write(file: UnfinishedFile): Promise<void> {
    const { namespace, eventHub, partition, settings, onWritten, onFailing } = this.options;
    const { next } = this.#progress;
    const { content, events } = await captureFile(this.#records(next, file.end), {
      codec: settings().codec,
      identity: `${namespace}/${eventHub}/${partition.id}/${next}`,
    });
    await this.#writeUnder(file, content);
    this.#progress.finish(file.end);
    if (this.#backOff.lastError !== undefined) onFailing(undefined);
    this.#backOff.succeeded();
    this.#open = undefined;
    this.#scanned = file.end;
    this.#emptySince = this.options.clock.now();
    this.#arm();
    if (events > 0) onWritten(events);
  }

  /** A name that another file of the same second has already gets a number. */
  async #writeUnder(file: UnfinishedFile, content: Buffer): Promise<void> {
    const { writer, caller, settings, namespace, eventHub, partition } = this.options;
    for (let repetition = file.repetition; ; repetition++) {
      const { nameFormat, containerId } = settings();
      const from = { namespace, eventHub, partition: partition.id, time: file.begun, repetition };
      try {
        await writer.write(caller(), containerId, captureFileName(nameFormat, from), content);
        return;
      } catch (error) {
        const isTaken = error instanceof AzureError && error.status === 409;
        if (!isTaken || repetition > mostFilesASecond) throw error;
        this.#progress.begin({ ...file, repetition: repetition + 1 });
      }
    }
  }

  async *#records(from: number, end: number): AsyncGenerator<readonly LogRecord[]> {
    for (let next = from; next < end; ) {
      const records = this.options.partition.read(next, Math.min(recordsARead, end - next), 4 * 1024 * 1024);
      if (records.length === 0) throw new Error(`Events ${next} to ${end - 1} of ${this.options.eventHub} are gone.`);
      next = (records.at(-1)?.sequence ?? next) + 1;
      yield records;
      await nextTurn();
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
