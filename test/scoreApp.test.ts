import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } from '@azure/event-hubs';
import fc from 'fast-check';
import type { EnrichedMessage } from '../runtime/contracts/enriched';
import type { ScoredMessage } from '../runtime/contracts/scored';
import type { EnrichedEvent } from '../runtime/score/enrichedEvent';
import { type TestContext, testContext } from './support/context';
import { trust, until } from './support/eventHubs';
import { TestFunctionHost } from './support/functionHost';
import { deployScore } from './support/scoreHost';
import { killAt, mark, meanwhileAt, minute, noon, presence, reading, ScoreWorld, settings } from './support/scoreWorld';

const second = 1000;

/** A few vitals of a patient each minute from one minute to another. */
function monitored(patient: string, from: number, to: number, value = 80): EnrichedMessage[] {
  const found: EnrichedMessage[] = [];
  for (let at = from; at < to; at += 1) {
    found.push(reading(patient, at * minute, 'heartRate', value + at));
    found.push(reading(patient, at * minute + 7 * second, 'oxygenSaturation', 96));
  }
  return found;
}

const temperature = (patient: string, at: number, value: number, late = false) =>
  reading(patient, at * minute, 'temperature', value, { late, source: 'charted' });

async function scoredOf(messages: readonly EnrichedMessage[]): Promise<ScoreWorld> {
  const world = new ScoreWorld();
  await world.process().handle(world.append(...messages));
  return world;
}

describe('windows close by the marks', () => {
  test('of all sources, when the least is at end and lateness', async () => {
    const world = new ScoreWorld();
    const process = world.process();
    await process.handle(world.append(presence('a', 0), ...monitored('a', 0, 5), mark(7 * minute, '0', 2)));
    await process.handle(world.append(mark(7 * minute - 1, 'fhirevents/0', 2)));
    expect(world.windows).toEqual([]);
    await process.handle(world.append(mark(7 * minute, 'fhirevents/0', 2)));
    expect(
      world.windows.map(({ patient, start, revision, corrected }) => [patient, start, revision, corrected]),
    ).toEqual([['a', noon, 1, false]]);
    expect(world.windows[0]?.vitals.heartRate).toMatchObject({ count: 5, used: 82 });
  });

  test('and their mark says so in every partition of scored, after the windows', async () => {
    const world = await scoredOf([...monitored('a', 0, 5), ...monitored('b', 0, 5), mark(7 * minute)]);
    expect(world.sent.map(({ kind }) => kind)).toEqual(['window', 'window', 'clockMark', 'clockMark']);
    expect(world.sent.at(-1)).toEqual({
      ...{ kind: 'clockMark', source: 'enriched/3', sources: 4, time: new Date(noon + 5 * minute).toISOString() },
    });
  });

  test('for somebody present without data too, and no more once the stay is over', async () => {
    const world = await scoredOf([
      ...[presence('a', 0), mark(7 * minute), mark(12 * minute), presence('a', 11 * minute, 'end')],
      ...[mark(17 * minute), mark(22 * minute)],
    ]);
    expect(Object.keys(world.last())).toEqual(['a 0', 'a 5', 'a 10']);
    expect(world.last()['a 5']?.dataGap.action).toBe('raise');
  });

  test('later where a source lags, with all that has come by then', async () => {
    const world = new ScoreWorld();
    const process = world.process();
    for (let at = 0; at < 25; at += 5) {
      await process.handle(world.append(...monitored('a', at, at + 5), mark((at + 7) * minute, '0', 2)));
    }
    expect(world.windows).toEqual([]);
    await process.handle(world.append(...monitored('b', 0, 20), mark(27 * minute, '1', 2)));
    expect(Object.keys(world.last())).toHaveLength(9);
    expect(world.last()['b 15']?.vitals.heartRate?.count).toBe(5);
  });
});

