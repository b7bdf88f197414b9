import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { EventHubConsumerClient } from '@azure/event-hubs';
import { type Benchmark, median, percentile, type Result } from './benchmark';
import { ChildProcess, withProcesses } from './childProcess';
import type { AcknowledgerHandlers } from './ingest/acknowledger';
import { consumer, followArrivals, messagesHeld } from './ingest/consumer';
import type { DevicesHandlers } from './ingest/devices';
import type { HubHandlers } from './ingest/hub';

const deviceCount = 40;
const paced = { messagesPerSecond: 100, seconds: 30 };
const saturation = { seconds: 10, warmUpSeconds: 3, inFlight: 32, rounds: 3 };
const settleDeadlineMs = 60_000;

type Processes = {
  readonly hub: ChildProcess<HubHandlers>;
  readonly acknowledger: ChildProcess<AcknowledgerHandlers>;
  readonly devices: ChildProcess<DevicesHandlers>;
};
type Server = Processes['hub'] | Processes['acknowledger'];

export const ingest: Benchmark = {
  name: 'ingest',
  what: 'devices to IoT hub to event hub: delays at 100 messages a second, and the most that the hub accepts',
  aims: [
    { figure: 'deviceToHubP95Milliseconds', atMost: 60 },
    // The stricter reading: on devicedata, in the hands of a consumer.
    { figure: 'deviceToConsumerP95Milliseconds', atMost: 60 },
    { figure: 'acceptedMessagesPerSecond', atLeast: 5_000 },
  ],
  run(say) {
    const processes: Processes = {
      hub: new ChildProcess(join(__dirname, 'ingest', 'hub.ts')),
      acknowledger: new ChildProcess(join(__dirname, 'ingest', 'acknowledger.ts')),
      devices: new ChildProcess(join(__dirname, 'ingest', 'devices.ts')),
    };
    return withProcesses(processes, (started, folder) => measure(started, folder, say));
  },
};

async function measure(processes: Processes, folder: string, say: (line: string) => void): Promise<Result> {
  const { hub, acknowledger, devices } = processes;
  say('the local cloud starts, and the stack comes up in it');
  const { stack, serverAuthority, deviceAuthorityFolder, consumerEnvironment } = await hub.ask('start', folder);
  const acknowledgerPort = await acknowledger.ask('start', join(folder, 'tls'));
  const provisioning = { host: stack.provisioningHost, idScope: stack.provisioningIdScope };
  await devices.ask('register', { size: deviceCount, provisioning, deviceAuthorityFolder, serverAuthority });
  // The consumer runs in this process: its CPU time is neither the devices' nor the hub's.
  Object.assign(process.env, consumerEnvironment);
  setDefaultCACertificates([...getCACertificates('default'), serverAuthority]);
  const client = consumer(stack.eventHubsHost, stack.deviceDataHub);
  try {
    say(`${paced.messagesPerSecond} messages a second for ${paced.seconds} s`);
    const delays = await measureDelays(processes, client, stack.iotHubHost);
    const hubRounds: Round[] = [];
    const acknowledgerRounds: Round[] = [];
    const acknowledgerHost = `localhost:${acknowledgerPort}`;
    for (let round = 1; round <= saturation.rounds; round++) {
      hubRounds.push(await saturate(devices, hub, stack.iotHubHost, () => settled(hub)));
      acknowledgerRounds.push(await saturate(devices, acknowledger, acknowledgerHost, async () => {}));
      const [ours, bare] = [hubRounds.at(-1), acknowledgerRounds.at(-1)].map((one) => one?.messagesPerSecond);
      say(`round ${round} of ${saturation.rounds}: hub ${ours} messages/s, bare broker ${bare} messages/s`);
    }
    requireAll('devicedata holds', await messagesHeld(client), sentIn(hubRounds) + delays.messages);
    requireAll('the bare broker took', await acknowledger.ask('taken'), sentIn(acknowledgerRounds));
    return { figures: { ...delays.figures, ...rates(hubRounds, acknowledgerRounds) }, notMeasured };
  } finally {
    await client.close();
  }
}

