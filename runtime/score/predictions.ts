import type { Prediction, WindowResult } from '../contracts/scored';
import type { StepLog } from '../stream/stepLog';

/** A model beside NEWS2. */
export interface Model {
  readonly name: string;
  readonly version: string;
  readonly kind: Prediction['kind'];
  /** Whether it is worth asking; not while it has failed again and again. */
  readonly isAvailable: boolean;
  /**
   * Named numbers for each window, in their order; undefined where it does not answer for now. Never throws, and takes no
   * longer than a window that closes may wait.
   */
  ask(
    windows: readonly WindowResult[],
    log: StepLog,
  ): Promise<readonly (Readonly<Record<string, number>> | undefined)[]>;
}

/** What becomes of windows' predictions: done where the model has answered, pending where it has not; null without one. */
export async function predict(
  model: Model | undefined,
  windows: readonly WindowResult[],
  log: StepLog,
): Promise<ReadonlyMap<WindowResult, Prediction | null>> {
  if (model === undefined || windows.length === 0) return new Map();
  const answers = await model.ask(windows, log);
  return new Map(windows.map((window, index) => [window, predictionOf(model, answers[index])]));
}

export function predictionOf(
  { name, version, kind }: Model,
  values: Readonly<Record<string, number>> | undefined,
): Prediction {
  return { model: name, version, kind, state: values === undefined ? 'pending' : 'done', values: values ?? null };
}
