import { randomUUID } from 'node:crypto';
import type { ContainerClient } from '@azure/storage-blob';
import { RestError } from '@azure/storage-blob';
import type { ToFunction } from '../messages';
import { tell, untilItWorks, Waiting } from './host';
import { hostContainer } from './hostStorage';
import { withRetries } from './retry';
import type { FunctionMetadata, InvocationRequest, RpcBinding } from './rpc';

/** Container in which the Functions host keeps the state of timers, by Learn: "Timer trigger for Azure Functions". */
const hostsContainer = 'azure-webjobs-hosts';

/** Runs a timer's function when the local cloud, which has the clock, says that it is due. */
export class TimerTrigger {
  private readonly stopping = new AbortController();
  private readonly waiting = new Waiting();
  private readonly underWay = new Set<Promise<void>>();
  private container: ContainerClient | undefined;

  constructor(
    private readonly metadata: FunctionMetadata,
    private readonly binding: RpcBinding,
    private readonly invoke: (request: InvocationRequest) => Promise<unknown>,
  ) {}

  /** Reads when the timer last ran, and tries again until it can. */
  async start(): Promise<void> {
    const status = await untilItWorks(() => this.readStatus(), this.waiting, this.stopping.signal);
    tell({ kind: 'timerStatus', status });
  }

  tick(tick: Extract<ToFunction, { kind: 'tick' }>): void {
    const work = this.run(tick).finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.underWay);
  }

  private async run({ id, info, status }: Extract<ToFunction, { kind: 'tick' }>): Promise<void> {
    const { metadata, binding } = this;
    let failed = false;
    try {
      await withRetries(metadata.retryOptions, this.stopping.signal, (retryContext) =>
        this.invoke({
          functionId: metadata.name,
          invocationId: randomUUID(),
          inputData: [{ name: String(binding.name), data: { json: info } }],
          triggerMetadata: {},
          retryContext,
        }),
      );
    } catch {
      failed = true;
    }
    tell({ kind: 'invoked', events: 0, failed });
    if (status !== undefined) await this.writeStatus(status);
    tell({ kind: 'ticked', id });
  }

  private async readStatus(): Promise<string | undefined> {
    const blob = (await this.hosts()).getBlobClient(this.blobName());
    try {
      return (await blob.downloadToBuffer()).toString('utf8');
    } catch (error) {
      if (error instanceof RestError && error.statusCode === 404) return undefined;
      throw error;
    }
  }

  private async writeStatus(status: string): Promise<void> {
    try {
      const blob = (await this.hosts()).getBlockBlobClient(this.blobName());
      await blob.upload(status, Buffer.byteLength(status));
      this.waiting.over();
    } catch (error) {
      this.waiting.because(error);
    }
  }

  private async hosts(): Promise<ContainerClient> {
    this.container ??= await hostContainer(hostsContainer);
    return this.container;
  }

  private blobName(): string {
    return `timers/${process.env.WEBSITE_SITE_NAME}/Host.Functions.${this.metadata.name}/status`;
  }
}
