import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { EventHubConsumerClient, ReceivedEventData, Subscription } from '@azure/event-hubs';
import { completeLines } from '../replay/journal';
import type { Copy } from './copies';
import { eventCopy } from './eventCopy';

/** A line of the file: where a partition was begun, or (with `key` and `at`) the first receipt of a message. */
interface Receipt {
  readonly partition: string;
  readonly sequence: number;
  readonly key?: string;
  /** Milliseconds since 1970, machine's clock. */
  readonly at?: number;
}

export interface WatchOptions {
  /** See `receivedFile`. A watch on the same file goes on where the last one ended, also after kill -9. */
  readonly file: string;
  /** Gets every telemetry message as it comes, for the live page. */
  readonly onMessage?: (copy: Copy) => void;
  readonly warn: (message: string) => void;
}

const pauseMs = 1000;

/** Receives `devicedata` while a replay runs and remembers when each message was received first. */
export class DeviceDataWatch {
  private readonly file: number;
  private readonly received = new Map<string, number>();
  private readonly position = new Map<string, number>();
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly closing = new AbortController();

  private constructor(
    private readonly client: EventHubConsumerClient,
    private readonly options: WatchOptions,
  ) {
    this.file = openSync(options.file, 'a+', 0o600);
    const text = readFileSync(options.file, 'utf8');
    if (text !== '' && !text.endsWith('\n')) appendFileSync(this.file, '\n');
    for (const receipt of completeLines(text)) this.take(receipt as Receipt);
  }

  /** Begins behind the last event that lies there now. @throws Error when the event hub cannot be asked. */
  static async start(client: EventHubConsumerClient, options: WatchOptions): Promise<DeviceDataWatch> {
    const watch = new DeviceDataWatch(client, options);
    for (const partition of await client.getPartitionIds()) {
      if (!watch.position.has(partition)) {
        const { isEmpty, lastEnqueuedSequenceNumber } = await client.getPartitionProperties(partition);
        watch.write([{ partition, sequence: isEmpty ? -1 : lastEnqueuedSequenceNumber }]);
      }
      watch.follow(partition);
    }
    return watch;
  }

  /** When each message was received first, by natural key, in milliseconds since 1970 (machine's clock). */
  get receiveTimes(): ReadonlyMap<string, number> {
    return this.received;
  }

  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all([...this.subscriptions.values()].map((subscription) => subscription.close()));
    closeSync(this.file);
  }

  private follow(partition: string): void {
    const processEvents = async (events: ReceivedEventData[]) => this.receive(partition, events);
    const processError = async (error: Error) => this.followAgain(partition, error);
    const startPosition = { sequenceNumber: this.position.get(partition) ?? -1, isInclusive: false };
    const options = { startPosition, maxBatchSize: 200, maxWaitTimeInSeconds: 1, skipParsingBodyAsJson: true };
    this.subscriptions.set(partition, this.client.subscribe(partition, { processEvents, processError }, options));
  }

  /** A role that is not in force yet, or a namespace that is being started again, passes: the watch waits for it. */
  private async followAgain(partition: string, error: Error): Promise<void> {
    const failed = this.subscriptions.get(partition);
    if (this.closing.signal.aborted || !failed) return;
    this.subscriptions.delete(partition);
    this.options.warn(`The judge cannot receive from partition ${partition} now: ${error.message}`);
    void failed
      .close()
      .then(() => wait(pauseMs, undefined, { signal: this.closing.signal }))
      .then(
        () => this.follow(partition),
        () => {},
      );
  }

  private receive(partition: string, events: readonly ReceivedEventData[]): void {
    if (this.closing.signal.aborted) return;
    const at = Date.now();
    const receipts: Receipt[] = [];
    for (const event of events) {
      const copy = eventCopy(event);
      if (!copy) continue;
      receipts.push({ partition, sequence: event.sequenceNumber, key: copy.key, at });
      this.options.onMessage?.(copy);
    }
    this.write(receipts);
  }

  private write(receipts: readonly Receipt[]): void {
    if (receipts.length === 0) return;
    appendFileSync(this.file, receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join(''));
    for (const receipt of receipts) this.take(receipt);
  }

  private take({ partition, sequence, key, at }: Receipt): void {
    this.position.set(partition, sequence);
    if (key !== undefined && at !== undefined && !this.received.has(key)) this.received.set(key, at);
  }
}
