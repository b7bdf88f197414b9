import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EventDataBatch,
  EventHubConsumerClient,
  EventHubProducerClient,
  earliestEventPosition,
  type ReceivedEventData,
} from '@azure/event-hubs';
import fc from 'fast-check';
import type { Principal } from '../local/contracts';
import { normalizeSettings, packageFiles } from '../runtime/contracts/appSettings';
import { clockMarkKind, kindProperty, parseClockMark } from '../runtime/contracts/clockMark';
import type { DeadLetter } from '../runtime/contracts/deadLetter';
import { parseMeasurement } from '../runtime/contracts/measurement';
import { type ScoringSource, scoringProperty } from '../runtime/contracts/scoringSource';
import { sendClockMarks } from '../runtime/functions/clockMarks';
import { readBatch } from '../runtime/functions/eventBatch';
import { type NormalizeTools, normalizeEvents } from '../runtime/functions/normalize';
import { normalizeBatch, type OutgoingMeasurement, type ScoringSources } from '../runtime/functions/normalizeBatch';
import { NormalizedData, type NormalizedProducer } from '../runtime/functions/normalizedData';
import { readDeviceMapping, readScoringSources } from '../runtime/functions/normalizeInputs';
import { keepingRawMetadata } from '../runtime/functions/rawTriggerMetadata';
import { readSettings } from '../runtime/functions/settings';
import type { DeadLetterStore } from '../runtime/stream/deadLetters';
import type { EventBatch, ReceivedEvent } from '../runtime/stream/eventBatch';
import { hold } from '../runtime/stream/hold';
import { PartitionIds } from '../runtime/stream/partitionIds';
import { withinTime } from '../runtime/stream/withinTime';
import { type TestContext, testContext } from './support/context';
import { hubIdOf, letLongTimersGo, sendAction, TestEventHubs, trust, until } from './support/eventHubs';
import { startPackage } from './support/startPackage';
import { FakeWorker } from './support/triggerInvocation';

const mockWorker = new FakeWorker();
jest.mock('@azure/functions-core', () => mockWorker.core, { virtual: true });

const noon = '2026-01-05T12:00:00.123Z';
const mappingText = JSON.stringify({
  templateType: 'CollectionContent',
  template: [
    ['heartRate', 'hr'],
    ['oxygenSaturation', 'spo2'],
  ].map(([typeName, name]) => ({
    templateType: 'CalculatedContent',
    template: {
      typeName,
      typeMatchExpression: `$..[?(@${name})]`,
      deviceIdExpression: '$.SystemProperties.iothub-connection-device-id',
      timestampExpression: '$.matchedToken.time',
      values: [{ valueName: name, valueExpression: `$.matchedToken.${name}`, required: true }],
    },
  })),
});
const mapping = readDeviceMapping(mappingText, 'mappings/device.json', 'r4');
const heartRate: ScoringSource = { vital: 'heartRate', valueName: 'hr', priority: 0 };
const scoring = readScoringSources(JSON.stringify({ heartRate: [heartRate] }));

const reading = (value: number) => ({ time: '2026-01-05T12:00:00Z', hr: value });

function deviceEvent(device: string, sequenceNumber: number, body: unknown): ReceivedEvent {
  return {
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    contentType: null,
    properties: {},
    systemProperties: { 'iothub-connection-device-id': device },
    enqueuedTime: noon,
    sequenceNumber,
    partitionKey: device,
  };
}

const markEvent = (sequenceNumber: number, enqueuedTime = noon): ReceivedEvent => ({
  ...{ body: Buffer.alloc(0), contentType: null, partitionKey: null, systemProperties: {} },
  ...{ properties: { [kindProperty]: clockMarkKind }, enqueuedTime, sequenceNumber },
});

const batchOf = (events: readonly ReceivedEvent[]): EventBatch => ({
  eventHub: 'devicedata',
  partitionId: '2',
  events,
});
const measurementsIn = (outgoing: ReturnType<typeof normalizeBatch>['outgoing']) =>
  outgoing.filter((item): item is OutgoingMeasurement => item.kind === 'measurement');

class Lines {
  readonly lines: string[] = [];
  readonly info = (line: string) => this.lines.push(line);
  readonly warn = this.info;
  readonly error = this.info;
}

