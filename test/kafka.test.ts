import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { message as amqp } from 'rhea';
import type { EventHubEvent, Principal } from '../local/contracts';
import { kafkaSetupProblem } from '../local/databricks/setup';
import type { LogRecord } from '../local/durableLog/durableLog';
import { deliveryOf } from '../local/eventHubs/delivery';
import type { Partition } from '../local/eventHubs/partition';
import { KafkaEndpoint } from '../local/kafka/kafkaEndpoint';
import { startOfTime, type TestContext, testContext } from './support/context';
import { TestEventHubs, until } from './support/eventHubs';

const why = kafkaSetupProblem();
if (why !== undefined) console.warn(`The tests of the Kafka endpoint do not run: ${why}`);
const kafkaTest = why !== undefined ? test.skip : test;

const hourMs = 3_600_000;

let context: TestContext;
let hubs: TestEventHubs;
let owner: Principal;
let endpoint: KafkaEndpoint;
const opened: { disconnect(): Promise<void> }[] = [];

beforeEach(async () => {
  context = await testContext();
  hubs = await new TestEventHubs(context).start();
  owner = hubs.owner();
  endpoint = new KafkaEndpoint('evhns-test', context, (id) => hubs.service.find(id));
});

afterEach(async () => {
  for (const client of opened.splice(0)) await client.disconnect().catch(() => {});
  await endpoint.close();
  await hubs.service.close();
  context.close();
});

const clientOf = (address: string) =>
  new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 20, initialRetryTime: 50 } });

function send(hub: string, ...events: (Partial<EventHubEvent> & { key: string })[]): Promise<void> {
  return hubs.service.send(
    owner,
    hub,
    events.map(({ key, ...event }) => ({ partitionKey: key, event: { body: Buffer.from('{}'), ...event } })),
  );
}

