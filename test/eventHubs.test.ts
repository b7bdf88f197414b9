import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import {
  EventHubBufferedProducerClient,
  type EventHubBufferedProducerClientOptions,
  EventHubConsumerClient,
  EventHubProducerClient,
  type EventPosition,
  earliestEventPosition,
  latestEventPosition,
  type ReceivedEventData,
} from '@azure/event-hubs';
import { BlobCheckpointStore } from '@azure/eventhubs-checkpointstore-blob';
import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import type { Principal } from '../local/contracts';
import { startOfTime, type TestContext, testContext } from './support/context';
import { hubIdOf, letLongTimersGo, receiveAction, sendAction, TestEventHubs, trust, until } from './support/eventHubs';

const retryOptions = { maxRetries: 0, timeoutInMs: 10_000 };

let context: TestContext;
let hubs: TestEventHubs;
let owner: Principal;
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  letLongTimersGo();
  context = await testContext();
  trust(context.certificates);
  hubs = await new TestEventHubs(context).start();
  owner = hubs.owner();
});

afterEach(async () => {
  for (const client of opened.splice(0).reverse()) await client.close();
  await hubs.service.close();
  context.close();
  jest.restoreAllMocks();
});

function closing<Client extends { close(): Promise<void> }>(client: Client): Client {
  opened.push(client);
  return client;
}

function producerOf(hub: string, as = owner): EventHubProducerClient {
  return closing(new EventHubProducerClient(hubs.host, hub, context.authority.credential(as), { retryOptions }));
}

function consumerOf(hub: string, as = owner, group = '$Default'): EventHubConsumerClient {
  return closing(new EventHubConsumerClient(group, hubs.host, hub, context.authority.credential(as), { retryOptions }));
}

interface Received {
  readonly events: ReceivedEventData[];
  readonly errors: Error[];
}

/** Reads one partition until the test ends. */
function receive(
  consumer: EventHubConsumerClient,
  startPosition: EventPosition = earliestEventPosition,
  options: { partition?: string; ownerLevel?: number } = {},
): Received {
  const received: Received = { events: [], errors: [] };
  const { partition = '0', ...rest } = options;
  closing(
    consumer.subscribe(
      partition,
      {
        processEvents: async (events) => void received.events.push(...events),
        processError: async (error) => void received.errors.push(error),
      },
      { startPosition, maxWaitTimeInSeconds: 1, ...rest },
    ),
  );
  return received;
}

const bodies = ({ events }: Received) => events.map(({ body }) => body);

