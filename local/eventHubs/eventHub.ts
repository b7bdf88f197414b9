import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock } from '../contracts';
import { AmqpRefusal, entityNotFound } from './amqpRefusal';
import type { CaptureSettings } from './captureSettings';
import { type CaptureStatus, HubCapture, type HubCaptureTools } from './hubCapture';
import { Partition } from './partition';
import type { StoredEvent } from './storedEvent';

export interface EventHubSettings {
  /** ARM id of the hub: the scope at which roles are asked for. */
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
}

/** How many events a hub has taken, for the live page. */
export interface EventHubStats {
  readonly eventHub: string;
  readonly namespace: string;
  /** Events taken since the hub was made. */
  readonly events: number;
  /** Sequence number of the newest event per partition; -1 while there is none. */
  readonly lastSequences: readonly number[];
  /** How far they are in captured files; left out while Capture is off. */
  readonly capture?: CaptureStatus;
}

const trimEveryMs = 3_600_000;

/** An event hub: partitions, and which of them an event goes to. */
export class EventHub {
  readonly #partitions: Partition[] = [];
  /** By lower-case name: names are compared without case. */
  readonly #consumerGroups = new Map([['$default', '$Default']]);
  #nextKeyless = 0;
  #stopTrimming: () => void = () => {};
  #capture: HubCapture | undefined;

  constructor(
    readonly settings: EventHubSettings,
    private readonly folder: string,
    private readonly clock: Clock,
    partitionCount: number,
    private retentionMs: number,
  ) {
    this.grow(partitionCount);
    this.#trimLater();
  }

  get partitions(): readonly Partition[] {
    return this.#partitions;
  }

  /** Adds partitions up to `count`; keys are spread anew over all of them, as in Azure. */
  grow(count: number): void {
    for (let id = this.#partitions.length; id < count; id++) {
      this.#partitions.push(new Partition(String(id), join(this.folder, String(id)), this.retentionMs));
    }
  }

  /** Keeps events for so long from now on. */
  retain(retentionMs: number): void {
    this.retentionMs = retentionMs;
  }

  /** Captures all partitions by these settings from now on; none: no longer. */
  async capture(namespace: string, settings: CaptureSettings | undefined, tools: HubCaptureTools): Promise<void> {
    if (settings === undefined) {
      await this.#capture?.end();
      this.#capture = undefined;
      return;
    }
    this.#capture ??= new HubCapture({ namespace, eventHub: this.settings.name }, this.folder, settings, tools);
    this.#capture.update(this.#partitions, settings);
  }

  /** @throws AmqpRefusal `amqp:not-found`. */
  partition(id: string): Partition {
    const partition = this.#partitions.find((candidate) => candidate.id === id);
    if (!partition) {
      throw entityNotFound(
        `${this.settings.name}/Partitions/${id}`,
        `there are the partitions 0 to ${this.#partitions.length - 1}`,
      );
    }
    return partition;
  }

  /** Appends a client's transfer as a whole to one partition: the one asked for, its key's, or the next in turn. */
  async append(events: readonly StoredEvent[], partitionId?: string): Promise<void> {
    const key = events[0]?.partitionKey;
    if (partitionId !== undefined && key !== undefined) {
      throw new AmqpRefusal(
        'amqp:not-allowed',
        `An event for partition '${partitionId}' must not have a partition key (given: '${key}').`,
      );
    }
    await this.#partitionFor(partitionId, key).append(events, this.clock.now());
  }

  /** Appends each event to the partition of its key, in the given order. */
  async appendByKey(events: readonly StoredEvent[]): Promise<void> {
    const byPartition = new Map<Partition, StoredEvent[]>();
    for (const event of events) {
      const partition = this.#partitionFor(undefined, event.partitionKey);
      const sofar = byPartition.get(partition);
      if (sofar) sofar.push(event);
      else byPartition.set(partition, [event]);
    }
    const now = this.clock.now();
    await Promise.all([...byPartition].map(([partition, its]) => partition.append(its, now)));
  }

  addConsumerGroup(name: string): void {
    this.#consumerGroups.set(name.toLowerCase(), name);
  }

  removeConsumerGroup(name: string): void {
    this.#consumerGroups.delete(name.toLowerCase());
  }

  get consumerGroups(): readonly string[] {
    return [...this.#consumerGroups.values()];
  }

  hasConsumerGroup(name: string): boolean {
    return this.#consumerGroups.has(name.toLowerCase());
  }

  stats(namespace: string): EventHubStats {
    const lastSequences = this.#partitions.map((partition) => partition.nextSequence - 1);
    return {
      eventHub: this.settings.name,
      namespace,
      events: lastSequences.reduce((sum, last) => sum + last + 1, 0),
      lastSequences,
      ...(this.#capture ? { capture: this.#capture.status(lastSequences) } : {}),
    };
  }

  async close(): Promise<void> {
    this.#stopTrimming();
    await this.#capture?.close();
    await Promise.all(this.#partitions.map((partition) => partition.close()));
  }

  #partitionFor(id: string | undefined, key: string | undefined): Partition {
    if (id !== undefined) return this.partition(id);
    const index = (key === undefined ? this.#nextKeyless++ : crc32(key)) % this.#partitions.length;
    return this.partition(String(index));
  }

  #trimLater(): void {
    this.#stopTrimming = this.clock.at(this.clock.now() + trimEveryMs, () => {
      const expired = this.clock.now() - this.retentionMs;
      for (const [index, partition] of this.#partitions.entries()) {
        partition.trim(Math.min(expired, this.#capture?.uncapturedSince(index) ?? expired));
      }
      this.#trimLater();
    });
  }
}
