import fc from 'fast-check';
import type { EnrichedMeasurement, EnrichedMessage } from '../runtime/contracts/enriched';
import { killAt, mark, meanwhileAt, minute, noon, presence, reading, ScoreWorld, settings } from './support/scoreWorld';

const second = 1000;
const windowMs = settings.windowSeconds * 1000;

const charted = (patient: string, at: number, value: number, late = false) =>
  reading(patient, at * minute, 'temperature', value, { late, source: 'charted' });

/** Heart rates each minute from one minute to another. */
function monitored(patient: string, from: number, to: number): EnrichedMeasurement[] {
  return Array.from({ length: to - from }, (_, index) =>
    reading(patient, (from + index) * minute, 'heartRate', 80 + index),
  );
}

/** Half an hour of two patients; a charted temperature is carried on from the first window. */
const halfHour: readonly EnrichedMessage[] = [
  ...[presence('a', 0), presence('b', 0), charted('a', 1, 37.1)],
  ...[0, 5, 10, 15, 20, 25].flatMap((at) => [
    ...[...monitored('a', at, at + 5), ...monitored('b', at, at + 5), mark((at + 7) * minute)],
  ]),
];

/** The same rows, all in time: what everything must come to in the end. */
async function inTime(late: readonly EnrichedMeasurement[], base = halfHour): Promise<ScoreWorld> {
  const world = new ScoreWorld();
  const rows = base.filter(({ kind }) => kind !== 'clockMark');
  const marks = base.filter(({ kind }) => kind === 'clockMark');
  await world.process().handle(world.append(...rows, ...late.map((row) => ({ ...row, late: false })), ...marks));
  return world;
}

async function scored(...messages: EnrichedMessage[]): Promise<ScoreWorld> {
  const world = new ScoreWorld();
  await world.process().handle(world.append(...messages));
  return world;
}

describe('a row that comes late', () => {
  test('is repaired, with all later windows that carried what it changes, as if it had been in time', async () => {
    const late = charted('a', 3, 42, true);
    const world = await scored(...halfHour, late);
    expect(world.last()['a 25']?.news2?.parts.temp).toBe(0);
    await world.process().repair();
    expect(world.truth()).toEqual((await inTime([late])).truth());
    expect(world.last()['a 25']).toMatchObject({ revision: 2, corrected: true, news2: { parts: { temp: 2 } } });
    expect(world.last()['b 25']).toMatchObject({ revision: 1, corrected: false });
    expect(world.blobs.names('repairs/')).toEqual([]);
  });

  test('goes into what is scored next', async () => {
    const world = new ScoreWorld();
    const process = world.process();
    await process.handle(world.append(...halfHour, charted('a', 3, 42, true)));
    await world.process().repair();
    await process.handle(world.append(...monitored('a', 30, 35), mark(37 * minute)));
    expect(world.last()['a 30']).toMatchObject({ revision: 1, corrected: false, news2: { parts: { temp: 2 } } });
  });

  test('takes nothing from those who have come since the last close', async () => {
    const world = await scored(...halfHour);
    const process = world.process();
    await process.handle(world.append(charted('a', 3, 42, true), presence('c', 28)));
    await world.process().repair();
    await process.handle(world.append(mark(37 * minute)));
    expect(Object.keys(world.last())).toContain('c 30');
  });

  test('is not late where it says so alone: one of a window that is closed is repaired too', async () => {
    const row = charted('a', 3, 42);
    const world = await scored(...halfHour, row);
    await world.process().repair();
    expect(world.truth()).toEqual((await inTime([row])).truth());
  });

  test('makes no revision where it takes no slot: the same again, or one that loses its slot', async () => {
    const before = await scored(...halfHour);
    const again = { ...charted('a', 1, 37.1), late: true };
    const world = await scored(...halfHour, again);
    await world.process().repair();
    expect(world.windows).toHaveLength(before.windows.length);
    expect(world.blobs.names('repairs/')).toEqual([]);
  });

  test('of somebody nobody knew is the first revision of that window, and no correction', async () => {
    const world = await scored(...halfHour, charted('c', 3, 42, true));
    await world.process().repair();
    expect(world.last()['c 0']).toMatchObject({ revision: 1, corrected: false });
    expect(world.last()['c 5']).toBeUndefined();
  });

  test('waits until its window is closed', async () => {
    const world = await scored(...halfHour, charted('a', 31, 42, true));
    await world.process().repair();
    expect(world.blobs.names('repairs/')).toHaveLength(1);
    await world.process().handle(world.append(mark(37 * minute)));
    expect(world.last()['a 30']?.news2?.parts.temp).toBe(0);
    await world.process().repair();
    expect(world.last()['a 30']).toMatchObject({ revision: 2, news2: { parts: { temp: 2 } } });
  });

  test('waits until it is in the lake', async () => {
    const world = await scored(...halfHour, charted('a', 3, 42, true));
    world.capturedThrough = world.log.length - 2;
    await world.process().repair();
    expect(world.blobs.names('repairs/')).toHaveLength(1);
    expect(world.lines.filter((line) => line.startsWith('iomt.repairs.missing'))).toEqual([]);
    expect(world.lines.at(-1)).toBe('iomt.repairs waiting=1 oldestSeconds=1 done=0 revised=0');
    world.capturedThrough = Number.POSITIVE_INFINITY;
    await world.process().repair();
    expect(world.last()['a 0']?.revision).toBe(2);
  });
});

