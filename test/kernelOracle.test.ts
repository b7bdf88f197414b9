import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BaselineFile } from '../runtime/contracts/scored';
import type { Vital } from '../runtime/contracts/scoringSource';
import { defaultKernelSettings } from '../runtime/scoring/kernelSettings';
import type { KernelSettings } from '../runtime/scoring/kernelTypes';
import { defaultLimits } from '../runtime/scoring/plausibility';
import { kernelWindows } from './support/kernelWindows';
import { RandomObservation } from './support/randomObservation';
import { askOracle, differencesFromOracle, oracleRows, type WindowContent, whyNoOracle } from './support/scoringOracle';

const why = whyNoOracle();
if (why) console.log(`Not run: the kernel against the oracle, since ${why}.`);
const withOracle = why ? describe.skip : describe;

const repository = join(__dirname, '..');
const icuRecord = join(repository, '..', 'shared', 'icu', 'icu-a.csv');
const paths = [join(repository, 'local', 'replay', 'ward', 'ward.csv'), icuRecord].filter((path) => existsSync(path));
if (paths.length < 2) console.log('Not run: the kernel on a real ICU record, since ../shared/icu/icu-a.csv is absent.');

const start = Date.UTC(2026, 0, 5, 4);
const hour = 3_600_000;

/** Which rules windows went through, so that a generator that meets only some of them is seen. */
function rulesMet(windows: readonly WindowContent[]): string[] {
  const met = windows.flatMap(({ flag, dataGap, applicability, news2 }) => [
    `flag ${flag.action} ${flag.rule}`,
    `gap ${dataGap.action}`,
    ...applicability.reasons,
    ...(news2?.indeterminate ? ['indeterminate'] : []),
    ...(news2?.complete ? ['complete'] : []),
  ]);
  return [...new Set(met)];
}

withOracle('the kernel and the oracle, written apart from each other, say the same', () => {
  test('of recordings', () => {
    const recordings = { paths, start, limits: defaultLimits };
    const input = { settings: defaultKernelSettings, until: start + 40 * hour, ...oracleRows(recordings) };
    const expected = askOracle(input);
    expect(expected.length).toBeGreaterThan(900);
    expect(differencesFromOracle(kernelWindows(input), expected)).toEqual([]);
  });

  test.each<[string, Partial<KernelSettings>]>([
    ['with a caution for spinal cord injury, without baselines', { spinalCordInjury: 'caution', baselines: false }],
    ['without a score for spinal cord injury, with baselines', { spinalCordInjury: 'optOut', baselines: true }],
  ])('of made-up patients, %s', (_what, chosen) => {
    const seeds = Array.from({ length: 24 }, (_, i) => i + 1);
    const observed = seeds.map((seed) => new RandomObservation(seed, `p${seed}`, start, [2, 8, 14][seed % 3] ?? 2));
    const medians: Partial<Record<Vital, number>> = { heartRate: 70.5, temperature: 36.8 };
    const file = (version: string, patient: string): BaselineFile => ({
      ...{ version, upTo: 0, patients: { [patient]: { medians, windows: 9 } } },
    });
    const input = {
      settings: { ...defaultKernelSettings, ...chosen },
      until: start + 20 * hour,
      measurements: observed.flatMap(({ measurements }) => measurements),
      presence: observed.flatMap(({ presence }) => presence),
      baselines: { '2026-01-04': file('2026-01-04', 'p1'), '2026-01-05': file('2026-01-05', 'p2') },
    };
    const expected = askOracle(input);
    expect(rulesMet(expected)).toEqual(expect.arrayContaining(rules));
    expect(differencesFromOracle(kernelWindows(input), expected)).toEqual([]);
  });
});

const rules = [
  ...['raise high', 'raise mediumTwice', 'raise singleCharted', 'raise singleTwice'].map((rule) => `flag ${rule}`),
  ...['keep standing', 'lower belowLongEnough', 'none below', 'keep noScore'].map((rule) => `flag ${rule}`),
  ...['gap none', 'gap raise', 'gap keep', 'gap lower', 'underSixteen', 'pregnant', 'indeterminate', 'complete'],
];