/** Dead letters in memory. */
class Letters implements DeadLetterStore {
  readonly written: DeadLetter[] = [];
  async put(_name: string, content: string): Promise<void> {
    this.written.push(JSON.parse(content));
  }
}

describe('what the host hands over', () => {
  test('comes with names, types and times as they were sent, through the library and the wrapped model', async () => {
    const { app } = jest.requireActual<typeof import('@azure/functions')>('@azure/functions');
    const batches: EventBatch[] = [];
    app.eventHub('normalize', {
      connection: 'DeviceData',
      eventHubName: 'devicedata',
      cardinality: 'many',
      handler: (bodies, context) => void batches.push(readBatch(bodies, context)),
    });
    mockWorker.core.setProgrammingModel(keepingRawMetadata(mockWorker.core.getProgrammingModel() as never));
    const properties = JSON.parse('{"DeviceType":"monitor","deviceType":"other","__proto__":"x","Ward.Bed":"7"}');
    const systemProperties = { 'iothub-connection-device-id': 'Bed-7', 'content-type': 'application/json' };
    await mockWorker.invoke('normalize', 'devicedata', '3', [
      { body: Buffer.alloc(0), sequenceNumber: 41, enqueuedTime: noon, properties: { [kindProperty]: clockMarkKind } },
      {
        ...{ body: Buffer.from([0xff, 0x00, 0x7b]), sequenceNumber: 42, enqueuedTime: noon, partitionKey: '12' },
        ...{ properties, systemProperties },
      },
    ]);
    const [{ eventHub, partitionId, events } = batchOf([])] = batches;
    expect({ eventHub, partitionId }).toEqual({ eventHub: 'devicedata', partitionId: '3' });
    expect(events[0]).toMatchObject({
      body: Buffer.alloc(0),
      enqueuedTime: noon,
      sequenceNumber: 41,
      partitionKey: null,
    });
    expect(events[1]).toMatchObject({
      ...{ body: Buffer.from([0xff, 0x00, 0x7b]), contentType: 'application/json', partitionKey: '12' },
      ...{ enqueuedTime: noon, sequenceNumber: 42 },
    });
    expect(Object.entries(events[1]?.properties ?? {})).toEqual(Object.entries(properties));
    expect(events[1]?.systemProperties).toMatchObject(systemProperties);
    expect(events[1]?.systemProperties).not.toHaveProperty('EnqueuedTimeUtc');
  });
});

