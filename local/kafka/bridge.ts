import { join } from 'node:path';
import type { Admin, ICustomPartitioner, Producer } from 'kafkajs';
import type { Clock } from '../contracts';
import type { EventHub } from '../eventHubs/eventHub';
import { disconnect, type KafkaBroker } from './broker';
import { ForeignRecords, PartitionMirror } from './partitionMirror';
import { Receiver } from './receiver';
import { Topics } from './topics';

const patienceMs = 5_000;

/** Which hubs of a namespace Kafka clients read, and which they write to. */
export interface BridgedHubs {
  readonly mirrored: readonly EventHub[];
  readonly received: readonly EventHub[];
}

/** The way between event hubs and the topics of one running broker, both ways, until it is closed or fails. */
export class Bridge {
  /** Rejects when it cannot go on with this broker. */
  readonly failed: Promise<never>;
  private readonly ending = new AbortController();
  private mirrors: Promise<void>[] = [];

  private constructor(
    private readonly admin: Admin,
    private readonly producer: Producer,
    private readonly receiver: Receiver,
    topics: Topics,
    starts: readonly (readonly [PartitionMirror, number])[],
  ) {
    this.mirrors = starts.map(async ([mirror, from]) => {
      try {
        await mirror.run(from, this.ending.signal);
      } catch (error) {
        if (error instanceof ForeignRecords) topics.giveUp(mirror.topic);
        throw error;
      }
    });
    this.failed = Promise.race([receiver.failed, Promise.all(this.mirrors).then(() => new Promise<never>(() => {}))]);
    this.failed.catch(() => {});
  }

  /** Makes topics as needed; once it is open, clients find all hubs. */
  static async open(broker: KafkaBroker, hubs: BridgedHubs, folder: string, clock: Clock): Promise<Bridge> {
    const kafka = broker.client();
    const admin = kafka.admin();
    const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: ofItself });
    try {
      await Promise.all([admin.connect(), producer.connect()]);
      const topics = new Topics(admin, join(folder, 'topics.json'));
      const received: { hub: EventHub; life: string }[] = [];
      for (const hub of hubs.received) received.push({ hub, life: (await topics.ensure(hub, 'received')).id });
      const starts: (readonly [PartitionMirror, number])[] = [];
      for (const hub of hubs.mirrored) starts.push(...(await mirrorsOf(hub, topics, { admin, producer })));
      return new Bridge(admin, producer, await Receiver.open(broker.readingClient(), received, clock), topics, starts);
    } catch (error) {
      await Promise.all([disconnect(admin), disconnect(producer)]);
      throw error;
    }
  }

  /** Waits for the batches under way, but not for long: a broker that is gone answers no more. */
  async close(): Promise<void> {
    this.ending.abort();
    const closed = (async () => {
      await Promise.allSettled(this.mirrors);
      await Promise.all([this.receiver.close(), disconnect(this.admin), disconnect(this.producer)]);
    })();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([closed, late]);
    clearTimeout(timer);
  }
}

/** The partition that a message names. */
const ofItself: ICustomPartitioner =
  () =>
  ({ message }) =>
    message.partition ?? 0;

async function mirrorsOf(
  hub: EventHub,
  topics: Topics,
  clients: { admin: Admin; producer: Producer },
): Promise<(readonly [PartitionMirror, number])[]> {
  await topics.ensure(hub, 'mirrored');
  const open = () =>
    Promise.all(
      hub.partitions.map(async (partition) => {
        const mirror = new PartitionMirror(partition, hub.settings.name, clients);
        return [mirror, await mirror.open()] as const;
      }),
    );
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof ForeignRecords)) throw error;
    topics.giveUp(hub.settings.name);
    await topics.ensure(hub, 'mirrored');
    return open();
  }
}
