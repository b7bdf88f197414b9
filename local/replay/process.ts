import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeJsonAtomic } from '../core/state';
import type { ReplayConfig } from './config';

/** The running process of the devices. */
export interface ReplayProcess {
  /** 0: all acknowledged; 130: ended early; else failed, and what went wrong stands on standard error. */
  readonly exitCode: Promise<number>;
  /** Signals it as the system would; for tests of what a crash leaves. */
  kill(signal: NodeJS.Signals): void;
  /** Ends it; a later process goes on with the run. Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts the devices in a process of their own, which ends with this one. */
export function startReplayProcess(config: ReplayConfig): ReplayProcess {
  const configFile = join(config.runFolder, 'config.json');
  writeJsonAtomic(configFile, config);
  const child = fork(join(__dirname, 'main.ts'), [configFile], {
    execArgv: ['--import', pathToFileURL(require.resolve('tsx')).href],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exitCode = ended(child);
  const stop = async () => {
    child.kill('SIGTERM');
    await exitCode;
  };
  return { exitCode, stop, kill: (signal) => void child.kill(signal) };
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
