import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Log } from '../contracts';
import { appEnvironment, type SiteSettings } from './appEnvironment';
import { FunctionProcess, type Launch } from './functionProcess';
import type { AppHealth, AppState } from './health';
import { findRoute } from './httpRoutes';
import type { FunctionDescription, HttpAnswer, HttpCall } from './messages';
import { Schedule } from './ncrontab';
import { unpack } from './packages';
import { RunningFunction } from './runningFunction';
import { workerBundle } from './workerBundle';

const firstBackOffMs = 250;
const longestBackOffMs = 5_000;

export interface FunctionAppContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Path of the authority's certificate. */
  readonly authorityFile: string;
  /** Environment in which a process gets tokens of these identities and no others. */
  readonly identityEnvironment: (identities: readonly string[]) => Record<string, string>;
  /** The package in the app's deployment container, read as its deployment identity; undefined when there is none. */
  readonly fetchPackage: (site: SiteSettings) => Promise<Buffer | undefined>;
  readonly lastSequences: (eventHub: string) => readonly number[] | undefined;
  /** Address of the local authority. */
  readonly signInUrl: string;
}

/** Whether an app has something that answers a call; `stopped`: by whoever owns it; `notRunning`: for now. */
export type Answers = 'yes' | 'no' | 'stopped' | 'notRunning';

/** An app that runs: from a package, until it is stopped. Each start is an object of its own, so that none meets another's end. */
export class FunctionApp {
  private state: AppState = 'starting';
  private reason: string | undefined;
  private functions: RunningFunction[] = [];
  private readonly loading = new Set<FunctionProcess>();
  private isStopped = false;
  private retry: { timer: NodeJS.Timeout; now: () => void } | undefined;
  private telemetryRefused: string | undefined;
  /** Resolves when it runs or has failed, or has been stopped. */
  private readonly started: Promise<void>;

  /** @param folder of this app alone; it exists */
  constructor(
    private readonly site: SiteSettings,
    private readonly folder: string,
    /** `localhost:<port>`, where it is called. */
    private readonly host: string,
    private readonly context: FunctionAppContext,
  ) {
    this.started = this.start().catch((error: unknown) => this.fail(error));
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.retry?.now();
    await Promise.all([...this.loading].map((process) => process.kill()));
    await this.started;
    await Promise.all(this.functions.map((one) => one.stop()));
    this.state = 'stopped';
  }

  function(name: string): RunningFunction | undefined {
    return this.functions.find((one) => one.health().name === name);
  }

  answers(method: string, path: string): Answers {
    if (this.state === 'stopped') return this.site.isEnabled ? 'notRunning' : 'stopped';
    if (this.state !== 'running') return 'notRunning';
    return this.routed(method, path) === undefined ? 'no' : 'yes';
  }

  /** Undefined while the function that answers does not run. */
  async call(method: string, path: string, call: Omit<HttpCall, 'params'>): Promise<HttpAnswer | undefined> {
    const routed = this.routed(method, path);
    return routed?.target.call({ ...call, params: routed.params });
  }

  private routed(method: string, path: string) {
    const targets = this.functions.flatMap((target) =>
      target.http === undefined ? [] : [{ target, http: target.http }],
    );
    return findRoute(targets, method, path);
  }

  health(): Omit<AppHealth, 'site' | 'starts'> {
    const { state, reason, telemetryRefused } = this;
    const functions = this.functions.map((one) => one.health());
    return { name: this.site.name, state, reason, functions, telemetryRefused };
  }

  private async start(): Promise<void> {
    if (!this.site.isEnabled) {
      this.state = 'stopped';
      return;
    }
    const content = await this.package();
    if (content === undefined || this.isStopped) return;
    const launch: Launch = {
      program: await this.program(),
      root: unpack(content, join(this.folder, 'package')),
      environment: this.environment(),
      signInUrl: this.context.signInUrl,
    };
    const first = new FunctionProcess(launch);
    try {
      const descriptions = await this.descriptions(first);
      if (this.isStopped) return;
      // All schedules are read before anything runs.
      for (const { schedule } of descriptions) if (schedule !== undefined) Schedule.parse(schedule);
      this.functions = descriptions.map((one, index) => this.run(one, launch, index === 0 ? first : undefined));
    } finally {
      if (this.functions.length === 0) await first.kill();
    }
    this.state = 'running';
    this.reason = undefined;
    this.context.log.info(`${this.site.name} runs ${this.functions.map((one) => one.health().name).join(', ')}.`);
  }

  /** Tries again while it may not be read: the role may be on its way. */
  private async package(): Promise<Buffer | undefined> {
    for (let wait = firstBackOffMs; !this.isStopped; wait = Math.min(wait * 2, longestBackOffMs)) {
      try {
        const content = await this.context.fetchPackage(this.site);
        if (content === undefined) this.state = 'noPackage';
        return content;
      } catch (error) {
        this.state = 'waiting';
        this.reason = messageOf(error);
        await this.pause(wait);
      }
    }
    return undefined;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      const now = () => {
        clearTimeout(timer);
        resolve();
      };
      this.retry = { timer, now };
    });
  }

  private async program(): Promise<string> {
    const code = await workerBundle();
    const file = join(this.folder, `worker-${createHash('sha256').update(code).digest('hex').slice(0, 16)}.cjs`);
    writeFileSync(file, code);
    return file;
  }

  private environment(): Record<string, string> {
    const home = join(this.folder, 'home');
    mkdirSync(home, { recursive: true });
    const identity = this.context.identityEnvironment(this.site.identities);
    return appEnvironment(this.site, this.host, home, this.context.authorityFile, identity);
  }

  /** @throws Error with the reason why the package cannot be loaded */
  private async descriptions(process: FunctionProcess): Promise<readonly FunctionDescription[]> {
    this.loading.add(process);
    try {
      return await new Promise<readonly FunctionDescription[]>((resolve, reject) => {
        process.listen((message) => {
          if (message.kind === 'loaded') resolve(message.functions);
          if (message.kind === 'failed') reject(new Error(message.reason));
          if (message.kind === 'log' && message.level === 'warn')
            this.context.log.warn(`${this.site.name}: ${message.message}`);
        });
        void process.ended.then(() => reject(new Error('The process ended while it loaded the package.')));
      });
    } finally {
      this.loading.delete(process);
    }
  }

  private run(description: FunctionDescription, launch: Launch, loaded: FunctionProcess | undefined): RunningFunction {
    const { clock, log, lastSequences } = this.context;
    const own: Log = {
      info: (message) => log.info(`${this.site.name}/${message}`),
      detail: (message) => log.detail?.(`${this.site.name}/${message}`),
      warn: (message) => log.warn(`${this.site.name}/${message}`),
    };
    const onTelemetry = (refused: string | undefined) => {
      if (refused !== undefined && refused !== this.telemetryRefused) {
        log.warn(`${this.site.name}: Application Insights refuses its telemetry: ${refused}`);
      }
      this.telemetryRefused = refused;
    };
    const context = { launch: () => new FunctionProcess(launch), clock, log: own, lastSequences, onTelemetry };
    return new RunningFunction(description, context, loaded);
  }

  private fail(error: unknown): void {
    if (this.isStopped) return;
    this.state = 'failed';
    this.reason = messageOf(error);
    this.context.log.warn(`${this.site.name} does not run: ${this.reason}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
