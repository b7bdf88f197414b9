import { OptionsError, parseOptions, requireOutagesWithin } from '../local/options';

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
    '--replay nowhere.csv --speed 0 --start yesterday --cut-uplink 5-3 --fhir-down x --sql-down 7 --role-delay x --scoring magic --shuffle 9999 --duplicate 101'.split(
      ' ',
    );
  const problems = problemsOf(() => parseOptions(argv));
  expect(problems).toHaveLength(11);
  for (const option of [
    '--replay',
    '--speed',
    '--start',
    '--cut-uplink',
    '--gateway',
    '--fhir-down',
    '--sql-down',
    '--role-delay',
    '--scoring',
    '--shuffle',
    '--duplicate',
  ]) {
    expect(problems.some((problem) => problem.includes(option))).toBe(true);
  }
  expect(problemsOf(() => parseOptions(['--bogus']))).toEqual([expect.stringMatching(/--bogus.*--help/)]);
});

test('what is taken away comes back within the recording', () => {
  const options = parseOptions(['--gateway', '--cut-uplink', '60-120', '--fhir-down', '10-130', '--sql-down', '0-5']);
  expect(options.outages).toContainEqual({ fault: 'sql-unavailable', fromMinute: 0, toMinute: 5 });
  expect(problemsOf(() => requireOutagesWithin(options, 119.5))).toEqual([
    expect.stringMatching(/--cut-uplink.*minute 119.*end by then/),
    expect.stringMatching(/--fhir-down.*minute 119.*end by then/),
  ]);
  expect(problemsOf(() => requireOutagesWithin(options, 130))).toEqual([]);
});