describe('a batch', () => {
  /** What a device or the clock may send: a mark, good readings of both kinds, nothing known, or rubbish. */
  const anyEvent = fc.oneof(
    fc.constant('mark' as const),
    fc.record({
      device: fc.constantFrom('bed-1', 'bed-2', 'Bed-3', '__proto__'),
      body: fc.oneof(
        fc.array(fc.oneof(fc.nat(200).map(reading), fc.constant({ time: 'no time', hr: 1 })), { maxLength: 4 }),
        fc.json(),
        fc.string(),
      ),
    }),
  );

  test('each event ends as mark, measurements, unmatched or dead letter, in order and the same each time', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (given) => {
        const events = given.map((event, index) =>
          event === 'mark' ? markEvent(index) : deviceEvent(event.device, index, event.body),
        );
        const result = normalizeBatch(batchOf(events), mapping, scoring);
        expect(normalizeBatch(batchOf(events), mapping, scoring)).toEqual(result);
        const letters = new Set(result.deadLetters.map(({ sequenceNumber }) => sequenceNumber));
        const sources = measurementsIn(result.outgoing).map(({ source }) => source.sequenceNumber);
        const accounted = new Set([...letters, ...sources]);
        const devices = given.flatMap((event, index) => (event === 'mark' ? [] : [index]));
        expect(result.unmatched).toBe(devices.filter((index) => !accounted.has(index)).length);
        expect(letters.size).toBe(result.deadLetters.length);
        expect(sources).toEqual(sources.toSorted((a, b) => a - b));
        expect(result.outgoing.some(({ kind }) => kind === 'mark')).toBe(given.includes('mark'));
      }),
    );
  });

  test('marks come after the measurements before them; of marks in a row the last one counts', () => {
    const { outgoing } = normalizeBatch(
      batchOf([
        markEvent(1, '2026-01-05T12:00:00.000Z'),
        markEvent(2, '2026-01-05T12:00:10.000Z'),
        deviceEvent('bed-1', 3, reading(60)),
        deviceEvent('bed-1', 4, 'unknown'),
        markEvent(5, '2026-01-05T12:00:20.000Z'),
        deviceEvent('bed-1', 6, { nothing: 'known' }),
        markEvent(7, '2026-01-05T12:00:30.000Z'),
        deviceEvent('bed-1', 8, reading(61)),
      ]),
      mapping,
      scoring,
    );
    expect(outgoing.map((item) => (item.kind === 'mark' ? item.time : item.source.sequenceNumber))).toEqual([
      '2026-01-05T12:00:10.000Z',
      3,
      '2026-01-05T12:00:30.000Z',
      8,
    ]);
  });

  test('a device cannot pass for the clock', () => {
    const event = { ...deviceEvent('bed-1', 1, ''), properties: { [kindProperty]: clockMarkKind } };
    expect(normalizeBatch(batchOf([event]), mapping, scoring)).toMatchObject({ outgoing: [], unmatched: 1 });
  });

  test('a message that fails in the middle is a dead letter beside what was found before', () => {
    const event = deviceEvent('bed-1', 9, [reading(60), { time: 'no time', hr: 61 }]);
    const { outgoing, deadLetters } = normalizeBatch(batchOf([event]), mapping, scoring);
    const [found, ...more] = measurementsIn(outgoing);
    expect(more).toEqual([]);
    expect(parseMeasurement(found?.body ?? '')).toMatchObject({ DeviceId: 'bed-1', Properties: [{ Value: '60' }] });
    expect(JSON.parse(found?.properties[scoringProperty] ?? '')).toEqual([heartRate]);
    expect(deadLetters).toMatchObject([
      {
        ...{ step: 'normalize', eventHub: 'devicedata', partitionId: '2', sequenceNumber: 9, enqueuedTime: noon },
        reason: { name: 'IncompatibleDataException' },
        bodyBase64: event.body.toString('base64'),
      },
    ]);
  });

  test.each([
    ['deep', '['.repeat(500_000)],
    ['deep and closed', `${'['.repeat(400_000)}${']'.repeat(400_000)}`],
    ['no text', Buffer.from([0xff, 0xfe, 0x00]).toString('latin1')],
    ['a prototype', '{"__proto__":{"hr":1,"time":"2026-01-05T12:00:00Z"},"constructor":{"prototype":{"x":1}}}'],
  ])('hostile input: %s', (_what, body) => {
    const result = normalizeBatch(
      batchOf([deviceEvent('bed-1', 1, body), deviceEvent('bed-1', 2, reading(60))]),
      mapping,
      scoring,
    );
    expect(measurementsIn(result.outgoing).map(({ source }) => source.sequenceNumber)).toContain(2);
    expect({}).not.toHaveProperty('x');
  });

  test('a message that takes too long is interrupted and given up, the others of its batch are not', () => {
    const slow = { ...mapping, templates: mapping.templates.map((template) => ({ ...template })) };
    const [first] = slow.templates;
    const expression = first?.typeMatch.expression;
    if (first === undefined || expression === undefined) throw new Error('The mapping has no expression.');
    const forever = {
      ...expression,
      selectMany: (...args: Parameters<typeof expression.selectMany>) => {
        if (JSON.stringify(args[0]).includes('forever')) /^(a+)+$/.test(`${'a'.repeat(64)}b`);
        return expression.selectMany(...args);
      },
    };
    const templates = [
      { ...first, typeMatch: { ...first.typeMatch, expression: forever } },
      ...slow.templates.slice(1),
    ];
    const events = [deviceEvent('a', 1, reading(60)), deviceEvent('a', 2, 'x'), deviceEvent('a', 3, reading(61))];
    events[1] = deviceEvent('a', 2, { forever: true });
    const limits = { milliseconds: 200, bytes: 1_000_000 };
    const { outgoing, deadLetters } = normalizeBatch(batchOf(events), { ...slow, templates }, scoring, limits);
    expect(measurementsIn(outgoing).map(({ source }) => source.sequenceNumber)).toEqual([1, 3]);
    expect(deadLetters.map(({ reason }) => reason.name)).toEqual(['TemplateExpressionException']);
  });

  test('work of any outcome goes through the time limit', () => {
    expect(withinTime(10_000, () => 7)).toBe(7);
    expect(() =>
      withinTime(10_000, () => {
        throw new RangeError('of the work');
      }),
    ).toThrow('of the work');
  });

  test('a message that gives more than one may is given up', () => {
    const limits = { milliseconds: 10_000, bytes: 1000 };
    const event = deviceEvent(
      'bed-1',
      1,
      Array.from({ length: 50 }, (_, n) => reading(n)),
    );
    const result = normalizeBatch(batchOf([event]), mapping, scoring, limits);
    expect(result).toMatchObject({
      outgoing: [],
      deadLetters: [{ reason: { name: 'MeasurementProcessingException' } }],
    });
  });
});

