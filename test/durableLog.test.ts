import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DurableLog, type DurableLogOptions } from '../local/durableLog/durableLog';

let folder: string;
const opened: DurableLog[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'durable-log-'));
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((log) => log.close()));
  rmSync(folder, { recursive: true, force: true });
});

function open(options?: DurableLogOptions): DurableLog {
  const log = DurableLog.open(folder, options);
  opened.push(log);
  return log;
}

const payloads = (...texts: string[]) => texts.map((text) => Buffer.from(text));
const texts = (log: DurableLog, from = 0, max = 1000) =>
  log.read(from, max).map(({ sequence, payload }) => `${sequence}:${payload}`);
const files = () => readdirSync(folder).sort();
const newestFile = () => join(folder, files().at(-1) ?? '');

test('records keep their order, sequence and time over a restart', async () => {
  const first = open();
  await expect(first.append(payloads('a', 'b'), 1000)).resolves.toBe(0);
  await expect(Promise.all([first.append(payloads('c'), 2000), first.append(payloads('d'), 1500)])).resolves.toEqual([
    2, 3,
  ]);
  await first.close();

  const log = open();
  expect(texts(log)).toEqual(['0:a', '1:b', '2:c', '3:d']);
  expect(log.read(0, 10).map(({ enqueuedTime }) => enqueuedTime)).toEqual([1000, 1000, 2000, 2000]);
  await expect(log.append(payloads('e'), 3000)).resolves.toBe(4);
  expect(log.last()).toMatchObject({ sequence: 4, enqueuedTime: 3000 });
});

test.each([
  ['a half-written header', 5],
  ['a half-written record', 30],
])('%s at the end is cut off, and appending goes on behind the last whole record', async (_what, bytes) => {
  const before = open();
  await before.append(payloads('whole'), 1);
  const end = statSync(newestFile()).size;
  await before.append(payloads('x'.repeat(100)), 2);
  await before.close();
  truncateSync(newestFile(), end + bytes);

  const log = open();
  expect(log.cutBytes).toBe(bytes);
  await log.append(payloads('next'), 3);
  await log.close();
  expect(texts(open())).toEqual(['0:whole', '1:next']);
});

test('a file damaged in the middle of the log is refused, not silently shortened', async () => {
  const before = open({ segmentBytes: 1 });
  for (const text of ['a', 'b', 'c']) await before.append(payloads(text), 1);
  await before.close();
  writeFileSync(join(folder, files()[1] ?? ''), 'garbage of some length, which is no record');
  expect(() => open()).toThrow(/lacks records 1 to 1/);
});

test('bytes behind the last record that look like nothing are dropped', async () => {
  const before = open();
  await before.append(payloads('a'), 1);
  await before.close();
  appendFileSync(newestFile(), Buffer.alloc(64, 0xff));
  expect(texts(open())).toEqual(['0:a']);
});

test('records are found by offset and by time, over files and over the marks of the index', async () => {
  const log = open({ segmentBytes: 200_000 });
  const body = 'x'.repeat(150);
  for (let batch = 0; batch < 100; batch++) {
    await log.append(
      Array.from({ length: 50 }, () => Buffer.from(body)),
      batch * 10,
    );
  }
  expect(files().length).toBeGreaterThan(2);
  const all: number[] = [];
  for (let from = 0; from < log.next(); from = all.length) {
    for (const record of log.read(from, 7_777, 64 * 1024)) {
      expect(record.sequence).toBe(all.length);
      all.push(record.offset);
    }
  }
  expect(all).toHaveLength(5000);
  for (const sequence of [0, 1, 777, 2499, 4999]) expect(log.afterOffset(all[sequence] ?? -1)).toBe(sequence + 1);
  expect(log.afterOffset(-1)).toBe(0);
  expect(log.atTime(0)).toBe(0);
  expect(log.atTime(495)).toBe(50 * 50);
  expect(log.atTime(1_000_000)).toBe(log.next());
});

test('a record larger than what is read at once comes back whole', async () => {
  const log = open();
  await log.append([Buffer.alloc(1_000_000, 7), Buffer.from('after')], 1);
  const [large, after] = log.read(0, 10);
  expect(large?.payload.equals(Buffer.alloc(1_000_000, 7))).toBe(true);
  expect(after?.payload.toString() ?? log.read(1, 10)[0]?.payload.toString()).toBe('after');
});

test('trimming forgets whole files that are too old, keeps sequences, and survives a restart', async () => {
  const log = open({ segmentMs: 100 });
  for (const time of [0, 50, 100, 150, 200]) await log.append(payloads(`t${time}`), time);
  log.trim(160);
  expect(log.first()).toBe(4);
  expect(texts(log)).toEqual(['4:t200']);
  log.trim(1000);
  expect(log.first()).toBe(5);
  expect(texts(log)).toEqual([]);
  await log.close();
  const again = open();
  await expect(again.append(payloads('next'), 2000)).resolves.toBe(5);
  expect(texts(again)).toEqual(['5:next']);
});

test('whoever waits for a record is woken by it, by an abort and by the end of the log', async () => {
  const log = open();
  const abort = new AbortController();
  const waits = [log.waitFor(0), log.waitFor(7, abort.signal), log.waitFor(8)];
  await log.append(payloads('a'), 1);
  abort.abort();
  await log.close();
  await expect(Promise.all(waits)).resolves.toEqual([true, false, false]);
  await expect(log.append(payloads('b'), 1)).rejects.toThrow(/closed/);
});
