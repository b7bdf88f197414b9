import { loadDeviceMapping } from '../runtime/medtech/mapping/deviceMapping';
import { normalize as normalizeMessage } from '../runtime/medtech/normalize';
import { type Benchmark, median, type Result } from './benchmark';
import { type CorpusMessage, corpus } from './normalize/corpus';
import { jsonP3, jsonPathPlus, libraryNormalizer } from './normalize/libraries';
import { type BenchTemplate, deviceMappingText, templates } from './normalize/templates';

const rounds = 9;
/** So that a round of the fast ones is long enough to be measured. */
const repeats = { floor: 10, engine: 5, library: 1 };

/** Events per CPU second of this thread and its garbage collector: the machine is shared. */
export const normalize: Benchmark = {
  name: 'normalize',
  what: 'device messages to normalized measurements, bytes to bytes, beside JSONPath and JMESPath libraries and JSON.parse',
  aims: [
    { figure: 'eventsPerSecondWith1Template', atLeast: 100_000 },
    { figure: 'eventsPerSecondWith17Templates', atLeast: 50_000 },
    { figure: 'ratioToFastestLibraryWith1Template', atLeast: 5 },
    { figure: 'ratioToFastestLibraryWith17Templates', atLeast: 5 },
  ],
  async run(say) {
    const messages = corpus();
    const one = runners(templates.slice(0, 1), messages);
    const all = runners(templates, messages);
    const floor = { run: (message: CorpusMessage) => JSON.parse(message.body.toString('utf8')), repeat: repeats.floor };
    const named = { floor, ...renamed(one, '1'), ...renamed(all, '17') };
    const taken = Object.fromEntries(Object.keys(named).map((name) => [name, [] as number[]]));
    // One uncounted round warms up; then all in turn, so that a drift of the machine hits all alike.
    for (let round = 0; round <= rounds; round++) {
      for (const [name, runner] of Object.entries(named)) {
        const rate = eventsPerSecond(runner, messages);
        if (round > 0) taken[name]?.push(rate);
      }
      say(`round ${round} of ${rounds}`);
    }
    return { figures: figures(taken, messages), notMeasured };
  },
};

interface Runner {
  readonly run: (message: CorpusMessage) => unknown;
  readonly repeat: number;
}

/** Engine and libraries over the same templates; they must give the same bytes. */
function runners(given: readonly BenchTemplate[], messages: readonly CorpusMessage[]) {
  const engine = engineNormalizer(given);
  const p3 = libraryNormalizer(given, jsonP3);
  const plus = libraryNormalizer(given, jsonPathPlus);
  for (const message of messages) {
    const expected = engine(message);
    for (const [name, library] of Object.entries({ 'json-p3': p3, 'jsonpath-plus': plus })) {
      const found = library(message);
      const same = found.length === expected.length && found.every((bytes, i) => bytes.equals(expected[i] as Buffer));
      if (!same) throw new Error(`The engine and ${name} differ for ${message.body.toString('utf8')}.`);
    }
  }
  return {
    engine: { run: engine, repeat: repeats.engine },
    jsonP3: { run: p3, repeat: repeats.library },
    jsonPathPlus: { run: plus, repeat: repeats.library },
  };
}

function engineNormalizer(given: readonly BenchTemplate[]) {
  const { mapping, problems } = loadDeviceMapping(deviceMappingText(given), 'r4');
  if (mapping === undefined) throw new Error(JSON.stringify(problems));
  return ({ body, properties, systemProperties, enqueuedTime }: CorpusMessage): Buffer[] => {
    const message = { body: body.toString('utf8'), properties, systemProperties, enqueuedTime };
    const { measurements, error } = normalizeMessage(mapping, message);
    if (error !== undefined) throw error;
    return measurements.map((measurement) => Buffer.from(JSON.stringify(measurement)));
  };
}

function renamed<T>(group: Record<string, T>, suffix: string): Record<string, T> {
  return Object.fromEntries(Object.entries(group).map(([name, value]) => [`${name}${suffix}`, value]));
}

function eventsPerSecond({ run, repeat }: Runner, messages: readonly CorpusMessage[]): number {
  const before = process.cpuUsage();
  for (let time = 0; time < repeat; time++) for (const message of messages) run(message);
  const { user, system } = process.cpuUsage(before);
  return (repeat * messages.length) / ((user + system) / 1e6);
}

function figures(taken: Record<string, number[]>, messages: readonly CorpusMessage[]): Result['figures'] {
  const rate = (name: string) => Math.round(median(taken[name] ?? []));
  const ratio = (count: string) => {
    const fastest = Math.max(rate(`jsonP3${count}`), rate(`jsonPathPlus${count}`));
    return Math.round((rate(`engine${count}`) / fastest) * 10) / 10;
  };
  const bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
  return {
    eventsPerSecondWith1Template: rate('engine1'),
    eventsPerSecondWith17Templates: rate('engine17'),
    ratioToFastestLibraryWith1Template: ratio('1'),
    ratioToFastestLibraryWith17Templates: ratio('17'),
    jsonP3EventsPerSecond: { with1Template: rate('jsonP31'), with17Templates: rate('jsonP317') },
    jsonPathPlusEventsPerSecond: { with1Template: rate('jsonPathPlus1'), with17Templates: rate('jsonPathPlus17') },
    jsonParseAloneEventsPerSecond: rate('floor'),
    measurementsPerEventWith17Templates: measurementsPerEvent(messages),
    meanBodyBytes: Math.round(bytes / messages.length),
    events: messages.length,
    rounds,
  };
}

function measurementsPerEvent(messages: readonly CorpusMessage[]): number {
  const engine = engineNormalizer(templates);
  const measurements = messages.reduce((sum, message) => sum + engine(message).length, 0);
  return Math.round((measurements / messages.length) * 100) / 100;
}

const notMeasured = [
  'wall time: the figures are per second of CPU time, all threads of the process together',
  'the event hub: reading, packing and sending batches',
  'connector functions of JMESPath and dates in bodies: the libraries have none',
];