describe('on event hubs', () => {
  let context: TestContext;
  let hubs: TestEventHubs;
  let owner: Principal;
  let lines: Lines;
  let letters: Letters;
  const opened: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    letLongTimersGo();
    context = await testContext();
    trust(context.certificates);
    hubs = await new TestEventHubs(context).start();
    await hubs.hub('devicedata', 3);
    await hubs.hub('normalizeddata', 2);
    owner = hubs.owner();
    lines = new Lines();
    letters = new Letters();
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
    const retryOptions = { maxRetries: 0, timeoutInMs: 10_000 };
    return closing(new EventHubProducerClient(hubs.host, hub, context.authority.credential(as), { retryOptions }));
  }

  /** What arrives in each partition of a hub, from its beginning. */
  function received(hub: string, partitions: number): ReceivedEventData[][] {
    const consumer = closing(
      new EventHubConsumerClient('$Default', hubs.host, hub, context.authority.credential(owner)),
    );
    return Array.from({ length: partitions }, (_, partition) => {
      const events: ReceivedEventData[] = [];
      const handlers = {
        processEvents: async (more: ReceivedEventData[]) => void events.push(...more),
        processError: async () => {},
      };
      closing(consumer.subscribe(String(partition), handlers, { startPosition: earliestEventPosition }));
      return events;
    });
  }

  function toolsWith(producer: NormalizedProducer, scored: ScoringSources = scoring): NormalizeTools {
    const partitions = (hub: string) => new PartitionIds(producerOf(hub));
    const normalizedData = new NormalizedData(producer, partitions('normalizeddata'), partitions('devicedata'));
    return { mapping, scoring: scored, normalizedData, deadLetters: letters };
  }

  const isMark = ({ properties }: ReceivedEventData) => properties?.[kindProperty] === clockMarkKind;
  const valuesOf = (events: readonly ReceivedEventData[], device: string) =>
    events
      .filter((event) => !isMark(event))
      .map(({ body }) => parseMeasurement(JSON.stringify(body)))
      .filter(({ DeviceId }) => DeviceId === device)
      .map(({ Properties }) => Number(Properties[0]?.Value));

  const devices = Array.from({ length: 40 }, (_, index) => `bed-${index}`);
  /** Three readings of each device, then a mark, then one more reading. */
  const rounds = [0, 1, 2].flatMap((round) => devices.map((device) => ({ device, value: 60 + round })));
  const events = [
    ...rounds.map(({ device, value }, index) => deviceEvent(device, index, reading(value))),
    markEvent(500),
    ...devices.map((device, index) => deviceEvent(device, 501 + index, reading(99))),
  ];

  test('each device stays in order in one partition, and the mark comes to each after what was before it', async () => {
    await normalizeEvents(batchOf(events), toolsWith(producerOf('normalizeddata')), lines);
    const partitions = received('normalizeddata', 2);
    await until('all events arrive', () => partitions.flat().length >= 162);
    for (const device of devices) {
      const found = partitions.map((partition) => valuesOf(partition, device)).filter(({ length }) => length > 0);
      expect(found).toEqual([[60, 61, 62, 99]]);
    }
    for (const partition of partitions) {
      const at = partition.findIndex(isMark);
      const mark = parseClockMark(JSON.stringify(partition[at]?.body));
      expect(mark).toEqual({ source: '2', sources: 3, time: noon });
      const values = partition.map((event) =>
        isMark(event) ? 'mark' : valuesOf([event], parseMeasurement(JSON.stringify(event.body)).DeviceId)[0],
      );
      expect(values.slice(0, at)).not.toContain(99);
      expect(new Set(values.slice(at + 1))).toEqual(new Set([99]));
      expect(partition.length).toBeGreaterThan(2);
    }
    const [first] = partitions.flat().filter((event) => !isMark(event));
    expect(first?.properties?.[scoringProperty]).toBe(JSON.stringify([heartRate]));
    expect(lines.lines).toEqual([]);
  });

  test('a hub that refuses holds the batch, and what an attempt sent comes twice rather than not at all', async () => {
    const producer = producerOf('normalizeddata');
    let sends = 0;
    const shaky: NormalizedProducer = {
      createBatch: (options) => producer.createBatch(options),
      sendBatch: async (batch: EventDataBatch) => {
        sends += 1;
        // Every third send is lost on its way, every other third one's acknowledgement is.
        if (sends % 3 === 0) throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
        await producer.sendBatch(batch);
        if (sends % 3 === 1 && sends < 60) throw Object.assign(new Error('unknown'), { code: 'ETIMEDOUT' });
      },
    };
    await normalizeEvents(batchOf(events), toolsWith(shaky), lines);
    const partitions = received('normalizeddata', 2);
    await until('the last reading of each device', () =>
      devices.every((device) => partitions.some((partition) => valuesOf(partition, device).includes(99))),
    );
    for (const device of devices) {
      const values = partitions.flatMap((partition) => valuesOf(partition, device));
      expect(new Set(values)).toEqual(new Set([60, 61, 62, 99]));
      expect(values.lastIndexOf(62)).toBeLessThan(values.indexOf(99));
    }
    expect(new Set(lines.lines)).toEqual(
      new Set(['iomt.held step=normalize cause=ECONNRESET', 'iomt.held step=normalize cause=ETIMEDOUT']),
    );
  });

  test('a role that is missing holds the batch until it is assigned', async () => {
    const late = context.authority.principal('normalize');
    const ended = normalizeEvents(batchOf(events), toolsWith(producerOf('normalizeddata', late)), lines);
    await until('the batch is held', () => lines.lines.includes('iomt.held step=normalize cause=UnauthorizedError'));
    context.authority.grant(late, sendAction, hubIdOf('normalizeddata'));
    await ended;
    const partitions = received('normalizeddata', 2);
    await until('all events arrive', () => partitions.flat().filter((event) => !isMark(event)).length >= 160);
  });

  test('what the client tried several times is held by what the last attempt came to', async () => {
    const [lost, refused] = ['ETIMEDOUT', 'UnauthorizedError'].map((code) => Object.assign(new Error(code), { code }));
    let attempts = 0;
    const sent = await hold('normalize', lines, async () => {
      if (++attempts === 1) throw new AggregateError([lost, refused]);
      return 'sent';
    });
    expect(sent).toBe('sent');
    expect(lines.lines).toEqual(['iomt.held step=normalize cause=UnauthorizedError']);
  });

  test('a measurement that is larger than the hub takes is a dead letter, once, and does not stand in the way', async () => {
    const sources = Array.from({ length: 30_000 }, () => heartRate);
    const tools = toolsWith(producerOf('normalizeddata'), new Map([['heartRate', sources]]));
    const large = deviceEvent('bed-1', 7, [reading(60), reading(61)]);
    const other = deviceEvent('bed-1', 8, { time: '2026-01-05T12:00:00Z', spo2: 97 });
    await normalizeEvents(batchOf([large, other, deviceEvent('bed-1', 9, {})]), tools, lines);
    expect(letters.written).toMatchObject([{ sequenceNumber: 7, reason: { name: 'MeasurementProcessingException' } }]);
    expect(lines.lines).toEqual([
      'iomt.deadLetters step=normalize reason=MeasurementProcessingException count=1',
      'iomt.unmatched step=normalize count=1',
    ]);
    const partitions = received('normalizeddata', 2);
    await until('the other reading', () => partitions.some((partition) => valuesOf(partition, 'bed-1').includes(97)));
  });

  test('what is more than the hub takes at once goes in several batches, in order', async () => {
    // About 300 KB each: three of them fit.
    const sources = Array.from({ length: 5000 }, () => heartRate);
    const tools = toolsWith(producerOf('normalizeddata'), new Map([['heartRate', sources]]));
    const values = Array.from({ length: 10 }, (_, index) => 60 + index);
    await normalizeEvents(
      batchOf(values.map((value, index) => deviceEvent('bed-1', index, reading(value)))),
      tools,
      lines,
    );
    const partitions = received('normalizeddata', 2);
    await until('all readings', () => partitions.flat().length >= values.length);
    expect(partitions.flatMap((partition) => valuesOf(partition, 'bed-1'))).toEqual(values);
    expect(lines.lines).toEqual([]);
  });

  test('a tick puts an empty mark into every partition; one that fails is left to the next', async () => {
    const clock = context.authority.principal('clock-marks');
    const producer = producerOf('devicedata', clock);
    const partitions = new PartitionIds(producer);
    await sendClockMarks(producer, partitions, lines);
    expect(lines.lines).toEqual([expect.stringMatching(/^iomt\.held step=clock-marks cause=\w+$/)]);
    context.authority.grant(clock, sendAction, hubIdOf('devicedata'));
    await sendClockMarks(producer, partitions, lines);
    const marks = received('devicedata', 3);
    await until('a mark in each partition', () => marks.every(({ length }) => length === 1));
    for (const [mark] of marks) {
      expect(mark?.properties).toEqual({ [kindProperty]: clockMarkKind });
      expect(mark?.body).toHaveLength(0);
    }
    expect(lines.lines).toHaveLength(1);
  });
});