describe('after an update to another length', () => {
  const spans = (world: ScoreWorld) =>
    world.windows
      .filter(({ patient }) => patient === 'a')
      .map(({ start, end, horizon, vitals }) => {
        const minutes = [start, end].map((time) => (time - noon) / minute).join('-');
        return `${minutes} ${horizon}: ${vitals.heartRate?.count ?? 0}`;
      });

  test('windows go on where the last one ended, by a shorter one if need be, and hold each reading once', async () => {
    const world = new ScoreWorld();
    const before = [presence('a', 0), ...monitored('a', 0, 5), mark(7 * minute), ...monitored('a', 5, 8)];
    await world.process().handle(world.append(...before));
    const longer = world.process(undefined, { windowSeconds: 600 });
    await longer.handle(world.append(...monitored('a', 8, 30), mark(32 * minute)));
    expect(spans(world)).toEqual(['0-5 PT5M: 5', '5-10 PT5M: 5', '10-20 PT10M: 10', '20-30 PT10M: 10']);
    const shorter = world.process(undefined, { windowSeconds: 240 });
    await shorter.handle(world.append(...monitored('a', 30, 36), mark(38 * minute)));
    expect(spans(world).slice(4)).toEqual(['30-32 PT2M: 2', '32-36 PT4M: 4']);
    expect(world.blobs.names('repairs/')).toEqual([]);
    expect(world.contradictions()).toEqual([]);
  });
});

/** A stretch with two patients, of whom one comes later and one goes. */
const stretch: readonly EnrichedMessage[] = [
  ...[presence('a', 0), temperature('a', 1, 39.2), ...monitored('a', 0, 5), presence('b', 6 * minute)],
  ...[mark(6 * minute), ...monitored('b', 6, 10, 120), ...monitored('a', 5, 10), mark(8 * minute)],
  ...[temperature('b', 3, 38, true), ...monitored('a', 10, 13), mark(13 * minute), presence('a', 12 * minute, 'end')],
  ...[...monitored('b', 11, 15, 125), mark(18 * minute)],
];

describe('a process that dies', () => {
  test('anywhere in a batch leaves the same behind as one that did not', async () => {
    const whole = await scoredOf(stretch);
    let nth = 1;
    for (; ; nth += 1) {
      const world = new ScoreWorld();
      const events = world.append(...stretch);
      const { gate, killed } = killAt(nth);
      const outcome = await Promise.race([world.process(gate).handle(events), killed]);
      await world.process().handle(events);
      expect(world.contradictions()).toEqual([]);
      expect(world.windows.every(({ revision }) => revision === 1)).toBe(true);
      expect(world.truth()).toEqual(whole.truth());
      expect(world.blobs.names('repairs/')).toEqual(whole.blobs.names('repairs/'));
      if (outcome !== 'killed') break;
    }
    expect(nth).toBeGreaterThan(40);
  });

  test('between batches: open windows are read again from the hub, and only what they need', async () => {
    const whole = await scoredOf(stretch);
    for (let at = 1; at < stretch.length; at += 1) {
      const world = new ScoreWorld();
      const events = world.append(...stretch);
      await world.process().handle(events.slice(0, at));
      await world.process().handle(events.slice(at));
      expect(world.truth()).toEqual(whole.truth());
    }
  });
});

describe('a partition that moves', () => {
  test('while the old owner is still at work ends with one truth, wherever the old one was', async () => {
    const whole = await scoredOf(stretch);
    for (let nth = 1; ; nth += 1) {
      const world = new ScoreWorld();
      const events = world.append(...stretch);
      const { gate, reached } = meanwhileAt(nth, () => world.process().handle(events));
      await world.process(gate).handle(events);
      expect(world.contradictions()).toEqual([]);
      expect(world.truth()).toEqual(whole.truth());
      if (!reached()) break;
    }
  });

  test('and comes back is built anew, since others have worked on it', async () => {
    const whole = await scoredOf(stretch);
    const world = new ScoreWorld();
    const events = world.append(...stretch);
    const [first, other] = [world.process(), world.process()];
    await first.handle(events.slice(0, 8));
    await other.handle(events.slice(8, 30));
    await first.handle(events.slice(30));
    expect(world.truth()).toEqual(whole.truth());
    expect(world.lines.filter((line) => line.startsWith('iomt.rebuild'))).toHaveLength(2);
  });

  test('and comes back with rows in it that nobody has closed yet', async () => {
    const world = new ScoreWorld();
    const events = world.append(...monitored('a', 0, 5), mark(7 * minute));
    const [first, other] = [world.process(), world.process()];
    await first.handle(events.slice(0, 3));
    await other.handle(events.slice(3, 6));
    await first.handle(events.slice(6));
    expect(world.last()['a 0']?.vitals.heartRate?.count).toBe(5);
  });

  test('when a batch is handed over again nothing is sent again', async () => {
    const world = new ScoreWorld();
    const process = world.process();
    const events = world.append(...stretch);
    await process.handle(events);
    const { length } = world.sent;
    await process.handle(events.slice(5));
    expect(world.sent).toHaveLength(length);
  });
});

