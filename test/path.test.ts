import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Verdict } from '../local/judge/verdict';
import { until } from './support/deviceFleet';
import { fhirValidateTest, judgeFhir } from './support/fhirValidate';
import { snapshotOf } from './support/livePageSnapshot';
import { MainJobs } from './support/mainJobProcess';

/**
 * The whole path as a user runs it: `npm start` without its set-up, in a process of its own, on a new state folder. The
 * verdict is the judge's, who reads what lies on `devicedata`, in the raw container and in the FHIR service.
 */
const repository = join(__dirname, '..');
const jobs = new MainJobs('path');
const { folder, children } = jobs;
const exported = join(folder, 'export');

/** A real ICU record of 32 hours; where it is absent, the first two hours of the shipped ward stand in. */
const icuRecord = join(repository, '..', 'shared', 'icu', 'icu-a.csv');
const hasRecord = existsSync(icuRecord);
const icuTest = (name: string, run: () => Promise<void>) => (hasRecord ? test : test.skip)(name, run, 1_800_000);
// Each starts whole local clouds.
jest.setTimeout(1_200_000);
if (!hasRecord) console.log('Not run: the tests with a real ICU record, since ../shared/icu/icu-a.csv is absent.');

afterAll(() => jobs.close());

const start = (state: string, ...options: string[]) => jobs.start(state, ...options);
const startAndStay = (state: string, ...options: string[]) => jobs.startAndStay(state, ...options);

/** Every value of `count` is in FHIR: once, right, under its patient, and written once. */
function recorded(count: number) {
  return { expected: count, found: count, lost: 0, duplicated: 0, wrong: 0, rewritten: 0 };
}

/** What the health record writes of a patient, the bed and who cares. */
const recordTypes = [
  ...['CareTeam', 'Device', 'DeviceUseStatement', 'Encounter', 'Location'],
  ...['Patient', 'Practitioner', 'PractitionerRole'],
];

/** What is behind the measurements has tests of its own (recordings), and takes most of the time. */
const untilScored = () => {
  const file = join(folder, 'until-scored.json');
  const settings = {
    'hospital:hotPathEnabled': false,
    'hospital:scoring': { baselines: false },
    // At this speed, clock marks are most of the events.
    'hospital:connector': { clockMarkSeconds: 60 },
  };
  writeFileSync(file, JSON.stringify(settings));
  return ['--config', file];
};

const good = { lost: 0, duplicated: 0, deadLettered: 0, wrong: 0 };

describe('a recording through steps 1 to 6', () => {
  icuTest(
    'each row of a real ICU record arrives once on devicedata and in the raw container, and each value once in FHIR; a second replay changes no version',
    async () => {
      const rows = 1896;
      const values = recorded(7405);
      const options = ['--replay', icuRecord, '--speed', 'max', '--export', exported, ...untilScored()];
      const first = await start('icu', ...options).ended;
      expect(first).toMatchObject({
        code: 0,
        verdict: { ...good, sent: rows, devicedata: rows, raw: rows, redelivered: 0, values },
      });

      const second = await start('icu', ...options).ended;
      expect(second).toMatchObject({
        code: 0,
        verdict: { ...good, sent: rows, devicedata: rows, raw: rows, redelivered: rows, values },
      });
      const files = readdirSync(exported).sort();
      expect(files).toEqual([...recordTypes, 'Observation', 'scored'].sort().map((type) => `${type}.ndjson`));
      // Seven columns stand in blood pressures of two or three values, so that there are fewer Observations than values.
      expect(exportedLines('Observation')).toHaveLength(7087);
    },
  );

  if (hasRecord) {
    fhirValidateTest(
      'what is exported is valid FHIR R4, each Observation by the profile of its vital sign',
      async () => {
        // Seventeen milliseconds each: a part of them, in which every shape is.
        const some = exportedLines('Observation').filter((_, index) => index % 9 === 0);
        writeFileSync(join(exported, 'Observation.ndjson'), `${some.join('\n')}\n`);
        const files = [...recordTypes, 'Observation'].map((type) => join(exported, `${type}.ndjson`));
        const ofRecord = recordTypes.flatMap((type) => exportedLines(type)).length;
        expect(judgeFhir(...files)).toEqual({ resources: some.length + ofRecord, errors: [] });
      },
    );
  }

  icuTest('the gateway keeps what it is sent while its uplink is cut', async () => {
    const { code, verdict } = await start(
      ...(['gateway', '--replay', icuRecord, '--speed', 'max', '--gateway', '--cut-uplink', '300-900'] as const),
      ...untilScored(),
    ).ended;
    expect(code).toBe(0);
    expect(verdict).toMatchObject({ ...good, sent: 1896, devicedata: 1896, raw: 1896, values: recorded(7405) });
  });

  test('killed in the middle and started again, it goes on and loses nothing that was acknowledged', async () => {
    const options = ['--speed', 'max', '--replay', writeRecording()];
    const cutOff = start('killed', ...options);
    await cutOff.says(/ [1-9]\d*\/900 messages/);
    cutOff.child.kill('SIGKILL');
    expect((await cutOff.ended).verdict).toBeUndefined();

    const { code, verdict, said } = await start('killed', ...options).ended;
    expect(said).toMatch(/Going on with the replay that was cut off/);
    expect(code).toBe(0);
    expect(verdict).toMatchObject({ ...good, sent: 900, devicedata: 900, raw: 900, values: recorded(1800) });
  });
});