describe('settings', () => {
  test('all that are missing are named at once', () => {
    expect(() => readSettings(['A', 'B', 'C'], { B: '' })).toThrow('The app settings A, C are missing.');
    expect(() => readScoringSources('[]')).toThrow('SCORING_SOURCES is not a JSON object');
    expect(() => readScoringSources('{"a":[{"vital":"pulse"}],"b":[],"c":1}')).toThrow('types a, c.');
    expect(() => readDeviceMapping('{"templateType":"x","template":[{}]}', 'mappings/device.json', 'r4')).toThrow(
      /mappings\/device\.json cannot be used:\nline 1, column/,
    );
    expect(() => readDeviceMapping(mappingText, 'm', 'stu3')).toThrow("COMPATIBILITY is 'stu3'");
  });
});

describe('the package', () => {
  const bundle = join(__dirname, '..', 'dist', 'functions', 'normalize', 'main.js');
  const settings = {
    ...Object.fromEntries(normalizeSettings.map((name) => [name, name.toLowerCase()])),
    ...{ COMPATIBILITY: 'r4', SCORING_SOURCES: '{}', DEAD_LETTER_CONTAINER_URL: 'https://localhost/st/deadletter' },
  };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'package-'));
    copyFileSync(bundle, join(folder, 'main.js'));
    mkdirSync(join(folder, 'mappings'));
    writeFileSync(join(folder, packageFiles.deviceMapping), mappingText);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (env: NodeJS.ProcessEnv) => startPackage(join(folder, 'main.js'), env);

  test('is one file that registers both functions', async () => {
    const { registered, model } = await run(settings);
    expect(model).toBe('@azure/functions');
    expect(Object.keys(registered)).toEqual(['clockMarks', 'normalize']);
    expect(registered.clockMarks?.trigger).toMatchObject({ type: 'timerTrigger', schedule: '%CLOCK_MARK_SCHEDULE%' });
    expect(registered.normalize?.trigger).toMatchObject({
      ...{ type: 'eventHubTrigger', connection: 'DeviceData', eventHubName: '%DEVICE_DATA_HUB%' },
      ...{ consumerGroup: '%NORMALIZE_CONSUMER_GROUP%', cardinality: 'many', dataType: 'binary' },
    });
    expect(registered.normalize?.retryOptions).toMatchObject({ maxRetryCount: -1 });
  });

  test('does not start on missing settings or a mapping that cannot be used, and says all that is wrong', async () => {
    const { DEVICE_DATA_HUB, COMPATIBILITY, ...some } = settings as Record<string, string>;
    await expect(run(some)).rejects.toThrow('The app settings DEVICE_DATA_HUB, COMPATIBILITY are missing.');
    writeFileSync(
      join(folder, packageFiles.deviceMapping),
      mappingText.replace('$..[?(@hr)]', '$..[?(@hr').replace('$..[?(@spo2)]', '$..[?(@spo2'),
    );
    await expect(run(settings)).rejects.toThrow(
      /mappings\/device\.json cannot be used:\nline 1, column [^\n]+\nline 1, column/,
    );
  });
});
