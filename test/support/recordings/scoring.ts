import { readFileSync } from 'node:fs';
import { sparkSetupProblem } from '../../../local/databricks/setup';
import { type LocalScoring, localScorings } from '../../../local/options';
import type { ScoredWindow } from '../../../runtime/contracts/scored';
import { defaultKernelSettings } from '../../../runtime/scoring/kernelSettings';
import { defaultLimits } from '../../../runtime/scoring/plausibility';
import { askOracle, differencesFromOracle, whyNoOracle } from '../scoringOracle';
import { linesOf, longMs, type RecordedRuns, type Run, recordedFrom, recordings } from './runs';

const { windowSeconds, latenessSeconds } = defaultKernelSettings;
const windowMs = windowSeconds * 1000;

const noSpark = sparkSetupProblem();
if (noSpark !== undefined) console.log(`Not run: scoring by Spark, since ${noSpark}`);
const noOracle = whyNoOracle();
if (noOracle !== undefined) console.log(`Not run: the comparison with the oracle, since ${noOracle}`);

/** Last revisions of the windows of the recording, by patient and time. */
function windowsOf(run: Run, file: string): readonly ScoredWindow[] {
  const until = endOf(file);
  return linesOf<ScoredWindow>(run, 'scored').filter(({ end, horizon }) => end <= until && horizon === 'PT5M');
}

/** End of the window of the last row that has a value. */
function endOf(file: string): number {
  const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1);
  const minutes = rows.filter((row) => /\d/.test(row.slice(row.indexOf(',')))).map((row) => Number(row.split(',')[0]));
  return (Math.floor((Math.max(...minutes) * 60_000) / windowMs) + 1) * windowMs + recordedFrom;
}

function content({ revision: _, corrected: __, ...rest }: ScoredWindow): string {
  return JSON.stringify(rest);
}

const complete = { lost: 0, duplicated: 0, wrong: 0 };

/** Scoring by each compute, against each other and an oracle in Python that knows the recording and the rules, and neither the kernel nor the path. */
export function describeScoring(runs: RecordedRuns): void {
  describe.each(recordings)('scoring $name, with a tenth of it twice and all of it out of order', ({ file }) => {
    const scoredBy = (scoring: LocalScoring) =>
      runs.run(file, scoring).then((run) => ({ ...run, windows: windowsOf(run, file) }));
    const scorings = localScorings.filter((scoring) => scoring === 'functions' || noSpark === undefined);

    test.each(scorings)(
      'every window is scored once, with every sample in it: %s',
      async (scoring) => {
        const { verdict, windows } = await scoredBy(scoring);
        expect(verdict).toMatchObject({ ...complete, deadLettered: 0, windows: complete });
        expect(verdict?.redelivered).toBeGreaterThan(0);
        expect(verdict?.windows.samples.found).toBe(verdict?.windows.samples.expected);
        expect(windows.length).toBe(verdict?.windows.expected);
      },
      longMs,
    );

    (noSpark === undefined ? test : test.skip)(
      'functions and Spark come to the same bits',
      async () => {
        const [functions, spark] = await Promise.all([scoredBy('functions'), scoredBy('databricks')]);
        expect(spark.windows.map(content)).toEqual(functions.windows.map(content));
      },
      longMs,
    );

    (noOracle === undefined ? test.each(scorings) : test.skip.each(scorings))(
      'the oracle says the same: %s',
      async (scoring) => {
        const { windows } = await scoredBy(scoring);
        const expected = askOracle({
          settings: { ...defaultKernelSettings, baselines: false },
          until: endOf(file) + latenessSeconds * 1000,
          recordings: { paths: [file], start: recordedFrom, limits: defaultLimits },
        });
        expect(expected.length).toBe(windows.length);
        expect(differencesFromOracle(windows, expected)).toEqual([]);
      },
      longMs,
    );
  });
}
