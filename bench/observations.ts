import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Bundle } from '../runtime/fhir/batch';
import { FhirClient } from '../runtime/fhir/fhirClient';
import { IdentityResolver } from '../runtime/fhir/identityResolver';
import { ObservationWriter } from '../runtime/fhir/observationWriter';
import { type Transport, transport } from '../runtime/fhir/transport';
import { writeObservations } from '../runtime/functions/writeObservations';
import { partitionKey } from '../runtime/medtech/partitionKey';
import type { EventBatch } from '../runtime/stream/eventBatch';
import { type Benchmark, percentile, type Result } from './benchmark';
import { ChildProcess } from './childProcess';
import { PartitionFeed } from './observations/feed';
import { searchAndPut } from './observations/searchAndPut';
import type { ServiceHandlers } from './observations/service';
import { deviceId, eventOf, type Grouping, mapping, reading, residents } from './observations/ward';

const measurementsPerSecond = 1000;
const partitions = 4;
const mostDevices = 500;
/** Of each flush time: long enough for two flushes. */
const secondsOf = new Map([
  [0, 5],
  [1, 5],
  [5, 10],
]);
const groupings: readonly Grouping[] = ['instance', 'grouped'];
/** Measurements of the comparison, which writes one at a time and many at once. */
const compared = 1000;

export const observations: Benchmark = {
  name: 'observations',
  what: 'measurements to FHIR at 1,000 a second: requests, entries, identity reads, delay, beside a search and a put each',
  aims: groupings.flatMap((grouping) =>
    [1, mostDevices].map((devices) => ({
      figure: `${grouping}Devices${devices}Flush5RequestsPer1000`,
      atMost: 10,
    })),
  ),
  async run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-observations-'));
    const service = new ChildProcess<ServiceHandlers>(join(__dirname, 'observations', 'service.ts'));
    try {
      const { url, token, authority } = await service.ask('start', folder);
      setDefaultCACertificates([...getCACertificates('default'), authority]);
      const send = transport(url, url, { getToken: async () => ({ token, expiresOnTimestamp: Number.MAX_VALUE }) });
      const residentPuts = residents(mostDevices).map((resource) => ({
        ...({ method: 'PUT', resource, url: `${resource.resourceType}/${resource.id}` } as const),
      }));
      await new FhirClient(send, 'write-observations').batch(residentPuts, silent);
      return await measure(send, { url, token }, say);
    } finally {
      await service.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** What went to the service. */
class Traffic {
  requests = 0;
  entries = 0;
  identityReads = 0;

  constructor(private readonly send: Transport) {}

  readonly transport: Transport = (body) => {
    const { entry = [] } = JSON.parse(body) as Bundle;
    this.requests++;
    this.entries += entry.length;
    this.identityReads += entry.filter(({ request }) => /^(Device|Patient)\?/.test(request?.url ?? '')).length;
    return this.send(body);
  };
}

async function measure(
  send: Transport,
  service: { readonly url: string; readonly token: string },
  say: (line: string) => void,
): Promise<Result> {
  const figures: Record<string, number> = {};
  let day = 0;
  say('warming up');
  for (const grouping of groupings) {
    await paced(send, { grouping, devices: mostDevices, flushSeconds: 1, seconds: 2, day: day++ });
  }
  for (const grouping of groupings) {
    for (const devices of [1, mostDevices]) {
      for (const [flushSeconds, seconds] of secondsOf) {
        const name = `${grouping}Devices${devices}Flush${flushSeconds}`;
        const run = await paced(send, { grouping, devices, flushSeconds, seconds, day: day++ });
        for (const [figure, value] of Object.entries(run)) figures[`${name}${figure}`] = round(value);
        say(`${name}: ${JSON.stringify(run)}`);
      }
    }
  }
  const comparison = await compare(send, service, day);
  say(`${compared} measurements at once: ${JSON.stringify(comparison)}`);
  const requests = figures[`instanceDevices${mostDevices}Flush5RequestsPer1000`] ?? Number.NaN;
  return { figures: { ...figures, ...comparison, requestRatioToSearchAndPut: round(2000 / requests) }, notMeasured };
}

interface Load {
  readonly grouping: Grouping;
  readonly devices: number;
  readonly flushSeconds: number;
  readonly seconds: number;
  /** So that no load meets the Observations of another. */
  readonly day: number;
}

async function paced(send: Transport, { grouping, devices, flushSeconds, seconds, day }: Load) {
  const traffic = new Traffic(send);
  const handle = handler(traffic.transport);
  const feeds = Array.from({ length: partitions }, (_, index) => new PartitionFeed(String(index), flushSeconds));
  const running = Promise.all(feeds.map((feed) => feed.run(handle)));
  const begin = performance.now();
  const total = measurementsPerSecond * seconds;
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor((performance.now() - begin) * (measurementsPerSecond / 1000)));
    for (; sent < due; sent++) {
      const device = deviceId(sent % devices);
      const key = partitionKey(device);
      const measurement = reading(grouping, device, timeOf(day, sent), sent);
      feeds[Number(key) % partitions]?.add(eventOf(measurement, sent, key));
    }
    await wait(2);
  }
  for (const feed of feeds) feed.end();
  await running;
  const per1000 = (count: number) => (count / total) * 1000;
  return {
    RequestsPer1000: per1000(traffic.requests),
    EntriesPer1000: per1000(traffic.entries),
    IdentityReadsPer1000: per1000(traffic.identityReads),
    P95Milliseconds: percentile(
      feeds.flatMap(({ delays }) => delays),
      95,
    ),
  };
}

