import {
  EventHubConsumerClient,
  EventHubProducerClient,
  earliestEventPosition,
  type ReceivedEventData,
} from '@azure/event-hubs';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { deadLettersCommand } from '../cli/deadLetters/command';
import { Blobs } from '../local/blobs/blobs';
import type { Principal } from '../local/contracts';
import { type DeadLetter, type FailedStep, replayedProperty } from '../runtime/contracts/deadLetter';
import { normalizeBatch } from '../runtime/functions/normalizeBatch';
import { readDeviceMapping } from '../runtime/functions/normalizeInputs';
import { storeIn } from '../runtime/stream/deadLetterContainer';
import { DeadLetters, deadLetterOf } from '../runtime/stream/deadLetters';
import type { ReceivedEvent } from '../runtime/stream/eventBatch';
import { isClockMark } from '../runtime/stream/marks';
import { restored } from '../runtime/stream/replayed';
import { resourceGroupId, type TestContext, testContext } from './support/context';
import { hubIdOf, letLongTimersGo, sendAction, TestEventHubs, trust, until } from './support/eventHubs';

const noon = '2026-01-05T12:00:00.123Z';
const accountId = `${resourceGroupId}/providers/Microsoft.Storage/storageAccounts/stletters`;

let context: TestContext;
let blobs: Blobs;
let hubs: TestEventHubs;
let step: Principal;
let operator: Principal;
let container: (principal: Principal) => ContainerClient;
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  letLongTimersGo();
  context = await testContext();
  trust(context.certificates);
  blobs = new Blobs(context);
  const { primaryEndpoints } = await blobs.provision(context.resources.put('storage:StorageAccount', accountId, {}));
  const containerId = `${accountId}/blobServices/default/containers/deadletter`;
  await blobs.provision(context.resources.put('storage:BlobContainer', containerId, {}));
  const { blob } = primaryEndpoints as { blob: string };
  container = (principal) =>
    new BlobServiceClient(blob, context.authority.credential(principal), {
      retryOptions: { maxTries: 1 },
    }).getContainerClient('deadletter');
  hubs = await new TestEventHubs(context).start();
  await hubs.hub('devicedata', 2);
  await hubs.hub('normalizeddata', 1);
  step = context.authority.principal('normalize');
  operator = context.authority.principal('operator');
  context.authority.grant(operator, 'Microsoft.Storage/*', accountId);
});

afterEach(async () => {
  for (const client of opened.splice(0).reverse()) await client.close();
  await hubs.service.close();
  await blobs.close();
  context.close();
  jest.restoreAllMocks();
});

function closing<Client extends { close(): Promise<void> }>(client: Client): Client {
  opened.push(client);
  return client;
}

class Lines {
  readonly lines: string[] = [];
  readonly info = (line: string) => this.lines.push(line);
  readonly warn = this.info;
  readonly error = this.info;
}

const event = (sequenceNumber: number, more: Partial<ReceivedEvent> = {}): ReceivedEvent => ({
  body: Buffer.from([0x7b, 0xff, sequenceNumber]),
  contentType: 'application/json',
  properties: { DeviceType: 'monitor', 'iothub-creation-time-utc': noon },
  systemProperties: { 'iothub-connection-device-id': 'bed-1', 'iothub-enqueuedtime': noon },
  enqueuedTime: noon,
  sequenceNumber,
  partitionKey: 'bed-1',
  ...more,
});

const letterOf = (name: string, received: ReceivedEvent, at: FailedStep = 'normalize'): DeadLetter =>
  deadLetterOf(
    at,
    { name, message: 'A sentence.' },
    { eventHub: at === 'normalize' ? 'devicedata' : 'normalizeddata', partitionId: '0' },
    received,
  );

async function write(...letters: DeadLetter[]): Promise<void> {
  for (const letter of letters) await new DeadLetters(storeIn(container(operator)), new Lines()).write([letter]);
}

/** Runs the command, and says what it printed and its exit code. */
async function run(...argv: string[]): Promise<{ code: number; said: string[]; complained: string[] }> {
  const said: string[] = [];
  const complained: string[] = [];
  const output = { say: (line: string) => said.push(line), complain: (line: string) => complained.push(line) };
  const code = await deadLettersCommand(argv, context.authority.credential(operator), output);
  return { code, said, complained };
}

const where = () => ['--container', container(operator).url, '--namespace', hubs.host];
const list = (...more: string[]) => run('list', '--container', container(operator).url, ...more);

