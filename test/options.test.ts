import { OptionsError, parseOptions, requireCutWithin } from '../local/options';

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

test('a plain start replays the ward from the fixed instant', () => {
  const options = parseOptions([]);
  expect(options).toMatchObject({ source: 'synthetic ward', speed: 60, start: Date.UTC(2026, 0, 5), exit: false });
  expect(options.files).toHaveLength(1);
  expect(options.scoring).toBe('functions');
  expect(parseOptions(['--scoring', 'databricks']).scoring).toBe('databricks');
  expect(parseOptions(['--speed', 'max']).speed).toBe(Number.POSITIVE_INFINITY);
});

test('everything that is wrong is said at once, with what is allowed', () => {
  const argv =
    '--replay nowhere.csv --speed 0 --start yesterday --cut-uplink 5-3 --role-delay x --scoring magic --shuffle 9999 --duplicate 101'.split(
      ' ',
    );
  const problems = problemsOf(() => parseOptions(argv));
  expect(problems).toHaveLength(9);
  for (const option of [
    '--replay',
    '--speed',
    '--start',
    '--cut-uplink',
    '--gateway',
    '--role-delay',
    '--scoring',
    '--shuffle',
    '--duplicate',
  ]) {
    expect(problems.some((problem) => problem.includes(option))).toBe(true);
  }
  expect(problemsOf(() => parseOptions(['--bogus']))).toEqual([expect.stringMatching(/--bogus.*--help/)]);
});

test('a cut of the uplink ends within the recording', () => {
  const options = parseOptions(['--gateway', '--cut-uplink', '60-120']);
  expect(problemsOf(() => requireCutWithin(options, 119.5))).toEqual([
    expect.stringMatching(/minute 119.*end by then/),
  ]);
  expect(problemsOf(() => requireCutWithin(options, 120))).toEqual([]);
});
