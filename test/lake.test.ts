import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { streams } from 'avsc';
import * as fc from 'fast-check';
import { type EnrichedMeasurement, mostAheadMs, type PatientPresence } from '../runtime/contracts/enriched';
import { unknownContext } from '../runtime/contracts/patientContext';
import { type BronzeQuery, BronzeReader, type BronzeRow } from '../runtime/lake/bronzeReader';
import { CapturedHub } from '../runtime/lake/capturedHub';
import { markedThrough } from '../runtime/lake/capturedMarks';
import { lakeIn } from '../runtime/lake/lakeContainer';
import { CapturingHubs } from './support/capture';
import { CapturedPartitions, capturedFileOf, type Enqueued } from './support/capturedFiles';
import { startOfTime, testContext } from './support/context';
import { until } from './support/eventHubs';
import { MemoryContainer } from './support/memoryLake';

const minute = 60_000;
const hour = 60 * minute;
const noon = startOfTime + 12 * hour;

function measurement(patient: string, time: number, more: Partial<EnrichedMeasurement> = {}): EnrichedMeasurement {
  const key = `000000000000${(time % 1e10).toString(16).padStart(16, '0')}`;
  const samples = [{ vital: 'heartRate' as const, value: 60, priority: 0 }];
  return {
    ...{ kind: 'measurement', patient, time, arrival: time + 500, late: false, key, source: 'device', type: 'vitals' },
    ...{ samples, context: unknownContext, ...more },
  };
}

const presence = (patient: string, time: number): PatientPresence => ({
  ...{ kind: 'presence', patient, event: 'start', basis: 'assignment', resource: 'Device/1', time, key: `p${time}` },
});

const mark = (source: string, time: number, sources = 1) => ({
  ...{ kind: 'clockMark', source, sources, time: new Date(time).toISOString() },
});

const order = (one: string, other: string) => (one < other ? -1 : 1);
const texts = (rows: readonly BronzeRow[]) => rows.map((row) => JSON.stringify(row)).sort(order);

