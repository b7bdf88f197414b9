import { join } from 'node:path';
import type { ServiceContext } from '../contracts';
import type { EventHub } from '../eventHubs/eventHub';
import { Bridge } from './bridge';
import { KafkaBroker } from './broker';
import { tools } from './tools';

export interface KafkaEndpointHealth {
  /** `stopped`: nobody has asked for it; `starting`: also after it has failed. */
  readonly state: 'stopped' | 'starting' | 'running';
  /** Why it is not running. */
  readonly reason?: string;
  /** How often it was started again. */
  readonly restarts: number;
}

/** ARM ids of event hubs of the namespace. One in both is only received from. */
export interface ServedHubs {
  readonly mirrored: readonly string[];
  readonly received: readonly string[];
}

const firstBackOffMs = 250;
const longestBackOffMs = 10_000;

/**
 * The Kafka endpoint of an Event Hubs namespace: a real broker on 127.0.0.1, started when it is first asked for.
 *
 * A hub that Kafka clients read is mirrored 1:1 to the topic of its name: same partition, offset equal to the sequence
 * number, partition key as key, body as value, enqueued time as timestamp. What Kafka clients send to a hub is appended to
 * its log, in the partition of the same number, in order and once.
 *
 * What differs from Azure: one hub goes one way. Events that AMQP clients send to a hub that Kafka clients write to are
 * not in its topic, and a Kafka client that writes to a mirrored topic makes it be made anew. There is no TLS and no
 * token: whoever serves the endpoint asks for roles. A record comes to the topic some milliseconds after its event.
 */
export class KafkaEndpoint {
  private served: ServedHubs = { mirrored: [], received: [] };
  private changed: () => void = () => {};
  private running: Promise<void> | undefined;
  private broker: KafkaBroker | undefined;
  private reached: string | undefined;
  private reason: string | undefined;
  private restarts = -1;
  private isClosed = false;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly namespace: string,
    private readonly context: Pick<ServiceContext, 'stateFolder' | 'ports' | 'clock' | 'log'>,
    private readonly find: (eventHubId: string) => EventHub | undefined,
  ) {}

  /**
   * Serves these hubs and no others from now on.
   * @returns the broker's address, once clients find all of them
   * @throws Error when the endpoint is closed meanwhile
   */
  async serve(hubs: ServedHubs): Promise<string> {
    const wanted = normalized(hubs);
    if (JSON.stringify(wanted) !== JSON.stringify(this.served)) {
      this.served = wanted;
      this.reached = undefined;
      this.changed();
    }
    this.running ??= this.run();
    while (this.reached === undefined && !this.isClosed) {
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
    if (this.isClosed || this.reached === undefined) throw new Error('The Kafka endpoint is closed.');
    return this.reached;
  }

  health(): KafkaEndpointHealth {
    const restarts = Math.max(0, this.restarts);
    if (!this.running || this.isClosed) return { state: 'stopped', restarts };
    if (this.reached) return { state: 'running', restarts };
    return { state: 'starting', restarts, ...(this.reason !== undefined && { reason: this.reason }) };
  }

  /** Ends the broker as a machine that fails does; it is started again. */
  async killBroker(): Promise<void> {
    await this.broker?.kill();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.changed();
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    let backOffMs = firstBackOffMs;
    while (!this.isClosed) {
      try {
        await this.runBroker(() => {
          backOffMs = firstBackOffMs;
        });
      } catch (error) {
        this.fail(error);
        await this.pause(backOffMs);
        backOffMs = Math.min(backOffMs * 2, longestBackOffMs);
      }
    }
  }

  /** One process of the broker. @throws Error when it or the bridge ends: then what was under way may not arrive later */
  private async runBroker(onReached: () => void): Promise<void> {
    const folder = join(this.context.stateFolder('kafka'), this.namespace);
    const { ports, log } = this.context;
    this.restarts += 1;
    const broker = await KafkaBroker.start({
      folder,
      port: await ports.get(`kafka-${this.namespace}`),
      controllerPort: await ports.get(`kafka-controller-${this.namespace}`),
      tools: await tools(['kafka'], log),
    });
    this.broker = broker;
    const died = broker.ended.then(() => Promise.reject(new Error('The Kafka broker has ended.')));
    died.catch(() => {});
    try {
      while (!this.isClosed) await this.bridge(broker, died, onReached);
      await broker.stop();
    } finally {
      await broker.kill();
      this.broker = undefined;
    }
  }

  /** One set of hubs, until there is another one. */
  private async bridge(broker: KafkaBroker, died: Promise<never>, onReached: () => void): Promise<void> {
    const changed = new Promise<void>((resolve) => {
      this.changed = resolve;
    });
    const { served } = this;
    const hubs = (ids: readonly string[]) => ids.flatMap((id) => this.find(id) ?? []);
    const bridged = { mirrored: hubs(served.mirrored), received: hubs(served.received) };
    const folder = join(this.context.stateFolder('kafka'), this.namespace);
    const bridge = await Promise.race([Bridge.open(broker, bridged, folder, this.context.clock), died]);
    try {
      if (served === this.served) {
        this.reached = broker.address;
        this.reason = undefined;
        onReached();
        this.wake();
      }
      if (!this.isClosed && served === this.served) await Promise.race([changed, bridge.failed, died]);
    } catch (error) {
      await broker.kill();
      throw error;
    } finally {
      await bridge.close();
    }
  }

  private fail(error: unknown): void {
    this.reached = undefined;
    this.reason = error instanceof Error ? error.message : String(error);
    this.context.log.warn(`The Kafka endpoint of ${this.namespace} starts again: ${this.reason}`);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.changed = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.isClosed) this.changed();
    });
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

function normalized({ mirrored, received }: ServedHubs): ServedHubs {
  const ids = (list: readonly string[]) => [...new Set(list.map((id) => id.toLowerCase()))].sort();
  const written = ids(received);
  return { mirrored: ids(mirrored).filter((id) => !written.includes(id)), received: written };
}
