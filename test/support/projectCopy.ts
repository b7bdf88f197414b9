import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hospitalProgram } from '../../local/localStack';

/**
 * What `git clone` and `npm ci` would give: the tracked files, and the packages.
 * @param folder where it is made
 * @param builds whether it has builds of its own, to change them; else those of this folder
 */
export function copyOfProject(folder: string, builds: 'shared' | 'own' = 'shared'): string {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: hospitalProgram, encoding: 'utf8' });
  for (const file of tracked.split('\0').filter((name) => name && existsSync(join(hospitalProgram, name)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(hospitalProgram, file), join(folder, file));
  }
  symlinkSync(join(hospitalProgram, 'node_modules'), join(folder, 'node_modules'));
  const [from, to] = [join(hospitalProgram, 'dist'), join(folder, 'dist')];
  if (builds === 'own') cpSync(from, to, { recursive: true });
  else symlinkSync(from, to);
  return folder;
}
