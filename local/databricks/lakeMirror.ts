import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BlobLister } from '../contracts';
import { readJson, writeJsonAtomic } from '../core/state';
import type { UsedContainer } from './jobAccess';

/**
 * Brings what lies as blobs in a container to the folder that stands for it in Spark: baselines, captured events. One
 * way: what Spark writes is in the folder alone. A blob that has gone takes its file with it; Spark's own files stay.
 */
export class LakeMirror {
  constructor(
    private readonly blobs: BlobLister,
    /** Folder of unfinished files and of notes, on the same file system as the containers' folders. */
    private readonly notesFolder: string,
  ) {}

  /** @throws AzureError 403 when the job's identity may not read there */
  async refresh({ id, place, principal, createdAt }: UsedContainer, folder: string): Promise<void> {
    const notes = join(this.notesFolder, `${place.account}-${place.container}-${Date.parse(createdAt)}.json`);
    const before = readJson<Record<string, string>>(notes) ?? {};
    const now: Record<string, string> = {};
    for (const { name, etag } of await this.blobs.list(principal, id)) {
      if (before[name] !== etag) {
        const content = await this.blobs.read(principal, id, name);
        if (content === undefined) continue;
        this.write(join(folder, name), content);
      }
      now[name] = etag;
    }
    const gone = Object.keys(before).filter((name) => now[name] === undefined);
    for (const name of gone) rmSync(join(folder, name), { force: true });
    if (JSON.stringify(before) !== JSON.stringify(now)) writeJsonAtomic(notes, now);
  }

  private write(file: string, content: Buffer): void {
    mkdirSync(dirname(file), { recursive: true });
    const unfinished = join(this.notesFolder, 'unfinished');
    writeFileSync(unfinished, content);
    renameSync(unfinished, file);
  }
}