describe('the order within lateness', () => {
  test('does not matter, nor do duplicates or batches', async () => {
    const rows = stretch.filter(({ kind }) => kind !== 'clockMark');
    const ordered = await scoredOf([...rows, mark(30 * minute)]);
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...rows], { minLength: rows.length, maxLength: rows.length }),
        fc.array(fc.nat(rows.length - 1), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        async (shuffled, twice, sizes) => {
          const world = new ScoreWorld();
          const again = twice.map((index) => rows[index] as EnrichedMessage);
          const events = world.append(...shuffled, ...again, mark(30 * minute));
          for (const batch of batchesOf(events, sizes)) await world.process().handle(batch);
          expect(world.truth()).toEqual(ordered.truth());
          expect(world.contradictions()).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

function batchesOf(events: readonly EnrichedEvent[], sizes: readonly number[]): EnrichedEvent[][] {
  const found: EnrichedEvent[][] = [];
  for (let first = 0, turn = 0; first < events.length; turn += 1) {
    const size = sizes[turn % sizes.length] as number;
    found.push(events.slice(first, first + size));
    first += size;
  }
  return found;
}

describe('the deployed app, on the local hubs, storage and functions host', () => {
  let context: TestContext;
  let host: TestFunctionHost;

  beforeAll(async () => {
    context = await testContext();
    trust(context.certificates);
    host = await new TestFunctionHost(context).start();
    context.clock.run();
  });

  afterAll(async () => {
    await host?.close();
    context.close();
  });

  test('is killed in the middle again and again, and scores each window once, as if it had not been', async () => {
    const site = await deployScore(host, 1, settings);
    const credential = context.authority.credential(host.hubs.owner());
    const producer = new EventHubProducerClient(host.hubs.host, 'enriched', credential);
    const reader = new EventHubConsumerClient('$Default', host.hubs.host, 'scored', credential);
    const world = new ScoreWorld();
    const subscription = reader.subscribe(
      {
        processEvents: async (events) => void world.sent.push(...events.map(({ body }) => body as ScoredMessage)),
        processError: async () => {},
      },
      { startPosition: earliestEventPosition },
    );
    try {
      const batches = batchesOf(world.append(...stretch), [15]);
      for (const [index, batch] of batches.entries()) {
        await until('it runs again', () => host.function('score', 'score').state === 'running');
        await producer.sendBatch(
          batch.map(({ message }) => ({ body: Buffer.from(JSON.stringify(message)) })),
          { partitionId: '0' },
        );
        // At once, while it may be anywhere, or when it has just ended its batch.
        if (index % 2 === 1) await until('a batch is handled', () => host.function('score', 'score').lag?.[0] === 0);
        await host.apps.killFunction(site, 'score');
      }
      await until('all has been handled', () => host.function('score', 'score').lag?.[0] === 0, 90);
      const expected = (await scoredOf(stretch)).truth();
      await until('all has been read', () => Object.keys(world.truth()).length >= Object.keys(expected).length);
      expect(world.truth()).toEqual(expected);
      expect(world.contradictions()).toEqual([]);
      expect(context.logged.some((line) => line.includes('iomt.rebuild'))).toBe(true);
      expect(host.function('score', 'score').restarts).toBeGreaterThanOrEqual(batches.length);
    } finally {
      await subscription.close();
      await reader.close();
      await producer.close();
    }
  });
});

test('no line of the log names a patient', async () => {
  const world = await scoredOf([presence('patient-x', 0), temperature('patient-x', 1, 39, true), mark(7 * minute)]);
  await world.process().repair();
  expect(world.lines.join('\n')).not.toContain('patient-x');
  expect(world.blobs.names('').join('\n')).not.toContain('patient-x');
});
