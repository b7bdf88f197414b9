import { join } from 'node:path';
import { readJson, writeJsonAtomic } from '../../core/state';

/** A blob that is being written: what it holds was decided and must not change after a restart. */
export interface UnfinishedBatch {
  /** The sequence behind the batch's last record. */
  readonly end: number;
  readonly blobName: string;
}

interface Cursor {
  /** Sequence of the first record of the ingress log that the endpoint has not dealt with. */
  readonly next: number;
  readonly unfinished?: UnfinishedBatch;
}

const saveDelayMs = 200;

/**
 * How far one endpoint has come in each partition of the ingress log. `advance` is written a little later: what is sent
 * again after a crash is recognized by its sequence at an event hub; `save` is written at once.
 */
export class Cursors {
  private readonly file: string;
  private readonly cursors: Cursor[];
  private timer: NodeJS.Timeout | undefined;

  /** @param start where an endpoint begins that was not there before: each partition's next sequence */
  constructor(folder: string, endpointName: string, start: readonly number[]) {
    this.file = join(folder, `${encodeURIComponent(endpointName)}.json`);
    const saved = readJson<Cursor[]>(this.file) ?? [];
    this.cursors = start.map((next, partition) => saved[partition] ?? { next });
    this.write();
  }

  next(partition: number): number {
    return this.cursors[partition]?.next ?? 0;
  }

  unfinished(partition: number): UnfinishedBatch | undefined {
    return this.cursors[partition]?.unfinished;
  }

  advance(partition: number, next: number): void {
    this.cursors[partition] = { next };
    this.timer ??= setTimeout(() => this.write(), saveDelayMs).unref();
  }

  save(partition: number, cursor: Cursor): void {
    this.cursors[partition] = cursor;
    this.write();
  }

  write(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    writeJsonAtomic(this.file, this.cursors);
  }
}
