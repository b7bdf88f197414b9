import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { EventHubProducerClient } from '@azure/event-hubs';
import { ManagedIdentityCredential } from '@azure/identity';
import type { ScoredWindow } from '../runtime/contracts/scored';
import { FhirClient } from '../runtime/fhir/fhirClient';
import { identityTransport } from '../runtime/fhir/transport';
import { identityDatabase } from '../runtime/repository/connection';
import { writeEpisodes } from '../runtime/repository/episodes';
import { writeWindows } from '../runtime/repository/windows';
import { ScoredHub } from '../runtime/score/scoredHub';
import { PartitionIds } from '../runtime/stream/partitionIds';
import { type Benchmark, median, percentile, type Result } from './benchmark';
import { ChildProcess, machineTime, withProcesses } from './childProcess';
import type { HotCloudHandlers, Written } from './hot/cloud';
import { episodesOf, patients, plainPuts, readingsOf, startOf, windowsOf } from './hot/ward';

const rounds = 3;
const settleDeadlineMs = 120_000;
const silent = { info: () => {}, warn: () => {}, error: () => {} };

type Cloud = ChildProcess<HotCloudHandlers>;

export const hot: Benchmark = {
  name: 'hot',
  what: "1,000 patients' windows that come on scored at one instant, to their Flags and rows, beside as many plain writes",
  aims: [
    { figure: 'flagP95Milliseconds', atMost: 2000 },
    { figure: 'rowP95Milliseconds', atMost: 2000 },
  ],
  run(say) {
    const processes = { cloud: new ChildProcess<HotCloudHandlers>(join(__dirname, 'hot', 'cloud.ts')) };
    return withProcesses(processes, ({ cloud }, folder) => measure(cloud, folder, say));
  },
};

interface Round {
  readonly written: Written;
  /** Milliseconds from the moment before the first thing was sent. */
  readonly flags: readonly number[];
  readonly rows: readonly number[];
  readonly cpuSeconds: number;
}

async function measure(cloud: Cloud, folder: string, say: (line: string) => void): Promise<Result> {
  say('the local cloud starts, and the stack comes up in it');
  const place = await cloud.ask('start', folder);
  Object.assign(process.env, place.environment);
  setDefaultCACertificates([...getCACertificates('default'), place.serverAuthority]);
  await drained(cloud);
  const generator = new Generator(place.sender, place.writer);
  const taken: { hot: Round; plain: Round }[] = [];
  try {
    // One uncounted round warms up; in each the plain writes follow.
    for (let round = 0; round <= rounds; round++) {
      const windows = windowsOf(`hot-${round}`, startOf(round));
      await generator.readings(windows);
      await drained(cloud);
      const hotRound = await timed(cloud, () => generator.send(windows));
      await drained(cloud);
      const plainRound = await timed(cloud, () => generator.writePlainly(windowsOf(`plain-${round}`, startOf(round))));
      await drained(cloud);
      say(`round ${round} of ${rounds}: p95 ${percentile(hotRound.flags, 95).toFixed(0)} ms to the Flag`);
      if (round > 0) taken.push({ hot: hotRound, plain: plainRound });
    }
  } finally {
    await generator.close();
  }
  return { figures: figuresOf(taken), notMeasured };
}

/** In this process: its CPU is not that of what is measured. */
class Generator {
  private readonly producer: EventHubProducerClient;
  private readonly scored: ScoredHub;
  private readonly fhir: FhirClient;
  private readonly database: ReturnType<typeof identityDatabase>;

  constructor(sender: Readonly<Record<string, string>>, writer: Readonly<Record<string, string>>) {
    const text = (settings: Readonly<Record<string, string>>, name: string) => settings[name] ?? '';
    const credential = new ManagedIdentityCredential({ clientId: text(sender, 'Scored__clientId') });
    const host = text(sender, 'Scored__fullyQualifiedNamespace');
    this.producer = new EventHubProducerClient(host, text(sender, 'SCORED_HUB'), credential);
    this.scored = new ScoredHub(this.producer, new PartitionIds(this.producer), 'score');
    const url = text(writer, 'FHIR_URL');
    const endpoint = { url, audience: text(writer, 'FHIR_AUDIENCE'), clientId: text(writer, 'FHIR_CLIENT_ID') };
    this.fhir = new FhirClient(identityTransport(endpoint), 'ml-output-fhir');
    this.database = identityDatabase({
      server: text(writer, 'REPOSITORY_SERVER'),
      database: text(writer, 'REPOSITORY_DATABASE'),
      audience: text(writer, 'REPOSITORY_AUDIENCE'),
      clientId: text(writer, 'REPOSITORY_CLIENT_ID'),
    });
  }

