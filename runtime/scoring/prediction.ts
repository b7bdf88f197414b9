import type { Prediction, WindowResult } from '../contracts/scored';
import { featuresOf } from './features';
import type { Model } from './model';

/**
 * What a bundled model says of a window; null without one.
 *
 * @throws Error naming the model, when it fails or says something that is no number
 */
export function predictionOf(model: Model | null, result: Omit<WindowResult, 'prediction'>): Prediction | null {
  if (model === null) return null;
  const { name, version } = model;
  let values: Readonly<Record<string, number>>;
  try {
    values = model.predict(featuresOf(result));
  } catch (error) {
    throw new Error(`The model ${name} ${version} failed: ${(error as Error).message}`);
  }
  const wrong = Object.keys(values).filter((one) => !Number.isFinite(values[one]));
  if (wrong.length > 0) throw new Error(`The model ${name} ${version} gave no finite number for ${wrong.join(', ')}.`);
  return { model: name, version, kind: 'module', state: 'done', values };
}
