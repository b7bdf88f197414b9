import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface GuardedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: string;
  /** What it prints is added to this file. */
  readonly logFile: string;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs the command, and ends the whole group when the channel to this process closes: foreign programs (a Java machine)
 * do not see their parent die. The shell outlives a request to end, so that its end is the command's.
 */
const guard = `
exec 3<&0
"$@" 3<&- </dev/null &
child=$!
( cat <&3 >/dev/null; kill -KILL 0 ) &
guard=$!
trap : TERM INT
wait $child; code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
kill $guard 2>/dev/null
exit $code
`;

/** A foreign program with all that it starts, as one group of processes. It ends with this process, even by SIGKILL. */
export class GuardedProcess {
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<Exit>;
  private readonly child: ChildProcess;

  constructor({ command, args, environment, folder, logFile }: GuardedCommand) {
    const log = openSync(logFile, 'a', 0o600);
    this.child = spawn('sh', ['-c', guard, 'guard', command, ...args], {
      cwd: folder,
      env: environment,
      stdio: ['pipe', log, log],
      detached: true,
    });
    closeSync(log);
    this.ended = new Promise((resolve) => {
      const end = (exit: Exit) => {
        this.child.stdin?.destroy();
        resolve(exit);
      };
      this.child.once('exit', (code, signal) => end({ code, signal }));
      this.child.once('error', () => end({ code: null, signal: null }));
    });
    // It ends while nobody writes to it.
    this.child.stdin?.on('error', () => {});
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Asks it to end, and ends it at once after so many milliseconds. */
  async stop(graceMs = 10_000): Promise<void> {
    this.signal('SIGTERM');
    const impatience = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(impatience);
    this.signal('SIGKILL');
  }

  /** Ends all its processes, as a machine that fails does. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.signal(signal);
    await this.ended;
    this.signal('SIGKILL');
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch (error) {
      // The whole group is gone already.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
