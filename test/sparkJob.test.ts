import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnrichedMessage, VitalSample } from '../runtime/contracts/enriched';
import type { ScoredWindow } from '../runtime/contracts/scored';
import { defaultKernelSettings } from '../runtime/scoring/kernelSettings';
import { type Arrived, inOrder, marks, measurement, numbers } from './support/enrichedStream';
import { type Baselines, type Change, expectedWindows } from './support/expectedWindows';
import { type Death, makeWheel, parameterProblems, SparkJob, type SparkTools, sparkTools } from './support/sparkJob';

const tools = sparkTools();
/** Java and two cores that others use too: a batch takes seconds, a start some more. */
const minutes = 60_000;
jest.setTimeout(15 * minutes);

const settings = { ...defaultKernelSettings, windowSeconds: 300, latenessSeconds: 120 };
/** Twenty minutes before an hour and a day of the stream are over, so that the tables are tidied. */
const begin = Date.UTC(2026, 0, 6, 23, 40);
const everyPartition = 3;
const sources = ['0', '1', 'fhirevents/0'];

const folder = mkdtempSync(join(tmpdir(), 'iomt-wheel-'));
const jobs: SparkJob[] = [];
let wheel = '';

beforeAll(() => {
  wheel = makeWheel(folder);
});

afterAll(() => {
  for (const job of jobs) job.close();
  rmSync(folder, { recursive: true, force: true });
});

function newJob(given: SparkTools): SparkJob {
  const job = new SparkJob(given, wheel, settings, everyPartition);
  jobs.push(job);
  return job;
}

interface Ward {
  readonly patients: readonly string[];
  readonly minutes: number;
  readonly everySeconds: number;
  readonly seed: number;
  /** Where a patient's messages go. */
  readonly partitionOf: (patient: string) => number;
  /** By how much a partition of `enriched` is behind. */
  readonly delayOf?: (partition: number) => number;
}

/** Vital signs shuffled within the lateness, one in ten twice; then clock marks until all windows are closed. */
function ward({ patients, minutes: length, everySeconds, seed, partitionOf, delayOf = () => 0 }: Ward): Arrived[] {
  const random = numbers(seed);
  const stream: Arrived[] = [];
  for (const patient of patients) {
    const partition = partitionOf(patient);
    for (let time = begin; time < begin + length * minutes; time += everySeconds * 1000) {
      const arrival = time + Math.floor(random() * 115_000);
      const message = measurement(
        { patient, time, arrival, samples: samples(random, (time - begin) / minutes) },
        settings,
      );
      const at = arrival + delayOf(partition);
      stream.push({ partition, at, message });
      if (random() < 0.1) stream.push({ partition, at: at + Math.floor(random() * 300_000), message });
    }
  }
  const times = Array.from({ length: 2 * (length + 10) }, (_, index) => begin + index * 30_000);
  return [...stream, ...marks({ sources, partitions: everyPartition }, times, delayOf)];
}

function samples(random: () => number, minute: number): VitalSample[] {
  const between = (least: number, most: number) => Math.round((least + random() * (most - least)) * 10) / 10;
  const found: VitalSample[] = [
    { vital: 'heartRate', value: between(60, 100 + minute), priority: 0 },
    { vital: 'respirationRate', value: between(12, 22), priority: 0 },
    random() < 0.1
      ? { vital: 'oxygenSaturation', value: between(1, 9), priority: 0, rejected: 'signalQuality' }
      : { vital: 'oxygenSaturation', value: between(90, 99), priority: random() < 0.5 ? 0 : 1 },
  ];
  if (random() < 0.2) found.push({ vital: 'systolicBloodPressure', value: between(90, 140), priority: 0, spot: true });
  if (random() < 0.1) found.push({ vital: 'temperature', value: between(36, 39), priority: 0, spot: true });
  return found;
}

const charted = (patient: string, time: number, sample: VitalSample, changed: number): EnrichedMessage =>
  measurement(
    { ...{ patient, time, arrival: time + 30_000, samples: [sample] }, type: sample.vital, source: 'charted', changed },
    settings,
  );

