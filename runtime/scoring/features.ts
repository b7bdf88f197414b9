import { news2Parts, type WindowResult } from '../contracts/scored';
import { vitals } from '../contracts/scoringSource';

const ofVital = [
  'count',
  'median',
  'min',
  'max',
  'last',
  'slope',
  'longestGapSeconds',
  'used',
  'carriedSeconds',
] as const;
const ofScore = ['total', 'floorTotal', 'ceilingTotal', 'scale'] as const;
const ofTrend = ['totalChange', 'totalChangeHour'] as const;

/**
 * Names of what a model is given, in the order of its input vector: of each vital its statistics and its difference from the
 * baseline (`heartRate.median`, `heartRate.fromBaseline`), of NEWS2 its sums and parts (`news2.total`, `news2.resp`), of the
 * trend the changes. New names come at the end, with a new version of the kernel.
 */
export const featureNames: readonly string[] = [
  ...vitals.flatMap((vital) => [...ofVital, 'fromBaseline'].map((name) => `${vital}.${name}`)),
  ...[...ofScore, ...news2Parts].map((name) => `news2.${name}`),
  ...ofTrend.map((name) => `trend.${name}`),
];

/** By name, in the order of `featureNames`: `Object.values` is the input vector. */
export type Features = Readonly<Record<string, number>>;

/**
 * What a model is given of a window. NaN stands for everything that is not known or not there (a vital without a sample has
 * count 0 and NaN beside it): a model that cannot take NaN fills it in itself, and knows that it did.
 */
export function featuresOf(result: Omit<WindowResult, 'prediction'>): Features {
  const values: (number | null | undefined)[] = [];
  for (const vital of vitals) {
    const summary = result.vitals[vital];
    values.push(summary?.count ?? 0, ...ofVital.slice(1).map((name) => summary?.[name]));
    values.push(result.trend?.fromBaseline[vital]);
  }
  values.push(...ofScore.map((name) => result.news2?.[name]));
  values.push(...news2Parts.map((part) => result.news2?.parts[part]));
  values.push(...ofTrend.map((name) => result.trend?.[name]));
  return Object.fromEntries(featureNames.map((name, index) => [name, values[index] ?? Number.NaN]));
}
