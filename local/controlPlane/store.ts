import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ArmResource, Properties, Resources } from '../contracts';
import { idKey } from './armIds';

/** A resource with what the control plane itself must remember of it. */
export interface StoredResource extends ArmResource {
  /** Type token and inputs as the program wrote them: they differ from `kind` and `inputs` for a generic resource. */
  readonly declaredToken: string;
  readonly declaredInputs: Properties;
  /** The part of `outputs` that is neither inputs nor defaults. */
  readonly computed: Properties;
}

/**
 * All resources, in the order of their creation, in memory and in one JSON file. The file is replaced as a whole after
 * every change, so that a process that dies at any moment leaves the old or the new state.
 */
export class Store implements Resources {
  private readonly file: string;
  private readonly resources = new Map<string, StoredResource>();

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, 'resources.json');
    for (const resource of readState(this.file)) this.resources.set(idKey(resource.id), resource);
  }

  get(id: string): StoredResource | undefined {
    return this.resources.get(idKey(id));
  }

  list(kind: string): StoredResource[] {
    return this.all().filter((r) => r.kind === kind);
  }

  below(id: string): StoredResource[] {
    const prefix = `${idKey(id)}/`;
    return [...this.resources].filter(([key]) => key.startsWith(prefix)).map(([, resource]) => resource);
  }

  all(): StoredResource[] {
    return [...this.resources.values()];
  }

  put(resource: StoredResource): void {
    this.resources.set(idKey(resource.id), resource);
    this.save();
  }

  remove(id: string): void {
    this.resources.delete(idKey(id));
    this.save();
  }

  private save(): void {
    const next = `${this.file}.next`;
    // Inputs may hold what a program marked secret.
    writeFileSync(next, JSON.stringify({ version: 1, resources: this.all() }), { mode: 0o600 });
    renameSync(next, this.file);
  }
}

function readState(file: string): StoredResource[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const state = JSON.parse(text) as { version: number; resources: StoredResource[] };
  if (state.version !== 1) {
    throw new Error(
      `The state in ${file} has version ${state.version}, this local cloud reads version 1; forget it with --reset.`,
    );
  }
  return state.resources;
}
