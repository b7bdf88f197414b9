import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { say } from './say.mjs';

/** What is made once per machine lies here, outside the work tree and never in ~/.pulumi. */
export function cacheFolder() {
  const root = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(root, 'pulumi-azure-iomt');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Runs `work` while no other process of ours does the same (`npm start` and `npm test` at once build one engine).
 * A lock whose process is gone is taken over.
 */
export async function alone(name, work) {
  const lock = join(cacheFolder(), `${name}.lock`);
  let waiting = false;
  while (!take(lock)) {
    if (!waiting) say(`waiting for the process that is already setting up ${name}`);
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    if (existsSync(lock) && !isAlive(Number(readFileSync(lock, 'utf8')))) rmSync(lock, { force: true });
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
