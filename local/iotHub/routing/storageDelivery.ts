import { AzureError, type BlobWriter, type Clock, type PathEvents, type Principal } from '../../contracts';
import type { DurableLog } from '../../durableLog/durableLog';
import { decodeAccepted } from '../message';
import type { StorageEndpoint } from '../settings';
import type { Cursors, UnfinishedBatch } from './cursors';
import { BackOff } from './endpointHealth';
import { rawBlobName, toRawLine } from './rawRecord';

const recordsARead = 500;
const mostBlobsAMinute = 1_000;

export interface StorageDeliveryOptions {
  readonly endpoint: StorageEndpoint;
  readonly hubName: string;
  readonly partition: number;
  readonly log: DurableLog;
  readonly cursors: Cursors;
  readonly clock: Clock;
  readonly writer: BlobWriter;
  /** Who writes, and where to. Asked at each try. @throws when the target is not there or must not be reached. */
  readonly target: () => { readonly caller: Principal; readonly containerId: string };
  readonly events: PathEvents;
  /** Told once each time that writing begins to fail. */
  readonly onFailing: (error: string) => void;
}

/** A batch that is not complete yet. */
interface OpenBatch {
  /** Enqueued time of its first message. */
  readonly begun: number;
  /** Size of its messages as the log holds them. */
  bytes: number;
}

/**
 * Writes what is routed to a storage container from one partition of the ingress log, in batches: one ends
 * `batchFrequencyInSeconds` of the cloud's clock after its first message, or before the message that would bring it above
 * `maxChunkSizeInBytes`. What a batch holds and how its blob is named is noted before it is written, so that after a
 * crash the same blob is written again, which counts as written.
 */
export class StorageDelivery {
  readonly backOff = new BackOff();
  sent = 0;
  private open: OpenBatch | undefined;
  private scanned: number;
  private work: Promise<void> = Promise.resolve();
  private waits = false;
  private closed = false;
  private stopClock: () => void = () => undefined;
  private retry: NodeJS.Timeout | undefined;
  private readonly stopListening: () => void;

  constructor(private readonly options: StorageDeliveryOptions) {
    this.scanned = options.cursors.next(options.partition);
    this.stopListening = options.log.onAppend(() => this.appended());
    void this.process();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.stopListening();
    this.stopClock();
    clearTimeout(this.retry);
    await this.work;
    clearTimeout(this.retry);
  }

  /**
   * The first message of a batch is noted before its device is told that it was taken: the clock, which may move on then,
   * must know when the batch ends. While a batch is open, new messages matter only for its size.
   */
  private appended(): void {
    if (this.open === undefined) this.scanSome();
    else if (this.options.log.next() - this.scanned >= recordsARead && this.retry === undefined) void this.process();
  }

  /** Writes the batches that are complete. Resolves when it has or when a try has failed (which is tried again). */
  private process(): Promise<void> {
    if (this.waits) return this.work;
    this.waits = true;
    this.work = this.work.then(async () => {
      // Messages stamped before now are in the log once this turn of the event loop is over.
      await nextTurn();
      this.waits = false;
      if (!this.closed) await this.writeComplete();
    });
    return this.work;
  }

  private async writeComplete(): Promise<void> {
    const { cursors, partition } = this.options;
    try {
      for (;;) {
        const batch = cursors.unfinished(partition) ?? (await this.nextBatch());
        if (batch === undefined || this.closed) break;
        await this.write(batch);
      }
    } catch (error) {
      if (this.backOff.lastError === undefined) this.options.onFailing(String(error));
      clearTimeout(this.retry);
      this.retry = setTimeout(() => {
        this.retry = undefined;
        void this.process();
      }, this.backOff.failed(error));
    }
  }

  /** The batch that is complete, if one is. */
  private async nextBatch(): Promise<UnfinishedBatch | undefined> {
    const { clock, log } = this.options;
    for (;;) {
      const scan = this.scanSome();
      if (scan.end !== undefined) return this.named(scan.end);
      if (!scan.more) break;
      await nextTurn();
    }
    const isDue = this.open !== undefined && clock.now() >= this.dueTime(this.open) && this.scanned === log.next();
    return isDue ? this.named(this.scanned) : undefined;
  }