test('the live page tells how far the messages are, and in the end what the judge says', async () => {
  const options = ['--replay', writeRecording(), '--speed', '1200', '--gateway', '--cut-uplink', '20-280'];
  const run = startAndStay('page', ...options);
  const [, url = ''] = await run.says(/Live page: (\S+)/);
  const step = async (wanted: string) => (await snapshotOf(url)).steps.find(({ id }) => id === wanted);
  await until('step 2 is held', async () => (await step('2'))?.state === 'held');
  expect((await step('2'))?.reason).toBe("the gateway's uplink is cut");
  await until(
    'step 1 is ahead of step 2',
    async () => ((await step('1'))?.count ?? 0) > ((await step('2'))?.count ?? 0),
  );

  const [, judged = ''] = await run.says(/The judge: (.*)/);
  const { steps, verdict, consumer } = await snapshotOf(url);
  expect(verdict).toEqual(JSON.parse(judged));
  const { sent, redelivered } = JSON.parse(judged) as Verdict;
  const counts = Object.fromEntries(steps.flatMap(({ id, state, count }) => (state === 'active' ? [[id, count]] : [])));
  const accepted = sent + redelivered;
  expect(counts).toMatchObject({ 1: 900, 2: accepted, 3: accepted, 4: accepted, 6: 2 * accepted });
  const whole = ['1', '2', '3', '4', '6', '7', '8', '9', '10', '12', '14', '15', '5a', '5b', '5c', '11a', '13a', '13b'];
  expect(Object.keys(counts)).toEqual(whole);
  expect(counts['5c']).toBeGreaterThanOrEqual(1800);
  expect(consumer?.count).toBe(accepted);
  run.child.kill('SIGINT');
  await run.ended;
});

test('one state has one local cloud, and Ctrl-C ends all that it started', async () => {
  const first = start('twice', '--replay', writeRecording(), '--speed', '60', '--gateway');
  await first.says(/messages/);
  const second = await start('twice').ended;
  expect(second.code).toBe(1);
  expect(second.said).toMatch(new RegExp(`in use by process ${first.child.pid}: .*--state`));

  const started = processesOf(join(folder, 'twice'));
  expect(started.length).toBeGreaterThanOrEqual(3);
  first.child.kill('SIGINT');
  expect((await first.ended).code).toBe(130);
  expect(started.filter(isAlive)).toEqual([]);
});

test('Ctrl-C while the stack comes up ends the engine too, and the next start brings the stack up', async () => {
  const options = ['--speed', 'max', '--replay', writeRecording()];
  const state = join(folder, 'ended');
  const cutOff = start('ended', ...options);
  await until('the engine brings the stack up', () =>
    processesOf(state).some((pid) => /pulumi.* up /.test(commandLine(String(pid)).replaceAll('\0', ' '))),
  );
  cutOff.child.kill('SIGINT');
  expect(await cutOff.ended).toMatchObject({ code: 130, verdict: undefined });
  expect(processesOf(state)).toEqual([]);

  expect(await start('ended', ...options).ended).toMatchObject({ code: 0, verdict: { ...good, sent: 900 } });
});

/** Processes that name the state folder in their command line (Linux: /proc); elsewhere the one that was started. */
function processesOf(state: string): number[] {
  if (!existsSync('/proc/self')) return children.flatMap(({ pid }) => pid ?? []);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && commandLine(entry).includes(state))
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function exportedLines(type: string): string[] {
  return readFileSync(join(exported, `${type}.ndjson`), 'utf8')
    .trim()
    .split('\n');
}

/** Three devices, 300 minutes. */
function writeRecording(): string {
  const file = join(folder, 'recording.csv');
  const rows = Array.from({ length: 300 }, (_, minute) =>
    ['a', 'b', 'c'].map((device) => `${minute},${device},${60 + (minute % 40)},${90 + (minute % 9)}`).join('\n'),
  );
  writeFileSync(file, `minute,device,hr,spo2\n${rows.join('\n')}\n`);
  return file;
}