function handler(send: Transport): (batch: EventBatch) => Promise<void> {
  const client = new FhirClient(send, 'write-observations');
  const letters: string[] = [];
  const tools = {
    resolver: new IdentityResolver(client, { resolutionType: 'Lookup', compatibility: 'r4', cacheSeconds: 60 }),
    writer: new ObservationWriter(client, mapping()),
    deadLetters: { put: async (name: string) => void letters.push(name) },
  };
  return async (batch) => {
    await writeObservations(batch, tools, silent);
    // What is given up is not fast.
    if (letters.length > 0) throw new Error(`${letters.length} measurements became dead letters.`);
  };
}

/** The same measurements in batches of 250, and as a search and a put each: how long both take. */
async function compare(send: Transport, service: { readonly url: string; readonly token: string }, day: number) {
  const measurements = (shift: number) =>
    Array.from({ length: compared }, (_, index) =>
      reading('instance', deviceId(index % mostDevices), timeOf(day + shift, index), index),
    );
  const handle = handler(send);
  const events = measurements(0).map((one, index) => eventOf(one, index, partitionKey(one.DeviceId)));
  const begin = performance.now();
  const parts = Array.from({ length: partitions }, (_, index) =>
    events.filter((_one, at) => at % partitions === index),
  );
  await Promise.all(
    parts.map((part, index) => handle({ eventHub: 'normalizeddata', partitionId: String(index), events: part })),
  );
  const batched = performance.now() - begin;
  const alone = await searchAndPut(service, mapping(), measurements(1));
  return {
    measurementsPerSecondBatched: round(compared / (batched / 1000)),
    measurementsPerSecondSearchAndPut: round(compared / (alone / 1000)),
    speedRatioToSearchAndPut: round(alone / batched),
  };
}

const timeOf = (day: number, milliseconds: number) => new Date(Date.UTC(2026, 0, 5 + day, 12) + milliseconds);

const round = (value: number) => Math.round(value * 100) / 100;

const notMeasured = [
  'a network and the FHIR service of Azure: the local one is on this machine, in SQLite, and shares its cores',
  'the trigger: batches are handed over by a model of it (1,000 events or the flush time)',
  'the steady state of identity reads: each load begins with nothing known and is shorter than the cache believes it',
  'grouped streams with statements of use, and days of samples: a device has a patient, and an hour a sample a second',
];
