import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

interface Holder {
  readonly pid: number;
  /** When the kernel started that process, where it can be known: a pid alone may have been given out again. */
  readonly started?: string;
}

/**
 * Locks with a file that names this process. A lock whose process is dead is taken over.
 * @param what how the locked thing is named in the error
 * @returns a function that unlocks
 */
export function lockFile(file: string, what: string): () => void {
  const mine: Holder = { pid: process.pid, started: processStart(process.pid) };
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(mine), { flag: 'wx' });
      return () => {
        if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(file);
    if (holder !== undefined && isAlive(holder)) throw heldBy(holder, what);
    takeAway(file, holder, what);
  }
}

function heldBy(holder: Holder, what: string): Error {
  return new Error(
    `${what} is in use by process ${holder.pid}: end that one with Ctrl-C or \`kill ${holder.pid}\`, or start this one with another --state.`,
  );
}

function takeAway(file: string, stale: Holder | undefined, what: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = readHolder(aside);
  // Between reading and renaming another process may have taken the stale lock over: then it gets its lock back.
  if (taken !== undefined && taken.pid !== stale?.pid && isAlive(taken)) {
    linkSync(aside, file);
    rmSync(aside);
    throw heldBy(taken, what);
  }
  rmSync(aside, { force: true });
}

function readHolder(file: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder>;
    return Number.isInteger(holder.pid) ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const started = processStart(holder.pid);
  return holder.started === undefined || started === undefined || started === holder.started;
}

/** Linux: boot id and start time from /proc; elsewhere unknown. */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The process name in parentheses may hold spaces; start time is the 20th field after it (proc(5), field 22).
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}
