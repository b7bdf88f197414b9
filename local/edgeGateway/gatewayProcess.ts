import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Log } from '../contracts';
import type { DeploymentContent } from './deployment';
import type { EdgeGatewayConfig, EdgeGatewayStatus } from './edgeGateway';
import type { FromGateway, ToGateway } from './processMessages';

type Answer = Extract<FromGateway, { request: number }>;

/** A gateway in a process of its own, as seen by the local cloud. */
export class EdgeGatewayProcess {
  private requests = 0;
  private readonly answers = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<void>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly log: Log,
  ) {
    this.ended = new Promise((resolve) => child.once('exit', () => resolve()));
    child.on('message', (message) => this.hear(message as FromGateway));
    void this.ended.then(() => {
      for (const { reject } of this.answers.values()) reject(new Error('The edge gateway has ended.'));
    });
  }

  /** Resolves when the gateway listens. @throws Error with the gateway's own reason when it does not come up. */
  static async start(config: EdgeGatewayConfig, log: Log): Promise<EdgeGatewayProcess> {
    mkdirSync(config.folder, { recursive: true, mode: 0o700 });
    const configFile = join(config.folder, 'gateway.json');
    // The file holds the private key of the edge device.
    writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });
    const child = fork(join(__dirname, 'main.ts'), [configFile], {
      execArgv: ['--import', pathToFileURL(require.resolve('tsx')).href],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const gateway = new EdgeGatewayProcess(child, log);
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: FromGateway) => {
        if (message.kind === 'ready') resolve();
        if (message.kind === 'failed') reject(new Error(`The edge gateway did not start: ${message.message}`));
      });
      child.once('error', reject);
      void gateway.ended.then(() => reject(new Error('The edge gateway ended before it was ready.')));
    });
    return gateway;
  }

  /** @throws Error when the deployment has a route that the stand-in cannot do. */
  async applyDeployment(deployment: DeploymentContent | undefined): Promise<void> {
    const answer = await this.ask((request) => ({ kind: 'deployment', request, deployment }));
    if (answer.kind === 'deployment' && answer.problem !== undefined) throw new Error(answer.problem);
  }

  cutUplink(isCut: boolean): void {
    this.tell({ kind: 'cutUplink', isCut });
  }

  async status(): Promise<EdgeGatewayStatus> {
    const answer = await this.ask((request) => ({ kind: 'status', request }));
    if (answer.kind !== 'status') throw new Error('The edge gateway answered something else than its status.');
    return answer.status;
  }

  /** Ends it in order. */
  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.tell({ kind: 'close' });
    await this.ended;
  }

  /** Ends it as a power failure does (SIGKILL). */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  private ask(message: (request: number) => ToGateway): Promise<Answer> {
    const request = ++this.requests;
    return new Promise((resolve, reject) => {
      this.answers.set(request, { resolve, reject });
      this.tell(message(request));
    });
  }

  private tell(message: ToGateway): void {
    this.child.send(message, (error) => {
      if (error === null || !('request' in message)) return;
      this.answers.get(message.request)?.reject(error);
    });
  }

  private hear(message: FromGateway): void {
    if (message.kind === 'log') this.log[message.level](message.message);
    if (!('request' in message)) return;
    this.answers.get(message.request)?.resolve(message);
    this.answers.delete(message.request);
  }
}