describe('what Azure SDK for JavaScript does', () => {
  test('a batch comes back as it was sent, in order, with the system properties of Event Hubs', async () => {
    await hubs.hub('devicedata', 4);
    const producer = producerOf('devicedata');
    expect((await producer.getEventHubProperties()).partitionIds).toEqual(['0', '1', '2', '3']);
    const batch = await producer.createBatch({ partitionKey: 'dev-1' });
    const sentOn = new Date('2026-01-01T12:00:00Z');
    batch.tryAdd({ body: { hr: 60.5 }, properties: { sentOn, ward: 'A', count: 2 ** 40 }, messageId: 'm-1' });
    batch.tryAdd({ body: 'text', contentType: 'text/plain', correlationId: 'c-1' });
    batch.tryAdd({ body: Buffer.from([0, 255]) });
    await producer.sendBatch(batch);

    const consumer = consumerOf('devicedata');
    const all = ['0', '1', '2', '3'].map((partition) => receive(consumer, earliestEventPosition, { partition }));
    await until('all three events', () => all.flatMap(({ events }) => events).length === 3);
    const [first, second, third] = all.flatMap(({ events }) => events);
    expect(first).toMatchObject({
      body: { hr: 60.5 },
      properties: { sentOn: sentOn.getTime(), ward: 'A', count: 2 ** 40 },
      messageId: 'm-1',
      partitionKey: 'dev-1',
      sequenceNumber: 0,
      enqueuedTimeUtc: new Date(startOfTime),
    });
    expect(second).toMatchObject({ body: 'text', contentType: 'text/plain', correlationId: 'c-1', sequenceNumber: 1 });
    expect(third).toMatchObject({ sequenceNumber: 2, partitionKey: 'dev-1' });
    expect(Buffer.from(third?.body)).toEqual(Buffer.from([0, 255]));
  });

  test('the buffered producer sends all, each partition in order; one key stays in one partition', async () => {
    await hubs.hub('devicedata', 4);
    const options: EventHubBufferedProducerClientOptions = {
      retryOptions,
      onSendEventsErrorHandler: async ({ error }) => Promise.reject(error),
    };
    const credential = context.authority.credential(owner);
    const producer = new EventHubBufferedProducerClient(hubs.host, 'devicedata', credential, options);
    for (let number = 0; number < 500; number++) {
      await producer.enqueueEvent({ body: { key: `k${number % 10}`, number } }, { partitionKey: `k${number % 10}` });
    }
    await producer.close({ flush: true });

    const consumer = consumerOf('devicedata');
    const all = ['0', '1', '2', '3'].map((partition) => receive(consumer, earliestEventPosition, { partition }));
    await until('500 events', () => all.flatMap(({ events }) => events).length >= 500);
    const homes = new Map<string, Set<number>>();
    for (const [partition, received] of all.entries()) {
      const last = new Map<string, number>();
      for (const { body } of received.events) {
        homes.set(body.key, (homes.get(body.key) ?? new Set()).add(partition));
        expect(body.number).toBeGreaterThan(last.get(body.key) ?? -1);
        last.set(body.key, body.number);
      }
    }
    expect(homes.size).toBe(10);
    for (const partitions of homes.values()) expect(partitions.size).toBe(1);
  });

  test('a receiver starts where it asks to', async () => {
    await hubs.hub('devicedata');
    const producer = producerOf('devicedata');
    for (let number = 0; number < 5; number++) {
      await context.clock.advanceTo(startOfTime + number * 1000);
      await producer.sendBatch([{ body: number }]);
    }
    const all = receive(consumerOf('devicedata'));
    await until('the five events', () => all.events.length === 5);
    const offset = all.events[2]?.offset;
    const cases: [EventPosition, number[]][] = [
      [{ offset }, [3, 4]],
      [{ offset, isInclusive: true }, [2, 3, 4]],
      [{ sequenceNumber: 1 }, [2, 3, 4]],
      [{ sequenceNumber: 1, isInclusive: true }, [1, 2, 3, 4]],
      [{ enqueuedOn: startOfTime + 2500 }, [3, 4]],
      [latestEventPosition, []],
    ];
    for (const [position, expected] of cases) {
      const received = receive(consumerOf('devicedata'), position);
      // Only what is sent once the link is open comes to who starts at the latest event.
      await until('what is sent meanwhile', async () => {
        await producer.sendBatch([{ body: 'next' }]);
        return bodies(received).includes('next');
      });
      expect(bodies(received).filter((body) => body !== 'next')).toEqual(expected);
      await Promise.all(opened.splice(-2).map((client) => client.close()));
    }
  });

  test('six readers of one partition without owner level are one too many', async () => {
    await hubs.hub('devicedata');
    await producerOf('devicedata').sendBatch([{ body: 1 }]);
    const five = Array.from({ length: 5 }, () => receive(consumerOf('devicedata')));
    await until('five readers', () => five.every(({ events }) => events.length === 1));
    const sixth = receive(consumerOf('devicedata'));
    await until('the sixth to be refused', () => sixth.errors.length > 0);
    expect(sixth.errors[0]).toMatchObject({
      code: 'QuotaExceededError',
      message: expect.stringContaining('at most 5'),
    });
  });

  test('properties of a partition and of the last enqueued event follow what is sent', async () => {
    await hubs.hub('devicedata');
    const producer = producerOf('devicedata');
    expect(await producer.getPartitionProperties('0')).toMatchObject({ isEmpty: true, lastEnqueuedSequenceNumber: -1 });
    await producer.sendBatch([{ body: 1 }, { body: 2 }]);
    const properties = await producer.getPartitionProperties('0');
    expect(properties).toMatchObject({
      isEmpty: false,
      beginningSequenceNumber: 0,
      lastEnqueuedSequenceNumber: 1,
      lastEnqueuedOnUtc: new Date(startOfTime),
    });
    let last: unknown;
    closing(
      consumerOf('devicedata').subscribe(
        '0',
        {
          processEvents: async (_events, partition) => {
            last = partition.lastEnqueuedEventProperties;
          },
          processError: async () => {},
        },
        { startPosition: earliestEventPosition, trackLastEnqueuedEventProperties: true, maxWaitTimeInSeconds: 1 },
      ),
    );
    await until('the last enqueued properties', () => (last as { sequenceNumber?: number })?.sequenceNumber === 1);
    expect(last).toMatchObject({ offset: properties.lastEnqueuedOffset, enqueuedOn: new Date(startOfTime) });
    expect(hubs.service.stats()).toEqual([
      { namespace: 'evhns-test', eventHub: 'devicedata', events: 2, lastSequences: [1] },
    ]);
  });

  test('a higher owner level takes the partition over, a lower one is not let in', async () => {
    await hubs.hub('devicedata');
    const producer = producerOf('devicedata');
    const first = receive(consumerOf('devicedata'), earliestEventPosition, { ownerLevel: 1 });
    await producer.sendBatch([{ body: 1 }]);
    await until('the first reader', () => first.events.length === 1);
    const second = receive(consumerOf('devicedata'), earliestEventPosition, { ownerLevel: 2 });
    await until('the first to be displaced', () => first.errors.length === 1);
    expect(first.errors[0]).toMatchObject({ code: 'ReceiverDisconnectedError' });
    await until('the second reader', () => second.events.length === 1);
    const third = receive(consumerOf('devicedata'), earliestEventPosition, { ownerLevel: 1 });
    await until('the third to be refused', () => third.errors.length === 1);
    expect(third.errors[0]).toMatchObject({ code: 'ReceiverDisconnectedError' });
    expect(second.errors).toEqual([]);
  });

  test('names that do not exist and events that are too large are refused in a sentence', async () => {
    await hubs.hub('devicedata');
    await expect(producerOf('nosuch').sendBatch([{ body: 1 }])).rejects.toMatchObject({
      code: 'MessagingEntityNotFoundError',
      message: expect.stringContaining("the namespace 'evhns-test' has no event hub of this name"),
    });
    const wrongGroup = receive(consumerOf('devicedata', owner, 'nosuch'));
    await until('an error', () => wrongGroup.errors.length > 0);
    expect(wrongGroup.errors[0]).toMatchObject({
      code: 'MessagingEntityNotFoundError',
      message: expect.stringContaining('there are the consumer groups $Default'),
    });
    const batch = await producerOf('devicedata').createBatch();
    expect(batch.maxSizeInBytes).toBe(1024 * 1024);
    expect(batch.tryAdd({ body: 'x'.repeat(1024 * 1024) })).toBe(false);
    expect(batch.tryAdd({ body: 'x'.repeat(1000 * 1000) })).toBe(true);
    await producerOf('devicedata').sendBatch(batch);
    expect(hubs.service.stats()[0]?.events).toBe(1);
  });
});

