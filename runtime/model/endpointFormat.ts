import type { WindowResult } from '../contracts/scored';
import { featureNames, featuresOf } from '../scoring/features';
import type { EndpointFormat } from './modelSettings';

export type Values = Readonly<Record<string, number>>;

/** The body of a request; what is not known is null. */
export function requestBody(format: EndpointFormat, windows: readonly WindowResult[]): string {
  const features = windows.map(featuresOf);
  if (format === 'features') return JSON.stringify({ windows: features });
  const data = features.map((one) => Object.values(one));
  return JSON.stringify({ input_data: { columns: featureNames, index: data.map((_, index) => index), data } });
}

/**
 * One set of named numbers for each window.
 * @throws Error when the endpoint said something else; without what it said
 */
export function answersOf(format: EndpointFormat, body: unknown, count: number): readonly Values[] {
  const list = format === 'features' ? (body as { predictions?: unknown } | null)?.predictions : body;
  if (!Array.isArray(list) || list.length !== count) {
    throw new Error(`The endpoint did not answer with ${count} predictions.`);
  }
  return list.map((one: unknown) => valuesOf(one));
}

function valuesOf(answer: unknown): Values {
  const values = typeof answer === 'number' ? { score: answer } : answer;
  const isNamed = typeof values === 'object' && values !== null && !Array.isArray(values);
  const entries = isNamed ? Object.entries(values) : [];
  if (entries.length === 0 || !entries.every(([, value]) => typeof value === 'number' && Number.isFinite(value))) {
    throw new Error('The endpoint answered with a prediction that is not made of named numbers.');
  }
  return Object.fromEntries(entries) as Values;
}
