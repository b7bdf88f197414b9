import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ScoredMessage } from '../../runtime/contracts/scored';
import type { KernelSettings } from '../../runtime/scoring/kernelTypes';
import type { Arrived } from './enrichedStream';

const project = join(__dirname, '..', '..');
const driver = join(__dirname, 'python', 'spark_job.py');

/** Where Spark is on this machine. */
export interface SparkTools {
  readonly python: string;
  readonly sparkJars: string;
}

/** Sets Spark up if it is not there. Undefined, with the reason on the console, where Java or Python is missing. */
export function sparkTools(): SparkTools | undefined {
  try {
    const answer = execFileSync(process.execPath, [join(project, 'setup', 'spark.mjs'), 'spark'], { encoding: 'utf8' });
    return JSON.parse(answer) as SparkTools;
  } catch {
    console.warn('Tests of the Databricks job are left out: they need Java 17, Maven and Python 3.');
    return undefined;
  }
}

/** The wheel as the build makes it, of a project's sources. */
export function makeWheel(folder: string, sources = project): string {
  const program =
    'const [project, folder] = process.argv.slice(1);' +
    "const { buildKernel } = await import(project + '/setup/bundles.mjs');" +
    "const { buildWheel } = await import(project + '/setup/wheel.mjs');" +
    'await buildKernel(project, { folder }); console.log(buildWheel(project, { folder }));';
  const args = ['--input-type=module', '--eval', program, sources, folder];
  return execFileSync(process.execPath, args, { encoding: 'utf8' }).trim();
}

/** What the job says of its parameters; empty when nothing. */
export function parameterProblems({ python }: SparkTools, wheel: string, parameters: readonly string[]): string {
  const program =
    'import sys\nfrom iomt_scoring.parameters import ParameterError, parse\n' +
    'try: parse(sys.argv[1:])\nexcept ParameterError as error: print(error)';
  const env = { ...process.env, PYTHONPATH: wheel };
  return execFileSync(python, ['-c', program, ...parameters], { encoding: 'utf8', env }).trim();
}

/** Where the job is to die, as if the machine had gone: before or after a call, or in the middle of it. */
export interface Death {
  readonly place: 'slots' | 'results' | 'send' | 'progress';
  readonly when: 'before' | 'during' | 'after';
  /** 1 is the first call of the run. */
  readonly call: number;
}

export interface Start {
  readonly generation?: number;
  readonly kernelHost?: 'v8' | 'node';
  readonly death?: Death;
  /** Of the kernel; those of the job's first start by default. */
  readonly settings?: KernelSettings;
}

export interface Sent {
  readonly key?: string;
  readonly value: string;
  readonly partition?: number;
  readonly headers: readonly (readonly [string, string])[];
}

/** The counters that the job prints, a line a batch. */
export type BatchLine = Readonly<Record<string, number | null>>;

export interface Run {
  readonly killed: boolean;
  readonly batches: readonly BatchLine[];
}

const firstFileTime = Date.UTC(2026, 0, 1);

/** The job in a folder of its own: what it reads, its lake, and what it has sent. */
export class SparkJob {
  readonly folder = mkdtempSync(join(tmpdir(), 'iomt-spark-'));
  private readonly offsets = new Map<number, number>();
  private files = 0;
  private running: ChildProcess | undefined;

  constructor(
    private readonly tools: SparkTools,
    private readonly wheel: string,
    private readonly settings: KernelSettings,
    private readonly partitions: number,
  ) {
    for (const name of ['source', 'lake', 'baselines', 'warehouse']) mkdirSync(join(this.folder, name));
    writeFileSync(join(this.folder, 'sent.jsonl'), '');
  }

  /** Puts a batch into the hub. */
  put(batch: readonly Arrived[]): void {
    const lines = batch.map(({ partition, message }) => {
      const offset = this.offsets.get(partition) ?? 0;
      this.offsets.set(partition, offset + 1);
      return JSON.stringify({ value: JSON.stringify(message), partition, offset });
    });
    const name = `${String(this.files++).padStart(5, '0')}.json`;
    writeFileSync(join(this.folder, name), `${lines.join('\n')}\n`);
    // Spark takes files by their time of change.
    const time = new Date(firstFileTime + this.files * 1000);
    utimesSync(join(this.folder, name), time, time);
    renameSync(join(this.folder, name), join(this.folder, 'source', name));
  }

  /** Reads what was put and has not been read; ends when there is no more, or by its death. */
  async run(start: Start = {}): Promise<Run> {
    const { death } = start;
    const settings = join(this.folder, 'settings.json');
    const at = (name: string) => join(this.folder, name);
    writeFileSync(
      settings,
      JSON.stringify({
        ...{ jars: this.tools.sparkJars, warehouse: at('warehouse'), source: at('source'), sink: at('sent.jsonl') },
        ...{ tables: at('lake/tables'), death },
      }),
    );
    const child = spawn(this.tools.python, [driver, settings, ...this.parameters(start)], {
      env: {
        ...process.env,
        ...{ PATH: `${dirname(process.execPath)}:${process.env.PATH}`, PYTHONPATH: this.wheel },
        ...{ PYSPARK_PYTHON: this.tools.python, SPARK_LOCAL_IP: '127.0.0.1' },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.running = child;
    let output = '';
    let errors = '';
    child.stdout.on('data', (text: Buffer) => (output += text));
    child.stderr.on('data', (text: Buffer) => (errors += text));
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
    const killed = signal === 'SIGKILL';
    if (!killed && code !== 0)
      throw new Error(`The job has ended with ${code ?? signal}:\n${output}${errors.slice(-8000)}`);
    const lines = output.split('\n').filter((line) => line.startsWith('{"iomt"'));
    return { killed, batches: lines.map((line) => JSON.parse(line) as BatchLine) };
  }

  sent(): Sent[] {
    const text = readFileSync(join(this.folder, 'sent.jsonl'), 'utf8');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Sent);
  }

  messages(): ScoredMessage[] {
    return this.sent().map(({ value }) => JSON.parse(value) as ScoredMessage);
  }

  putBaselines(version: string, content: object): void {
    writeFileSync(join(this.folder, 'baselines', `${version}.json`), JSON.stringify(content));
  }

  close(): void {
    this.running?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private parameters({ generation = 1, kernelHost = 'v8', settings = this.settings }: Start): string[] {
    const values = {
      'bootstrap-servers': '127.0.0.1:0',
      ...{ enriched: 'enriched', scored: 'scored', 'enriched-partitions': this.partitions, 'scored-partitions': 3 },
      ...{ lake: `file:${join(this.folder, 'lake')}`, baselines: `file:${join(this.folder, 'baselines')}` },
      ...{ 'kernel-settings': JSON.stringify(settings), 'trigger-seconds': 1, generation, 'retention-days': 7 },
      'kernel-host': kernelHost,
    };
    return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
  }
}
