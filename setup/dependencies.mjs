import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { output, run } from './command.mjs';
import { SetupError, say, withProgress } from './say.mjs';

export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

const modules = join(projectFolder, 'node_modules');
const stamp = join(modules, '.installed-lock');
const leastNode = 22;

/** npm dependencies as package-lock.json pins them; nothing to do while the lock file is the one installed. */
export async function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(projectFolder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('installing the npm dependencies (one to three minutes the first time)');
  const started = Date.now();
  const { code, tail } = await withProgress(
    () => `still installing the npm dependencies (${Math.round((Date.now() - started) / 1000)} s)`,
    () => run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: projectFolder }),
  );
  if (code !== 0) {
    throw new SetupError(
      `npm could not install the dependencies; check the connection to the npm registry and run the command again. npm said: ${firstErrors(tail)}`,
    );
  }
  writeFileSync(stamp, lock);
  say('npm dependencies installed');
}

/** npm ends its errors with a page of help; what went wrong stands in the lines before. */
function firstErrors(tail) {
  const lines = tail.split('\n').map((line) => line.replace(/^npm error ?/, '').trim());
  return lines.filter(Boolean).slice(0, 6).join(' ');
}

/**
 * A folder whose `node` is new enough: the running one, else the one that npm's `node` package brings.
 * Its install script unpacks the binary; where scripts are switched off it is run by name.
 */
export async function nodeFolder() {
  if (Number(process.versions.node.split('.')[0]) >= leastNode) return dirname(process.execPath);
  const folder = join(modules, 'node', 'bin');
  if (!works(folder)) await run('npm', ['rebuild', 'node', '--ignore-scripts=false'], { cwd: projectFolder });
  if (!works(folder)) {
    throw new SetupError(
      `Node ${process.versions.node} is too old (${leastNode} or newer is needed) and npm's package "node" brought none for this machine; install Node ${leastNode} and run the command again.`,
    );
  }
  return folder;
}

function works(folder) {
  const version = output(join(folder, 'node'), ['--version']);
  return version !== undefined && Number(version.slice(1).split('.')[0]) >= leastNode;
}
