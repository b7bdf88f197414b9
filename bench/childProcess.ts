import { fork, type ChildProcess as NodeProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a process of a benchmark can be asked for, by name. Arguments and answers travel as JSON. */
export type Handlers = Record<string, (argument: never) => Promise<unknown>>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Milliseconds since 1970 with a fraction, the same in all processes of this machine. */
export function machineTime(): number {
  return performance.timeOrigin + performance.now();
}

/** Answers the process that started this one, until that one is gone. */
export function serve(handlers: Handlers): void {
  const known: Handlers = { ...handlers, cpuSeconds: async () => cpuSeconds() };
  process.on('message', ({ id, name, argument }: Request) => {
    const asked = known[name]?.(argument as never) ?? Promise.reject(new Error(`There is no "${name}" to ask for.`));
    asked.then(
      (result) => process.send?.({ id, result } satisfies Answer),
      (error: Error) => process.send?.({ id, error: error.stack ?? String(error) } satisfies Answer),
    );
  });
  process.on('disconnect', () => process.exit(1));
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** A process of a benchmark, so that its CPU time is its own. `H` is the type of the handlers that it serves. */
export class ChildProcess<H extends Handlers> {
  private readonly waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  private readonly process: NodeProcess;
  private asked = 0;

  /** @param file TypeScript module that calls `serve` */
  constructor(file: string, args: readonly string[] = []) {
    this.process = fork(file, args, { stdio: ['ignore', 2, 2, 'ipc'] });
    this.process.on('message', ({ id, result, error }: Answer) => {
      const question = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) question?.resolve(result);
      else question?.reject(new Error(error));
    });
    this.process.on('exit', (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${file} has ended with exit code ${code}.`));
    });
  }

  ask<N extends keyof H & string>(name: N, argument?: Parameters<H[N]>[0]): Promise<Awaited<ReturnType<H[N]>>> {
    return this.request(name, argument) as Promise<Awaited<ReturnType<H[N]>>>;
  }

  /** CPU seconds, user and system, that the process has used since its start. */
  cpuSeconds(): Promise<number> {
    return this.request('cpuSeconds', undefined) as Promise<number>;
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }

  private request(name: string, argument: unknown): Promise<unknown> {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.process.send({ id, name, argument } satisfies Request);
    });
  }
}

/** Measures with processes and an empty folder; in the end, whatever happens, they are gone. */
export async function withProcesses<P extends Record<string, { kill(): Promise<void> }>, R>(
  processes: P,
  measure: (processes: P, folder: string) => Promise<R>,
): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    return await measure(processes, folder);
  } finally {
    for (const one of Object.values(processes)) await one.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
