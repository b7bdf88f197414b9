import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PulumiStackOptions {
  /** Folder with the program's Pulumi.yaml. */
  readonly program: string;
  readonly stack: string;
  /** Pulumi's home, checkpoints and configuration of this stack: never the user's ~/.pulumi nor the program's folder. */
  readonly home: string;
  /** Ports of providers that the engine attaches to, by package. */
  readonly providers: Readonly<Record<string, number>>;
  /** Further environment of the engine and what it starts: who deploys, which authority to trust. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a preview or an update would change or has changed: number of resources by operation, `same` left out. */
export type Changes = Record<string, number>;

/** One step of a preview, as `pulumi preview --json` tells it. */
export interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly diffReasons?: readonly string[] | null;
  readonly replaceReasons?: readonly string[] | null;
  readonly detailedDiff?: Readonly<Record<string, { kind: string; inputDiff: boolean }>> | null;
}

export interface Preview {
  readonly changes: Changes;
  readonly steps: readonly PreviewStep[];
}

export interface StackResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly parent?: string;
  readonly custom: boolean;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
  readonly dependencies?: readonly string[];
  readonly provider?: string;
}

/** The state as `pulumi stack export` gives it, of what is used here. */
export interface StackState {
  readonly deployment: {
    readonly resources?: readonly StackResource[];
    /** What an update had begun when it was killed. */
    readonly pending_operations?: readonly { readonly type: string; readonly resource: StackResource }[];
  };
}

/** What the engine said when it failed; the last lines of its output are in the message. */
export class PulumiError extends Error {
  constructor(
    readonly command: string,
    readonly result: CommandResult,
  ) {
    super(`pulumi ${command} failed (exit code ${result.code}):\n${result.stdout}\n${result.stderr}`);
    this.name = 'PulumiError';
  }
}

/** Between the steps of an interruption. */
const patienceMs = 5_000;

/**
 * One stack of the real Pulumi engine with a file backend. The engine is the `pulumi` on PATH (set-up puts it there).
 */
export class PulumiStack {
  private readonly configFile: string;
  private readonly running = new Map<ChildProcess, Promise<unknown>>();
  private interrupted = false;

  constructor(private readonly options: PulumiStackOptions) {
    mkdirSync(options.home, { recursive: true });
    this.configFile = join(options.home, `Pulumi.${options.stack}.yaml`);
  }

