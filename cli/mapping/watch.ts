import { statSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Editors write a file in several steps: what follows within this time is one change. */
const quietMs = 100;

/** Why a file cannot be watched: its folder is not there; undefined when it can. A file that is still to come is no reason. */
export function watchProblem(file: string): string | undefined {
  const folder = dirname(resolve(file));
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory()
    ? undefined
    : `${file}: there is no folder ${folder} to watch.`;
}

/**
 * Calls back whenever one of the files has changed and has been quiet for a moment, without end. A file may be
 * replaced, vanish for a while, or be half-written: its folder is watched, and each change counts.
 */
export function watchFiles(files: readonly string[], changed: () => void): Promise<never> {
  let pending: NodeJS.Timeout | undefined;
  const soon = () => {
    clearTimeout(pending);
    pending = setTimeout(changed, quietMs);
  };
  const paths = files.map((file) => resolve(file));
  for (const folder of new Set(paths.map((path) => dirname(path)))) {
    watch(folder, (_event, name) => {
      if (name === null || paths.includes(join(folder, name))) soon();
    });
  }
  return new Promise(() => {});
}
