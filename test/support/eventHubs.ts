import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Certificates, Principal } from '../../local/contracts';
import { EventHubs } from '../../local/eventHubs/eventHubs';
import { resourceGroupId, type TestContext } from './context';

export const sendAction = 'Microsoft.EventHub/namespaces/messages/send/action';
export const receiveAction = 'Microsoft.EventHub/namespaces/messages/receive/action';

export const namespaceId = `${resourceGroupId}/providers/Microsoft.EventHub/namespaces/evhns-test`;
export const hubIdOf = (hub: string) => `${namespaceId}/eventhubs/${hub}`;

/** Makes clients in this process trust the local cloud, as NODE_EXTRA_CA_CERTS does for those that are started with it. */
export function trust({ authority }: Certificates): void {
  setDefaultCACertificates([...getCACertificates('default'), authority]);
}

/**
 * @azure/event-hubs leaves its token refresh timer (an hour) behind when a link is refused. Lets jest end all the same.
 * Undo with `jest.restoreAllMocks()`.
 */
export function letLongTimersGo(): void {
  const start = globalThis.setTimeout;
  jest.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms = 0, ...rest: []) => {
    const timer = start(run, ms, ...rest);
    return ms > 600_000 ? timer.unref() : timer;
  }) as typeof setTimeout);
}

/** Event Hubs with one namespace, on which a test makes hubs as the control plane would. */
export class TestEventHubs {
  readonly service: EventHubs;
  /** `localhost:<port>`, which SDKs take as fully qualified namespace. */
  host = '';

  constructor(readonly context: TestContext) {
    this.service = new EventHubs(context);
  }

  async start(sku = 'Standard'): Promise<this> {
    const inputs = { sku: { name: sku, tier: sku }, disableLocalAuth: true };
    const outputs = await this.service.provision(this.context.resources.put('eventhub:Namespace', namespaceId, inputs));
    this.host = new URL(String(outputs.serviceBusEndpoint)).host;
    return this;
  }

  async hub(name: string, partitionCount = 1, inputs: Record<string, unknown> = {}): Promise<string> {
    const id = hubIdOf(name);
    const previous = this.context.resources.get(id);
    const resource = this.context.resources.put('eventhub:EventHub', id, { partitionCount, ...inputs });
    await this.service.provision(resource, previous);
    return id;
  }

  async consumerGroup(hub: string, name: string): Promise<void> {
    const id = `${hubIdOf(hub)}/consumergroups/${name}`;
    await this.service.provision(this.context.resources.put('eventhub:ConsumerGroup', id, {}));
  }

  /** A principal that may send to and receive from all hubs. */
  owner(): Principal {
    const owner = this.context.authority.principal('owner');
    this.context.authority.grant(owner, 'Microsoft.EventHub/*', namespaceId);
    return owner;
  }
}

/** Resolves once `condition` holds; fails, saying what was awaited, when it has not after `seconds`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