const presence = (patient: string, event: 'start' | 'end', time: number): EnrichedMessage => ({
  ...({ kind: 'presence', patient, event, basis: 'encounter', resource: `Encounter/${patient}`, time } as const),
  key: '0'.repeat(28),
});

/** Newest revision of each window, without what says how it was sent; the job must have sent each revision with one content. */
function lastRevisions(job: SparkJob): Map<string, object> {
  const revisions = new Map<string, Map<number, string>>();
  const windows = job.messages().filter((one): one is ScoredWindow => one.kind === 'window');
  for (const { kind, revision, corrected, ...content } of windows) {
    const of = revisions.get(`${content.patient} ${content.start}`) ?? new Map<number, string>();
    revisions.set(`${content.patient} ${content.start}`, of);
    expect(corrected).toBe(revision > 1);
    expect(of.get(revision) ?? JSON.stringify(content)).toBe(JSON.stringify(content));
    of.set(revision, JSON.stringify(content));
  }
  for (const of of revisions.values())
    expect([...of.keys()].sort()).toEqual([...of.keys()].map((_, index) => index + 1));
  return new Map([...revisions].map(([name, of]) => [name, JSON.parse(of.get(of.size) as string) as object]));
}

function expectAll(
  job: SparkJob,
  stream: readonly Arrived[],
  until: number,
  { baselines, changes }: { readonly baselines?: Baselines; readonly changes?: readonly Change[] } = {},
): void {
  const messages = stream.map(({ message }) => message);
  const expected = expectedWindows(messages, settings, until, baselines, changes);
  const found = lastRevisions(job);
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, window] of expected) expect(found.get(name)).toEqual(JSON.parse(JSON.stringify(window)));
}

const between = (stream: readonly Arrived[], from: number, to: number) =>
  stream.filter(({ at }) => at >= from && at < to);

test('windows come to what the kernel makes of the messages, whatever is late, lagging, idle, twice, or another generation', async () => {
  if (tools === undefined) return;
  const job = newJob(tools);
  // Partition 1 is 20 minutes behind; partition 2 has marks only.
  const lag = 20 * minutes;
  const delayOf = (partition: number) => (partition === 1 ? lag : 0);
  const partitionOf = (patient: string) => (patient === 'lagging' ? 1 : 0);
  const patients = ['steady', 'gateway', 'lagging'];
  const baselines: Baselines = {
    '2026-01-06': { steady: { medians: { heartRate: 71.5, temperature: 36.6 }, windows: 40 } },
  };
  job.putBaselines('2026-01-06', {
    version: '2026-01-06',
    upTo: begin - 24 * 60 * minutes,
    patients: baselines['2026-01-06'],
  });

  const stream = ward({ patients, minutes: 25, everySeconds: 15, seed: 7, partitionOf, delayOf });
  const at = (minute: number) => begin + minute * minutes;
  // Somebody in the ward without a device, for three windows; a charted value, and one that is taken back.
  stream.push({ partition: 0, at: at(3), message: presence('empty', 'start', at(3)) });
  stream.push({ partition: 0, at: at(14), message: presence('empty', 'end', at(14)) });
  const alert: VitalSample = { vital: 'consciousness', value: 0, priority: 0 };
  const takenBack: VitalSample = { vital: 'consciousness', value: null, priority: 0, rejected: 'enteredInError' };
  stream.push({ partition: 0, at: at(2), message: charted('steady', at(1), alert, 1) });
  stream.push({ partition: 0, at: at(7), message: charted('steady', at(6), alert, 2) });
  stream.push({ partition: 0, at: at(8), message: charted('steady', at(6), takenBack, 3) });
  // A gateway hands in what it had kept for a quarter of an hour, and one of another patient's open window.
  for (let time = at(5); time < at(9); time += 7000) {
    const arrival = at(24) + (time - at(5)) / 100;
    const values = [{ vital: 'heartRate', value: 140, priority: 0 } as const];
    const message = measurement({ ...{ patient: 'gateway', time, arrival, type: 'kept' }, samples: values }, settings);
    stream.push({ partition: 0, at: arrival, message });
  }
  const ordered = inOrder(stream);
  const end = at(60);
  const parts = [
    between(ordered, 0, at(13)),
    between(ordered, at(13), at(26)),
    between(ordered, at(26), at(38)),
    between(ordered, at(38), end),
  ];

  job.put(parts[0] ?? []);
  job.put(parts[1] ?? []);
  const first = await job.run({ generation: 1 });
  const windowsBefore = job.messages().filter((one): one is ScoredWindow => one.kind === 'window');
  // 26 minutes are read, and 6 of the lagging partition: nothing is closed for anybody that it might still speak of.
  expect(Math.max(...windowsBefore.map((window) => window.end))).toBeLessThanOrEqual(at(26) - lag - 2 * minutes);
  expect(first.batches.at(-1)?.lagMilliseconds).toBe(lag);

  job.put(parts[2] ?? []);
  job.put(parts[3] ?? []);
  // What was sent once is sent again, and all of it is known.
  job.put(ordered.filter(({ message }) => message.kind !== 'clockMark'));
  const second = await job.run({ generation: 2, kernelHost: 'node' });

  expectAll(job, ordered, at(30), { baselines });
  const windows = job.messages().filter((one): one is ScoredWindow => one.kind === 'window');
  expect(new Set(windows.map(({ patient, start, revision }) => `${patient} ${start} ${revision}`)).size).toBe(
    windows.length,
  );
  expect(new Set(windows.filter(({ corrected }) => corrected).map(({ patient }) => patient))).toEqual(
    new Set(['gateway']),
  );
  expect(second.batches.at(-1)).toMatchObject({ changed: 0, windows: 0, repaired: 0, missing: 0 });
  expectMarks(job, at(30));
});

