import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { FromFunction, ToFunction } from './messages';

/** How to start a process of an app. */
export interface Launch {
  /** The worker's program. */
  readonly program: string;
  /** Root of the package, which is its current folder. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Address of the local authority, where the app's code finds Microsoft Entra's sign-in hosts. */
  readonly signInUrl: string;
}

/** Milliseconds that a function is given to end what it does when its app stops. */
const graceMs = 5_000;

/** A process of an app: it has loaded the package, and runs one function of it once it is told which. */
export class FunctionProcess {
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private listener: (message: FromFunction) => void = () => {};
  private readonly early: FromFunction[] = [];
  private isHeard = false;

  constructor({ program, root, environment, signInUrl }: Launch) {
    this.child = spawn(process.execPath, [program, signInUrl], {
      cwd: root,
      env: { ...environment, AzureWebJobsScriptRoot: root },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Bodies of HTTP calls go as the bytes that they are.
      serialization: 'advanced',
    });
    this.ended = new Promise((resolve) => {
      this.child.once('exit', () => resolve());
      this.child.once('error', (error) => {
        this.hear({ kind: 'failed', reason: error.message });
        resolve();
      });
    });
    this.child.on('message', (message) => this.hear(message as FromFunction));
    for (const [stream, level] of [
      [this.child.stdout, 'info'],
      [this.child.stderr, 'warn'],
    ] as const) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (message) => this.hear({ kind: 'log', level, message }));
    }
  }

  /** Hands on what it says, from its first message on. */
  listen(listener: (message: FromFunction) => void): void {
    this.listener = listener;
    this.isHeard = true;
    for (const message of this.early.splice(0)) listener(message);
  }

  tell(message: ToFunction): void {
    // One that has just ended hears nothing.
    if (this.child.connected) this.child.send(message, () => {});
  }

  /** Lets it end what it does, for a while. */
  async stop(): Promise<void> {
    this.tell({ kind: 'stop' });
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
    await this.ended;
    clearTimeout(impatience);
  }

  /** Ends it at once, as a machine that fails does. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private hear(message: FromFunction): void {
    if (this.isHeard) this.listener(message);
    else this.early.push(message);
  }
}
