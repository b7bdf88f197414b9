import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { EventHubConsumerClient } from '@azure/event-hubs';
import { readEvents } from '../local/judge/deviceData';
import { kindProperty } from '../runtime/contracts/clockMark';
import { parseMeasurement } from '../runtime/contracts/measurement';
import { type Benchmark, percentile, type Result } from './benchmark';
import { ChildProcess } from './childProcess';
import { type Arrivals, consumer, followArrivals } from './ingest/consumer';
import type { DevicesHandlers } from './ingest/devices';
import type { CloudHandlers } from './path/cloud';
import { readingKey } from './path/readingKey';

const deviceCount = 40;
const messagesPerSecond = 100;
const warmUpSeconds = 10;
const measuredSeconds = 30;
const settleDeadlineMs = 60_000;
/** What a bedside monitor sends at once, and how many Observations the starter mapping makes of it. */
const vitals = { hr: 82, resp: 17, spo2: 96, abpsys: 118, abpdias: 64, abpmean: 82 };
const observationsPerMessage = 4;

interface Processes {
  readonly cloud: ChildProcess<CloudHandlers>;
  readonly devices: ChildProcess<DevicesHandlers>;
}
type Place = Awaited<ReturnType<CloudHandlers['start']>>;

export const path: Benchmark = {
  name: 'path',
  what: 'devices to Observations at 100 messages a second through the whole local cloud, beside a bare reader of devicedata',
  aims: [{ figure: 'deviceToObservationP95Milliseconds', atMost: 100 }],
  async run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-path-'));
    const processes: Processes = {
      cloud: new ChildProcess(join(__dirname, 'path', 'cloud.ts')),
      devices: new ChildProcess(join(__dirname, 'ingest', 'devices.ts')),
    };
    try {
      return await measure(processes, folder, say);
    } finally {
      for (const one of Object.values(processes)) await one.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(processes: Processes, folder: string, say: (line: string) => void): Promise<Result> {
  const { cloud, devices } = processes;
  say('the local cloud starts, and the stack comes up in it');
  const place = await cloud.ask('start', folder);
  const { provisioning, deviceAuthorityFolder, serverAuthority } = place;
  await devices.ask('register', { size: deviceCount, provisioning, deviceAuthorityFolder, serverAuthority });
  await cloud.ask(
    'admit',
    Array.from({ length: deviceCount }, (_, index) => `bench-${index + 1}`),
  );
  await until('the functions run', () => cloud.ask('isDrained'));
  // The reader runs in this process, as the functions run in theirs.
  Object.assign(process.env, place.consumerEnvironment);
  setDefaultCACertificates([...getCACertificates('default'), serverAuthority]);
  const deviceData = consumer(place.eventHubsHost, place.deviceDataHub);
  const normalizedData = consumer(place.eventHubsHost, 'normalizeddata');
  try {
    say(`${messagesPerSecond} messages a second for ${warmUpSeconds} s of warm-up and ${measuredSeconds} s`);
    const { sentAt, arrivals } = await sendAll(processes, place, deviceData);
    return { figures: figuresOf(await hopsOf(cloud, sentAt, arrivals, deviceData, normalizedData)), notMeasured };
  } finally {
    await deviceData.close();
    await normalizedData.close();
  }
}

/** Sends for warm-up and measurement without a break, and waits until each message is all the way through. */
async function sendAll(
  { cloud, devices }: Processes,
  { iotHubHost }: Place,
  deviceData: EventHubConsumerClient,
): Promise<{ sentAt: Readonly<Record<string, number>>; arrivals: Arrivals }> {
  const { arrivals, close } = await followArrivals(deviceData);
  const seconds = warmUpSeconds + measuredSeconds;
  const { sentAt } = await devices.ask('sendPaced', { hubHost: iotHubHost, messagesPerSecond, seconds, vitals });
  const messages = Object.keys(sentAt).length;
  await until('every message has been received from devicedata', async () => arrivals.size >= messages);
  await until('every message has been handled', () => cloud.ask('isDrained'));
  await close();
  return { sentAt, arrivals };
}

/** When one message was where, in milliseconds since 1970. */
interface Hops {
  readonly sent: number;
  readonly inDeviceData: number;
  /** In the hands of the reader that does nothing else. */
  readonly read: number;
  /** The last of its measurements. */
  readonly inNormalizedData: number;
  /** The last of its Observations. */
  readonly inFhir: number;
}

async function hopsOf(
  cloud: Processes['cloud'],
  sentAt: Readonly<Record<string, number>>,
  arrivals: Arrivals,
  deviceData: EventHubConsumerClient,
  normalizedData: EventHubConsumerClient,
): Promise<Hops[]> {
  const offset = await cloud.ask('clockOffset');
  const committed = await cloud.ask('committed');
  const messages = Object.entries(sentAt).sort(([, a], [, b]) => a - b);
  if (committed.length !== messages.length * observationsPerMessage) {
    throw new Error(`${messages.length} messages became ${committed.length} Observations.`);
  }
  const inFhir = latest(committed.map(({ reading, at }) => [reading, at]));
  const inDeviceData = latest(
    await readEvents(deviceData, ({ messageId, enqueuedTimeUtc }): Moment | undefined =>
      messageId === undefined ? undefined : [String(messageId), enqueuedTimeUtc.getTime() + offset],
    ),
  );
  const inNormalizedData = latest(
    await readEvents(normalizedData, ({ body, properties, enqueuedTimeUtc }): Moment | undefined => {
      if (properties?.[kindProperty] !== undefined) return undefined;
      const { DeviceId, OccurrenceTimeUtc } = parseMeasurement(String(body));
      return [readingKey(DeviceId, OccurrenceTimeUtc), enqueuedTimeUtc.getTime() + offset];
    }),
  );
  return messages.slice(messagesPerSecond * warmUpSeconds).map(([messageId, sent]) => {
    const reading = readingKey(messageId.split(':')[0] ?? '', sent);
    return {
      sent,
      inDeviceData: inDeviceData.get(messageId) ?? Number.NaN,
      read: arrivals.get(messageId) ?? Number.NaN,
      inNormalizedData: inNormalizedData.get(reading) ?? Number.NaN,
      inFhir: inFhir.get(reading) ?? Number.NaN,
    };
  });
}

type Moment = readonly [name: string, at: number];

function latest(moments: readonly Moment[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, at] of moments) found.set(name, Math.max(at, found.get(name) ?? 0));
  return found;
}

function figuresOf(hops: readonly Hops[]): Result['figures'] {
  const spread = (name: string, from: keyof Hops, to: keyof Hops) => {
    const delays = hops.map((hop) => hop[to] - hop[from]);
    return Object.fromEntries(
      [50, 95, 100].map((percent) => [
        `${name}${percent === 100 ? 'Max' : `P${percent}`}Milliseconds`,
        round(percentile(delays, percent)),
      ]),
    );
  };
  const path = spread('deviceToObservation', 'sent', 'inFhir');
  const bare = spread('deviceToBareReader', 'sent', 'read');
  const ratio = (name: string) =>
    round((path[`deviceToObservation${name}`] ?? Number.NaN) / (bare[`deviceToBareReader${name}`] ?? Number.NaN));
  return {
    ...path,
    ...bare,
    pathToBareReaderP50Ratio: ratio('P50Milliseconds'),
    pathToBareReaderP95Ratio: ratio('P95Milliseconds'),
    ...spread('deviceToDeviceData', 'sent', 'inDeviceData'),
    ...spread('deviceDataToNormalizedData', 'inDeviceData', 'inNormalizedData'),
    ...spread('normalizedDataToFhir', 'inNormalizedData', 'inFhir'),
    messages: hops.length,
    observationsPerMessage,
    devices: deviceCount,
  };
}

const notMeasured = [
  'a network, and Azure itself: devices, hubs, functions and FHIR service share this machine and its cores',
  "the Functions host's own way from the event hub to the function: what stands in for it reads with the JavaScript client, which waits 20 ms by itself at each hub",
  'cold starts and scaling: each function has one instance, which runs already',
];

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + settleDeadlineMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`After ${settleDeadlineMs / 1000} s it was not so that ${what}.`);
    await wait(50);
  }
}

const round = (value: number) => Math.round(value * 100) / 100;