/** After the windows, in every partition of `scored`, told apart as everywhere. */
function expectMarks(job: SparkJob, until: number): void {
  const sent = job.sent();
  const last = sent.slice(-3);
  expect(last.map(({ partition }) => partition)).toEqual([0, 1, 2]);
  for (const { value, headers } of last) {
    expect(headers).toEqual([['iomt-kind', 'clock-mark']]);
    const time = new Date(until).toISOString();
    expect(JSON.parse(value)).toEqual({ kind: 'clockMark', source: 'databricks', sources: 1, time });
  }
}

test('a driver that is killed wherever it is loses and doubles nothing', async () => {
  if (tools === undefined) return;
  const job = newJob(tools);
  const partitionOf = (patient: string) => (patient === 'one' ? 0 : 1);
  const ordered = inOrder(ward({ patients: ['one', 'other'], minutes: 15, everySeconds: 20, seed: 11, partitionOf }));
  const at = (minute: number) => begin + minute * minutes;
  const late = measurement(
    {
      patient: 'one',
      time: at(1),
      arrival: at(13),
      type: 'kept',
      samples: [{ vital: 'temperature', value: 40, priority: 0 }],
    },
    settings,
  );
  const stream = inOrder([...ordered, { partition: 0, at: at(13), message: late }]);
  job.put(between(stream, 0, at(8)));
  job.put(between(stream, at(8), at(14)));
  job.put(between(stream, at(14), at(60)));
  const deaths: (Death & { readonly generation?: number })[] = [
    // The first batch is done in Delta, and Spark does not know it.
    { place: 'progress', when: 'after', call: 1 },
    // Data files of the second are there, and no commit names them.
    { place: 'slots', when: 'during', call: 1 },
    { place: 'results', when: 'during', call: 1 },
    { place: 'send', when: 'during', call: 1 },
  ];
  for (const death of deaths) expect((await job.run({ death })).killed).toBe(true);
  // A new release, while a batch of the old one has not come to its end.
  expect((await job.run({ generation: 2 })).killed).toBe(false);
  expectAll(job, stream, at(20));
});

