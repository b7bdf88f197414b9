import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { secretHeader } from '../local/control/address';
import { ControlClient } from '../local/control/client';
import { type ControlTargets, startControlServer } from '../local/control/server';
import type { ReplayConfig } from '../local/replay/config';
import { parseRecording, RecordingError, readRecording } from '../local/replay/csv';
import { type Disorder, inOrder, sendings } from '../local/replay/disorder';
import { ReplayJournal } from '../local/replay/journal';
import { type TelemetryMessage, telemetryMessages } from '../local/replay/message';
import { startReplayProcess } from '../local/replay/process';
import { ProgressLine } from '../local/replay/progressLine';
import { type ReplayOptions, type ReplayProgress, replay } from '../local/replay/replay';
import { endRun, openRun } from '../local/replay/run';
import { makeWard } from '../local/replay/ward/make';
import { testContext } from './support/context';
import { DeviceFleet } from './support/deviceFleet';

const start = Date.parse('2026-01-05T00:00:00Z');
const minute = 60_000;
const wardFile = join(__dirname, '../local/replay/ward/ward.csv');

let folder: string;
const atEnd: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replay-test-'));
});
afterEach(async () => {
  for (const end of atEnd.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true, force: true });
});

function recordingOf(...files: [name: string, text: string][]) {
  return parseRecording(files.map(([name, text]) => ({ name, content: Buffer.from(text) })));
}

function problemsOf(...files: [name: string, text: string][]): readonly string[] {
  try {
    recordingOf(...files);
  } catch (error) {
    if (error instanceof RecordingError) return error.problems;
    throw error;
  }
  return [];
}

describe('recorded vital signs', () => {
  test('become one message a row with a value, with the measured columns only', () => {
    const { rows } = recordingOf(['records/Bed 7 (west).csv', '\ufeffminute,hr,spo2\n0,72,\n1,,\n1.5,71.5,98\n']);
    const messages = telemetryMessages(rows, start);
    expect(messages.map(({ messageId, body }) => [messageId, body.toString()])).toEqual([
      ['Bed-7-west-:2026-01-05T00:00:00.000Z', '{"time":"2026-01-05T00:00:00.000Z","hr":72}'],
      ['Bed-7-west-:2026-01-05T00:01:30.000Z', '{"time":"2026-01-05T00:01:30.000Z","hr":71.5,"spo2":98}'],
    ]);
    expect(messages[1]).toMatchObject({ deviceId: 'Bed-7-west-', creationTime: start + 1.5 * minute });
  });

  test('of many devices come in the order of time', () => {
    const { rows, deviceIds } = recordingOf(
      ['a.csv', 'device,minute,hr\nx,0,1\nx,2,2\ny,1,3\n'],
      ['b.csv', 'minute,hr\n1,4\n'],
    );
    expect(deviceIds).toEqual(['x', 'y', 'b']);
    expect(rows.map((row) => row.vitals.hr)).toEqual([1, 3, 4, 2]);
  });

  test('that are wrong are refused with all problems at once, each with its place', () => {
    const bad = ['minute,hr,hr,time,bad name', '0,1,2,3,4'].join('\n');
    const rows = ['minute,device,hr', '0,x,abc', '-1,x,1', '5,x,1', '5,x,1', '6,a/b,1', '7,x', '0,y,NaN', '1,Y,1'].join(
      '\n',
    );
    expect(problemsOf(['bad.csv', bad], ['rows.csv', rows], ['none.csv', ''], ['head.csv', 'minute,hr\n'])).toEqual([
      "bad.csv, line 1, column 3: 'hr' is there twice; each column may stand once",
      "bad.csv, line 1, column 4: 'time' cannot be a vital; the time of a row is in the column minute",
      "bad.csv, line 1, column 5: 'bad name' cannot be a column; up to 64 letters, digits and _ starting with a letter, separated by commas",
      "rows.csv, line 2, column hr: 'abc' is not a number; a number with a decimal point, or blank for not measured",
      "rows.csv, line 3, column minute: '-1' is not a minute; a number from 0 to 527040 (a year)",
      'rows.csv, line 5, column minute: 5 of device x does not come after 5; rows ascend in time for each device',
      "rows.csv, line 6, column device: 'a/b' cannot be a device id; 1 to 64 letters, digits or - . _ : with a letter, a digit or a dash at the end",
      'rows.csv, line 7: has 2 cells, the header has 3',
      "rows.csv, line 8, column hr: 'NaN' is not a number; a number with a decimal point, or blank for not measured",
      'none.csv: is empty; a header line with the column minute is needed',
      'head.csv: has a header and no rows',
      'rows.csv: devices y and Y differ only in case, which DPS does not tell apart',
    ]);
  });

  test.each([
    ['no minute', 'hr\n1\n', 'x.csv, line 1: there is no column minute (columns: hr)'],
    ['no vital', 'minute,device\n1,a\n', 'x.csv, line 1: there is no column for a vital'],
    ['no value', 'minute,hr\n0,\n1,\n', 'x.csv: no measured value in any row'],
    ['a broken quote', 'minute,hr\n0,"1\n', 'x.csv, line 2: is not CSV'],
  ])('with %s are refused', (_, text, problem) => {
    expect(problemsOf(['x.csv', text])).toEqual([expect.stringContaining(problem)]);
  });

  test('in two files may not be of the same device, and a missing file is named', async () => {
    expect(problemsOf(['a/x.csv', 'minute,hr\n0,1\n'], ['b/x.csv', 'minute,hr\n0,1\n'])).toEqual([
      'b/x.csv: device x is also in a/x.csv; a device lies in one file',
    ]);
    await expect(readRecording([join(folder, 'gone.csv')])).rejects.toThrow('gone.csv: cannot be read (ENOENT)');
  });

  test('of a real intensive care unit give 1896 messages of 1936 rows', async () => {
    const file = resolve(__dirname, '../../shared/icu/icu-a.csv');
    if (!existsSync(file)) return process.stderr.write(`not run: ${file} is not there\n`);
    const { rows } = await readRecording([file]);
    expect([rows.length, telemetryMessages(rows, start).length]).toEqual([1936, 1896]);
  });
});

