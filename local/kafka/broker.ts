import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { output } from './command';
import { GuardedProcess } from './guardedProcess';
import type { KafkaTools } from './tools';

export interface BrokerSettings {
  /** Folder of its data, configuration and log; made when absent. */
  readonly folder: string;
  readonly port: number;
  /** Where it speaks to itself as controller. */
  readonly controllerPort: number;
  readonly tools: KafkaTools;
}

const firstTryMs = 200;

/** A Kafka broker of one node on 127.0.0.1, in a process of its own that ends with this one. */
export class KafkaBroker {
  private constructor(
    readonly address: string,
    private readonly process: GuardedProcess,
  ) {}

  /**
   * Starts it with what it has kept, and waits until it answers (about three seconds).
   * @throws Error when it ends before that
   */
  static async start(settings: BrokerSettings): Promise<KafkaBroker> {
    const { folder, port, tools } = settings;
    mkdirSync(folder, { recursive: true });
    const configuration = join(folder, 'server.properties');
    writeFileSync(configuration, properties(settings));
    await format(settings, configuration);
    const logFile = join(folder, 'broker.log');
    rmSync(logFile, { force: true });
    const process_ = new GuardedProcess({
      command: tools.java,
      args: [...javaOptions, '-cp', join(tools.kafkaJars, '*'), 'kafka.Kafka', configuration],
      environment: process.env,
      folder,
      logFile,
    });
    const broker = new KafkaBroker(`127.0.0.1:${port}`, process_);
    try {
      await broker.answers();
    } catch (error) {
      await broker.kill();
      const said = readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join(' ');
      throw new Error(`The Kafka broker does not start: ${String(error)}. It said: ${said}`);
    }
    return broker;
  }

  get ended(): Promise<unknown> {
    return this.process.ended;
  }

  /** Ends it as a machine that fails does. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  /** A client that tries nothing again by itself: whoever sends must know what has arrived. */
  client(): Kafka {
    return clientOf(this.address, 0);
  }

  /** One that does: what is read twice does no harm, and a fresh broker needs a moment for its consumer groups. */
  readingClient(): Kafka {
    return clientOf(this.address, 10);
  }

  private async answers(): Promise<void> {
    let hasEnded = false;
    void this.process.ended.then(() => {
      hasEnded = true;
    });
    for (;;) {
      const admin = this.client().admin();
      try {
        await admin.connect();
        await admin.describeCluster();
        return;
      } catch (error) {
        if (hasEnded) throw error;
        await new Promise((resolve) => setTimeout(resolve, firstTryMs));
      } finally {
        await disconnect(admin);
      }
    }
  }
}

function clientOf(address: string, retries: number): Kafka {
  return new Kafka({
    clientId: 'event-hubs',
    brokers: [address],
    logLevel: logLevel.NOTHING,
    retry: { retries, initialRetryTime: 100, maxRetryTime: 5_000 },
    connectionTimeout: 5_000,
    requestTimeout: 30_000,
  });
}

export async function disconnect(client: Pick<Admin, 'disconnect'>): Promise<void> {
  await client.disconnect().catch(() => {});
}

const javaOptions = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];

/** Gives the folder a cluster id, once. A process that died in the middle leaves no mark, and it is done again. */
async function format({ folder, tools }: BrokerSettings, configuration: string): Promise<void> {
  const mark = join(folder, 'formatted');
  if (existsSync(mark)) return;
  rmSync(join(folder, 'data'), { recursive: true, force: true });
  const clusterId = randomBytes(16).toString('base64url');
  const args = ['-cp', join(tools.kafkaJars, '*'), 'kafka.tools.StorageTool', 'format'];
  const { code, stderr, stdout } = await output(tools.java, [...args, '-t', clusterId, '-c', configuration]);
  if (code !== 0) throw new Error(`The Kafka broker's folder cannot be made: ${stderr}${stdout}`);
  writeFileSync(mark, clusterId);
}

function properties({ folder, port, controllerPort }: BrokerSettings): string {
  const settings: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    // Topics are event hubs: a client cannot make any.
    'auto.create.topics.enable': 'false',
    'num.network.threads': 2,
    'num.io.threads': 2,
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
