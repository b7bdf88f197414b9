import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EventHubConsumerClient, type PartitionContext, type ReceivedEventData } from '@azure/event-hubs';
import { BlobCheckpointStore } from '@azure/eventhubs-checkpointstore-blob';
import type { EventHubOptions } from './eventHubOptions';
import { inputData, triggerMetadata } from './eventHubRequest';
import { tell, Waiting } from './host';
import { hostContainer } from './hostStorage';
import { PartitionReader } from './partitionReader';
import { withRetries } from './retry';
import type { FunctionMetadata, InvocationRequest, RpcBinding } from './rpc';
import { connectionCredential, connectionSetting, resolved } from './settings';

/** Container in which the Functions host keeps checkpoints (`EventHubOptions.cs`, LeaseContainerName). */
const checkpointContainer = 'azure-webjobs-eventhub';
/** After how long a partition that broke off is opened again, and how long a request to the hub may take. */
const reopenMs = 500;
const requestMs = 5_000;
const longestWaitMs = 5_000;

/** Where an Event Hubs trigger reads, from its binding and the app's settings. */
export interface EventHubSource {
  readonly fullyQualifiedNamespace: string;
  readonly eventHub: string;
  readonly consumerGroup: string;
  readonly connection: string;
}

/** @throws Error when a setting is missing */
export function eventHubSource(binding: RpcBinding): EventHubSource {
  const connection = resolved(binding, 'connection');
  const eventHub = resolved(binding, 'eventHubName');
  if (!connection) throw new Error('The Event Hubs trigger names no connection.');
  if (!eventHub) throw new Error('The Event Hubs trigger names no event hub.');
  return {
    fullyQualifiedNamespace: connectionSetting(connection, 'fullyQualifiedNamespace'),
    eventHub,
    consumerGroup: resolved(binding, 'consumerGroup') || '$Default',
    connection,
  };
}

/**
 * Reads an event hub for a function, with the real client and its checkpoints in the app's host storage. One process runs
 * a function here, so that it opens every partition itself; nothing is balanced.
 */
export class EventHubTrigger {
  private readonly stopping = new AbortController();
  private readonly waiting = new Waiting();
  private readonly underWay = new Set<Promise<void>>();
  private consumer: EventHubConsumerClient | undefined;

  constructor(
    private readonly metadata: FunctionMetadata,
    private readonly binding: RpcBinding,
    private readonly options: EventHubOptions,
    private readonly invoke: (request: InvocationRequest) => Promise<void>,
  ) {}

  /** Opens all partitions, and tries again for as long as the hub, the storage or a role is missing. */
  async start(): Promise<void> {
    const source = eventHubSource(this.binding);
    for (let wait = reopenMs; ; wait = Math.min(wait * 2, longestWaitMs)) {
      try {
        await this.open(source);
        this.waiting.over();
        return;
      } catch (error) {
        await this.consumer?.close();
        if (this.stopping.signal.aborted) return;
        this.waiting.because(error);
        await delay(wait, undefined, { signal: this.stopping.signal }).catch(() => {});
      }
    }
  }

  /** Takes no more events, and waits for the function to end what it has. No checkpoint is written any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.allSettled(this.underWay);
  }

  private async open(source: EventHubSource): Promise<void> {
    const { fullyQualifiedNamespace, eventHub, consumerGroup } = source;
    const checkpoints = new BlobCheckpointStore(await hostContainer(checkpointContainer));
    const consumer = new EventHubConsumerClient(
      consumerGroup,
      fullyQualifiedNamespace,
      eventHub,
      connectionCredential(source.connection),
      checkpoints,
      { retryOptions: { timeoutInMs: requestMs }, loadBalancingOptions: { updateIntervalInMs: reopenMs } },
    );
    this.consumer = consumer;
    const partitions = await consumer.getPartitionIds();
    for (const { partitionId, sequenceNumber } of await checkpoints.listCheckpoints(
      fullyQualifiedNamespace,
      eventHub,
      consumerGroup,
    )) {
      tell({ kind: 'position', partition: partitionId, sequence: sequenceNumber });
    }
    for (const partition of partitions) this.subscribe(consumer, partition);
  }

  private subscribe(consumer: EventHubConsumerClient, partition: string): void {
    const { maxEventBatchSize, maxWaitMs, prefetchCount, initialPosition } = this.options;
    let reader: PartitionReader | undefined;
    consumer.subscribe(
      partition,
      {
        processInitialize: async (context) => {
          reader = this.readerOf(context);
        },
        processEvents: async (events, context) => {
          if (this.stopping.signal.aborted) return;
          if (events.length > 0) this.waiting.over();
          reader ??= this.readerOf(context);
          await this.track(reader.take(events));
        },
        processError: async (error) => {
          if (!this.stopping.signal.aborted) this.waiting.because(error);
        },
      },
      {
        startPosition: initialPosition,
        maxBatchSize: maxEventBatchSize,
        maxWaitTimeInSeconds: maxWaitMs / 1000,
        prefetchCount,
        skipParsingBodyAsJson: true,
      },
    );
  }

  private readerOf(context: PartitionContext): PartitionReader {
    const isSingle = String(this.binding.cardinality ?? 'many').toLowerCase() === 'one';
    const work = {
      call: (events: readonly ReceivedEventData[]) => this.call(events, context),
      checkpoint: (last: ReceivedEventData) => context.updateCheckpoint(last),
      handled: (last: ReceivedEventData) =>
        tell({ kind: 'position', partition: context.partitionId, sequence: last.sequenceNumber }),
    };
    return new PartitionReader(this.options, isSingle, work, () => this.stopping.signal.aborted);
  }

  private async call(events: readonly ReceivedEventData[], origin: PartitionContext): Promise<void> {
    const { binding, metadata } = this;
    const request = {
      functionId: metadata.name,
      inputData: [{ name: String(binding.name), data: inputData(events, binding) }],
      triggerMetadata: triggerMetadata(events, binding, origin),
    };
    let failed = false;
    try {
      await withRetries(metadata.retryOptions, this.stopping.signal, (retryContext) =>
        this.invoke({ ...request, invocationId: randomUUID(), retryContext }),
      );
    } catch {
      failed = true;
    }
    tell({ kind: 'invoked', events: events.length, failed });
  }

  private async track(work: Promise<void>): Promise<void> {
    this.underWay.add(work);
    try {
      await work;
    } finally {
      this.underWay.delete(work);
    }
  }
}
