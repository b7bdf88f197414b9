import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { BlobWriter, EventHubSender, ServiceContext } from '../../contracts';
import type { DurableLog } from '../../durableLog/durableLog';
import type { Ingress } from '../ingress';
import type { HubSettings, RoutingEndpoint } from '../settings';
import { Cursors } from './cursors';
import type { EndpointHealth } from './endpointHealth';
import { EventHubDelivery } from './eventHubDelivery';
import { StorageDelivery } from './storageDelivery';
import { resolveTarget } from './targets';

export interface DeliveryTargets {
  readonly eventHubs: EventHubSender;
  readonly blobs: BlobWriter;
}

interface RunningEndpoint {
  readonly endpoint: RoutingEndpoint;
  readonly cursors: Cursors;
  readonly partitions: readonly (EventHubDelivery | StorageDelivery)[];
}

/** The custom endpoints of a hub at work: each reads the ingress log at its own pace. */
export class Deliveries {
  private running: RunningEndpoint[] = [];
  private settings: HubSettings | undefined;
  private readonly folder: string;

  constructor(
    folder: string,
    private readonly ingress: Ingress,
    private readonly context: ServiceContext,
    private readonly targets: DeliveryTargets,
    /** Names this hub as producer: another one after the hub was deleted and made again. */
    private readonly incarnation: string,
  ) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Starts new endpoints, ends those that are gone, and goes on with changed ones from where they were. */
  async apply(settings: HubSettings): Promise<void> {
    this.settings = settings;
    const kept: RunningEndpoint[] = [];
    for (const running of this.running) {
      const wanted = settings.endpoints.find(({ name }) => name === running.endpoint.name);
      if (isDeepStrictEqual(wanted, running.endpoint)) {
        kept.push(running);
        continue;
      }
      await stop(running);
      if (wanted === undefined) rmSync(join(this.folder, `${encodeURIComponent(running.endpoint.name)}.json`));
    }
    const names = new Set(kept.map(({ endpoint }) => endpoint.name));
    const started = settings.endpoints.filter(({ name }) => !names.has(name)).map((endpoint) => this.start(endpoint));
    this.running = [...kept, ...started];
  }

  health(): EndpointHealth[] {
    return this.running.map(({ endpoint, cursors, partitions }) => {
      const lastKnownError = partitions.find(({ backOff }) => backOff.lastError !== undefined)?.backOff.lastError;
      return {
        endpointName: endpoint.name,
        status: lastKnownError === undefined ? 'healthy' : 'unhealthy',
        ...(lastKnownError === undefined ? {} : { lastKnownError }),
        behind: this.ingress.nextSequences().reduce((sum, next, partition) => sum + next - cursors.next(partition), 0),
        sent: partitions.reduce((sum, { sent }) => sum + sent, 0),
      };
    });
  }

  /** The first sequence of a partition that an endpoint has still to read. */
  waitedFor(partition: number): number {
    const next = this.ingress.logs[partition]?.next() ?? 0;
    return Math.min(next, ...this.running.map(({ cursors }) => cursors.next(partition)));
  }

  async close(): Promise<void> {
    await Promise.all(this.running.map(stop));
    this.running = [];
  }

  private start(endpoint: RoutingEndpoint): RunningEndpoint {
    const cursors = new Cursors(this.folder, endpoint.name, this.ingress.nextSequences());
    const partitions = this.ingress.logs.map((log, partition) => this.deliver(endpoint, cursors, log, partition));
    return { endpoint, cursors, partitions };
  }

  private deliver(
    endpoint: RoutingEndpoint,
    cursors: Cursors,
    log: DurableLog,
    partition: number,
  ): EventHubDelivery | StorageDelivery {
    const { context, targets } = this;
    const hubName = this.settings?.name ?? '';
    const onFailing = (error: string) =>
      context.log.warn(`IoT hub ${hubName}, endpoint ${endpoint.name} waits and tries again: ${error}`);
    const target = () => resolveTarget(endpoint, context, this.settings?.allowedFqdns);
    const common = { partition, log, cursors, events: context.events, onFailing };
    if (endpoint.kind === 'storage') {
      return new StorageDelivery({
        ...common,
        endpoint,
        hubName,
        clock: context.clock,
        writer: targets.blobs,
        target: () => {
          const { caller, targetId } = target();
          return { caller, containerId: targetId };
        },
      });
    }
    return new EventHubDelivery({
      ...common,
      endpointName: endpoint.name,
      sender: targets.eventHubs,
      producer: `${hubName}/${this.incarnation}/${endpoint.name}/${partition}`,
      target: () => {
        const { caller, targetId } = target();
        return { caller, eventHubId: targetId };
      },
    });
  }
}

async function stop({ cursors, partitions }: RunningEndpoint): Promise<void> {
  await Promise.all(partitions.map((delivery) => delivery.close()));
  cursors.write();
}