  async readings(windows: readonly ScoredWindow[]): Promise<void> {
    await this.fhir.batch(readingsOf(windows), silent);
  }

  send(windows: readonly ScoredWindow[]): Promise<void> {
    return this.scored.send(windows, silent);
  }

  /** The same resources and rows, by nobody who reads, follows or compares. */
  async writePlainly(windows: readonly ScoredWindow[]): Promise<void> {
    const rows = windows.map((window) => ({ window, scoredAt: window.end, hot: true, replaces: 0 }));
    const changes = windows.flatMap((window) => episodesOf(window).map((after) => ({ before: null, after })));
    await Promise.all([
      this.fhir.batch(plainPuts(windows), silent),
      writeWindows(this.database, rows).then(() => writeEpisodes(this.database, changes)),
    ]);
  }

  async close(): Promise<void> {
    await this.producer.close();
    await this.database.destroy();
  }
}

async function timed(cloud: Cloud, send: () => Promise<void>): Promise<Round> {
  const coming = cloud.ask('written', patients);
  // What is written is looked for from now on.
  await cloud.ask('isDrained');
  const cpu = process.cpuUsage();
  const begun = machineTime();
  await send();
  const { user, system } = process.cpuUsage(cpu);
  const written = await coming;
  const since = (times: readonly number[]) => times.map((time) => time - begun);
  return { written, flags: since(written.flags), rows: since(written.rows), cpuSeconds: (user + system) / 1e6 };
}

function figuresOf(taken: readonly { readonly hot: Round; readonly plain: Round }[]): Result['figures'] {
  const of = (read: (one: (typeof taken)[number]) => number) => round(median(taken.map(read)));
  const times = (which: 'hot' | 'plain', what: 'flags' | 'rows', percent: number) =>
    of((one) => percentile(one[which][what], percent));
  const [flagP95, rowP95] = [times('hot', 'flags', 95), times('hot', 'rows', 95)];
  return {
    ...{ patients, rounds },
    flagFirstMilliseconds: times('hot', 'flags', 0),
    flagP95Milliseconds: flagP95,
    flagLastMilliseconds: times('hot', 'flags', 100),
    rowFirstMilliseconds: times('hot', 'rows', 0),
    rowP95Milliseconds: rowP95,
    rowLastMilliseconds: times('hot', 'rows', 100),
    fhirRequests: of(({ hot: { written } }) => written.fhirRequests),
    fhirEntries: of(({ hot: { written } }) => written.fhirEntries),
    sqlRequests: of(({ hot: { written } }) => written.sqlCalls),
    generatorCpuSeconds: of(({ hot: { cpuSeconds } }) => cpuSeconds),
    plainFlagP95Milliseconds: times('plain', 'flags', 95),
    plainRowP95Milliseconds: times('plain', 'rows', 95),
    plainFhirRequests: of(({ plain: { written } }) => written.fhirRequests),
    plainSqlRequests: of(({ plain: { written } }) => written.sqlCalls),
    flagToPlainP95Ratio: of(({ hot, plain }) => percentile(hot.flags, 95) / percentile(plain.flags, 95)),
    rowToPlainP95Ratio: of(({ hot, plain }) => percentile(hot.rows, 95) / percentile(plain.rows, 95)),
  };
}

async function drained(cloud: Cloud): Promise<void> {
  const deadline = machineTime() + settleDeadlineMs;
  // Twice in a row: an event may lie between two functions.
  for (let still = 0; still < 2; still = (await cloud.ask('isDrained')) ? still + 1 : 0) {
    if (machineTime() > deadline) throw new Error('The functions do not come to an end.');
    await wait(100);
  }
}

const round = (value: number) => Math.round(value * 100) / 100;

const notMeasured = [
  'a network, and Azure itself: hub, functions, FHIR service and SQL server share this machine and its cores',
  "Azure's FHIR service and SQL database: the local ones are on SQLite, one transaction at a time",
  "the Functions host: what stands in for it reads with the JavaScript client, which gathers for 20 ms, as the host's client does",
  'more than one instance of a function, and patients with flags that stand from before',
  'plain writes go from one process in batches of the same client, without references to readings; what the hot path reads first is not in them',
];
