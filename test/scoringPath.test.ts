import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sparkSetupProblem } from '../local/databricks/setup';
import type { Verdict } from '../local/judge/verdict';
import { type LocalScoring, localScorings } from '../local/options';
import type { ScoredWindow } from '../runtime/contracts/scored';
import { defaultKernelSettings } from '../runtime/scoring/kernelSettings';
import { defaultLimits } from '../runtime/scoring/plausibility';
import { MainJobs } from './support/mainJobProcess';
import { askOracle, differencesFromOracle, whyNoOracle } from './support/scoringOracle';

/**
 * Recordings through steps 1 to 11a as a user runs them, late, out of order and in part twice, with functions and with real
 * Spark. What is judged are the last revisions of all windows: by the main job's judge, against each other, and against an
 * oracle in Python that knows the recording and the rules, and neither the kernel nor the path.
 */
const jobs = new MainJobs('scoring-path');
const repository = join(__dirname, '..');
const start = Date.parse('2026-01-05T00:00:00Z');
const { windowSeconds, latenessSeconds } = defaultKernelSettings;
const windowMs = windowSeconds * 1000;

const icu = join(repository, '..', 'shared', 'icu', 'icu-a.csv');
const recordings = [
  { name: 'a real ICU record of 32 hours', file: icu },
  { name: 'the synthetic ward', file: join(repository, 'local', 'replay', 'ward', 'ward.csv') },
].filter(({ file }) => existsSync(file));
if (!existsSync(icu)) console.log('Not run: the test with a real ICU record, since ../shared/icu/icu-a.csv is absent.');

const noSpark = sparkSetupProblem();
if (noSpark !== undefined) console.log(`Not run: scoring by Spark, since ${noSpark}`);
const noOracle = whyNoOracle();
if (noOracle !== undefined) console.log(`Not run: the comparison with the oracle, since ${noOracle}`);

afterAll(() => jobs.close());

interface Scored {
  readonly verdict: Verdict | undefined;
  /** Last revisions of the windows of the recording, by patient and time. */
  readonly windows: readonly ScoredWindow[];
}

const runs = new Map<string, Promise<Scored>>();

/** Each recording goes once through each compute. */
function scoredBy(scoring: LocalScoring, file: string): Promise<Scored> {
  const key = `${scoring} ${file}`;
  const run = runs.get(key) ?? replay(scoring, file, `${scoring}-${runs.size}`);
  runs.set(key, run);
  return run;
}

async function replay(scoring: LocalScoring, file: string, name: string): Promise<Scored> {
  const out = join(jobs.folder, `${name}-out`);
  // When the day's baseline is there depends on the speed of the replay; it has a test of its own. Fewer clock marks: at this
  // speed they are most of the events.
  const config = join(jobs.folder, 'config.json');
  const settings = { 'hospital:scoring': { baselines: false }, 'hospital:connector': { clockMarkSeconds: 60 } };
  writeFileSync(config, JSON.stringify(settings));
  const disorder = ['--shuffle', String(latenessSeconds - 1), '--duplicate', '10'];
  const options = ['--replay', file, '--speed', 'max', '--scoring', scoring, '--config', config, '--export', out];
  const { code, verdict, said } = await jobs.start(name, ...options, ...disorder).ended;
  if (code !== 0) throw new Error(`The replay ended with ${code}:\n${said}\n${JSON.stringify(verdict)}`);
  const until = endOf(file);
  const windows = readFileSync(join(out, 'scored.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ScoredWindow)
    .filter(({ end, horizon }) => end <= until && horizon === 'PT5M');
  return { verdict, windows };
}

/** End of the window of the last row that has a value. */
function endOf(file: string): number {
  const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1);
  const minutes = rows.filter((row) => /\d/.test(row.slice(row.indexOf(',')))).map((row) => Number(row.split(',')[0]));
  return (Math.floor((Math.max(...minutes) * 60_000) / windowMs) + 1) * windowMs + start;
}

function content({ revision: _, corrected: __, ...rest }: ScoredWindow): string {
  return JSON.stringify(rest);
}

const complete = { lost: 0, duplicated: 0, wrong: 0 };

describe.each(recordings)('$name, with a tenth of it twice and all of it out of order', ({ file }) => {
  const scorings = localScorings.filter((scoring) => scoring === 'functions' || noSpark === undefined);

  test.each(scorings)(
    'every window is scored once, with every sample in it: %s',
    async (scoring) => {
      const { verdict, windows } = await scoredBy(scoring, file);
      expect(verdict).toMatchObject({ ...complete, deadLettered: 0, windows: complete });
      expect(verdict?.redelivered).toBeGreaterThan(0);
      expect(verdict?.windows.samples.found).toBe(verdict?.windows.samples.expected);
      expect(windows.length).toBe(verdict?.windows.expected);
    },
    1_800_000,
  );

  (noSpark === undefined ? test : test.skip)(
    'functions and Spark come to the same bits',
    async () => {
      const [functions, spark] = await Promise.all([scoredBy('functions', file), scoredBy('databricks', file)]);
      expect(spark.windows.map(content)).toEqual(functions.windows.map(content));
    },
    1_800_000,
  );

  (noOracle === undefined ? test.each(scorings) : test.skip.each(scorings))(
    'the oracle says the same: %s',
    async (scoring) => {
      const { windows } = await scoredBy(scoring, file);
      const expected = askOracle({
        settings: { ...defaultKernelSettings, baselines: false },
        until: endOf(file) + latenessSeconds * 1000,
        recordings: { paths: [file], start, limits: defaultLimits },
      });
      expect(expected.length).toBe(windows.length);
      expect(differencesFromOracle(windows, expected)).toEqual([]);
    },
    1_800_000,
  );
});