function received(hub: string, partitions: number): ReceivedEventData[] {
  const reader = context.authority.credential(hubs.owner());
  const consumer = closing(new EventHubConsumerClient('$Default', hubs.host, hub, reader));
  const events: ReceivedEventData[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const handlers = {
      processEvents: async (more: ReceivedEventData[]) => void events.push(...more),
      processError: async () => {},
    };
    closing(
      consumer.subscribe(String(partition), handlers, {
        startPosition: earliestEventPosition,
        skipParsingBodyAsJson: true,
      }),
    );
  }
  return events;
}

const deviceMapping = (deviceIdExpression: string) =>
  JSON.stringify({
    templateType: 'CollectionContent',
    template: [
      {
        templateType: 'CalculatedContent',
        template: {
          typeName: 'heartRate',
          typeMatchExpression: '$..[?(@hr)]',
          deviceIdExpression,
          timestampExpression: '$.matchedToken.time',
          values: [{ valueName: 'hr', valueExpression: '$.matchedToken.hr', required: true }],
        },
      },
    ],
  });

describe('writing', () => {
  test('a container that refuses holds the step; then all letters are there, one a message', async () => {
    const lines = new Lines();
    const letters = [1, 2, 3].map((number) =>
      letterOf(number === 3 ? 'DeviceNotFoundException' : 'FormatException', event(number)),
    );
    const ended = new DeadLetters(storeIn(container(step)), lines).write(letters);
    await until('the step is held', () => lines.lines.length > 0);
    expect(lines.lines[0]).toBe('iomt.held step=normalize cause=403');
    context.authority.grant(step, 'Microsoft.Storage/*', accountId);
    await ended;
    expect(lines.lines.filter((line) => !line.startsWith('iomt.held'))).toEqual([
      'iomt.deadLetters step=normalize reason=FormatException count=2',
      'iomt.deadLetters step=normalize reason=DeviceNotFoundException count=1',
    ]);
    await new DeadLetters(storeIn(container(step)), lines).write(letters);
    const found = [];
    for await (const { name, metadata } of container(operator).listBlobsFlat({ includeMetadata: true })) {
      found.push({ name, metadata });
    }
    expect(found).toHaveLength(3);
    expect(found[2]).toEqual({
      name: 'normalize/2026/01/05/devicedata-0-3.json',
      metadata: { step: 'normalize', reason: 'DeviceNotFoundException', enqueuedtime: noon },
    });
    const content = await container(operator)
      .getBlobClient(found[0]?.name ?? '')
      .downloadToBuffer();
    expect(JSON.parse(content.toString())).toEqual(letters[0]);
  });

  test('no letters, no line', async () => {
    const lines = new Lines();
    await new DeadLetters(storeIn(container(step)), lines).write([]);
    expect(lines.lines).toEqual([]);
  });
});

describe('a replayed message', () => {
  const from = { deadLetter: 'x', enqueuedTime: noon, systemProperties: { 'iothub-connection-device-id': 'bed-1' } };

  test('is as the original arrived', () => {
    const properties = { Ward: 'icu', [replayedProperty]: JSON.stringify(from) };
    const sent = event(77, { properties, systemProperties: {}, enqueuedTime: '2026-02-01T00:00:00.000Z' });
    expect(restored(sent)).toEqual({ ...sent, ...from, properties: { Ward: 'icu' }, deadLetter: undefined });
  });

  test.each([
    ['a device', event(1, { properties: { [replayedProperty]: JSON.stringify(from) } })],
    ['rubbish', event(1, { properties: { [replayedProperty]: '{' }, systemProperties: {} })],
    ['half of it', event(1, { properties: { [replayedProperty]: '{"enqueuedTime":"now"}' }, systemProperties: {} })],
    ['null', event(1, { properties: { [replayedProperty]: 'null' }, systemProperties: {} })],
  ])('is not what %s says of itself', (_who, claimed) => {
    expect(restored(claimed)).toBe(claimed);
  });

  test('of a device that called itself a clock mark is none', () => {
    const properties = { 'iomt-kind': 'clock-mark', [replayedProperty]: JSON.stringify(from) };
    expect(isClockMark(restored(event(1, { properties, systemProperties: {} })))).toBe(false);
  });
});

