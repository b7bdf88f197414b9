import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { lockFile } from './lock';

const markerName = 'pulumi-azure-iomt.json';

interface Marker {
  readonly createdBy: 'pulumi-azure-iomt';
  readonly layout: 1;
  /** The folders that were made here: what `forget` deletes, and nothing else. */
  readonly folders: readonly string[];
}

/** Where the state of a stack lies by default: `$XDG_STATE_HOME` or `~/.local/state`, then `pulumi-azure-iomt/<stack>`. */
export function defaultStateFolder(stack: string, environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment.XDG_STATE_HOME || join(homedir(), '.local', 'state');
  return join(base, 'pulumi-azure-iomt', stack);
}

/** What stands in a JSON file that was written by `writeJsonAtomic`; undefined when there is no such file. */
export function readJson<T>(file: string): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Error(`${file} is not valid JSON: repair it, or forget the state with \`npm start -- --reset\`.`);
  }
}

/** Writes JSON so that a reader, or a start after kill -9, sees the old content or the new one and never a part. */
export function writeJsonAtomic(file: string, value: unknown): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  writeFileSync(unfinished, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(unfinished, file);
}

/**
 * The folder in which one local cloud keeps all it must know after a restart, held exclusively by one process.
 * Each part has a folder of its own in it; a marker file says which folders are ours.
 */
export class StateFolder {
  private constructor(
    readonly path: string,
    private marker: Marker,
    private readonly unlock: () => void,
  ) {}

  /**
   * Opens or creates the folder and locks it.
   * @throws Error when another local cloud runs on it, or when it is a folder with foreign content.
   */
  static open(path: string): StateFolder {
    const absolute = resolve(path);
    mkdirSync(absolute, { recursive: true, mode: 0o700 });
    const marker = StateFolder.readMarker(absolute);
    const unlock = lockFile(join(absolute, 'lock'), absolute);
    const state = new StateFolder(absolute, marker, unlock);
    state.writeMarker([...marker.folders]);
    return state;
  }

  private static readMarker(path: string): Marker {
    const marker = readJson<Partial<Marker>>(join(path, markerName));
    if (marker === undefined) {
      const foreign = readdirSync(path).filter((name) => name !== 'lock' && !name.startsWith(markerName));
      if (foreign.length === 0) return { createdBy: 'pulumi-azure-iomt', layout: 1, folders: [] };
      throw new Error(
        `${path} holds files that are not the local cloud's (${foreign[0]}, for one): name an empty or new folder with --state.`,
      );
    }
    if (marker.createdBy !== 'pulumi-azure-iomt' || marker.layout !== 1 || !Array.isArray(marker.folders)) {
      throw new Error(`${join(path, markerName)} is of another version: name another folder with --state.`);
    }
    return marker as Marker;
  }

  private writeMarker(folders: string[]): void {
    this.marker = { createdBy: 'pulumi-azure-iomt', layout: 1, folders };
    writeJsonAtomic(join(this.path, markerName), this.marker);
  }

  /** The folder of one part, made when it is not there. `name` is one path segment: letters, digits, `-`. */
  folder(name: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(name)) {
      throw new Error(`A state folder is named by letters, digits and hyphens, not "${name}".`);
    }
    if (!this.marker.folders.includes(name)) this.writeMarker([...this.marker.folders, name]);
    const folder = join(this.path, name);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** Deletes what was made here by `folder`, and nothing else. Only before the parts are started. */
  forget(): void {
    for (const name of this.marker.folders) rmSync(join(this.path, name), { recursive: true, force: true });
    this.writeMarker([]);
  }

  /** Lets another process have the folder. */
  release(): void {
    this.unlock();
  }
}