/** NEWS2 (Royal College of Physicians, 2017) of one set of vitals, SpO2 scale 1. */
function news2(vitals: Record<string, number>): number {
  const part = (value: number | undefined, limits: [upTo: number, points: number][]) =>
    value === undefined ? 0 : (limits.find(([upTo]) => value <= upTo)?.[1] ?? 0);
  return (
    part(vitals.resp, [
      [8, 3],
      [11, 1],
      [20, 0],
      [24, 2],
      [99, 3],
    ]) +
    part(vitals.spo2, [
      [91, 3],
      [93, 2],
      [95, 1],
      [100, 0],
    ]) +
    part(vitals.nbpsys, [
      [90, 3],
      [100, 2],
      [110, 1],
      [219, 0],
      [400, 3],
    ]) +
    part(vitals.hr, [
      [40, 3],
      [50, 1],
      [90, 0],
      [110, 1],
      [130, 2],
      [400, 3],
    ]) +
    part(vitals.temp, [
      [35, 3],
      [36, 1],
      [38, 0],
      [39, 1],
      [45, 2],
    ]) +
    part(vitals.avpu, [
      [0, 0],
      [1, 3],
    ]) +
    part(vitals.oxygen, [
      [0, 0],
      [1, 2],
    ])
  );
}

describe('the shipped ward', () => {
  test('is what its script makes, byte by byte', () => {
    expect(readFileSync(wardFile, 'utf8')).toBe(makeWard());
  });

  test('has ten patients, of whom one deteriorates to NEWS2 of 7 and more, and one stays at a border', async () => {
    const { rows, deviceIds } = await readRecording([wardFile]);
    expect(deviceIds.toSorted()).toEqual(Array.from({ length: 10 }, (_, i) => `bed-${String(i + 1).padStart(2, '0')}`));
    const latest = new Map<string, Record<string, number>>();
    const scores = new Map<string, number[]>(deviceIds.map((id) => [id, []]));
    for (const row of rows) {
      latest.set(row.deviceId, { ...latest.get(row.deviceId), ...row.vitals });
      scores.get(row.deviceId)?.push(news2(latest.get(row.deviceId) ?? {}));
    }
    const declining = scores.get('bed-07') ?? [];
    expect(Math.max(...declining.slice(0, 120))).toBeLessThan(3);
    expect(Math.min(...declining.slice(-60))).toBeGreaterThanOrEqual(7);
    for (const [id, values] of scores) if (id !== 'bed-07') expect(Math.max(...values)).toBeLessThan(5);
    expect(new Set(scores.get('bed-04')).size).toBeGreaterThan(2);
    const silent = rows.filter(
      ({ deviceId, offsetMs }) => deviceId === 'bed-09' && offsetMs >= 200 * minute && offsetMs < 245 * minute,
    );
    expect(silent).toEqual([]);
  });
});

