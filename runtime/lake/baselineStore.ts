import { type Baseline, type BaselineFile, baselineVersionFor } from '../contracts/scored';
import type { JsonBlobs } from '../score/jsonBlobs';

/** The baselines that a window is compared with, or why there are none. */
export interface BaselinesInEffect {
  readonly version: string | null;
  readonly reason?: 'notReady';
  /** By patient; those who had no window in the version's days are not in it. */
  readonly patients: Readonly<Record<string, Baseline>>;
}

/** Windows that are open, closing and repaired at one time are of two days, of three at a day's turn. */
const versionsKept = 3;

export const baselineFileName = (version: string) => `${version}.json`;

/** Reads the files of the container `baselines`. They are written once, so that one that was read is believed for good. */
export class BaselineStore {
  private readonly files = new Map<string, Promise<BaselineFile | undefined>>();

  constructor(private readonly container: Pick<JsonBlobs, 'read'>) {}

  /**
   * The version in effect for a window that starts then, milliseconds since 1970. `notReady` while its file is not there,
   * which is asked for again at each call.
   * @throws Error when the file is no baseline file of that version
   */
  async baselineFor(windowStart: number): Promise<BaselinesInEffect> {
    const version = baselineVersionFor(windowStart);
    const file = await this.file(version);
    return file === undefined
      ? { version: null, reason: 'notReady', patients: {} }
      : { version, patients: file.patients };
  }

  private async file(version: string): Promise<BaselineFile | undefined> {
    const reading = this.files.get(version) ?? this.read(version);
    this.files.set(version, reading);
    let file: BaselineFile | undefined;
    try {
      file = await reading;
    } finally {
      if (file === undefined) this.files.delete(version);
    }
    for (const old of [...this.files.keys()].slice(0, -versionsKept)) this.files.delete(old);
    return file;
  }

  private async read(version: string): Promise<BaselineFile | undefined> {
    const name = baselineFileName(version);
    const file = (await this.container.read<Partial<BaselineFile>>(name))?.content;
    if (file === undefined) return undefined;
    if (file.version === version && typeof file.patients === 'object') return file as BaselineFile;
    throw new Error(`The file ${name} of the container of baselines is no baseline file of that version.`);
  }
}
