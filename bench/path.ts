import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { EventHubConsumerClient } from '@azure/event-hubs';
import { type Benchmark, percentile, type Result } from './benchmark';
import { ChildProcess, withProcesses } from './childProcess';
import { consumer, followArrivals } from './ingest/consumer';
import type { DevicesHandlers } from './ingest/devices';
import type { CloudHandlers } from './path/cloud';
import { type Hops, hopsOf } from './path/hops';

const deviceCount = 40;
const messagesPerSecond = 100;
const warmUpSeconds = 10;
const measuredSeconds = 30;
const settleDeadlineMs = 60_000;

/** What a device sends at once, of which the starter mapping makes as many Observations. */
interface Load {
  /** At the end of the figures' names. */
  readonly suffix: string;
  readonly vitals: Readonly<Record<string, number>>;
  readonly observations: number;
}

const loads: readonly Load[] = [
  { suffix: '', vitals: { hr: 82 }, observations: 1 },
  // As a bedside monitor does; the three pressures are one Observation. A message has come when the last of them has.
  { suffix: 'Of4', vitals: { hr: 82, resp: 17, spo2: 96, abpsys: 118, abpdias: 64, abpmean: 82 }, observations: 4 },
];

type Processes = {
  readonly cloud: ChildProcess<CloudHandlers>;
  readonly devices: ChildProcess<DevicesHandlers>;
};

export const path: Benchmark = {
  name: 'path',
  what: 'devices to Observations at 100 messages a second through the whole local cloud, beside a bare reader of devicedata',
  aims: [{ figure: 'deviceToObservationP95Milliseconds', atMost: 100 }],
  run(say) {
    const processes: Processes = {
      cloud: new ChildProcess(join(__dirname, 'path', 'cloud.ts')),
      devices: new ChildProcess(join(__dirname, 'ingest', 'devices.ts')),
    };
    return withProcesses(processes, (started, folder) => measure(started, folder, say));
  },
};

async function measure(processes: Processes, folder: string, say: (line: string) => void): Promise<Result> {
  const { cloud, devices } = processes;
  say('the local cloud starts, and the stack comes up in it');
  const { stack, deviceAuthorityFolder, serverAuthority, consumerEnvironment } = await cloud.ask('start', folder);
  const provisioning = { host: stack.provisioningHost, idScope: stack.provisioningIdScope };
  await devices.ask('register', { size: deviceCount, provisioning, deviceAuthorityFolder, serverAuthority });
  const deviceIds = Array.from({ length: deviceCount }, (_, index) => `bench-${index + 1}`);
  await cloud.ask('admit', deviceIds);
  await until('the functions run', () => cloud.ask('isDrained'));
  // The reader runs in this process, as the functions run in theirs.
  Object.assign(process.env, consumerEnvironment);
  setDefaultCACertificates([...getCACertificates('default'), serverAuthority]);
  const deviceData = consumer(stack.eventHubsHost, stack.deviceDataHub);
  const normalizedData = consumer(stack.eventHubsHost, 'normalizeddata');
  try {
    let figures: Result['figures'] = { messagesPerSecond, secondsMeasured: measuredSeconds, devices: deviceCount };
    for (const load of loads) {
      say(`${messagesPerSecond} messages a second of ${load.observations} Observations for ${measuredSeconds} s`);
      const hops = await send(processes, load, stack.iotHubHost, { deviceData, normalizedData });
      figures = { ...figures, ...figuresOf(hops.slice(messagesPerSecond * warmUpSeconds), load.suffix) };
    }
    return { figures, notMeasured };
  } finally {
    await deviceData.close();
    await normalizedData.close();
  }
}

/** Sends for warm-up and measurement without a break, and waits until each message is all the way through. */
async function send(
  { cloud, devices }: Processes,
  { vitals, observations }: Load,
  hubHost: string,
  readers: { readonly deviceData: EventHubConsumerClient; readonly normalizedData: EventHubConsumerClient },
): Promise<Hops[]> {
  const { arrivals, close } = await followArrivals(readers.deviceData);
  const seconds = warmUpSeconds + measuredSeconds;
  const { sentAt } = await devices.ask('sendPaced', { hubHost, messagesPerSecond, seconds, vitals });
  const messages = Object.keys(sentAt).length;
  await until('every message has been received from devicedata', async () => arrivals.size >= messages);
  await until('every message has been handled', () => cloud.ask('isDrained'));
  await close();
  const [commits, clockOffset] = [await cloud.ask('committed'), await cloud.ask('clockOffset')];
  return hopsOf({ sentAt, arrivals, ...readers, commits, clockOffset }, observations);
}

const spreads = {
  deviceToObservation: ['sent', 'inFhir'],
  deviceToBareReader: ['sent', 'read'],
  deviceToDeviceData: ['sent', 'inDeviceData'],
  deviceDataToNormalizedData: ['inDeviceData', 'inNormalizedData'],
  normalizedDataToFhir: ['inNormalizedData', 'inFhir'],
} as const;

function figuresOf(hops: readonly Hops[], suffix: string): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const [name, [from, to]] of Object.entries(spreads)) {
    const delays = hops.map((hop) => hop[to] - hop[from]);
    for (const [which, percent] of [
      ['P50', 50],
      ['P95', 95],
      ['Max', 100],
    ] as const) {
      figures[`${name}${suffix}${which}Milliseconds`] = round(percentile(delays, percent));
    }
  }
  const of = (name: keyof typeof spreads, which: string) =>
    figures[`${name}${suffix}${which}Milliseconds`] ?? Number.NaN;
  for (const which of ['P50', 'P95']) {
    const ratio = of('deviceToObservation', which) / of('deviceToBareReader', which);
    figures[`pathToBareReader${suffix}${which}Ratio`] = round(ratio);
  }
  return figures;
}

const notMeasured = [
  'a network, and Azure itself: devices, hubs, functions and FHIR service share this machine and its cores',
  "the Functions host: what stands in for it reads with the JavaScript client, which gathers for 20 ms at each hub, as the host's client does",
  'cold starts and scaling: each function has one instance, which runs already',
  'the delay that flushSeconds adds by default: it is 0 here',
];

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + settleDeadlineMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`After ${settleDeadlineMs / 1000} s it was not so that ${what}.`);
    await wait(50);
  }
}

const round = (value: number) => Math.round(value * 100) / 100;