  private dueTime(open: OpenBatch): number {
    return open.begun + this.options.endpoint.batchFrequencySeconds * 1000;
  }

  private named(end: number): UnfinishedBatch {
    const { begun } = this.open as OpenBatch;
    const { cursors, partition, endpoint, hubName } = this.options;
    const blobName = rawBlobName(endpoint.fileNameFormat, { hubName, partition, time: begun, repetition: 0 });
    const batch = { end, blobName };
    cursors.save(partition, { next: cursors.next(partition), unfinished: batch });
    return batch;
  }

  /** Goes on through the log for a while; `end` is the sequence before which the open batch ends, once that is known. */
  private scanSome(): { readonly end?: number; readonly more: boolean } {
    const { log, endpoint, cursors, partition } = this.options;
    const records = log.read(this.scanned, recordsARead);
    for (const { sequence, enqueuedTime, payload } of records) {
      if (decodeAccepted(payload).endpointNames.includes(endpoint.name)) {
        if (this.open === undefined) this.begin(enqueuedTime);
        else if (this.isBeyond(this.open, enqueuedTime, payload.length)) return { end: sequence, more: false };
        if (this.open !== undefined) this.open.bytes += payload.length;
      }
      this.scanned = sequence + 1;
    }
    if (this.open === undefined && records.length > 0) cursors.advance(partition, this.scanned);
    return { more: records.length > 0 };
  }

  private begin(enqueuedTime: number): void {
    this.open = { begun: enqueuedTime, bytes: 0 };
    this.stopClock();
    this.stopClock = this.options.clock.at(this.dueTime(this.open), () => this.process());
  }

  private isBeyond(open: OpenBatch, enqueuedTime: number, bytes: number): boolean {
    return enqueuedTime >= this.dueTime(open) || open.bytes + bytes > this.options.endpoint.maxChunkSizeBytes;
  }

  private async write(batch: UnfinishedBatch): Promise<void> {
    const { cursors, partition, events } = this.options;
    const { lines, begun, arrivals } = await this.linesBefore(batch.end);
    await this.writeUnder(batch, Buffer.from(lines.join('')), begun);
    cursors.save(partition, { next: batch.end });
    this.backOff.succeeded();
    this.open = undefined;
    this.scanned = batch.end;
    this.sent += lines.length;
    const now = Date.now();
    events.emit({ step: '3', count: arrivals.length, delays: arrivals.map((arrival) => now - arrival) });
  }

  /** A name that another batch of the same minute has already gets a number. */
  private async writeUnder(batch: UnfinishedBatch, content: Buffer, begun: number): Promise<void> {
    const { cursors, partition, endpoint, hubName, writer } = this.options;
    let blobName = batch.blobName;
    for (let repetition = 1; ; repetition++) {
      try {
        const { caller, containerId } = this.options.target();
        await writer.write(caller, containerId, blobName, content, 'application/json');
        return;
      } catch (error) {
        const taken = error instanceof AzureError && error.status === 409;
        if (!taken || repetition > mostBlobsAMinute) throw error;
        blobName = rawBlobName(endpoint.fileNameFormat, { hubName, partition, time: begun, repetition });
        cursors.save(partition, { next: cursors.next(partition), unfinished: { ...batch, blobName } });
      }
    }
  }

  private async linesBefore(end: number): Promise<{ lines: string[]; begun: number; arrivals: number[] }> {
    const { log, endpoint, cursors, partition } = this.options;
    const lines: string[] = [];
    const arrivals: number[] = [];
    let begun: number | undefined;
    let next = cursors.next(partition);
    while (next < end) {
      const records = log.read(next, Math.min(recordsARead, end - next));
      for (const { sequence, enqueuedTime, payload } of records) {
        next = sequence + 1;
        const message = decodeAccepted(payload);
        if (!message.endpointNames.includes(endpoint.name)) continue;
        begun ??= enqueuedTime;
        lines.push(toRawLine(message, enqueuedTime, endpoint.name));
        if (message.source === 'DeviceMessages') arrivals.push(message.acceptedAt);
      }
      if (records.length === 0) break;
      await nextTurn();
    }
    return { lines, begun: begun ?? 0, arrivals };
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
