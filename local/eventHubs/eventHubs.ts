import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ArmResource,
  AzureError,
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

  constructor(private readonly context: ServiceContext) {
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

  /** How many events each hub has taken. */
  stats(): EventHubStats[] {
    return [...this.#namespaces.values()].flatMap((namespace) => namespace.stats());
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

  #provisionHub(resource: ArmResource, previous?: ArmResource): Properties {
    const { id, createdAt } = resource;
    const namespaceResource = this.context.resources.get(namespaceIdOf(id));
    const namespace = this.#namespaces.get(namespaceIdOf(id).toLowerCase());
    if (!namespaceResource || !namespace) throw parentNotFound(namespaceIdOf(id), id);
    const { partitionCount, retentionMs } = hubProperties(resource, namespaceResource, previous);
    const hub = namespace.findHub(nameOf(id));
    if (hub) {
      hub.grow(partitionCount);
      hub.retain(retentionMs);
    } else {
      checkHubCount(namespaceResource, [...namespace.hubIds, id]);
      const settings = { id, name: nameOf(id), createdAt };
      namespace.addHub(new EventHub(settings, this.#hubFolder(id), this.context.clock, partitionCount, retentionMs));
    }
    return {
      createdAt,
      partitionIds: Array.from({ length: partitionCount }, (_, partition) => String(partition)),
      status: 'Active',
      updatedAt: createdAt,
    };
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
