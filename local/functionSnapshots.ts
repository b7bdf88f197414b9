import type { LocalCloud } from './cloud';
import type { JobHealth } from './databricks/health';
import type { AppHealth, FunctionHealth } from './functions/health';
import type { FunctionSnapshot } from './livePage/snapshot';
import type { StepId } from './livePage/steps';

/** All functions of all apps, and Databricks jobs beside them. */
export function functionSnapshots({ functionApps, databricks }: LocalCloud): FunctionSnapshot[] {
  const functions = functionApps
    .health()
    .flatMap((app) =>
      app.functions.length > 0 ? app.functions.map((one) => functionOf(app, one)) : [appWithout(app)],
    );
  return [...functions, ...databricks.health().map(jobOf)];
}

/** The steps that wait when a function does not get on. */
const stepsOf: Readonly<Record<string, readonly StepId[]>> = {
  writeObservations: ['5c'],
  mlInput: ['7', '8'],
  score: ['10'],
  mlOutputFhir: ['13a', '13b'],
  mlOutputRepository: ['14'],
};

/** Why steps do not get on, by step; undefined where they do. */
export function heldSteps(functions: readonly FunctionSnapshot[]): ReadonlyMap<StepId, string | undefined> {
  const held = new Map<StepId, string | undefined>();
  for (const { name, state, reason } of functions) {
    for (const step of stepsOf[name] ?? []) {
      if (state === 'held') held.set(step, reason ?? `${name} does not run`);
      else if (!held.has(step)) held.set(step, undefined);
    }
  }
  return held;
}

/** Events that these functions have not read: of the one that is the furthest behind. */
export function waitingFor(cloud: LocalCloud, isMeant: (one: FunctionSnapshot) => boolean): number {
  return Math.max(
    0,
    ...functionSnapshots(cloud)
      .filter(isMeant)
      .map(({ waiting }) => waiting),
  );
}

const shown = { running: 'healthy', starting: 'starting', waiting: 'held', failed: 'held', stopped: 'held' } as const;

function functionOf(app: AppHealth, one: FunctionHealth): FunctionSnapshot {
  const { name, state, reason, held, invocations, lag = [] } = one;
  const waiting = lag.reduce((sum, events) => sum + events, 0);
  if (held !== undefined && state === 'running') {
    const why = `tries again, since it was answered with ${held}`;
    return { name, app: app.name, state: 'held', invocations, waiting, reason: why };
  }
  return { name, app: app.name, state: shown[state], invocations, waiting, reason };
}

/** What a Databricks job is shown as. */
export const jobApp = 'Databricks job';

/** A Databricks job beside the functions: its micro-batches are its invocations. */
function jobOf({ name, state, reason, lag = [], progress }: JobHealth): FunctionSnapshot {
  const isStarting = state === 'settingUp' || (state === 'waiting' && reason === undefined);
  const jobShown = state === 'running' ? 'healthy' : isStarting ? 'starting' : 'held';
  const waiting = lag.reduce((sum, events) => sum + events, 0);
  const invocations = (progress?.batchId ?? -1) + 1;
  return { name, app: jobApp, state: jobShown, invocations, waiting, reason };
}

/** An app whose functions are not known, since its package is not there or does not load. */
function appWithout({ name, state, reason }: AppHealth): FunctionSnapshot {
  const isStarting = state === 'starting' || state === 'noPackage';
  return { name, app: 'function app', state: isStarting ? 'starting' : 'held', invocations: 0, waiting: 0, reason };
}