describe('rows of a range of time', () => {
  const patients = ['a', 'b', 'c'];
  /** A row, how long after its time it arrives, and how often. */
  const rowArbitrary = fc.record({
    patient: fc.constantFrom(...patients),
    at: fc.integer({ min: -90 * minute, max: 90 * minute }),
    arrivesAfter: fc.oneof(fc.integer({ min: -mostAheadMs, max: minute }), fc.integer({ min: 0, max: 20 * hour })),
    times: fc.constantFrom(1, 1, 1, 2, 3),
    isPresence: fc.constantFrom(false, false, false, true),
    partition: fc.integer({ min: 0, max: 2 }),
  });
  const cuts = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 });

  test('are the same however they came: split into files, again, late, in any partition', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowArbitrary, { maxLength: 60 }),
        cuts,
        fc.integer({ min: -60 * minute, max: 0 }),
        fc.integer({ min: 0, max: 60 * minute }),
        fc.option(fc.subarray(patients), { nil: undefined }),
        async (rows, sizes, from, length, asked) => {
          const container = new MemoryContainer();
          const query: BronzeQuery = {
            ...{ from: noon + from, to: noon + from + length },
            ...(asked === undefined ? {} : { patients: new Set(asked) }),
          };
          const expected = new Map<string, BronzeRow>();
          const partitions = new Map<number, Enqueued[]>();
          for (const { patient, at, arrivesAfter, times, isPresence, partition } of rows) {
            const time = noon + at;
            const row = isPresence ? presence(patient, time) : measurement(patient, time);
            if (time >= query.from && time < query.to && (query.patients?.has(patient) ?? true))
              expected.set(`${row.key}${patient}`, row);
            const events = partitions.get(partition) ?? [];
            for (let again = 0; again < times; again++)
              events.push({ arrived: time + arrivesAfter + again * minute, message: row });
            partitions.set(partition, events);
          }
          const captured = new CapturedPartitions(container, 'enriched');
          for (const [partition, events] of partitions) {
            events.sort((one, other) => one.arrived - other.arrived);
            for (const file of filesOf(events, sizes)) await captured.add(String(partition), file);
          }
          const reader = new BronzeReader(new CapturedHub(container, 'enriched'));
          const read = await reader.read(['0', '1', '2'], query);
          expect(texts([...read.measurements, ...read.presence])).toEqual(texts([...expected.values()]));
          for (const [partition, events] of partitions)
            expect(await reader.capturedThrough(String(partition))).toBe(events.length - 1);
        },
      ),
      { numRuns: 100 },
    );
  }, 120_000);

  /** Files of these numbers of events in turn; one ends as well when Capture's longest interval is over. */
  function filesOf(events: readonly Enqueued[], sizes: readonly number[]): Enqueued[][] {
    const files: Enqueued[][] = [];
    for (const event of events) {
      const last = files.at(-1);
      const isFull = last === undefined || last.length >= (sizes[files.length % sizes.length] ?? 1);
      if (isFull || event.arrived - (last[0]?.arrived ?? 0) > 900_000) files.push([event]);
      else last.push(event);
    }
    return files;
  }

  test('are found at the end of the longest file, and as far ahead of their arrival as is taken', async () => {
    const container = new MemoryContainer();
    const arrived = noon - mostAheadMs;
    await new CapturedPartitions(container, 'enriched').add('0', [
      { arrived: arrived - 900_000, message: measurement('a', arrived - 900_000) },
      { arrived, message: measurement('a', noon) },
    ]);
    const reader = new BronzeReader(new CapturedHub(container, 'enriched'));
    expect((await reader.read(['0'], { from: noon, to: noon + 1 })).measurements).toHaveLength(1);
  });

  test('of two that differ, the one that arrived first counts, in whatever file it lies', async () => {
    const first = measurement('a', noon, { arrival: noon + 1000 });
    const again = measurement('a', noon, { arrival: noon + hour, late: true });
    for (const messages of [
      [first, again],
      [again, first],
    ]) {
      const container = new MemoryContainer();
      const captured = new CapturedPartitions(container, 'enriched');
      await captured.add('0', [{ arrived: noon + hour, message: messages[0] }]);
      await captured.add('0', [{ arrived: noon + 2 * hour, message: messages[1] }]);
      const reader = new BronzeReader(new CapturedHub(container, 'enriched'));
      expect((await reader.read(['0'], { from: noon, to: noon + 1 })).measurements).toEqual([first]);
    }
  });

  test('are found without a look at folders that cannot hold them; what is no message is passed over', async () => {
    const container = new MemoryContainer();
    const captured = new CapturedPartitions(container, 'enriched');
    for (let at = startOfTime; at < startOfTime + 72 * hour; at += hour) {
      const events = [measurement('a', at), 'no JSON', { kind: 'unknown' }, null, mark('0', at)];
      await captured.add(
        '0',
        events.map((message) => ({ arrived: at, message })),
      );
    }
    const reader = new BronzeReader(new CapturedHub(container, 'enriched'));
    const range = { from: startOfTime + 30 * hour, to: startOfTime + 32 * hour };
    const read = await reader.read(['0'], { ...range, arrivedUntil: startOfTime + 33 * hour });
    expect(read.measurements.map(({ time }) => (time - startOfTime) / hour)).toEqual([30, 31]);
    expect(container.listed.filter((folder) => folder.split('/').length > 6)).toEqual([
      // A file may hold what came up to a quarter of an hour after its name, and a row be two minutes ahead.
      'enriched/0/2026/01/06/05/',
      'enriched/0/2026/01/06/06/',
      'enriched/0/2026/01/06/07/',
      'enriched/0/2026/01/06/08/',
      'enriched/0/2026/01/06/09/',
      'enriched/0/2026/01/06/09/00/',
    ]);
  });
});