/** Three devices; rows at minutes 0 to 3. */
const ward = [0, 1, 2, 3].map((at) => `${at},a,${at}\n${at},b,${at}\n${at},c,`).join('\n');
const messages = telemetryMessages(recordingOf(['w.csv', `minute,device,hr\n${ward}\n4,c,1\n`]).rows, start);

/** A cloud that notes what happens, in order. */
class FakeCloud {
  readonly seen: string[] = [];
  readonly arrived: string[] = [];
  time = 0;

  constructor(private readonly acknowledge: (message: TelemetryMessage) => Promise<void> = async () => {}) {}

  readonly clock = {
    advanceTo: async (time: number) => {
      this.time = time;
      this.seen.push(`clock ${(time - start) / minute}`);
    },
  };

  readonly device = {
    send: async (message: TelemetryMessage) => {
      this.seen.push(`send ${message.messageId[0]}${(message.creationTime - start) / minute}`);
      this.arrived.push(message.messageId);
      expect(this.time).toBe(message.creationTime);
      await this.acknowledge(message);
      this.seen.push(`ack ${message.messageId[0]}${(message.creationTime - start) / minute}`);
    },
  };

  readonly devices = new Map(['a', 'b', 'c'].map((id) => [id, this.device]));
}

function run(cloud: FakeCloud, options: Partial<ReplayOptions> = {}, file = join(folder, 'journal')) {
  const journal = new ReplayJournal(file);
  const { clock, devices } = cloud;
  return replay({ messages, start, speed: Number.POSITIVE_INFINITY, devices, clock, journal, ...options }).finally(() =>
    journal.close(),
  );
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('The condition did not come true within 10 s.');
    await wait(5);
  }
}

