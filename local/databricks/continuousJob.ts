import { join } from 'node:path';
import type { Log } from '../contracts';
import type { GuardedProcess } from '../kafka/guardedProcess';
import type { SparkTools } from '../kafka/tools';
import type { JobHealth, JobState } from './health';
import type { JobAccess } from './jobAccess';
import { startRun } from './jobRun';
import type { JobSettings } from './jobSettings';
import { lastProgress, type StreamProgress } from './progress';

export interface ContinuousJobNeeds {
  readonly log: Log;
  /** Folder of this job alone. */
  readonly folder: string;
  readonly volumes: string;
  /** Has set-up find or fetch what Spark needs. */
  readonly tools: () => Promise<SparkTools>;
  /** What it may use now, and why not. */
  readonly access: () => JobAccess;
  /** Opens the Kafka endpoint for its hubs; undefined without one. */
  readonly kafka: (access: JobAccess) => Promise<string | undefined>;
  /** Brings the containers' folders up to date. @returns them by authority of the URL */
  readonly lake: (access: JobAccess) => Promise<Readonly<Record<string, string>>>;
  /** Sequence numbers of the newest events per partition of the hubs that it reads. */
  readonly lastSequences: (access: JobAccess) => readonly { readonly hub: string; readonly last: readonly number[] }[];
}

/** How often rights are looked at and blobs are brought in, while it runs and while it waits. */
const checkMs = 2_000;
const firstBackOffMs = 500;
const longestBackOffMs = 30_000;
/** After having run for so long, a failure is the first one again. */
const steadyMs = 60_000;

/** Something is missing that may come. */
class Held extends Error {}

/** It has come to its end by itself: the next run follows. */
class Completed extends Error {}

/** A continuous job: its run, which is started again whenever it ends, as long as all that it uses is there and allowed. */
export class ContinuousJob {
  private state: JobState = 'settingUp';
  private reason: string | undefined;
  private starts = 0;
  private seen: StreamProgress | undefined;
  private process: GuardedProcess | undefined;
  private isStopped = false;
  private wake: () => void = () => {};
  private readonly running: Promise<void>;

  constructor(
    readonly settings: JobSettings,
    private readonly needs: ContinuousJobNeeds,
    /** How often it had been started before its settings changed. */
    startsBefore = 0,
  ) {
    this.starts = startsBefore;
    this.running = settings.isPaused ? this.pauseForGood() : this.run();
  }

  get startsSoFar(): number {
    return this.starts;
  }

  health(): JobHealth {
    const { workspaceId: workspace, id, name } = this.settings;
    const progress = this.progress();
    const { state, reason, logFile } = this;
    const restarts = Math.max(0, this.starts - 1);
    return { workspace, id, name, state, reason, restarts, progress, lag: progress && this.lag(progress), logFile };
  }

  /** Ends all its processes as a machine that fails does; it is started again. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    await this.process?.kill(signal);
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.wake();
    await this.process?.stop(5_000);
    await this.running;
    this.state = 'stopped';
  }

  /** Of this run, else of the last one: a run without new events says nothing, and what was committed stays so. */
  private progress(): StreamProgress | undefined {
    this.seen = lastProgress(this.logFile) ?? this.seen;
    return this.seen;
  }

  private get logFile(): string {
    return join(this.needs.folder, 'driver.log');
  }

  private async pauseForGood(): Promise<void> {
    this.state = 'paused';
  }

  private async run(): Promise<void> {
    let backOffMs = firstBackOffMs;
    while (!this.isStopped) {
      const started = performance.now();
      try {
        await this.runOnce();
      } catch (error) {
        if (this.isStopped) return;
        if (error instanceof Completed || performance.now() - started > steadyMs) backOffMs = firstBackOffMs;
        if (error instanceof Completed) continue;
        this.become(
          error instanceof Held ? 'waiting' : 'failed',
          error instanceof Error ? error.message : String(error),
        );
        await this.pause(error instanceof Held ? checkMs : backOffMs);
        if (!(error instanceof Held)) backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
      }
    }
  }

  /** One run. @throws Held while something is missing, Completed, Error with how the run ended */
  private async runOnce(): Promise<void> {
    const tools = await this.unlessStopped(this.needs.tools());
    const access = this.allowed();
    const kafka = await this.unlessStopped(this.needs.kafka(access));
    const containers = await this.unlessStopped(this.needs.lake(access));
    const { folder, volumes } = this.needs;
    const { process } = await startRun({ job: this.settings, tools, folder, volumes, containers, kafka });
    this.process = process;
    if (this.isStopped) await process.kill();
    this.starts += 1;
    this.become('running');
    try {
      await this.watch(process);
    } finally {
      await process.kill();
      this.progress();
      this.process = undefined;
    }
  }

  /** Until it has ended, or may not go on. */
  private async watch(process: GuardedProcess): Promise<never> {
    for (;;) {
      const exit = await Promise.race([process.ended, this.pause(checkMs)]);
      if (exit?.code === 0) throw new Completed();
      if (exit) {
        throw new Error(`It ended (${exit.signal ?? `exit code ${exit.code}`}); its log is ${this.logFile}.`);
      }
      if (this.isStopped) throw new Error('It is stopped.');
      // A blob that cannot be read for now comes the next time: it ends no run.
      await this.needs.lake(this.allowed()).catch((error) => this.needs.log.warn(`${this.settings.name}: ${error}`));
    }
  }

  /** @throws Held */
  private allowed(): JobAccess {
    const access = this.needs.access();
    if (access.problems.length > 0) throw new Held(`${access.problems.join('; ')}.`);
    return access;
  }

  private async unlessStopped<T>(work: Promise<T>): Promise<T> {
    const stopped = new Promise<never>((_, reject) => {
      this.wake = () => reject(new Error('It is stopped.'));
      if (this.isStopped) this.wake();
    });
    return Promise.race([work, stopped]);
  }

  private become(state: JobState, reason?: string): void {
    if (reason !== undefined && (reason !== this.reason || state !== this.state)) {
      this.needs.log.warn(`The job ${this.settings.name} ${state === 'waiting' ? 'waits' : 'starts again'}: ${reason}`);
    }
    this.state = state;
    this.reason = reason;
  }

  private lag({ endOffsets }: StreamProgress): number[] | undefined {
    const hubs = this.needs.lastSequences(this.needs.access()).filter(({ hub }) => endOffsets[hub] !== undefined);
    if (hubs.length === 0) return undefined;
    return hubs.flatMap(({ hub, last }) =>
      last.map((sequence, i) => sequence + 1 - (endOffsets[hub]?.[String(i)] ?? 0)),
    );
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.isStopped) this.wake();
    });
  }
}
