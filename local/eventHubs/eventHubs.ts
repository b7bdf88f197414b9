import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ArmResource,
  AzureError,
  type BlobWriter,
  type EventHubEvent,
  type EventHubSender,
  type Principal,
  type ProducerSequence,
  type Properties,
  type Service,
  type ServiceContext,
} from '../contracts';
import { requireKeyAccess } from '../identity/encryptionKey';
import { sendAction } from './access';
import { captureSettings, requireCaptureAccess } from './captureSettings';
import { EventHub, type EventHubStats } from './eventHub';
import { Namespace } from './namespace';
import {
  checkConsumerGroupCount,
  checkHubCount,
  hubIdOf,
  hubProperties,
  nameOf,
  namespaceIdOf,
  namespaceKeys,
} from './settings';
import { eventFrom } from './storedEvent';

/** A role that is taken away ends the links that need it within this time of the machine's clock. */
const accessCheckMs = 30_000;

/**
 * Event Hubs: each namespace an AMQP endpoint over TLS, each partition a durable log. Clients connect with a token of
 * an identity and need a role, as in Azure; connection strings and SAS are refused. A key's partition is
 * CRC-32(key) modulo the number of partitions, the same for all senders.
 */
export class EventHubs implements Service, EventHubSender {
  readonly kinds = [
    'eventhub:Namespace',
    'eventhub:EventHub',
    'eventhub:ConsumerGroup',
    'eventhub:NamespaceNetworkRuleSet',
  ] as const;
  /** By lower-case ARM id. */
  readonly #namespaces = new Map<string, Namespace>();
  readonly #checking: NodeJS.Timeout;

  /** @param blobs where Capture writes to; without it hubs with Capture are refused */
  constructor(
    private readonly context: ServiceContext,
    private readonly blobs?: BlobWriter,
  ) {
    this.#checking = setInterval(() => void this.checkAccess(), accessCheckMs).unref();
  }

  async provision(resource: ArmResource, previous?: ArmResource): Promise<Properties> {
    switch (resource.kind) {
      case 'eventhub:Namespace':
        requireKeyAccess(resource, previous, namespaceKeys, this.context);
        return this.#provisionNamespace(resource);
      case 'eventhub:EventHub':
        return this.#provisionHub(resource, previous);
      case 'eventhub:ConsumerGroup':
        return this.#provisionConsumerGroup(resource);
      case 'eventhub:NamespaceNetworkRuleSet':
        // Recorded and checked, without effect: the endpoints listen on this machine only.
        return {};
      default:
        throw new AzureError(400, 'BadRequest', `Event Hubs has no '${resource.kind}'.`);
    }
  }