describe('roles', () => {
  test('a client without a role, with one for another hub or with a foreign token is refused', async () => {
    await hubs.hub('devicedata');
    await hubs.hub('other');
    const stranger = context.authority.principal('stranger');
    context.authority.grant(stranger, sendAction, hubIdOf('other'));
    await expect(producerOf('devicedata', stranger).sendBatch([{ body: 1 }])).rejects.toMatchObject({
      code: 'UnauthorizedError',
      message: expect.stringContaining(`stranger may not ${sendAction}`),
    });
    await expect(producerOf('devicedata', stranger).getEventHubProperties()).rejects.toMatchObject({
      code: 'UnauthorizedError',
    });
    await producerOf('other', stranger).sendBatch([{ body: 1 }]);
    const received = receive(consumerOf('other', stranger));
    await until('an error', () => received.errors.length > 0);
    expect(received.errors[0]).toMatchObject({ code: 'UnauthorizedError' });

    const token = {
      token: context.authority.token(owner, 'https://storage.azure.com'),
      expiresOnTimestamp: Date.now() + 3_600_000,
    };
    const foreign = new EventHubProducerClient(
      hubs.host,
      'devicedata',
      { getToken: async () => token },
      { retryOptions },
    );
    await expect(closing(foreign).sendBatch([{ body: 1 }])).rejects.toMatchObject({ code: 'UnauthorizedError' });
  });

  test('connection strings are refused', async () => {
    await hubs.hub('devicedata');
    const connectionString = `Endpoint=sb://${hubs.host}/;SharedAccessKeyName=Root;SharedAccessKey=a2V5;EntityPath=devicedata`;
    const client = closing(new EventHubProducerClient(connectionString, { retryOptions }));
    await expect(client.sendBatch([{ body: 1 }])).rejects.toMatchObject({
      code: 'UnauthorizedError',
      message: expect.stringContaining('Local authentication is not taken'),
    });
  });

  test('a role at a consumer group suffices to read it, and not another one', async () => {
    await hubs.hub('devicedata');
    await hubs.consumerGroup('devicedata', 'raw');
    const reader = context.authority.principal('reader');
    context.authority.grant(reader, receiveAction, `${hubIdOf('devicedata')}/consumergroups/raw`);
    await producerOf('devicedata').sendBatch([{ body: 1 }]);
    const raw = receive(consumerOf('devicedata', reader, 'raw'));
    await until('the event', () => raw.events.length === 1);
    const other = receive(consumerOf('devicedata', reader));
    await until('an error', () => other.errors.length > 0);
    expect(other.errors[0]).toMatchObject({ code: 'UnauthorizedError' });
  });

  test('a role that is removed ends open links', async () => {
    await hubs.hub('devicedata');
    const sender = context.authority.principal('sender');
    const revoke = [sendAction, receiveAction].map((action) =>
      context.authority.grant(sender, action, hubIdOf('devicedata')),
    );
    const producer = producerOf('devicedata', sender);
    await producer.sendBatch([{ body: 1 }]);
    const received = receive(consumerOf('devicedata', sender));
    await until('the event', () => received.events.length === 1);
    for (const take of revoke) take();
    await hubs.service.checkAccess();
    await until('the receiver to be ended', () => received.errors.length > 0);
    expect(received.errors[0]).toMatchObject({ code: 'UnauthorizedError' });
    await expect(producer.sendBatch([{ body: 2 }])).rejects.toMatchObject({ code: 'UnauthorizedError' });
    expect(hubs.service.stats()[0]?.events).toBe(1);
  });
});

