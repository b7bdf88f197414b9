import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJsonAtomic } from '../core/state';

interface Pending {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * JSON documents by key, one file each, all in memory: devices and configurations of a hub. What `put` and `delete` have
 * acknowledged survives the death of the process; several changes of one document in one turn of the event loop are one
 * write.
 */
export class DocumentStore<T> {
  private readonly documents = new Map<string, T>();
  private readonly changed = new Set<string>();
  private pending: Pending | undefined;

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    for (const file of readdirSync(folder)) {
      const key = keyOf(file);
      const document = key === undefined ? undefined : readJson<T>(join(folder, file));
      if (key !== undefined && document !== undefined) this.documents.set(key, document);
    }
  }

  get(key: string): T | undefined {
    return this.documents.get(key);
  }

  values(): T[] {
    return [...this.documents.values()];
  }

  get size(): number {
    return this.documents.size;
  }

  /** The new content is seen at once; resolves when it is safe. */
  put(key: string, document: T): Promise<void> {
    this.documents.set(key, document);
    return this.save(key);
  }

  delete(key: string): Promise<void> {
    this.documents.delete(key);
    return this.save(key);
  }

  private save(key: string): Promise<void> {
    this.changed.add(key);
    if (this.pending === undefined) {
      this.pending = deferred();
      setImmediate(() => this.write());
    }
    return this.pending.done;
  }

  private write(): void {
    const pending = this.pending;
    this.pending = undefined;
    try {
      for (const key of this.changed) {
        const document = this.documents.get(key);
        const file = join(this.folder, fileOf(key));
        if (document === undefined) rmSync(file, { force: true });
        else writeJsonAtomic(file, document);
      }
      this.changed.clear();
      pending?.resolve();
    } catch (error) {
      pending?.reject(error);
    }
  }
}

function deferred(): Pending {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const done = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { done, resolve, reject };
}

// A device id may hold characters that a file name may not.
function fileOf(key: string): string {
  return `d-${encodeURIComponent(key)}.json`;
}

function keyOf(file: string): string | undefined {
  const match = /^d-(.*)\.json$/.exec(file);
  return match === null ? undefined : decodeURIComponent(match[1] as string);
}
