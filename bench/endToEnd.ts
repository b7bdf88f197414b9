import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { EventHubConsumerClient, ReceivedEventData } from '@azure/event-hubs';
import type { ScoredMessage } from '../runtime/contracts/scored';
import { type Benchmark, percentile, type Result } from './benchmark';
import { ChildProcess, machineTime, withProcesses } from './childProcess';
import type { EndToEndCloudHandlers, Flagged } from './endToEnd/cloud';
import { consumer } from './ingest/consumer';
import type { DevicesHandlers } from './ingest/devices';

const deviceCount = 40;
const messagesPerSecond = 100;
const windowMs = 60_000;
/** A window of normal values first; then in each of these half of the patients get worse. */
const crossingWindows = 2;
/** So early in its window that its median is of what came after. */
const crossesWithinMs = 20_000;
const settleDeadlineMs = 60_000;

const normal = { hr: 80, resp: 16, spo2: 97 };
const grave = { hr: 135, resp: 28, spo2: 90 };

type Processes = {
  readonly cloud: ChildProcess<EndToEndCloudHandlers>;
  readonly devices: ChildProcess<DevicesHandlers>;
};

export const endToEnd: Benchmark = {
  name: 'end-to-end',
  what: 'a threshold crossed at the device, to the Flag, at 100 messages a second, without the wait for the end of the window',
  aims: [{ figure: 'flagWithoutWaitP95Milliseconds', atMost: 1000 }],
  run(say) {
    const processes: Processes = {
      cloud: new ChildProcess(join(__dirname, 'endToEnd', 'cloud.ts')),
      devices: new ChildProcess(join(__dirname, 'ingest', 'devices.ts')),
    };
    return withProcesses(processes, (started, folder) => measure(started, folder, say));
  },
};

async function measure({ cloud, devices }: Processes, folder: string, say: (line: string) => void): Promise<Result> {
  say('the local cloud starts, and the stack comes up in it');
  const { stack, deviceAuthorityFolder, serverAuthority, consumerEnvironment } = await cloud.ask('start', folder);
  const provisioning = { host: stack.provisioningHost, idScope: stack.provisioningIdScope };
  await devices.ask('register', { size: deviceCount, provisioning, deviceAuthorityFolder, serverAuthority });
  const deviceIds = Array.from({ length: deviceCount }, (_, index) => `bench-${index + 1}`);
  await until('the functions run', () => cloud.ask('isDrained'));
  Object.assign(process.env, consumerEnvironment);
  setDefaultCACertificates([...getCACertificates('default'), serverAuthority]);
  const scored = consumer(stack.eventHubsHost, 'scored');
  try {
    const reader = await readScored(scored);
    const clockOffset = await cloud.ask('clockOffset');
    await cloud.ask('admit', deviceIds);
    const plan = planOf(deviceIds, clockOffset);
    say(`${messagesPerSecond} messages a second for ${plan.seconds} s`);
    const change = { vitals: grave, from: plan.from };
    const load = { hubHost: stack.iotHubHost, messagesPerSecond, seconds: plan.seconds, vitals: normal, change };
    await devices.ask('sendPaced', { ...load, clockOffset });
    await until('every patient is flagged', async () => (await cloud.ask('flagged', deviceIds)).length === deviceCount);
    const found = await cloud.ask('flagged', deviceIds);
    return { figures: figuresOf(found, plan.from, clockOffset, reader), notMeasured };
  } finally {
    await scored.close();
  }
}

/** When each device crosses, by the machine's clock, and for how many seconds is sent. */
function planOf(deviceIds: readonly string[], clockOffset: number) {
  const now = machineTime();
  const firstWindow = (Math.floor((now - clockOffset) / windowMs) + 2) * windowMs + clockOffset;
  const crossing = (index: number) => {
    const within = (crossesWithinMs * Math.floor(index / crossingWindows)) / (deviceIds.length / crossingWindows);
    return firstWindow + (index % crossingWindows) * windowMs + within;
  };
  const from = Object.fromEntries(deviceIds.map((deviceId, index) => [deviceId, crossing(index)]));
  return { from, seconds: Math.ceil((firstWindow + crossingWindows * windowMs - now) / 1000) };
}

/** When a reader that does nothing else had each window, by patient and start. */
async function readScored(client: EventHubConsumerClient): Promise<ReadonlyMap<string, number>> {
  const arrivals = new Map<string, number>();
  const processEvents = async (events: ReceivedEventData[]) => {
    const at = machineTime();
    for (const { body } of events) {
      const message = JSON.parse(String(body)) as ScoredMessage;
      if (message.kind === 'window') arrivals.set(`${message.patient} ${message.start}`, at);
    }
  };
  for (const partition of await client.getPartitionIds()) {
    const handlers = { processEvents, processError: async () => {} };
    client.subscribe(partition, handlers, { startPosition: { offset: '-1' }, skipParsingBodyAsJson: true });
  }
  return arrivals;
}

function figuresOf(
  found: readonly Flagged[],
  from: Readonly<Record<string, number>>,
  clockOffset: number,
  scored: ReadonlyMap<string, number>,
): Result['figures'] {
  const times = found.map(({ deviceId, start, end, flagAt, rowAt }) => ({
    crossed: from[deviceId] ?? Number.NaN,
    due: end + clockOffset,
    scored: scored.get(`patient-${deviceId} ${start}`) ?? Number.NaN,
    flag: flagAt + clockOffset,
    row: rowAt + clockOffset,
  }));
  const spread = (name: string, read: (one: (typeof times)[number]) => number) => {
    const values = times.map(read);
    const of = (percent: number) => round(percentile(values, percent));
    return {
      [`${name}P50Milliseconds`]: of(50),
      [`${name}P95Milliseconds`]: of(95),
      [`${name}MaxMilliseconds`]: of(100),
    };
  };
  const p95 = (read: (one: (typeof times)[number]) => number) => percentile(times.map(read), 95);
  return {
    ...{ messagesPerSecond, patients: found.length, windowSeconds: windowMs / 1000, latenessSeconds: 0 },
    ...spread('crossingToFlag', ({ crossed, flag }) => flag - crossed),
    ...spread('waitForWindow', ({ crossed, due }) => due - crossed),
    ...spread('flagWithoutWait', ({ due, flag }) => flag - due),
    ...spread('rowWithoutWait', ({ due, row }) => row - due),
    ...spread('bareReaderOfScoredWithoutWait', (one) => one.scored - one.due),
    flagToBareReaderOfScoredP95Ratio: round(p95(({ flag, due }) => flag - due) / p95((one) => one.scored - one.due)),
  };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = machineTime() + settleDeadlineMs;
  while (!(await holds())) {
    if (machineTime() > deadline) throw new Error(`After ${settleDeadlineMs / 1000} s it was not so that ${what}.`);
    await wait(100);
  }
}

const round = (value: number) => Math.round(value * 100) / 100;

const notMeasured = [
  'a network, and Azure itself: devices, hubs, functions, FHIR service and SQL server share this machine and its cores',
  'windows of 5 minutes and 2 minutes for what comes late, as is the default: these wait longer, and for nothing else',
  'the commit of the transaction in which a Flag or a row is written: times are those that stand in them, by the service that wrote them',
  'the screen: Power BI asks every 30 seconds or less often',
  "the Functions host: what stands in for it reads with the JavaScript client, which gathers for 20 ms at each hub, as the host's client does",
];