describe('hubs', () => {
  test('a hub that is deleted ends its links and forgets its events', async () => {
    await hubs.hub('devicedata');
    const producer = producerOf('devicedata');
    await producer.sendBatch([{ body: 1 }]);
    const received = receive(consumerOf('devicedata'));
    await until('the event', () => received.events.length === 1);
    const resource = context.resources.get(hubIdOf('devicedata'));
    if (resource) await hubs.service.deprovision(resource);
    context.resources.remove(hubIdOf('devicedata'));
    await until('the reader to be ended', () => received.errors.length > 0);
    expect(received.errors[0]).toMatchObject({ code: 'MessagingEntityNotFoundError' });
    await hubs.hub('devicedata');
    expect(await producerOf('devicedata').getPartitionProperties('0')).toMatchObject({ isEmpty: true });
  });

  test('events are kept for the retention of the hub by the virtual clock, and sequences go on', async () => {
    await hubs.hub('devicedata', 1, { retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: 4 } });
    const producer = producerOf('devicedata');
    await producer.sendBatch([{ body: 'old' }]);
    await context.clock.advanceTo(startOfTime + 3 * 3_600_000);
    await producer.sendBatch([{ body: 'new' }]);
    await context.clock.advanceTo(startOfTime + 6 * 3_600_000);
    const received = receive(consumerOf('devicedata'));
    await until('the event that is kept', () => received.events.length === 1);
    expect(received.events[0]).toMatchObject({ body: 'new', sequenceNumber: 1 });
    expect(await producer.getPartitionProperties('0')).toMatchObject({ beginningSequenceNumber: 1 });
  });

  test.each([
    ['33 partitions', { partitionCount: 33 }, /partitionCount of .* is 33; on Standard it is 1 to 32/],
    ['more partitions than before', { partitionCount: 5 }, /is 4 and cannot become 5: on Standard it is fixed/],
    ['fewer partitions than before', { partitionCount: 2 }, /is 4 and cannot become 2/],
    ['8 days', { partitionCount: 4, messageRetentionInDays: 8 }, /retention .* is 192; on Standard it is 1 to 168/],
    ['Capture', { partitionCount: 4, captureDescription: { enabled: true } }, /Capture .* not part of the local cloud/],
  ])('%s on Standard are refused', async (_what, inputs, sentence) => {
    await hubs.hub('devicedata', 4);
    await expect(hubs.hub('devicedata', 4, inputs)).rejects.toThrow(sentence);
  });

  test('Standard holds ten hubs, and 20 consumer groups per hub', async () => {
    for (let number = 0; number < 10; number++) await hubs.hub(`hub${number}`);
    await expect(hubs.hub('hub10')).rejects.toThrow(/is 11; on Standard it is 0 to 10/);
    for (let number = 1; number < 20; number++) await hubs.consumerGroup('hub0', `group${number}`);
    await expect(hubs.consumerGroup('hub0', 'group20')).rejects.toThrow(/is 21; on Standard it is 0 to 20/);
  });
});

