import { EventHubProducerClient } from '@azure/event-hubs';
import type { TokenCredential } from '@azure/identity';
import type { ContainerClient } from '@azure/storage-blob';
import type { DeadLetter } from '../../runtime/contracts/deadLetter';
import { concurrently } from '../../runtime/stream/concurrently';
import { retryOptions } from '../../runtime/stream/hubClients';
import { replayProperties } from '../../runtime/stream/replayed';
import { type ListedLetter, markReplayed, readLetter } from './letters';

/** Letters that are on their way at a time. */
const parallelLetters = 16;

/** Sends dead letters' messages again, each to the hub from which the step that failed reads. */
export class Replay {
  private readonly producers = new Map<string, EventHubProducerClient>();

  constructor(
    private readonly container: ContainerClient,
    private readonly namespace: string,
    private readonly credential: TokenCredential,
  ) {}

  /**
   * Sends, and marks each letter once the hub has acknowledged it. Ends with the first fault: the rest is unmarked, so the
   * next run takes it up.
   *
   * @param onReplayed called for each letter that is sent and marked
   */
  async send(letters: readonly ListedLetter[], onReplayed: (letter: ListedLetter) => void): Promise<void> {
    let hasFailed = false;
    try {
      await concurrently(parallelLetters, letters, async (listed) => {
        if (hasFailed) return;
        try {
          await this.sendOne(listed.name);
          onReplayed(listed);
        } catch (error) {
          hasFailed = true;
          throw error;
        }
      });
    } finally {
      await Promise.allSettled([...this.producers.values()].map((producer) => producer.close()));
    }
  }

  private async sendOne(name: string): Promise<void> {
    const read = await readLetter(this.container, name);
    const { letter } = read;
    const producer = this.producerOf(letter.eventHub);
    const batch = await producer.createBatch(letter.partitionKey === null ? {} : { partitionKey: letter.partitionKey });
    if (!batch.tryAdd(eventOf(name, letter))) throw new Error(`The dead letter ${name} is larger than its hub takes.`);
    await producer.sendBatch(batch);
    await markReplayed(this.container, name, read);
  }

  private producerOf(hub: string): EventHubProducerClient {
    const producer =
      this.producers.get(hub) ?? new EventHubProducerClient(this.namespace, hub, this.credential, { retryOptions });
    this.producers.set(hub, producer);
    return producer;
  }
}

function eventOf(name: string, letter: DeadLetter) {
  return {
    body: Buffer.from(letter.bodyBase64, 'base64'),
    properties: replayProperties(name, letter),
    ...(letter.contentType === null ? {} : { contentType: letter.contentType }),
  };
}