describe('a replay', () => {
  test('sends what is due at once, and time goes on when all of it is acknowledged', async () => {
    const held: (() => void)[] = [];
    const cloud = new FakeCloud(() => new Promise((acknowledged) => held.push(acknowledged)));
    const running = run(cloud);
    await until(() => held.length === 2);
    held.shift()?.();
    await until(() => cloud.seen.includes('ack a0'));
    expect(cloud.seen).toEqual(['clock 0', 'send a0', 'send b0', 'ack a0']);
    const letAllThrough = setInterval(() => held.shift()?.(), 1);
    atEnd.push(() => clearInterval(letAllThrough));
    await expect(running).resolves.toBe(true);
    expect(cloud.seen.slice(4, 8)).toEqual(['ack b0', 'clock 1', 'send a1', 'send b1']);
    expect(cloud.seen.at(-1)).toBe('ack c4');
  });

  test('sends late, out of order and twice what a disordered network would, and the same the next time', async () => {
    const many = telemetryMessages(
      Array.from({ length: 300 }, (_, index) => ({ deviceId: 'a', offsetMs: index * minute, vitals: { hr: 60 } })),
      start,
    );
    const disorder = { shuffleSeconds: 110, duplicatePercent: 10 };
    const sent: { readonly key: string; readonly delay: number }[] = [];
    const cloud = new FakeCloud();
    const send = async ({ messageId, creationTime }: TelemetryMessage) =>
      void sent.push({ key: messageId, delay: cloud.time - creationTime });
    await run(cloud, { messages: many, disorder, devices: new Map([['a', { send }]]) });
    const keys = sent.map(({ key }) => key);
    expect(new Set(keys).size).toBe(300);
    expect(keys.length).toBeGreaterThan(310);
    expect(keys.length).toBeLessThan(350);
    expect(keys).not.toEqual([...keys].sort());
    expect(sent.every(({ delay }) => delay >= 0 && delay < 110_000)).toBe(true);
    const order = (given: Disorder) => sendings(many, given).map(({ message }) => message.messageId);
    expect(order(disorder)).toEqual(keys);
    expect(order(inOrder)).toEqual(many.map(({ messageId }) => messageId));
  });

  test('keeps its pace by the clock on the wall, and passes each minute in which nothing was measured', async () => {
    const sparse = telemetryMessages(recordingOf(['x.csv', 'minute,hr\n0,1\n3,2\n3.5,3\n']).rows, start);
    let now = 1000;
    const waits: number[] = [];
    const wall = {
      now: () => now,
      wait: async (milliseconds: number) => {
        waits.push(milliseconds);
        now += milliseconds;
      },
    };
    const cloud = new FakeCloud();
    const devices = new Map([['x', cloud.device]]);
    await run(cloud, { messages: sparse, speed: 60, wall, devices });
    expect(cloud.seen.filter((event) => event.startsWith('clock'))).toEqual([
      'clock 0',
      'clock 1',
      'clock 2',
      'clock 3',
      'clock 3.5',
    ]);
    expect(waits).toEqual([1000, 1000, 1000, 500]);
  });

  test('killed at any moment goes on with what is not known as acknowledged, under the same keys', async () => {
    await run(new FakeCloud());
    const journal = readFileSync(join(folder, 'journal'));
    await fc.assert(
      fc.asyncProperty(fc.nat(journal.length), async (cut) => {
        const file = join(folder, 'cut');
        writeFileSync(file, journal.subarray(0, cut));
        const known = messages.filter(({ messageId }) =>
          journal.subarray(0, cut).includes(`{"acknowledged":"${messageId}"`),
        );
        const complete = known.filter(({ messageId }) => isWhole(journal.subarray(0, cut), messageId));
        const cloud = new FakeCloud();
        await run(cloud, {}, file);
        const expected = messages
          .map(({ messageId }) => messageId)
          .filter((key) => !complete.some((m) => m.messageId === key));
        expect(cloud.arrived).toEqual(expected);
        const again = new ReplayJournal(file);
        expect(
          messages.every(({ messageId }) => again.isAcknowledged(messageId) && again.sendTimes.has(messageId)),
        ).toBe(true);
        again.close();
      }),
    );
  });

  test('ends early on a signal, also while a device waits for its hub, and the rest is sent by the next process', async () => {
    const stop = new AbortController();
    const stuck = new FakeCloud((message) =>
      message.creationTime > start ? new Promise(() => {}) : Promise.resolve(),
    );
    const running = run(stuck, { signal: stop.signal });
    await until(() => stuck.seen.includes('send b1'));
    stop.abort();
    await expect(running).resolves.toBe(false);
    const next = new FakeCloud();
    const progress: ReplayProgress[] = [];
    await expect(run(next, { onProgress: (p) => progress.push(p) })).resolves.toBe(true);
    expect(next.seen.slice(0, 3)).toEqual(['clock 1', 'send a1', 'send b1']);
    expect(progress[0]).toEqual({ time: start + minute, end: start + 4 * minute, acknowledged: 2, total: 9 });
    expect(progress.at(-1)).toMatchObject({ acknowledged: 9, total: 9 });
  });

  test('fails with what a device says when it will not be let in', async () => {
    const refused = new FakeCloud(() => Promise.reject(new Error('Device a is closed.')));
    await expect(run(refused)).rejects.toThrow('Device a is closed.');
    await expect(run(new FakeCloud(), { devices: new Map() })).rejects.toThrow('There is no connected device a');
  });
});

/** Whether the entry of an acknowledgement lies whole in the file: cut within the line it is not JSON. */
function isWhole(bytes: Buffer, messageId: string): boolean {
  const text = bytes.toString('utf8');
  const from = text.indexOf(`{"acknowledged":"${messageId}"`);
  return from >= 0 && text.indexOf('}', from) >= 0;
}

