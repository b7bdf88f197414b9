import type { ServiceContext } from '../contracts';
import { ActiveReceivers } from './activeReceivers';
import { AmqpEndpoint } from './amqpEndpoint';
import { type AmqpRefusal, entityNotFound } from './amqpRefusal';
import type { EventHub, EventHubStats } from './eventHub';

/** A namespace: its hubs and the endpoint at which clients find them. */
export class Namespace {
  /** By lower-case name. */
  readonly #hubs = new Map<string, EventHub>();
  #endpoint: AmqpEndpoint | undefined;

  private constructor(readonly name: string) {}

  static async open(name: string, port: number, context: ServiceContext): Promise<Namespace> {
    const namespace = new Namespace(name);
    namespace.#endpoint = await AmqpEndpoint.listen(port, context.certificates, {
      authority: context.authority,
      clock: context.clock,
      receivers: new ActiveReceivers(),
      eventHub: (hub) => namespace.#existingHub(hub),
    });
    return namespace;
  }

  get hubIds(): readonly string[] {
    return [...this.#hubs.values()].map(({ settings }) => settings.id);
  }

  findHub(name: string): EventHub | undefined {
    return this.#hubs.get(name.toLowerCase());
  }

  addHub(hub: EventHub): void {
    this.#hubs.set(hub.settings.name.toLowerCase(), hub);
  }

  async removeHub(name: string): Promise<void> {
    const hub = this.findHub(name);
    if (!hub) return;
    this.#hubs.delete(name.toLowerCase());
    this.#endpoint?.endLinksTo(hub, notFound(name, this.name));
    await hub.close();
  }

  async checkAccess(): Promise<void> {
    await this.#endpoint?.checkAccess();
  }

  stats(): EventHubStats[] {
    return [...this.#hubs.values()].map((hub) => hub.stats(this.name));
  }

  async close(): Promise<void> {
    await this.#endpoint?.close();
    await Promise.all([...this.#hubs.values()].map((hub) => hub.close()));
  }

  #existingHub(name: string): EventHub {
    const hub = this.findHub(name);
    if (!hub) throw notFound(name, this.name);
    return hub;
  }
}

function notFound(hub: string, namespace: string): AmqpRefusal {
  return entityNotFound(hub, `the namespace '${namespace}' has no event hub of this name`);
}