  /** Makes the stack unless it is there, and gives it its whole configuration, by full key. */
  async configure(config: Readonly<Record<string, unknown>>): Promise<void> {
    const { home, stack, program } = this.options;
    // The engine writes a new stack's salt beside Pulumi.yaml; a project file of our own keeps the program's folder clean.
    copyFileSync(join(program, 'Pulumi.yaml'), join(home, 'Pulumi.yaml'));
    const { code, ...said } = await this.runIn(home, ['stack', 'select', '--create', stack]);
    if (code !== 0) throw new PulumiError('stack select', { code, ...said });
    const salt = /encryptionsalt["']?: ["']?([^"'\n]+)/.exec(readFileSync(this.configFile, 'utf8'))?.[1];
    // JSON is YAML.
    writeFileSync(this.configFile, JSON.stringify({ encryptionsalt: salt, config }, null, 2));
  }

  async up(onLine?: (line: string) => void): Promise<void> {
    await this.must(['up', '--yes', '--skip-preview', '--suppress-outputs', ...this.stackArgs()], onLine);
  }

  async preview(...args: string[]): Promise<Preview> {
    const { stdout } = await this.must(['preview', '--json', ...args, ...this.stackArgs()]);
    const answer = JSON.parse(stdout) as { changeSummary?: Changes; steps?: PreviewStep[] };
    const { same: _, ...changes } = answer.changeSummary ?? {};
    return { changes, steps: (answer.steps ?? []).filter((step) => step.op !== 'same') };
  }

  async destroy(): Promise<void> {
    await this.must(['destroy', '--yes', '--skip-preview', '--suppress-outputs', ...this.stackArgs()]);
  }

  /**
   * Takes away what keeps a stack from being used after its update was killed: the lock, and the attributes beside the
   * checkpoint when they are half written (the engine then fails with "failed to load checkpoint: EOF").
   * @returns whether there was a lock
   */
  async cancel(): Promise<boolean> {
    const checkpoints = join(this.options.home, '.pulumi', 'stacks');
    for (const name of readdirSync(checkpoints, { recursive: true, encoding: 'utf8' })) {
      const file = join(checkpoints, name);
      if (name.endsWith('.attrs') && !readFileSync(file, 'utf8').endsWith('}\n')) rmSync(file);
    }
    // The engine says nothing of whether there was one: its answer is the same.
    const wasLocked = this.isLocked();
    await this.run(['cancel', '--yes', '--stack', this.options.stack]);
    return wasLocked;
  }

  private isLocked(): boolean {
    const locks = join(this.options.home, '.pulumi', 'locks');
    return (
      existsSync(locks) &&
      readdirSync(locks, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.json'))
    );
  }

  async state(): Promise<StackState> {
    return JSON.parse((await this.must(['stack', 'export', '--stack', this.options.stack])).stdout);
  }

  async replaceState(state: StackState): Promise<void> {
    const file = join(this.options.home, `${this.options.stack}-state.json`);
    writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
    await this.must(['stack', 'import', '--stack', this.options.stack, '--file', file]);
    rmSync(file);
  }

  async refresh(): Promise<void> {
    await this.must(['refresh', '--yes', '--skip-preview', '--suppress-outputs', ...this.stackArgs()]);
  }

  async outputs(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.must(['stack', 'output', '--json', '--stack', this.options.stack])).stdout);
  }

  async resources(): Promise<StackResource[]> {
    return [...((await this.state()).deployment.resources ?? [])];
  }

  /** Runs `pulumi` with the stack's arguments added where `stackArgs` says so; throws when it fails. */
  async must(args: readonly string[], onLine?: (line: string) => void): Promise<CommandResult> {
    const result = await this.run(args, onLine);
    if (result.code !== 0) throw new PulumiError(args[0] ?? '', result);
    return result;
  }

  stackArgs(): string[] {
    return ['--stack', this.options.stack, '--config-file', this.configFile];
  }

  run(args: readonly string[], onLine?: (line: string) => void): Promise<CommandResult> {
    return this.runIn(this.options.program, args, onLine);
  }

  /**
   * Ends what the engine does: it is asked to stop after the steps under way, then at once, then killed. The next update
   * goes on from there. Nothing can be run any more afterwards.
   */
  async interrupt(): Promise<void> {
    this.interrupted = true;
    for (const [child, closed] of this.running) {
      for (const signal of ['SIGINT', 'SIGINT', 'SIGKILL'] as const) {
        child.kill(signal);
        const late = AbortSignal.timeout(patienceMs);
        if (await Promise.race([closed.then(() => true), once(late, 'abort').then(() => false)])) break;
      }
    }
  }

  private async runIn(
    folder: string,
    args: readonly string[],
    onLine: (line: string) => void = () => {},
  ): Promise<CommandResult> {
    if (this.interrupted) throw new Error(`pulumi ${args[0]} is not run: the local cloud ends.`);
    const child = spawn('pulumi', [...args, '--non-interactive', '--cwd', folder], {
      env: this.environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      // The terminal's Ctrl-C comes by `interrupt`, while the provider still answers, and once: the second one is harsher.
      detached: true,
    });
    let stdout = '';
    let stderr = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout += `${line}\n`;
      onLine(line);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const closed = new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? 1));
    }).finally(() => this.running.delete(child));
    this.running.set(
      child,
      closed.catch(() => {}),
    );
    return { code: await closed, stdout, stderr };
  }

  /** In which the engine runs, and what it starts. */
  environment(): NodeJS.ProcessEnv {
    const { home, providers, env } = this.options;
    const attached = Object.entries(providers).map(([name, port]) => `${name}:${port}`);
    return {
      ...process.env,
      PULUMI_HOME: join(home, 'home'),
      PULUMI_BACKEND_URL: `file://${home}`,
      // The state holds no secret (a test says so); the engine wants a passphrase all the same.
      PULUMI_CONFIG_PASSPHRASE: '',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
      PULUMI_DEBUG_PROVIDERS: attached.join(','),
      ...env,
    };
  }
}
