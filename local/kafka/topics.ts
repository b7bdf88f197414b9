import { randomUUID } from 'node:crypto';
import type { Admin, ITopicConfig } from 'kafkajs';
import { readJson, writeJsonAtomic } from '../core/state';
import type { EventHub } from '../eventHubs/eventHub';

/** `mirrored`: AMQP clients write, Kafka clients read. `received`: Kafka clients write. */
export type Direction = 'mirrored' | 'received';

/** One life of a topic: it is made anew with its event hub, and when its direction changes. */
export interface TopicLife {
  readonly direction: Direction;
  /** When the event hub was made. */
  readonly hubCreatedAt: string;
  /** Names this life. */
  readonly id: string;
}

/** More than Event Hubs takes in one event or batch (1 MB). */
const longestBatch = 4 * 1024 * 1024;
const mostAttempts = 100;
const attemptMs = 100;
const weekMs = 7 * 24 * 3_600_000;

/** The topics of a broker: one of the same name and number of partitions for each event hub that is bridged. */
export class Topics {
  private readonly lives: Record<string, TopicLife>;

  /** @param file where it is remembered for which event hub a topic was made */
  constructor(
    private readonly admin: Admin,
    private readonly file: string,
  ) {
    this.lives = readJson<Record<string, TopicLife>>(file) ?? {};
  }

  /** Makes the topic unless it is there for this event hub and direction; adds partitions that the hub has got. */
  async ensure({ settings, partitions }: EventHub, direction: Direction): Promise<TopicLife> {
    const topic = settings.name;
    const life = this.lives[topic];
    const isThere = (await this.admin.listTopics()).includes(topic);
    if (isThere && life?.direction === direction && life.hubCreatedAt === settings.createdAt) {
      await this.grow(topic, partitions.length);
      return life;
    }
    if (isThere) await this.admin.deleteTopics({ topics: [topic] });
    await this.admin.createTopics({ topics: [topicOf(topic, partitions.length, direction)], waitForLeaders: true });
    await this.isServed(topic, partitions.length);
    // Only now: a topic whose life is not noted is made anew.
    const fresh = { direction, hubCreatedAt: settings.createdAt, id: randomUUID() };
    this.lives[topic] = fresh;
    writeJsonAtomic(this.file, this.lives);
    return fresh;
  }

  /** A topic that was just made has no leaders for a moment, or is not known yet. */
  private async isServed(topic: string, partitions: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        if ((await this.admin.fetchTopicOffsets(topic)).length === partitions || attempt === mostAttempts) return;
      } catch (error) {
        if (attempt === mostAttempts) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, attemptMs));
    }
  }

  /** Notes that the topic's records are not those of its hub: it is made anew the next time. */
  giveUp(topic: string): void {
    delete this.lives[topic];
    writeJsonAtomic(this.file, this.lives);
  }

  private async grow(topic: string, count: number): Promise<void> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    if ((topics[0]?.partitions.length ?? count) >= count) return;
    await this.admin.createPartitions({ topicPartitions: [{ topic, count }] });
  }
}

function topicOf(topic: string, numPartitions: number, direction: Direction): ITopicConfig {
  const settings = {
    'message.timestamp.type': 'CreateTime',
    // Virtual time may be far from the machine's.
    'message.timestamp.after.max.ms': '9223372036854775807',
    'max.message.bytes': String(longestBatch),
    // A mirrored topic is trimmed with its hub.
    'retention.ms': direction === 'mirrored' ? '-1' : String(weekMs),
  };
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  return { topic, numPartitions, replicationFactor: 1, configEntries };
}
