import { randomUUID } from 'node:crypto';
import { EventHubConsumerClient, type PartitionContext, type ReceivedEventData } from '@azure/event-hubs';
import { BlobCheckpointStore } from '@azure/eventhubs-checkpointstore-blob';
import type { EventHubOptions } from './eventHubOptions';
import { inputData, triggerMetadata } from './eventHubRequest';
import { tell, untilItWorks, Waiting } from './host';
import { hostContainer } from './hostStorage';
import { PartitionReader } from './partitionReader';
import { withRetries } from './retry';
import type { FunctionMetadata, InvocationRequest, RpcBinding } from './rpc';
import { connectionCredential, connectionSetting, resolved } from './settings';

/** Container in which the Functions host keeps checkpoints (`EventHubOptions.cs`, LeaseContainerName). */
const checkpointContainer = 'azure-webjobs-eventhub';
/** After how long a partition that broke off is opened again. */
const reopenMs = 500;
/** The client's own 30 s between attempts would hide for long that a hub or a role has come. */
const retryOptions = { timeoutInMs: 5_000, maxRetries: 1, retryDelayInMs: 250 };
/** How long the client waits for events at once: only in between does it see that its link is gone. */
const longestReceiveMs = 2_000;

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

  constructor(
    private readonly metadata: FunctionMetadata,
    private readonly binding: RpcBinding,
    private readonly options: EventHubOptions,
    private readonly invoke: (request: InvocationRequest) => Promise<unknown>,
  ) {}

  /** Opens all partitions, and tries again for as long as the hub, the storage or a role is missing. */
  async start(): Promise<void> {
    const source = eventHubSource(this.binding);
    await untilItWorks(() => this.open(source), this.waiting, this.stopping.signal);
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
      { retryOptions, loadBalancingOptions: { updateIntervalInMs: reopenMs } },
    );
    try {
      const partitions = await consumer.getPartitionIds();
      // The client calls its namespace by the host alone where the setting has a port.
      const { fullyQualifiedNamespace: host } = consumer;
      const known = await checkpoints.listCheckpoints(host, eventHub, consumerGroup);
      for (const { partitionId, sequenceNumber } of known) {
        tell({ kind: 'position', partition: partitionId, sequence: sequenceNumber });
      }
      for (const partition of partitions) this.subscribe(consumer, partition);
    } catch (error) {
      await consumer.close();
      throw error;
    }
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
          reader ??= this.readerOf(context);
          await this.track(reader.take(events));
          this.waiting.over(partition);
        },
        processError: async (error) => {
          if (!this.stopping.signal.aborted) this.waiting.because(error, partition);
        },
      },
      {
        startPosition: initialPosition,
        maxBatchSize: maxEventBatchSize,
        maxWaitTimeInSeconds: Math.min(maxWaitMs, longestReceiveMs) / 1000,
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