test('windows of another length go on where the last one ended, with all that is known of each patient', async () => {
  if (tools === undefined) return;
  const job = newJob(tools);
  const at = (minute: number) => begin + minute * minutes;
  const patients = ['one', 'other'];
  const stream = ward({ patients, minutes: 32, everySeconds: 20, seed: 5, partitionOf: () => 0 });
  const samples = [{ vital: 'temperature', value: 40, priority: 0 }] as const;
  const alert: VitalSample = { vital: 'consciousness', value: 0, priority: 0 };
  stream.push({ partition: 0, at: at(2), message: charted('one', at(1), alert, 1) });
  // Of a window of the first length, and of one of the second, both long closed.
  for (const minute of [2, 7]) {
    const reading = { patient: 'one', time: at(minute), arrival: at(23 + minute), type: 'kept', samples };
    stream.push({ partition: 0, at: at(23 + minute), message: measurement(reading, settings) });
  }
  // Comes in a part of an open window that will be a window of its own, and is there when nothing is measured.
  stream.push({ partition: 0, at: at(27), message: presence('visitor', 'start', at(26)) });
  const ordered = inOrder(stream);

  job.put(between(ordered, 0, at(8)));
  await job.run();
  job.put(between(ordered, at(8), at(28)));
  const longer = { ...settings, windowSeconds: 600 };
  // Killed once the open windows are moved.
  expect((await job.run({ settings: longer, death: { place: 'slots', when: 'before', call: 1 } })).killed).toBe(true);
  await job.run({ settings: longer });
  job.put(between(ordered, at(28), at(70)));
  await job.run({ generation: 2 });

  const changes = [
    { from: at(5), windowSeconds: 600 },
    { from: at(20), windowSeconds: 300 },
  ];
  expectAll(job, ordered, at(35), { changes });
  const spansOf = (patient: string) =>
    [...lastRevisions(job).values()]
      .map((window) => window as ScoredWindow)
      .filter((window) => window.patient === patient)
      .map(({ start, end }) => `${(start - begin) / minutes}-${(end - begin) / minutes}`);
  const shown = ['0-5', '5-10', '10-20', '20-25', '25-30', '30-35'];
  expect(spansOf('one').slice(0, 6)).toEqual(shown);
  expect(spansOf('visitor').slice(0, 2)).toEqual(['25-30', '30-35']);
});

test('what is wrong with the parameters is said at once', () => {
  if (tools === undefined) return;
  const problems = parameterProblems(tools, wheel, [
    ...[
      '--bootstrap-servers=a:9093',
      '--enriched=enriched',
      '--scored=scored',
      '--lake=abfss://x',
      '--baselines=abfss://y',
    ],
    ...[
      '--enriched-partitions=none',
      '--kernel-settings={"windowSeconds":0}',
      '--trigger-seconds=10',
      '--generation=0',
    ],
    ...['--retention-days=7', '--kernel-host=wasm', '--model={"kind":"endpoint"}', '--colour=blue'],
  ]);
  expect(problems).toBe(
    'The parameters of the job are wrong: --enriched-partitions is "none", not a whole number of at least 1; ' +
      'windowSeconds of --kernel-settings is 0, not a whole number of at least 1; ' +
      '--generation is "0", not a whole number of at least 1; ' +
      '--kernel-host is "wasm", not one of v8, node; ' +
      '--model is wrong: its kind is "endpoint", and this compute knows onnx; --colour is not known.',
  );
});

test('the wheel is the same from any folder', () => {
  const copy = join(folder, 'elsewhere');
  for (const part of ['package.json', 'package-lock.json', 'runtime', 'setup', 'tsconfig.json']) {
    cpSync(join(__dirname, '..', part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(__dirname, '..', 'node_modules'), join(copy, 'node_modules'));
  mkdirSync(join(folder, 'other'));
  const other = makeWheel(join(folder, 'other'), copy);
  expect(readFileSync(other).equals(readFileSync(wheel))).toBe(true);
});