describe('services of the local cloud', () => {
  test('send as an identity; what a producer sends again is taken once, also after a restart', async () => {
    await hubs.hub('devicedata', 4);
    const iotHub = context.authority.principal('iot hub');
    const event = (sequence: number) => ({
      partitionKey: `dev-${sequence % 7}`,
      event: {
        body: Buffer.from(JSON.stringify({ sequence })),
        properties: { ward: 'A' },
        systemProperties: {
          'iothub-connection-device-id': `dev-${sequence % 7}`,
          'iothub-enqueuedtime': new Date(startOfTime),
        },
        contentType: 'application/json',
      },
      from: { producer: 'iot/0', sequence },
    });
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => event(from + index));
    await expect(hubs.service.send(iotHub, hubIdOf('devicedata'), range(0, 1))).rejects.toMatchObject({ status: 403 });
    context.authority.grant(iotHub, sendAction, hubIdOf('devicedata'));
    await expect(hubs.service.send(iotHub, hubIdOf('nosuch'), range(0, 1))).rejects.toMatchObject({ status: 404 });
    await hubs.service.send(iotHub, hubIdOf('devicedata'), range(0, 100));
    await hubs.service.send(iotHub, hubIdOf('devicedata'), range(50, 150));
    await hubs.service.close();

    hubs = await new TestEventHubs(context).start();
    await hubs.hub('devicedata', 4);
    await hubs.service.send(iotHub, hubIdOf('devicedata'), range(100, 200));
    expect(hubs.service.stats()[0]?.events).toBe(200);
    const all = ['0', '1', '2', '3'].map((partition) =>
      receive(consumerOf('devicedata'), earliestEventPosition, { partition }),
    );
    await until('200 events', () => all.flatMap(({ events }) => events).length >= 200);
    const received = all.flatMap(({ events }) => events);
    expect(received.map(({ body }) => body.sequence).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
    const third = received.find(({ body }) => body.sequence === 3);
    expect(third).toMatchObject({
      partitionKey: 'dev-3',
      properties: { ward: 'A' },
      contentType: 'application/json',
      systemProperties: { 'iothub-connection-device-id': 'dev-3', 'iothub-enqueuedtime': startOfTime },
    });
  });
});