  async deprovision({ id, kind }: ArmResource): Promise<void> {
    const namespace = this.#namespaces.get(namespaceIdOf(id).toLowerCase());
    if (!namespace) return;
    if (kind === 'eventhub:ConsumerGroup') namespace.findHub(nameOf(hubIdOf(id)))?.removeConsumerGroup(nameOf(id));
    if (kind === 'eventhub:EventHub') {
      await namespace.removeHub(nameOf(id));
      rmSync(this.#hubFolder(id), { recursive: true, force: true });
    }
    if (kind === 'eventhub:Namespace') {
      await namespace.close();
      this.#namespaces.delete(id.toLowerCase());
      rmSync(join(this.context.stateFolder('eventHubs'), nameOf(id)), { recursive: true, force: true });
    }
  }

  async send(
    caller: Principal,
    eventHubId: string,
    events: readonly { partitionKey: string; event: EventHubEvent; from?: ProducerSequence }[],
  ): Promise<void> {
    const hub = this.#hub(eventHubId);
    this.context.authority.require(caller, sendAction, hub.settings.id);
    await hub.appendByKey(events.map(({ partitionKey, event, from }) => eventFrom(event, partitionKey, from)));
  }

  /** Ends the links of AMQP clients whose token has expired or whose role is gone. Runs by itself twice a minute. */
  async checkAccess(): Promise<void> {
    await Promise.all([...this.#namespaces.values()].map((namespace) => namespace.checkAccess()));
  }

  /** The hub behind an ARM id, for what hands its events on by another protocol. */
  find(eventHubId: string): EventHub | undefined {
    return this.#namespaces.get(namespaceIdOf(eventHubId).toLowerCase())?.findHub(nameOf(eventHubId));
  }

  /** How many events each hub has taken. */
  stats(): EventHubStats[] {
    return [...this.#namespaces.values()].flatMap((namespace) => namespace.stats());
  }

  /** Whether all that captured hubs have taken is in files. */
  isCaptured(): boolean {
    return this.stats().every(({ capture }) => (capture?.behind ?? 0) === 0);
  }

  async close(): Promise<void> {
    clearInterval(this.#checking);
    await Promise.all([...this.#namespaces.values()].map((namespace) => namespace.close()));
    this.#namespaces.clear();
  }

  async #provisionNamespace({ id, createdAt }: ArmResource): Promise<Properties> {
    const name = nameOf(id);
    const port = await this.context.ports.get(`eventhubs-${name}`);
    const key = id.toLowerCase();
    if (!this.#namespaces.has(key)) this.#namespaces.set(key, await Namespace.open(name, port, this.context));
    return {
      createdAt,
      metricId: `${id.split('/')[2]}:${name}`,
      provisioningState: 'Succeeded',
      serviceBusEndpoint: `https://localhost:${port}/`,
      status: 'Active',
      updatedAt: createdAt,
    };
  }

  async #provisionHub(resource: ArmResource, previous?: ArmResource): Promise<Properties> {
    const { id, createdAt } = resource;
    const namespaceResource = this.context.resources.get(namespaceIdOf(id));
    const namespace = this.#namespaces.get(namespaceIdOf(id).toLowerCase());
    if (!namespaceResource || !namespace) throw parentNotFound(namespaceIdOf(id), id);
    const { partitionCount, retentionMs } = hubProperties(resource, namespaceResource, previous);
    requireCaptureAccess(resource, previous, this.context);
    let hub = namespace.findHub(nameOf(id));
    if (hub) {
      hub.grow(partitionCount);
      hub.retain(retentionMs);
    } else {
      checkHubCount(namespaceResource, [...namespace.hubIds, id]);
      const settings = { id, name: nameOf(id), createdAt };
      hub = new EventHub(settings, this.#hubFolder(id), this.context.clock, partitionCount, retentionMs);
      namespace.addHub(hub);
    }
    await this.#capture(hub, resource);
    return {
      createdAt,
      partitionIds: Array.from({ length: partitionCount }, (_, partition) => String(partition)),
      status: 'Active',
      updatedAt: createdAt,
    };
  }

  async #capture(hub: EventHub, resource: ArmResource): Promise<void> {
    const settings = captureSettings(resource);
    if (settings && !this.blobs)
      throw new AzureError(501, 'NotImplemented', 'There is no Blob Storage to capture into.');
    const namespace = nameOf(namespaceIdOf(resource.id));
    if (this.blobs) await hub.capture(namespace, settings, { ...this.context, writer: this.blobs });
  }

  #provisionConsumerGroup({ id, createdAt }: ArmResource): Properties {
    const hubId = hubIdOf(id);
    const hub = this.#namespaces.get(namespaceIdOf(id).toLowerCase())?.findHub(nameOf(hubId));
    if (!hub) throw parentNotFound(hubId, id);
    const isNew = !hub.hasConsumerGroup(nameOf(id));
    checkConsumerGroupCount(hubId, hub.consumerGroups.length + (isNew ? 1 : 0), this.context.resources);
    hub.addConsumerGroup(nameOf(id));
    return { createdAt, updatedAt: createdAt };
  }

  #hub(id: string): EventHub {
    const hub = this.#namespaces.get(namespaceIdOf(id).toLowerCase())?.findHub(nameOf(id));
    if (!hub) throw new AzureError(404, 'NotFound', `There is no event hub ${id}.`);
    return hub;
  }

  #hubFolder(id: string): string {
    return join(this.context.stateFolder('eventHubs'), nameOf(namespaceIdOf(id)), nameOf(id));
  }
}

function parentNotFound(parent: string, id: string): AzureError {
  return new AzureError(404, 'ParentResourceNotFound', `${parent} does not exist, so ${id} cannot be made.`);
}
