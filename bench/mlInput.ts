import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Bundle } from '../runtime/fhir/batch';
import { FhirClient } from '../runtime/fhir/fhirClient';
import { type Transport, transport } from '../runtime/fhir/transport';
import { partitionKey } from '../runtime/medtech/partitionKey';
import { concurrently } from '../runtime/stream/concurrently';
import { type Benchmark, median, percentile, type Result } from './benchmark';
import { ChildProcess } from './childProcess';
import { deviceOf, Instance, recordOf, scoredReading, silent } from './mlInput/ward';
import { PartitionFeed } from './observations/feed';
import type { ServiceHandlers } from './observations/service';
import { deviceId } from './observations/ward';

const measurementsPerSecond = 1000;
const partitions = 4;
const patients = 500;
const flushSeconds = 5;
const cacheSeconds = 60;
const reassignSeconds = 10;
/** Until then every patient has been read for the first time. */
const coldSeconds = 10;
/** A whole life of the cache, so that each patient is read again once. */
const warmSeconds = cacheSeconds;
const rounds = 3;
/** Measurements of a round of the comparison: once each measurement by itself, once together, with an empty memory. */
const compared = 1000;
const parallelReads = 16;

interface Service {
  readonly url: string;
  readonly token: string;
}

export const mlInputBenchmark: Benchmark = {
  name: 'ml-input',
  what: 'measurements merged with patient context at 1,000 a second: FHIR requests, events a second, beside a read each',
  aims: [
    { figure: 'warmRequestsPer1000', atMost: 5 },
    { figure: 'warmEntriesPer1000', atMost: 5 },
  ],
  async run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-ml-input-'));
    const service = new ChildProcess<ServiceHandlers>(join(__dirname, 'observations', 'service.ts'));
    try {
      const { url, token, authority } = await service.ask('start', folder);
      setDefaultCACertificates([...getCACertificates('default'), authority]);
      const send = transport(url, url, { getToken: async () => ({ token, expiresOnTimestamp: Number.MAX_VALUE }) });
      await put(send, Array.from({ length: patients }, (_, index) => recordOf(index)).flat());
      return await measure(send, { url, token }, say);
    } finally {
      await service.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function put(send: Transport, resources: ReturnType<typeof recordOf>): Promise<void> {
  await new FhirClient(send, 'ml-input').batch(
    resources.map((resource) => ({ method: 'PUT', resource, url: `${resource.resourceType}/${resource.id}` })),
    silent,
  );
}

/** What went to the service. */
class Traffic {
  requests = 0;
  entries = 0;

  constructor(private readonly send: Transport) {}

  readonly transport: Transport = (body) => {
    this.requests++;
    this.entries += (JSON.parse(body) as Bundle).entry?.length ?? 0;
    return this.send(body);
  };
}

async function measure(send: Transport, service: Service, say: (line: string) => void): Promise<Result> {
  const figures = await paced(send, say);
  const together: number[] = [];
  const alone: number[] = [];
  for (let round = 0; round < rounds; round++) {
    together.push(await readTogether(send, round));
    alone.push(await readAlone(service));
    say(`round ${round + 1}: ${round2(together.at(-1) ?? 0)} and ${round2(alone.at(-1) ?? 0)} events a second`);
  }
  const warm = await readWarm(send);
  return {
    figures: {
      ...figures,
      eventsPerSecondCold: round2(median(together)),
      eventsPerSecondWarm: round2(warm),
      eventsPerSecondReadEach: round2(median(alone)),
      speedRatioColdToReadEach: round2(median(together) / median(alone)),
      requestRatioWarmToReadEach: round2(1000 / (figures.warmRequestsPer1000 ?? Number.NaN)),
    },
    notMeasured: [
      'a network, the event hub and the FHIR service of Azure: the hub takes everything at once, the service is on this machine',
      'the trigger: batches are handed over by a model of it (1,000 events or 5 s)',
      'a process for each partition: one holds all four, as an instance of the app may',
      'what a read of each measurement would need beside its Device and Patient: the comparison reads nothing else',
    ],
  };
}

/** 1,000 measurements a second, a device given to another patient every 10 s. */
async function paced(send: Transport, say: (line: string) => void): Promise<Record<string, number>> {
  const traffic = new Traffic(send);
  const instance = new Instance(traffic.transport);
  const feeds = Array.from({ length: partitions }, (_, index) => new PartitionFeed(String(index), flushSeconds));
  const running = Promise.all(feeds.map((feed) => feed.run((batch) => instance.handle(batch))));
  const start = Date.UTC(2026, 0, 5, 12);
  const begin = performance.now();
  const cold = { sent: 0, requests: 0, entries: 0 };
  const total = measurementsPerSecond * (coldSeconds + warmSeconds);
  let reassigned = 0;
  for (let sent = 0; sent < total; ) {
    const elapsed = performance.now() - begin;
    if (elapsed > (reassigned + 1) * reassignSeconds * 1000) {
      reassigned += 1;
      await put(send, [deviceOf(reassigned, patients - reassigned)]);
    }
    const due = Math.min(total, Math.floor(elapsed * (measurementsPerSecond / 1000)));
    for (; sent < due; sent++) {
      const device = deviceId(sent % patients);
      const key = partitionKey(device);
      feeds[Number(key) % partitions]?.add(scoredReading(device, new Date(start + sent), sent, key));
    }
    if (cold.sent === 0 && sent >= coldSeconds * measurementsPerSecond) {
      Object.assign(cold, { sent, requests: traffic.requests, entries: traffic.entries });
    }
    await wait(2);
  }
  for (const feed of feeds) feed.end();
  await running;
  const per1000 = (count: number, events: number) => round2((count / events) * 1000);
  const figures = {
    coldRequestsPer1000: per1000(cold.requests, cold.sent),
    coldEntriesPer1000: per1000(cold.entries, cold.sent),
    warmRequestsPer1000: per1000(traffic.requests - cold.requests, total - cold.sent),
    warmEntriesPer1000: per1000(traffic.entries - cold.entries, total - cold.sent),
    p95Milliseconds: round2(
      percentile(
        feeds.flatMap(({ delays }) => delays),
        95,
      ),
    ),
    reassignments: reassigned,
  };
  say(`paced: ${JSON.stringify(figures)}`);
  return figures;
}

const eventsOf = (day: number, count: number) =>
  Array.from({ length: count }, (_, index) => {
    const device = deviceId(index % patients);
    const time = new Date(Date.UTC(2026, 0, 6 + day, 12) + index);
    return scoredReading(device, time, index, partitionKey(device));
  });

/** Events a second of one batch with an empty memory. */
async function readTogether(send: Transport, day: number): Promise<number> {
  const begin = performance.now();
  await new Instance(send).handle({ eventHub: 'normalizeddata', partitionId: '0', events: eventsOf(day, compared) });
  return compared / ((performance.now() - begin) / 1000);
}

/** Events a second once everybody is known. */
async function readWarm(send: Transport): Promise<number> {
  const instance = new Instance(send);
  const events = eventsOf(9, 20 * compared);
  const handle = (from: number) =>
    instance.handle({ eventHub: 'normalizeddata', partitionId: '0', events: events.slice(from, from + compared) });
  await handle(0);
  const begin = performance.now();
  for (let from = compared; from < events.length; from += compared) await handle(from);
  return (events.length - compared) / ((performance.now() - begin) / 1000);
}

/** Events a second with a read of Device and Patient for each measurement. */
async function readAlone({ url, token }: Service): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const begin = performance.now();
  await concurrently(parallelReads, eventsOf(0, compared).keys(), async (index) => {
    const query = `identifier=${deviceId(index % patients)}&_include=Device:patient`;
    const found = await fetch(`${url}/Device?${query}`, { headers });
    const { entry = [] } = (await found.json()) as { entry?: readonly unknown[] };
    if (entry.length !== 2) throw new Error('The comparison did not find the Device and its Patient.');
  });
  return compared / ((performance.now() - begin) / 1000);
}

const round2 = (value: number) => Math.round(value * 100) / 100;