/** Everything that a Kafka client reads of a topic from its beginning, by partition. */
async function readTopic(address: string, topic: string): Promise<KafkaMessage[][]> {
  const client = clientOf(address);
  const admin = client.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const read: KafkaMessage[][] = offsets.map(() => []);
  const consumer = client.consumer({ groupId: `test-${Math.random()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => void read[partition]?.push(message),
  });
  const isComplete = () =>
    offsets.every(({ partition, high, low }) => (read[partition]?.length ?? 0) >= Number(high) - Number(low));
  await until(`all of ${topic}`, isComplete);
  await consumer.disconnect();
  return read;
}

/** All records of a partition; its log reads from one of its files at a time. */
function recordsOf(partition: Partition): LogRecord[] {
  const records: LogRecord[] = [];
  for (let next = partition.firstSequence; next < partition.nextSequence; next = (records.at(-1)?.sequence ?? 0) + 1) {
    records.push(...partition.read(next, 10_000, 1e9));
  }
  return records;
}

/** What lies in a hub, by partition, as AMQP clients get it. */
function eventsOf(hub: string) {
  return (hubs.service.find(hub)?.partitions ?? []).map((partition) =>
    recordsOf(partition).map((record) => {
      const { body, application_properties, message_annotations } = amqp.decode(deliveryOf(record));
      return {
        sequence: record.sequence,
        enqueuedTime: record.enqueuedTime,
        key: message_annotations?.['x-opt-partition-key'] as string | undefined,
        body: (body.content as Buffer).toString(),
        properties: application_properties as Record<string, unknown> | undefined,
      };
    }),
  );
}

/** The topic holds exactly the hub's events: at their sequence numbers, with their keys, bodies and times. */
async function expectMirrored(address: string, hub: string): Promise<void> {
  const topic = hub.slice(hub.lastIndexOf('/') + 1);
  const ends = () => hubs.service.find(hub)?.partitions.map(({ nextSequence }) => nextSequence) ?? [];
  await caughtUp(address, topic, ends());
  const inTopic = (await readTopic(address, topic)).map((messages) =>
    messages.map(({ offset, key, value, timestamp }) => ({
      sequence: Number(offset),
      enqueuedTime: Number(timestamp),
      key: key?.toString(),
      body: value?.toString(),
    })),
  );
  for (const [partition, events] of eventsOf(hub).entries()) {
    const found = inTopic[partition] ?? [];
    const wanted = events.map(({ properties: _, ...event }) => event);
    // One record says more than a difference of thousands.
    const at = wanted.findIndex((event, i) => JSON.stringify(event) !== JSON.stringify(found[i]));
    expect({ partition, at, record: found[at] }).toEqual({ partition, at, record: wanted[at] });
    expect(found).toHaveLength(wanted.length);
  }
}

async function caughtUp(address: string, topic: string, ends: readonly number[]): Promise<void> {
  const admin = clientOf(address).admin();
  await admin.connect();
  await until(`${topic} to be caught up`, async () => {
    const offsets = await admin.fetchTopicOffsets(topic).catch(() => []);
    return ends.every((end, id) => offsets.some(({ partition, high }) => partition === id && Number(high) >= end));
  });
  await admin.disconnect();
}

kafkaTest(
  'a Kafka client reads a hub: same partition, offset is the sequence number, key, body, time, headers',
  async () => {
    const enriched = await hubs.hub('enriched', 3);
    await send(enriched, { key: 'before', body: Buffer.from('sent before the endpoint was there') });
    const address = await endpoint.serve({ mirrored: [enriched], received: [] });
    for (let i = 0; i < 20; i++) await send(enriched, { key: `patient-${i % 5}`, body: Buffer.from(`{"i":${i}}`) });
    await send(enriched, { key: 'p', properties: { 'iomt-kind': 'clock-mark', count: 7 } });

    await expectMirrored(address, enriched);
    const marked = (await readTopic(address, 'enriched')).flat().find(({ key }) => key?.toString() === 'p');
    // AMQP-encoded, as in Azure: the type (0xa1, a short string; 0x52, a small uint), then the value.
    expect(marked?.headers?.['iomt-kind']).toEqual(Buffer.from(`\xa1\x0aclock-mark`, 'latin1'));
    expect(marked?.headers?.count).toEqual(Buffer.from([0x52, 7]));
    expect({ ...endpoint.health(), logged: context.logged }).toEqual({ state: 'running', restarts: 0, logged: [] });
  },
  120_000,
);

kafkaTest(
  'nothing is missing or twice after the broker was killed in the middle of it, again and again',
  async () => {
    const enriched = await hubs.hub('enriched', 2);
    let address = await endpoint.serve({ mirrored: [enriched], received: [] });
    let isSending = true;
    const sending = (async () => {
      for (let i = 0; isSending; i += 20) {
        await send(
          enriched,
          ...Array.from({ length: 20 }, (_, j) => ({ key: `k${j % 6}`, body: Buffer.from(`${i + j}`) })),
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    for (let round = 1; round <= 3; round++) {
      const before = hubs.service.find(enriched)?.partitions.map(({ nextSequence }) => nextSequence + 300) ?? [];
      await caughtUp(address, 'enriched', before);
      await endpoint.killBroker();
      await until(
        'another broker',
        () => endpoint.health().restarts === round && endpoint.health().state === 'running',
      );
      address = await endpoint.serve({ mirrored: [enriched], received: [] });
    }
    isSending = false;
    await sending;
    await expectMirrored(address, enriched);
  },
  180_000,
);

kafkaTest(
  'nor after the whole cloud was killed with its broker',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kafka-endpoint-'));
    try {
      for (let round = 0; round < 3; round++) {
        const { child, lines } = await cloudProcess(folder);
        const enough = (await nextTaken(lines)) + 1_000;
        while ((await nextTaken(lines)) < enough);
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await hubs.service.close();
      context.close();
      context = await testContext(folder);
      hubs = await new TestEventHubs(context).start();
      const enriched = await hubs.hub('enriched', 2);
      // A hub that was made anew is another hub; this one is the killed processes'.
      endpoint = new KafkaEndpoint('evhns-test', context, (id) => hubs.service.find(id));
      const address = await endpoint.serve({ mirrored: [enriched], received: [] });
      await expectMirrored(address, enriched);
      expect(eventsOf(enriched).flat().length).toBeGreaterThan(3_000);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  180_000,
);

kafkaTest(
  'offsets are sequence numbers also where the hub has forgotten its first events',
  async () => {
    const enriched = await hubs.hub('enriched', 1, { messageRetentionInDays: 1 });
    const days = async (from: number, to: number) => {
      for (let hour = from; hour < to; hour += 3) {
        await context.clock.advanceTo(startOfTime + hour * hourMs);
        await send(
          enriched,
          ...Array.from({ length: 40 }, (_, i) => ({ key: 'k', body: Buffer.from(`${hour}:${i}`) })),
        );
      }
    };
    await days(0, 72);
    const first = () => hubs.service.find(enriched)?.partitions[0]?.firstSequence ?? 0;
    hubs.service.find(enriched)?.partitions[0]?.trim(context.clock.now() - 24 * hourMs);
    expect(first()).toBeGreaterThan(400);
    const address = await endpoint.serve({ mirrored: [enriched], received: [] });
    await expectMirrored(address, enriched);

    const before = first();
    await days(72, 120);
    hubs.service.find(enriched)?.partitions[0]?.trim(context.clock.now() - 24 * hourMs);
    expect(first()).toBeGreaterThan(before);
    await send(enriched, { key: 'k', body: Buffer.from('last') });
    await expectMirrored(address, enriched);
  },
  120_000,
);

kafkaTest(
  'what a Kafka client sends is appended in its partition, in order and once, though the broker is killed',
  async () => {
    const scored = await hubs.hub('scored', 2);
    const served = { mirrored: [], received: [scored] };
    const producer = clientOf(await endpoint.serve(served)).producer({ idempotent: true, maxInFlightRequests: 1 });
    opened.push(producer);
    await producer.connect();
    for (let round = 0; round < 6; round++) {
      const messages = Array.from({ length: 30 }, (_, i) => ({
        key: `patient-${i % 4}`,
        value: `${round}:${i}`,
        partition: i % 2,
        headers: { 'iomt-kind': 'window' },
      }));
      await producer.send({ topic: 'scored', messages });
      if (round % 2 === 1) await endpoint.killBroker();
    }
    await until('all to be appended', () => eventsOf(scored).flat().length >= 180);
    const inTopic = await readTopic(await endpoint.serve(served), 'scored');
    const appended = eventsOf(scored);
    expect(appended.map((events) => events.map(({ key, body }) => [key, body]))).toEqual(
      inTopic.map((messages) => messages.map(({ key, value }) => [key?.toString(), value?.toString()])),
    );
    expect(appended.flat()).toHaveLength(180);
    // Bytes, not a text: Azure hands on a Kafka header's value without a type.
    expect(appended[1]?.[0]?.properties).toEqual({ 'iomt-kind': Buffer.from('window') });

    // Started anew, it does not append again what it reads again.
    await endpoint.close();
    endpoint = new KafkaEndpoint('evhns-test', context, (id) => hubs.service.find(id));
    const again = clientOf(await endpoint.serve(served)).producer();
    opened.push(again);
    await again.connect();
    await again.send({ topic: 'scored', messages: [{ key: null, value: 'last', partition: 0 }] });
    await until('the last one', () => eventsOf(scored)[0]?.at(-1)?.body === 'last');
    expect(eventsOf(scored).flat()).toHaveLength(181);
    expect(eventsOf(scored)[0]?.at(-1)?.key).toBeUndefined();
  },
  180_000,
);

kafkaTest(
  "a topic into which a Kafka client wrote between the hub's events is made anew",
  async () => {
    const enriched = await hubs.hub('enriched', 1);
    const address = await endpoint.serve({ mirrored: [enriched], received: [] });
    await send(enriched, { key: 'k', body: Buffer.from('1') });
    await caughtUp(address, 'enriched', [1]);
    const stranger = clientOf(address).producer();
    opened.push(stranger);
    await stranger.connect();
    await stranger.send({ topic: 'enriched', messages: [{ value: 'stranger' }] });
    await send(enriched, { key: 'k', body: Buffer.from('2') });
    await until('another broker', () => endpoint.health().restarts === 1 && endpoint.health().state === 'running');
    await expectMirrored(await endpoint.serve({ mirrored: [enriched], received: [] }), enriched);
    expect(context.logged.join('\n')).toContain('something else has written to it');
  },
  120_000,
);

async function cloudProcess(folder: string): Promise<{ child: ChildProcess; lines: AsyncIterator<string> }> {
  const args = ['--import', 'tsx', join(__dirname, 'support', 'kafkaEndpointProcess.ts'), folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return { child, lines };
}

async function nextTaken(lines: AsyncIterator<string>): Promise<number> {
  return (JSON.parse(String((await lines.next()).value)) as { taken: number }).taken;
}
