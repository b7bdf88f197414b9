import type { Clock, Log } from '../contracts';
import type { FunctionProcess } from './functionProcess';
import type { FunctionHealth, FunctionState } from './health';
import { HttpCalls } from './httpCalls';
import type { HttpRoute } from './httpRoutes';
import type { FromFunction, FunctionDescription, HttpAnswer, HttpCall } from './messages';
import { TimerSchedule } from './timerSchedule';

const firstBackOffMs = 200;
const longestBackOffMs = 30_000;

export interface RunningFunctionContext {
  /** A new process with the app's code loaded or loading. */
  readonly launch: () => FunctionProcess;
  readonly clock: Clock;
  readonly log: Log;
  /** Sequence numbers of the newest events per partition of a hub, `localhost:<port>/<hub>`; undefined without it. */
  readonly lastSequences: (eventHub: string) => readonly number[] | undefined;
  readonly onTelemetry: (refused: string | undefined) => void;
}

/** One function of an app: its process, which is started again with back-off when it dies, and what is known of it. */
export class RunningFunction {
  private process: FunctionProcess | undefined;
  private state: FunctionState = 'starting';
  private reason: string | undefined;
  private held: string | undefined;
  private invocations = 0;
  private failures = 0;
  private events = 0;
  private restarts = 0;
  private readonly positions = new Map<string, number>();
  private readonly timer: TimerSchedule | undefined;
  private readonly calls = new HttpCalls();
  private backOffMs = firstBackOffMs;
  private again: NodeJS.Timeout | undefined;
  private isStopped = false;

  /** @param loaded a process that has loaded the package already, for the first start */
  constructor(
    private readonly description: FunctionDescription,
    private readonly context: RunningFunctionContext,
    loaded: FunctionProcess | undefined,
  ) {
    if (description.schedule !== undefined) this.timer = new TimerSchedule(description, context.clock);
    this.start(loaded ?? context.launch());
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.again);
    this.timer?.stop();
    await this.process?.stop();
    this.state = 'stopped';
  }

  /** Ends its process at once (SIGKILL); it is started again. */
  async kill(): Promise<void> {
    await this.process?.kill();
  }

  /** Where it is called by HTTP; undefined for other triggers. */
  get http(): HttpRoute | undefined {
    return this.description.http;
  }

  /** Undefined while no process of it listens. */
  call(call: HttpCall): Promise<HttpAnswer | undefined> {
    return this.calls.call(call);
  }

  health(): FunctionHealth {
    const { name, trigger, eventHub } = this.description;
    const last = eventHub === undefined ? undefined : this.context.lastSequences(eventHub);
    return {
      ...{ name, trigger, state: this.state, reason: this.reason },
      ...(this.held !== undefined && { held: this.held }),
      ...{ invocations: this.invocations, failures: this.failures, events: this.events, restarts: this.restarts },
      lag: last?.map((sequence, partition) => Math.max(0, sequence - (this.positions.get(String(partition)) ?? -1))),
    };
  }

  private start(process: FunctionProcess): void {
    this.process = process;
    this.state = 'starting';
    process.listen((message) => this.hear(message));
    process.tell({ kind: 'run', function: this.description.name });
    void process.ended.then(() => this.ended());
  }

  private ended(): void {
    this.held = undefined;
    this.timer?.pause();
    this.calls.pause();
    if (this.isStopped) return;
    this.state = 'failed';
    this.restarts += 1;
    this.reason ??= 'its process ended';
    this.context.log.warn(`${this.description.name}: ${this.reason}; it is started again in ${this.backOffMs} ms.`);
    this.again = setTimeout(() => this.start(this.context.launch()), this.backOffMs);
    this.backOffMs = Math.min(this.backOffMs * 2, longestBackOffMs);
  }

  private hear(message: FromFunction): void {
    switch (message.kind) {
      case 'failed':
        this.reason = message.reason;
        break;
      case 'running':
        this.state = 'running';
        this.reason = undefined;
        if (this.process !== undefined && this.http !== undefined) this.calls.run(this.process);
        break;
      case 'waiting':
        this.state = 'waiting';
        this.reason = message.reason;
        this.context.log.warn(`${this.description.name} waits: ${message.reason}`);
        break;
      case 'log':
        this.held = heldCause(message.message) ?? this.held;
        this.context.log[message.level === 'info' ? 'detail' : 'warn']?.(
          `${this.description.name}: ${message.message}`,
        );
        break;
      case 'invoked':
        this.count(message.events, message.failed);
        break;
      case 'position':
        this.positions.set(message.partition, message.sequence);
        break;
      case 'timerStatus':
        if (this.process !== undefined) this.timer?.run(this.process, message.status);
        break;
      case 'ticked':
        this.timer?.ticked(message.id);
        break;
      case 'answered':
        this.calls.answered(message.id, message.answer);
        break;
      case 'telemetry':
        this.context.onTelemetry(message.refused);
        break;
      case 'loaded':
        break;
    }
  }

  private count(events: number, failed: boolean): void {
    this.held = undefined;
    this.invocations += 1;
    this.events += events;
    if (failed) this.failures += 1;
    this.backOffMs = firstBackOffMs;
  }
}

/** Of the line that a function logs before it tries again what an outage keeps it from. */
function heldCause(line: string): string | undefined {
  return /^iomt\.held .*\bcause=(.*)$/.exec(line)?.[1];
}
