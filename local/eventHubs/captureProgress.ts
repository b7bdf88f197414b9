import { rmSync } from 'node:fs';
import { readJson, writeJsonAtomic } from '../core/state';

/** A file whose content is decided and must not change after a restart. */
export interface UnfinishedFile {
  /** The sequence behind its last record; that of its first one when it is empty. */
  readonly end: number;
  /** The time in its name. */
  readonly begun: number;
  readonly repetition: number;
}

interface Progress {
  /** Sequence of the first record that is not captured. */
  readonly next: number;
  readonly unfinished?: UnfinishedFile;
}

/** How far a partition is captured, remembered over kill -9. */
export class CaptureProgress {
  #progress: Progress;

  /** @param start where to begin in a partition that was not captured before */
  constructor(
    private readonly file: string,
    start: number,
  ) {
    this.#progress = readJson<Progress>(file) ?? { next: start };
    this.#save(this.#progress);
  }

  get next(): number {
    return this.#progress.next;
  }

  get unfinished(): UnfinishedFile | undefined {
    return this.#progress.unfinished;
  }

  /** Notes a file before it is written. */
  begin(unfinished: UnfinishedFile): void {
    this.#save({ next: this.#progress.next, unfinished });
  }

  /** Notes that all before this sequence number is in files. */
  finish(next: number): void {
    this.#save({ next });
  }

  forget(): void {
    rmSync(this.file, { force: true });
  }

  #save(progress: Progress): void {
    writeJsonAtomic(this.file, progress);
    this.#progress = progress;
  }
}
