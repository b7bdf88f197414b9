import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Folders of the programs that this cloud's stacks run. A provider's plugin is started by the engine in the folder of the
 * program and finds the program's files by relative paths; to this one, to which the engine attaches, it does not say where.
 */
export class ProgramFolders {
  private readonly folders = new Set<string>();

  /** @param project folder with a Pulumi.yaml, whose `main` says where the program lies */
  add(project: string): void {
    const main = /^main: *(\S+)$/m.exec(readFileSync(join(project, 'Pulumi.yaml'), 'utf8'))?.[1] ?? '.';
    const at = join(project, main);
    this.folders.add(existsSync(at) && statSync(at).isFile() ? dirname(at) : at);
  }

  /** A path as some program means it: absolute, or from its folder; else from that of this process. */
  file(path: string): string {
    return [...this.folders].map((folder) => resolve(folder, path)).find((file) => existsSync(file)) ?? resolve(path);
  }
}