describe('whatever happens during a repair', () => {
  const late = [charted('a', 3, 42, true), charted('b', 12, 35.2, true), charted('a', 13, 38.3, true)];

  test('a process that dies anywhere leaves nothing undone', async () => {
    const expected = await inTime(late);
    for (let nth = 1; ; nth += 1) {
      const world = await scored(...halfHour, ...late);
      const { gate, killed } = killAt(nth);
      const outcome = await Promise.race([world.process(gate).repair(), killed]);
      await world.process().repair();
      expect(world.truth()).toEqual(expected.truth());
      expect(world.contradictions()).toEqual([]);
      expect(world.blobs.names('repairs/')).toEqual([]);
      if (outcome !== 'killed') break;
    }
  });

  test('a window that closes meanwhile has it in, wherever the repair is', async () => {
    const next = [...monitored('a', 30, 35), mark(37 * minute)];
    const expected = await inTime(late, [...halfHour, ...next]);
    for (let nth = 1; ; nth += 1) {
      const world = await scored(...halfHour, ...late);
      const events = world.append(...next);
      const { gate, reached } = meanwhileAt(nth, () => world.process().handle(events));
      await world.process(gate).repair();
      if (!reached()) await world.process().handle(events);
      expect(world.truth()).toEqual(expected.truth());
      expect(world.contradictions()).toEqual([]);
      if (!reached()) break;
    }
  });

  test('a repair in the middle of a close has its say, wherever the close is', async () => {
    const next = [...monitored('a', 30, 35), mark(37 * minute), ...monitored('a', 35, 40), mark(42 * minute)];
    const expected = await inTime(late, [...halfHour, ...next]);
    for (let nth = 1; ; nth += 1) {
      const world = await scored(...halfHour, ...late);
      const events = world.append(...next);
      const { gate, reached } = meanwhileAt(nth, () => world.process().repair());
      await world.process(gate).handle(events);
      await world.process().repair();
      expect(world.truth()).toEqual(expected.truth());
      expect(world.contradictions()).toEqual([]);
      if (!reached()) break;
    }
  });

  test.each([
    ['after the rows of the first', late],
    ['before the rows of the first', [...late].reverse()],
  ])('a second repair of rows %s is not undone by the first that is behind', async (_name, [known, ...others]) => {
    const expected = await inTime(late);
    for (let nth = 1; ; nth += 1) {
      const world = await scored(...halfHour, known as EnrichedMeasurement);
      const rest = world.append(...others);
      world.capturedThrough = rest[0]?.sequence ?? 0;
      const { gate, reached } = meanwhileAt(nth, async () => {
        world.capturedThrough = Number.POSITIVE_INFINITY;
        await world.process().handle(rest);
        await world.process().repair();
      });
      await world.process(gate).repair();
      if (!reached()) await world.process().handle(rest);
      expect(reached() ? world.truth() : expected.truth()).toEqual(expected.truth());
      if (!reached()) break;
    }
  });

  test('an owner that is behind does not undo what was closed and repaired meanwhile', async () => {
    const expected = await inTime(late);
    for (let nth = 1; ; nth += 1) {
      const world = new ScoreWorld();
      const events = world.append(...halfHour, ...late);
      const { gate, reached } = meanwhileAt(nth, async () => {
        await world.process().handle(events);
        await world.process().repair();
      });
      await world.process(gate).handle(events.slice(0, halfHour.length));
      if (!reached()) break;
      expect(world.truth()).toEqual(expected.truth());
      expect(world.contradictions()).toEqual([]);
    }
  });
});

test('whichever rows come late, in whatever order, the last revisions are those of all rows in time', async () => {
  const rows = [
    ...['a', 'b'].flatMap((patient) => [1, 3, 6, 11, 17, 24].map((at) => charted(patient, at, 36 + at / 10))),
    ...['a', 'b', 'c'].flatMap((patient) =>
      [2, 9, 21].map((at) => reading(patient, at * minute + second, 'heartRate', 95)),
    ),
  ];
  const expected = (await inTime(rows)).truth();
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }),
      fc.array(fc.integer({ min: 0, max: 29 }), { minLength: rows.length, maxLength: rows.length }),
      fc.boolean(),
      async (shuffled, delays, isRepairedBetween) => {
        const arrivals: { at: number; message: EnrichedMessage }[] = [];
        let clock = 0;
        for (const message of halfHour) {
          if (message.kind === 'clockMark') clock = (Date.parse(message.time) - noon) / minute;
          arrivals.push({ at: clock, message });
        }
        for (const [index, row] of shuffled.entries()) {
          const at = (row.time - noon) / minute + (delays[index] as number);
          const due = (Math.floor(row.time / windowMs) * windowMs + windowMs - noon) / minute + 2;
          arrivals.push({ at, message: { ...row, late: at > due } });
        }
        arrivals.sort((one, other) => one.at - other.at);
        const world = new ScoreWorld();
        for (let first = 0; first < arrivals.length; first += 17) {
          await world
            .process()
            .handle(world.append(...arrivals.slice(first, first + 17).map(({ message }) => message)));
          if (isRepairedBetween) await world.process().repair();
        }
        await world.process().handle(world.append(mark(32 * minute)));
        await world.process().repair();
        expect(world.truth()).toEqual(expected);
        expect(world.contradictions()).toEqual([]);
      },
    ),
    { numRuns: 40 },
  );
});
