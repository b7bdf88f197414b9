import type { WindowResult } from '../contracts/scored';
import type { Model } from '../score/predictions';
import type { StepLog } from '../stream/stepLog';
import { causeOf } from '../stream/transient';
import { CircuitBreaker } from './circuitBreaker';
import { answersOf, requestBody, type Values } from './endpointFormat';
import type { Post } from './endpointTransport';
import type { EndpointSettings } from './modelSettings';

const parallelRequests = 4;

/**
 * A model behind an HTTPS endpoint. It is asked in batches, within a time budget for all of them together; what it does not
 * answer in time is undefined. Every fault counts for the breaker, a wrong answer too: the windows wait until the endpoint
 * is right again.
 */
export class EndpointModel implements Model {
  readonly kind = 'endpoint';
  readonly name: string;
  readonly version: string;

  /** @param budgetMs how long all requests of one call may take together */
  constructor(
    private readonly settings: EndpointSettings,
    private readonly post: Post,
    private readonly budgetMs: number,
    readonly breaker = new CircuitBreaker(),
  ) {
    this.name = settings.name;
    this.version = settings.version;
  }

  get isAvailable(): boolean {
    return this.breaker.state !== 'open';
  }

  async ask(windows: readonly WindowResult[], log: StepLog): Promise<readonly (Values | undefined)[]> {
    const { batchSize } = this.settings;
    const answers: (Values | undefined)[] = Array(windows.length).fill(undefined);
    if (this.budgetMs <= 0) return answers;
    const deadline = performance.now() + this.budgetMs;
    const starts = Array.from({ length: Math.ceil(windows.length / batchSize) }, (_, index) => index * batchSize)[
      Symbol.iterator
    ]();
    const worker = async () => {
      for (const start of starts) {
        const batch = windows.slice(start, start + batchSize);
        const found = await this.askBatch(batch, deadline - performance.now(), log);
        if (found === undefined) return;
        for (const [index, values] of found.entries()) answers[start + index] = values;
      }
    };
    await Promise.all(Array.from({ length: parallelRequests }, worker));
    return answers;
  }

  private async askBatch(
    batch: readonly WindowResult[],
    leftMs: number,
    log: StepLog,
  ): Promise<readonly Values[] | undefined> {
    const timeoutMs = Math.ceil(Math.min(leftMs, this.settings.timeoutSeconds * 1000));
    if (timeoutMs <= 0 || !this.breaker.mayTry()) return undefined;
    try {
      const body = await this.post(requestBody(this.settings.format, batch), timeoutMs);
      const answers = answersOf(this.settings.format, body, batch.length);
      this.breaker.succeeded();
      return answers;
    } catch (error) {
      this.breaker.failed();
      log.warn(`iomt.endpoint cause=${causeOf(error)} breaker=${this.breaker.state}`);
      return undefined;
    }
  }
}