test('two consumers with a checkpoint store share the partitions, and one takes over from the other', async () => {
  await hubs.hub('devicedata', 4);
  const container = await checkpointContainer();
  const producer = producerOf('devicedata');
  const seen: number[] = [];
  const owned: [Set<string>, Set<string>] = [new Set(), new Set()];
  const consume = (index: 0 | 1) => {
    const options = {
      retryOptions,
      loadBalancingOptions: {
        updateIntervalInMs: 200,
        partitionOwnershipExpirationIntervalInMs: 3000,
        strategy: 'greedy' as const,
      },
    };
    const credential = context.authority.credential(owner);
    const store = new BlobCheckpointStore(container);
    const client = closing(new EventHubConsumerClient('$Default', hubs.host, 'devicedata', credential, store, options));
    return closing(
      client.subscribe(
        {
          processInitialize: async ({ partitionId }) => void owned[index].add(partitionId),
          processClose: async (_reason, { partitionId }) => void owned[index].delete(partitionId),
          processEvents: async (events, partition) => {
            const last = events.at(-1);
            if (!last) return;
            seen.push(...events.map(({ body }) => body as number));
            await partition.updateCheckpoint(last);
          },
          processError: async () => {},
        },
        { startPosition: earliestEventPosition, maxWaitTimeInSeconds: 1 },
      ),
    );
  };
  const send = async (from: number, to: number) => {
    for (let number = from; number < to; number++) {
      await producer.sendBatch([{ body: number }], { partitionId: String(number % 4) });
    }
  };
  const first = consume(0);
  await send(0, 40);
  await until('the first consumer to own and read all', () => owned[0].size === 4 && seen.length >= 40);
  consume(1);
  await until('the second consumer to steal two', () => owned[0].size === 2 && owned[1].size === 2);
  await send(40, 80);
  await until('both to read', () => new Set(seen).size === 80);
  await first.close();
  await until('the second consumer to take over', () => owned[1].size === 4);
  await send(80, 120);
  await until('all events', () => new Set(seen).size === 120);
  expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, number) => number));
});

/** Azurite in this process, for the checkpoints alone. */
async function checkpointContainer(): Promise<ContainerClient> {
  const BlobConfiguration = (await import('azurite/dist/src/blob/BlobConfiguration')).default;
  const BlobServer = (await import('azurite/dist/src/blob/BlobServer')).default;
  const folder = context.stateFolder('azurite');
  const configuration = new BlobConfiguration(
    '127.0.0.1',
    0,
    5,
    join(folder, 'metadata.json'),
    join(folder, 'extents.json'),
    [{ locationId: 'Default', locationPath: folder, maxConcurrency: 10 }],
    false,
    undefined,
    false,
    undefined,
    true,
    true,
  );
  const server = new BlobServer(configuration);
  await server.start();
  opened.unshift({ close: () => server.close() });
  const account = 'devstoreaccount1';
  // Azurite's published development key.
  const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
  const url = `${server.getHttpServerAddress()}/${account}/checkpoints`;
  const container = new ContainerClient(url, new StorageSharedKeyCredential(account, key));
  await container.create();
  return container;
}

