import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { EventHubConsumerClient, EventHubProducerClient } from '@azure/event-hubs';
import type { ScoredWindow } from '../../runtime/contracts/scored';
import { ScoredHub } from '../../runtime/score/scoredHub';
import { defaultKernelSettings } from '../../runtime/scoring/kernelSettings';
import { PartitionIds } from '../../runtime/stream/partitionIds';
import { startOfTime, testContext } from '../../test/support/context';
import { TestFunctionHost } from '../../test/support/functionHost';
import { deployScore } from '../../test/support/scoreHost';
import { machineTime, serve } from '../childProcess';
import { measurements, patients, windowMs } from './ward';

const enrichedPartitions = 4;
const deadlineMs = 120_000;
const latenessMs = defaultKernelSettings.latenessSeconds * 1000;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** When each window arrived at a bare reader, and the windows. */
interface Arrival {
  readonly at: number;
  readonly window: ScoredWindow;
}

/** The local hubs, storage and functions host with the app in it; sends, and reads what comes out as a bare client does. */
class ScoreHost {
  private readonly arrivals: Arrival[] = [];

  private constructor(
    private readonly host: TestFunctionHost,
    private readonly enriched: EventHubProducerClient,
    private readonly scored: ScoredHub,
  ) {}

  static async start(folder: string): Promise<ScoreHost> {
    const context = await testContext(folder);
    setDefaultCACertificates([...getCACertificates('default'), context.certificates.authority]);
    const host = await new TestFunctionHost(context).start();
    context.clock.run();
    await deployScore(host, enrichedPartitions);
    const credential = context.authority.credential(host.hubs.owner());
    const producer = new EventHubProducerClient(host.hubs.host, 'scored', credential);
    const started = new ScoreHost(
      host,
      new EventHubProducerClient(host.hubs.host, 'enriched', credential),
      new ScoredHub(producer, new PartitionIds(producer), 'score'),
    );
    await started.follow(new EventHubConsumerClient('$Default', host.hubs.host, 'scored', credential));
    return started;
  }

  private async follow(reader: EventHubConsumerClient): Promise<void> {
    const handlers = {
      processEvents: async (events: { body: unknown }[]) => {
        const at = machineTime();
        for (const { body } of events) {
          const window = body as ScoredWindow;
          if (window.kind === 'window') this.arrivals.push({ at, window });
        }
      },
      processError: async () => {},
    };
    for (const partition of await reader.getPartitionIds()) {
      reader.subscribe(partition, handlers, { startPosition: { sequenceNumber: -1 }, maxBatchSize: 300 });
    }
  }

  /** A window of all patients: milliseconds from before its last marks are sent until each result is read. */
  async round(index: number): Promise<{ closing: number[]; onlySending: number[] }> {
    const start = startOfTime + index * windowMs;
    await this.sendWindow(start);
    await this.until('the measurements have been handled', () => this.isDrained());
    const before = this.arrivals.length;
    const closed = machineTime();
    await this.sendMarks(start + windowMs + latenessMs);
    await this.until('all windows are scored', () => this.arrivals.length >= before + patients);
    const found = this.arrivals.slice(before);
    await this.until('the app has ended its batch', () => this.isDrained());
    const sent = machineTime();
    await this.scored.send(
      found.map(({ window }) => window),
      silent,
    );
    await this.until('all have been sent once more', () => this.arrivals.length >= before + 2 * patients);
    const again = this.arrivals.slice(before + patients);
    return { closing: found.map(({ at }) => at - closed), onlySending: again.map(({ at }) => at - sent) };
  }

  private async sendWindow(start: number): Promise<void> {
    for (let partition = 0; partition < enrichedPartitions; partition += 1) {
      let batch = await this.enriched.createBatch({ partitionId: String(partition) });
      for (const message of measurements(start, partition, enrichedPartitions)) {
        const event = { body: Buffer.from(JSON.stringify(message)) };
        if (batch.tryAdd(event)) continue;
        await this.enriched.sendBatch(batch);
        batch = await this.enriched.createBatch({ partitionId: String(partition) });
        batch.tryAdd(event);
      }
      await this.enriched.sendBatch(batch);
    }
  }

  private async sendMarks(time: number): Promise<void> {
    const mark = { kind: 'clockMark', source: '0', sources: 1, time: new Date(time).toISOString() };
    const send = async (partition: number) => {
      const batch = await this.enriched.createBatch({ partitionId: String(partition) });
      batch.tryAdd({ body: Buffer.from(JSON.stringify(mark)), properties: { 'iomt-kind': 'clock-mark' } });
      await this.enriched.sendBatch(batch);
    };
    await Promise.all(Array.from({ length: enrichedPartitions }, (_, partition) => send(partition)));
  }

  private isDrained(): boolean {
    const { lag } = this.host.function('score', 'score');
    return lag?.every((one) => one === 0) ?? false;
  }

  private async until(what: string, holds: () => boolean): Promise<void> {
    const deadline = machineTime() + deadlineMs;
    while (!holds()) {
      if (machineTime() > deadline) {
        throw new Error(
          `After ${deadlineMs / 1000} s it was not so that ${what}.\n${this.host.context.logged.join('\n')}`,
        );
      }
      await wait(20);
    }
  }
}

let host: ScoreHost;
const handlers = {
  start: async (folder: string) => {
    host = await ScoreHost.start(folder);
  },
  round: (index: number) => host.round(index),
};
export type ScoreHandlers = typeof handlers;

serve(handlers);