describe('a run', () => {
  const identity = { contentHash: 'ab'.repeat(32), start, path: 'hub' } as const;

  test('goes on until it has its verdict; the next one begins at the first row', () => {
    const first = openRun(folder, identity, 100);
    expect(first).toMatchObject({ resumed: false, startedAt: 100 });
    appendFileSync(join(first.folder, 'journal.jsonl'), 'x');
    expect(openRun(folder, identity, 200)).toEqual({ ...first, resumed: true });
    endRun(first, { lost: 0 });
    const second = openRun(folder, identity, 300);
    expect(second).toMatchObject({ resumed: false, startedAt: 300 });
    expect(existsSync(first.folder)).toBe(false);
    expect(openRun(folder, identity, 400)).toMatchObject({ resumed: true, startedAt: 300 });
  });

  test('is another one for another recording, start or path', () => {
    openRun(folder, identity, 100);
    for (const other of [{ contentHash: 'cd'.repeat(32) }, { start: start + 1 }, { path: 'gateway' as const }]) {
      expect(openRun(folder, { ...identity, ...other }, 100).resumed).toBe(false);
    }
    expect(openRun(folder, identity, 100).resumed).toBe(true);
  });
});

describe('the progress line', () => {
  const progress = (acknowledged: number): ReplayProgress => ({
    time: start + acknowledged * minute,
    end: start + 100 * minute,
    acknowledged,
    total: 100,
  });

  function shown(isTTY: boolean): string[] {
    const written: string[] = [];
    let now = 0;
    const line = new ProgressLine({ isTTY, write: (text) => written.push(text) }, () => now);
    for (let acknowledged = 0; acknowledged <= 100; acknowledged++, now += 250) line.show(progress(acknowledged));
    line.end();
    return written;
  }

  test('is one line every 10 s and a last one where there is no terminal', () => {
    expect(shown(false)).toEqual([
      'replay 2026-01-05T00:00:00Z  0/100 messages (0 %), 0/s, ? to go\n',
      'replay 2026-01-05T00:40:00Z  40/100 messages (40 %), 4/s, 15 s to go\n',
      'replay 2026-01-05T01:20:00Z  80/100 messages (80 %), 4/s, 5 s to go\n',
      'replay 2026-01-05T01:40:00Z  100/100 messages (100 %), 4/s, done in 26 s\n',
    ]);
  });

  test('renews itself on a terminal', () => {
    const lines = shown(true);
    expect(lines.length).toBe(103);
    expect(lines.slice(0, -1).every((line) => line.startsWith('\r\x1b[K') && !line.includes('\n'))).toBe(true);
  });
});

describe('the control API', () => {
  const serve = async (address: string, served: ControlTargets) => {
    const server = await startControlServer(0, address, served);
    atEnd.push(() => server.close());
    return server;
  };

  const targets = (extra: Partial<ControlTargets> = {}): ControlTargets => ({
    clock: { now: () => 5, advanceTo: async () => {} },
    stats: () => ({ accepted: 3 }),
    health: () => [],
    acceptedCounts: () => new Map([['a:1', 2]]),
    faults: {},
    ...extra,
  });

  test('moves the clock, and answers when what was due is done', async () => {
    const address = join(folder, 'control.json');
    let now = 5;
    let finish = () => {};
    const due = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const advanceTo = async (time: number) => {
      await due;
      now = time;
    };
    await serve(address, targets({ clock: { now: () => now, advanceTo } }));
    const client = new ControlClient(address);
    let moved = false;
    const moving = client.advanceTo(90).then(() => {
      moved = true;
    });
    expect([await client.now(), moved]).toEqual([5, false]);
    finish();
    await moving;
    expect(await client.now()).toBe(90);
  });

  test('tells counts, sets faults by name, and says what it refuses', async () => {
    const address = join(folder, 'control.json');
    const faults: [string, boolean][] = [];
    const cut = (broken: boolean) => void faults.push(['gateway-uplink-cut', broken]);
    await serve(address, targets({ faults: { 'gateway-uplink-cut': cut } }));
    const client = new ControlClient(address);
    expect(await client.acceptedCounts()).toEqual(new Map([['a:1', 2]]));
    expect([await client.stats(), await client.health()]).toEqual([{ accepted: 3 }, []]);
    await client.setFault('gateway-uplink-cut', true);
    expect(faults).toEqual([['gateway-uplink-cut', true]]);
    await expect(client.setFault('toString', true)).rejects.toThrow(
      'There is no fault "toString"; there are: gateway-uplink-cut.',
    );
    await expect(client.advanceTo(Number.NaN)).rejects.toThrow(
      'advanceTo is null; it must be a time in milliseconds since 1970.',
    );
  });

  test('serves only who can read the state folder', async () => {
    const address = join(folder, 'control.json');
    const server = await serve(address, targets());
    expect(statSync(address).mode & 0o777).toBe(0o600);
    expect((await fetch(`${server.url}/clock`)).status).toBe(401);
    expect((await fetch(`${server.url}/clock`, { headers: { [secretHeader]: 'guess' } })).status).toBe(401);
  });

  test('is waited for while the local cloud is away, and found again at another port', async () => {
    const address = join(folder, 'control.json');
    const client = new ControlClient(address);
    const early = client.now();
    const first = await serve(address, targets());
    expect(await early).toBe(5);
    await first.close();
    const during = client.now();
    await serve(address, targets({ clock: { now: () => 7, advanceTo: async () => {} } }));
    expect(await during).toBe(7);
    const given = new AbortController();
    const never = new ControlClient(address, given.signal).now();
    given.abort();
    await expect(never).rejects.toThrow('aborted');
  });
});