test('azure-eventhub for Python sends and receives with a token over TLS, and is refused without a role', async () => {
  await hubs.hub('devicedata', 2);
  const python = await pythonPath();
  const script = join(__dirname, 'support', 'python', 'eventhub_roundtrip.py');
  const run = async (as: Principal) => {
    const token = context.authority.token(as, 'https://eventhubs.azure.net');
    const args = [script, hubs.host, 'devicedata', context.certificates.authorityFile, token];
    const { stdout } = await promisify(execFile)(python, args, { timeout: 60_000 });
    return JSON.parse(stdout);
  };
  const result = await run(owner);
  expect(result).toMatchObject({ partitions: ['0', '1'], enqueued: 50 });
  expect(result.received).toEqual(
    Array.from({ length: 50 }, (_, sequence) => ({
      body: `reading ${sequence}`,
      device: 'dev-1',
      key: 'dev-1',
      sequence,
      size: 2 ** 30,
    })),
  );
  expect(await run(context.authority.principal('stranger'))).toMatchObject({
    error: 'AuthenticationError',
    message: expect.stringContaining('401'),
  });
}, 300_000);

async function pythonPath(): Promise<string> {
  const setup = join(__dirname, '..', 'setup', 'python.mjs');
  const packages = ['azure-eventhub==5.15.1', 'azure-identity==1.27.0'];
  const { stdout } = await promisify(execFile)(process.execPath, [setup, ...packages], { timeout: 240_000 });
  return stdout.trim();
}

test('kill -9 in the middle of a stream, twice: what was acknowledged is received, once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'event-hubs-'));
  try {
    const acknowledged: number[] = [];
    let next = 0;
    for (let round = 0; round < 3; round++) {
      const { child, host, credential } = await eventHubsProcess(folder);
      const producer = new EventHubProducerClient(host, 'devicedata', credential, {
        retryOptions: { maxRetries: 0, timeoutInMs: 2000 },
      });
      const enough = acknowledged.length + 100;
      while (child.exitCode === null && child.signalCode === null) {
        const batch = Array.from({ length: 5 }, (_, index) => next + index);
        next += 5;
        const sent = producer.sendBatch(batch.map((body) => ({ body })));
        if (acknowledged.length >= enough) child.kill('SIGKILL');
        const isTaken = await sent.then(() => true).catch(() => false);
        if (isTaken) acknowledged.push(...batch);
      }
      await producer.close();
    }
    const { child, host, credential } = await eventHubsProcess(folder);
    const consumer = closing(new EventHubConsumerClient('$Default', host, 'devicedata', credential, { retryOptions }));
    const received = receive(consumer);
    const { lastEnqueuedSequenceNumber } = await consumer.getPartitionProperties('0');
    await until('all events', () => received.events.length === lastEnqueuedSequenceNumber + 1);
    const numbers = bodies(received) as number[];
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.filter((number) => acknowledged.includes(number))).toEqual(acknowledged);
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    for (const client of opened.splice(0).reverse()) await client.close();
    child.kill('SIGKILL');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 180_000);

interface EventHubsProcess {
  readonly child: ChildProcess;
  readonly host: string;
  readonly credential: { getToken(): Promise<{ token: string; expiresOnTimestamp: number }> };
}

async function eventHubsProcess(folder: string): Promise<EventHubsProcess> {
  const args = ['--import', 'tsx', join(__dirname, 'support', 'eventHubsProcess.ts'), folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  const { host, authority, token } = JSON.parse(String(line));
  trust({ ...context.certificates, authority });
  return { child, host, credential: { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) } };
}

test('plain TCP on the TLS port is cut off and harms nobody', async () => {
  await hubs.hub('devicedata');
  const socket = createConnection(Number(hubs.host.split(':')[1]), '127.0.0.1');
  socket.write('AMQP\0\x01\0\0 and no TLS at all');
  await once(socket, 'close');
  await producerOf('devicedata').sendBatch([{ body: 1 }]);
});