describe('azure-iomt-dead-letters', () => {
  test('counts by step and reason, without PHI', async () => {
    await write(
      letterOf('FormatException', event(1)),
      letterOf('FormatException', event(2, { enqueuedTime: '2026-01-06T00:00:00.000Z' })),
      letterOf('DeviceNotFoundException', event(3), 'write-observations'),
    );
    expect(await list()).toEqual({
      ...{ code: 0, complained: [] },
      said: ['normalize FormatException 2', 'write-observations DeviceNotFoundException 1', '3 dead letters'],
    });
    expect((await list('--step', 'normalize', '--from', '2026-01-06')).said).toEqual([
      'normalize FormatException 1',
      '1 dead letters',
    ]);
    expect((await list('--to', '2026-01-05T13:00:00+01:00')).said).toEqual(['0 dead letters']);
    expect((await list('--reason', 'DeviceNotFoundException')).said).toHaveLength(2);
    expect((await list('--device', 'bed-2')).said).toEqual(['0 dead letters']);
    expect((await list('--device', 'bed-1', '--reason', 'DeviceNotFoundException')).said).toEqual([
      `${noon} DeviceNotFoundException write-observations/2026/01/05/normalizeddata-0-3.json`,
      'write-observations DeviceNotFoundException 1',
      '1 dead letters',
    ]);
  });

  test('sends messages again as they were, to the hub of their step, once', async () => {
    await write(
      letterOf('FormatException', event(1)),
      letterOf('DeviceNotFoundException', event(2, { partitionKey: null, contentType: null }), 'write-observations'),
    );
    context.authority.grant(operator, sendAction, hubIdOf('devicedata'));
    context.authority.grant(operator, sendAction, hubIdOf('normalizeddata'));
    expect((await run('replay', ...where(), '--dry-run')).said.at(-1)).toBe('2 would be sent again');
    expect((await run('replay', ...where(), '--limit', '1', '--dry-run')).said.at(-1)).toBe('1 would be sent again');
    expect(await run('replay', ...where())).toEqual({
      ...{ code: 0, complained: [] },
      said: ['normalize FormatException 1', 'write-observations DeviceNotFoundException 1', '2 of 2 sent again'],
    });
    expect((await run('replay', ...where())).said).toEqual(['0 of 0 sent again']);
    expect((await list()).said[0]).toBe('normalize FormatException 1 (1 sent again before)');
    const [device, normalized] = [received('devicedata', 2), received('normalizeddata', 1)];
    await until('both messages', () => device.length > 0 && normalized.length > 0);
    expect(device).toHaveLength(1);
    expect(device[0]).toMatchObject({
      ...{ body: event(1).body, partitionKey: 'bed-1', contentType: 'application/json' },
      properties: {
        ...event(1).properties,
        [replayedProperty]: JSON.stringify({
          deadLetter: 'normalize/2026/01/05/devicedata-0-1.json',
          enqueuedTime: noon,
          systemProperties: event(1).systemProperties,
        }),
      },
    });
    await run('replay', ...where(), '--again', '--step', 'write-observations');
    await until('the second time', () => normalized.length === 2);
  });

  test('a run that is refused says why and marks nothing; the next one sends it', async () => {
    await write(letterOf('FormatException', event(1)));
    const refused = await run('replay', ...where());
    expect(refused).toMatchObject({ code: 1, said: ['0 of 1 sent again'] });
    expect(refused.complained).toHaveLength(1);
    context.authority.grant(operator, sendAction, hubIdOf('devicedata'));
    expect((await run('replay', ...where())).said.at(-1)).toBe('1 of 1 sent again');
  });

  test('a letter is marked only after the hub has acknowledged its message', async () => {
    await write(letterOf('FormatException', event(1)), letterOf('FormatException', event(2)));
    context.authority.grant(operator, sendAction, hubIdOf('devicedata'));
    jest
      .spyOn(EventHubProducerClient.prototype, 'sendBatch')
      .mockRejectedValueOnce(new Error('The connection is lost.'));
    expect(await run('replay', ...where(), '--limit', '1')).toEqual({
      ...{ code: 1, complained: ['The connection is lost.'] },
      said: ['0 of 1 sent again'],
    });
    expect((await list()).said[0]).toBe('normalize FormatException 2');
    expect((await run('replay', ...where(), '--limit', '1')).said.at(-1)).toBe('1 of 1 sent again');
    expect((await list()).said[0]).toBe('normalize FormatException 2 (1 sent again before)');
  });

  test('a message that fails again is a new letter with the original time, and is replayed as the original', async () => {
    await write(letterOf('FormatException', event(1)));
    context.authority.grant(operator, sendAction, hubIdOf('devicedata'));
    await run('replay', ...where());
    const sent = received('devicedata', 2);
    await until('the message', () => sent.length === 1);
    const { body, properties, sequenceNumber, partitionKey } = sent[0] as ReceivedEventData;
    const again = restored(
      event(sequenceNumber, {
        body,
        properties: properties ?? {},
        systemProperties: {},
        partitionKey: partitionKey ?? null,
      }),
    );
    expect(again).toEqual({ ...event(sequenceNumber), body: event(1).body });
    await write(letterOf('FormatException', again));
    expect((await run('replay', ...where())).said.at(-1)).toBe('1 of 1 sent again');
    await until('the message once more', () => sent.length === 2);
    const from = JSON.parse(String(sent[1]?.properties?.[replayedProperty]));
    expect(from).toMatchObject({ enqueuedTime: noon, systemProperties: event(1).systemProperties });
  });

  test('what a mapping without a template for it gave up is a measurement after the mapping was mended', async () => {
    const reading = event(1, { body: Buffer.from('{"hr":60,"time":"2026-01-05T11:59:59Z"}') });
    const mappingFor = (deviceId: string) => readDeviceMapping(deviceMapping(deviceId), 'mappings/device.json', 'r4');
    const normalized = (received: ReceivedEvent, deviceId: string) =>
      normalizeBatch({ eventHub: 'devicedata', partitionId: '0', events: [received] }, mappingFor(deviceId), new Map());
    await write(...normalized(reading, '$.Body.device').deadLetters);
    expect((await list()).said).toEqual(['normalize IncompatibleDataException 1', '1 dead letters']);
    context.authority.grant(operator, sendAction, hubIdOf('devicedata'));
    await run('replay', ...where());
    const sent = received('devicedata', 2);
    await until('the message', () => sent.length === 1);
    const { body, properties, sequenceNumber } = sent[0] as ReceivedEventData;
    const again = restored(event(sequenceNumber, { body, properties: properties ?? {}, systemProperties: {} }));
    const { outgoing, deadLetters } = normalized(again, '$.SystemProperties.iothub-connection-device-id');
    expect(deadLetters).toEqual([]);
    const [measurement] = outgoing.flatMap((item) => (item.kind === 'measurement' ? [JSON.parse(item.body)] : []));
    expect(measurement).toMatchObject({ DeviceId: 'bed-1', Properties: [{ Name: 'hr', Value: '60' }] });
    expect(Date.parse(measurement.IngestionTimeUtc)).toBe(Date.parse(noon));
  });

  test('refuses wrong options, one sentence each', async () => {
    const { code, complained } = await run(
      ...['replay', 'all', '--container', 'http://x/y?sig=1', '--step', 'score', '--from', '5 May', '--limit', '1.5'],
      ...['--colour', 'red', '--again=yes', '--reason'],
    );
    expect(code).toBe(2);
    expect(complained.join('\n').split('\n')).toEqual([
      '--colour is not known; see --help.',
      '--again takes no value.',
      '--reason needs a value.',
      'There is one command, given are replay, all, red.',
      '--container is http://x/y?sig=1; it must be the https URL of a container, without a query.',
      '--namespace is missing: the host name of the Event Hubs namespace.',
      '--step is score; allowed are normalize, write-observations, ml-input, charted-values, ml-output-fhir, ml-output-repository.',
      '--from is 5 May; it must be a day, or a time with Z or offset, as 2026-01-05T00:00:00Z.',
      '--limit is 1.5; it must be a whole number of at least 1.',
    ]);
    expect((await list('--dry-run')).complained).toEqual(['--dry-run belongs to replay, not list.']);
    expect((await run('forget')).complained[0]).toMatch(/^forget is no command; allowed are list and replay\./);
    expect((await run('--help')).said[0]).toMatch('--dry-run');
  });

  test('a container that cannot be read is a sentence', async () => {
    const nobody = context.authority.principal('nobody');
    const complained: string[] = [];
    const output = { say: () => {}, complain: (line: string) => complained.push(line) };
    const argv = ['list', '--container', container(operator).url];
    expect(await deadLettersCommand(argv, context.authority.credential(nobody), output)).toBe(1);
    expect(complained).toEqual([expect.stringMatching(/^403 [^\n]+$/)]);
  });
});