async function measureDelays({ hub, devices }: Processes, client: EventHubConsumerClient, hubHost: string) {
  const { arrivals, close } = await followArrivals(client);
  const cpuBefore = await cpuOf(devices, hub);
  const { sentAt, acknowledgedAfter } = await devices.ask('sendPaced', { hubHost, ...paced });
  const messages = Object.keys(sentAt).length;
  await until('every message has been received from devicedata', async () => arrivals.size >= messages);
  const cpuAfter = await cpuOf(devices, hub);
  await close();
  const receivedAfter = Object.entries(sentAt).map(([id, at]) => (arrivals.get(id) ?? Number.NaN) - at);
  return {
    messages,
    figures: {
      deviceToHubP50Milliseconds: round(percentile(acknowledgedAfter, 50)),
      deviceToHubP95Milliseconds: round(percentile(acknowledgedAfter, 95)),
      // 20 ms of it the consumer's library waits by itself.
      deviceToConsumerP50Milliseconds: round(percentile(receivedAfter, 50)),
      deviceToConsumerP95Milliseconds: round(percentile(receivedAfter, 95)),
      cpuSecondsAt100MessagesPerSecond: {
        seconds: paced.seconds,
        devices: round(cpuAfter.devices - cpuBefore.devices),
        hub: round(cpuAfter.server - cpuBefore.server),
      },
    },
  };
}

/** One saturation: CPU seconds are those of the time until the server had done all that it does with the messages. */
interface Round {
  readonly messagesPerSecond: number;
  readonly messages: number;
  /** Acknowledged in the warm-up, which no figure counts. */
  readonly warmUpMessages: number;
  readonly devicesCpuSeconds: number;
  readonly serverCpuSeconds: number;
  readonly settleSeconds: number;
}

async function saturate(
  devices: Processes['devices'],
  server: Server,
  host: string,
  settle: () => Promise<void>,
): Promise<Round> {
  const { seconds, warmUpSeconds, inFlight } = saturation;
  const warmUp = await devices.ask('saturate', { host, inFlight, seconds: warmUpSeconds });
  await settle();
  const before = await cpuOf(devices, server);
  const { messagesPerSecond, messages } = await devices.ask('saturate', { host, inFlight, seconds });
  const sentAt = performance.now();
  await settle();
  const settleSeconds = (performance.now() - sentAt) / 1000;
  const after = await cpuOf(devices, server);
  return {
    messagesPerSecond: Math.round(messagesPerSecond),
    messages,
    warmUpMessages: warmUp.messages,
    devicesCpuSeconds: after.devices - before.devices,
    serverCpuSeconds: after.server - before.server,
    settleSeconds,
  };
}

function rates(hub: readonly Round[], bare: readonly Round[]): Result['figures'] {
  const rate = (rounds: readonly Round[]) => median(rounds.map((one) => one.messagesPerSecond));
  const cpu = (rounds: readonly Round[], kind: 'devicesCpuSeconds' | 'serverCpuSeconds') =>
    round(median(rounds.map((one) => (one[kind] / one.messages) * 1e6)));
  return {
    acceptedMessagesPerSecond: rate(hub),
    bareBrokerMessagesPerSecond: rate(bare),
    hubToBareBrokerRatio: round(rate(hub) / rate(bare)),
    cpuMicrosecondsPerMessage: {
      hub: cpu(hub, 'serverCpuSeconds'),
      devicesOfHub: cpu(hub, 'devicesCpuSeconds'),
      bareBroker: cpu(bare, 'serverCpuSeconds'),
      devicesOfBareBroker: cpu(bare, 'devicesCpuSeconds'),
    },
    secondsUntilAllIsRoutedAfterSaturation: round(median(hub.map((one) => one.settleSeconds))),
    devices: deviceCount,
    messagesInFlightPerDevice: saturation.inFlight,
    rounds: saturation.rounds,
    secondsPerRound: saturation.seconds,
  };
}

const notMeasured = [
  'a network: devices, hub and consumer share this machine and its cores',
  'forcing to disk: an acknowledged message survives the death of the process, not a power cut',
  'the way beyond devicedata and the raw container',
];

/** Until devicedata and the raw container have everything. */
async function settled(hub: Processes['hub']): Promise<void> {
  await until('devicedata and the raw container had everything', async () => (await hub.ask('behind')) === 0);
}

function sentIn(rounds: readonly Round[]): number {
  return rounds.reduce((sum, { messages, warmUpMessages }) => sum + messages + warmUpMessages, 0);
}

/** A server that acknowledges what it has not is not fast. */
function requireAll(where: string, found: number, sent: number): void {
  if (found !== sent) throw new Error(`The devices had ${sent} messages acknowledged, and ${where} ${found}.`);
}

async function cpuOf(devices: Processes['devices'], server: Server): Promise<{ devices: number; server: number }> {
  return { devices: await devices.cpuSeconds(), server: await server.cpuSeconds() };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + settleDeadlineMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`After ${settleDeadlineMs / 1000} s it was not so that ${what}.`);
    await wait(50);
  }
}

const round = (value: number) => Math.round(value * 100) / 100;
