import type { ScoredWindow } from '../contracts/scored';
import { jsonOf } from './bronzeReader';
import type { CapturedEvent, CapturedHub } from './capturedHub';

/** Which windows, by their start and end, milliseconds since 1970. */
export interface ScoredQuery {
  /** Windows that start at or after `from` and end at or before `to`. */
  readonly from: number;
  readonly to: number;
  /** Length of the windows: those of other horizons are left out. */
  readonly lengthMs: number;
}

/**
 * The captured `scored` (step 11a). A window may come several times, as revisions and again: the greatest revision is the
 * one that counts, and two of one revision are the same. A patient's windows may lie in several partitions, as who sends
 * may have changed.
 */
export class ScoredReader {
  constructor(private readonly captured: Pick<CapturedHub, 'events'>) {}

  /**
   * Every revision, in the order of the files, a block at a time.
   * @throws LakeFileError when a file is torn or foreign
   */
  async *windows(
    partitions: readonly string[],
    { from, to, lengthMs }: ScoredQuery,
  ): AsyncGenerator<readonly ScoredWindow[]> {
    for (const partition of partitions) {
      // A window is sent once it is over.
      for await (const events of this.captured.events(partition, { arrivedFrom: from })) {
        const windows = events
          .flatMap((event) => scoredWindowOf(event) ?? [])
          .filter(({ start, end }) => start >= from && end <= to && end - start === lengthMs);
        if (windows.length > 0) yield windows;
      }
    }
  }
}

/** The window in an event; undefined when it is none. */
export function scoredWindowOf({ body }: Pick<CapturedEvent, 'body'>): ScoredWindow | undefined {
  const message = jsonOf(body) as Partial<ScoredWindow> | undefined;
  return message?.kind === 'window' ? (message as ScoredWindow) : undefined;
}