describe('files that are not what they should be', () => {
  async function read(name: string, content: Buffer): Promise<unknown> {
    const container = new MemoryContainer();
    container.put(name, content);
    const reader = new BronzeReader(new CapturedHub(container, 'enriched'));
    return reader.read(['0'], { from: noon, to: noon + hour });
  }

  test.each(['null', 'deflate'] as const)('a torn one (%s) is an error wherever it is cut off', async (codec) => {
    const events = [1, 2, 3].map((second) => ({ arrived: noon, message: measurement('a', noon + second * 1000) }));
    const { name, content } = await capturedFileOf(
      { eventHub: 'enriched', partition: '0', firstSequence: 0 },
      events,
      codec,
    );
    await expect(read(name, content)).resolves.toMatchObject({ measurements: { length: 3 } });
    const header = content.indexOf('deflate') > 0 || codec === 'null' ? await headerLength(codec) : 0;
    for (let length = 0; length < content.length; length++) {
      // A file of no blocks is whole.
      if (length === header) continue;
      await expect(read(name, content.subarray(0, length))).rejects.toThrow(`The captured file ${name} is cut off`);
    }
  });

  async function headerLength(codec: 'null' | 'deflate'): Promise<number> {
    const empty = await capturedFileOf({ eventHub: 'enriched', partition: '0', firstSequence: 0 }, [], codec);
    return empty.content.length;
  }

  test('a changed one, a foreign one, and one that lies elsewhere are errors that name it and no patient', async () => {
    const events = [{ arrived: noon, message: measurement('patient-1', noon) }];
    const { name, content } = await capturedFileOf({ eventHub: 'enriched', partition: '0', firstSequence: 0 }, events);
    const changed = Buffer.from(content);
    changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.length - 1);
    await expect(read(name, changed)).rejects.toThrow(`The captured file ${name} has a block without its sync marker`);
    await expect(read(name, Buffer.from('{"kind":"measurement"}'))).rejects.toThrow(
      'is not an Avro object container file',
    );
    await expect(read(name, await foreign())).rejects.toThrow('has a schema that is not that of captured events');
    const elsewhere = 'enriched/0/2026/01/05/12/evhns-test.avro';
    await expect(read(elsewhere, content)).rejects.toThrow(
      `The captured file ${elsewhere} does not lie where files of`,
    );
  });

  async function foreign(): Promise<Buffer> {
    const schema = { type: 'record' as const, name: 'Other', fields: [{ name: 'text', type: 'string' as const }] };
    const encoder = new streams.BlockEncoder(schema);
    encoder.end({ text: 'patient-1' });
    const chunks: Buffer[] = [];
    for await (const chunk of encoder) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
});

describe('until when a captured hub is complete', () => {
  async function through(partitions: Record<string, unknown[][]>): Promise<number | undefined> {
    const container = new MemoryContainer();
    const captured = new CapturedPartitions(container, 'scored');
    let arrived = noon;
    for (const [partition, files] of Object.entries(partitions)) {
      for (const messages of files) {
        arrived += minute;
        await captured.add(
          partition,
          messages.map((message) => ({ arrived, message })),
        );
      }
    }
    return markedThrough(new CapturedHub(container, 'scored'), Object.keys(partitions));
  }

  test('is the least of the newest marks of all partitions and sources', async () => {
    expect(await through({ 0: [[mark('0', noon, 2), mark('1', noon + 5, 2)], [mark('0', noon + 10, 2)]] })).toBe(
      noon + 5,
    );
    const behind = { 0: [[mark('0', noon + 10)]], 1: [[mark('0', noon + 7)], [measurement('a', noon)]] };
    expect(await through(behind)).toBe(noon + 7);
  });

  test('is not known while a mark is missing, and is the new sources’ alone once those have changed', async () => {
    expect(await through({ 0: [[mark('0', noon, 2)]] })).toBeUndefined();
    expect(await through({ 0: [[mark('0', noon)]], 1: [] })).toBeUndefined();
    const changed = { 0: [[mark('0', noon, 2), mark('1', noon, 2)], [mark('spark', noon + 9, 1)]] };
    expect(await through(changed)).toBe(noon + 9);
  });
});

test('what Capture has written into a lake is read from it with a token, from the SDK’s own container client', async () => {
  const trusted = getCACertificates('default');
  const context = await testContext();
  setDefaultCACertificates([...trusted, context.certificates.authority]);
  const capturing = await new CapturingHubs(context).start();
  try {
    const id = await capturing.hub('enriched', { partitionCount: 2, encoding: 'AvroDeflate' });
    const rows = Array.from({ length: 300 }, (_, at) => measurement(`p${at % 5}`, startOfTime + at * 1000));
    for (let at = 0; at < rows.length; at += 60) {
      await context.clock.advanceTo(startOfTime + at * 20_000);
      for (const row of [...rows.slice(at, at + 60), ...rows.slice(0, 3)])
        await capturing.send(id, row.patient, [JSON.stringify(row)]);
    }
    await until('all is captured', () => capturing.stats('enriched').capture?.behind === 0);
    const hub = new CapturedHub(lakeIn(capturing.container('bronze')), 'enriched');
    const reader = new BronzeReader(hub);
    const { measurements } = await reader.read(['0', '1'], { from: startOfTime, to: startOfTime + 200_000 });
    expect(texts(measurements)).toEqual(texts(rows.slice(0, 200)));
    const through = await Promise.all(['0', '1'].map((partition) => reader.capturedThrough(partition)));
    expect(through).toEqual(capturing.stats('enriched').lastSequences);
  } finally {
    await capturing.close();
    context.close();
    setDefaultCACertificates(trusted);
  }
});
