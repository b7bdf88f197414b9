import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from '../../local/judge/verdict';

const repository = join(__dirname, '..', '..');

/** `npm start` without its set-up, in a process of its own. */
export interface MainJobRun {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; verdict: Verdict | undefined; said: string }>;
  /** Resolves when standard error matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Main jobs of a test, with their states in one temporary folder. */
export class MainJobs {
  readonly folder: string;
  readonly children: ChildProcess[] = [];

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), `${name}-`));
  }

  /** Judges, prints the verdict and ends. */
  start(state: string, ...options: string[]): MainJobRun {
    return this.startAndStay(state, '--exit', '--json', ...options);
  }

  startAndStay(state: string, ...options: string[]): MainJobRun {
    const args = ['--import', 'tsx', 'local/main.ts', '--state', join(this.folder, state), ...options];
    const child = spawn(process.execPath, args, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.push(child);
    return runOf(child);
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function runOf(child: ChildProcess): MainJobRun {
  let said = '';
  let out = '';
  const listeners = new Set<() => void>();
  child.stdout?.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    said += chunk;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<{ code: number | null; verdict: Verdict | undefined; said: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, verdict: out === '' ? undefined : JSON.parse(out), said }));
  });
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(said);
        if (!match) return;
        listeners.delete(look);
        resolve(match);
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`It ended without ${pattern}:\n${said}`)));
    });
  return { child, ended, says };
}