describe('the process of the devices', () => {
  const minutes = 300;
  const recording = ['minute,device,hr', ...Array.from({ length: minutes }, (_, at) => `${at},a,60\n${at},b,61`)].join(
    '\n',
  );

  /** A hub with provisioning and a control server, and what the process is told about them. */
  async function cloudFor(csv: string) {
    const fleet = await DeviceFleet.start(await testContext());
    atEnd.push(() => fleet.close());
    await fleet.putGroup('ward-devices');
    const { context, host, idScope } = fleet;
    const addressFile = join(folder, 'control.json');
    const server = await startControlServer(0, addressFile, {
      clock: context.clock,
      stats: () => ({}),
      health: () => [],
      acceptedCounts: () => new Map(),
      faults: {},
    });
    atEnd.push(() => server.close());
    const file = join(folder, 'ward.csv');
    writeFileSync(file, csv);
    const opened = openRun(
      join(folder, 'replay'),
      { contentHash: 'ab'.repeat(32), start, path: 'hub' },
      context.clock.now(),
    );
    const config: ReplayConfig = {
      files: [file],
      start,
      speed: 'max',
      disorder: inOrder,
      runFolder: opened.folder,
      controlAddressFile: addressFile,
      provisioning: { host, idScope },
      serverAuthorityFile: context.certificates.authorityFile,
      deviceAuthorityFolder: join(context.folder, 'ward'),
      showProgress: false,
    };
    return { fleet, config };
  }

  test('sends over MQTT through real clients; killed with -9 and started again, nothing acknowledged is lost', async () => {
    const { fleet, config } = await cloudFor(recording);
    const killed = startReplayProcess(config);
    await until(() => fleet.accepted().length > 100);
    killed.kill('SIGKILL');
    expect(await killed.exitCode).not.toBe(0);
    const before = fleet.accepted().length;
    expect(before).toBeLessThan(2 * minutes);
    expect(await startReplayProcess(config).exitCode).toBe(0);
    const keys = fleet.accepted().map(({ messageId }) => messageId ?? '');
    expect(new Set(keys).size).toBe(2 * minutes);
    // What was in doubt when it was killed: at most what was due at one time.
    expect(keys.length - new Set(keys).size).toBeLessThanOrEqual(2);
    expect(fleet.context.clock.now()).toBe(start + (minutes - 1) * minute);
  });

  test('ends cleanly when it is asked to, and refuses a bad recording with an exit code of its own', async () => {
    const { config, fleet } = await cloudFor(recording);
    const slow = startReplayProcess({ ...config, speed: 60 });
    await until(() => fleet.accepted().length >= 2);
    await slow.stop();
    expect(await slow.exitCode).toBe(130);
    writeFileSync(config.files[0] ?? '', 'minute,hr\n0,x\n');
    expect(await startReplayProcess(config).exitCode).toBe(2);
  });
});
