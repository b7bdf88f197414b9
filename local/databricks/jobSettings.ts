import type { Properties } from '../contracts';
import { isObject, textAt, valuesAt } from '../controlPlane/values';
import type { Asset } from './provider/assets';
import { wheelsOf } from './provider/workspaceAssets';

/** What a job's resource says about how it runs here. */
export interface JobSettings {
  readonly workspaceId: string;
  readonly id: string;
  readonly name: string;
  readonly packageName: string;
  readonly entryPoint: string;
  readonly namedParameters: Readonly<Record<string, string>>;
  readonly parameters: readonly string[];
  /** Paths of wheels in volumes. */
  readonly wheels: readonly string[];
  /** Spark settings of its cluster, over the local ones. */
  readonly sparkConf: Readonly<Record<string, string>>;
  readonly isPaused: boolean;
}

/** Undefined for a job that nothing starts: only continuous jobs come alive. */
export function jobSettings({ workspaceId, id, inputs }: Asset): JobSettings | undefined {
  const task = valuesAt(inputs, 'tasks[].pythonWheelTask')[0]?.value;
  if (!isObject(inputs.continuous) || !isObject(task)) return undefined;
  const clusters = [...valuesAt(inputs, 'jobClusters[].newCluster'), ...valuesAt(inputs, 'tasks[].newCluster')];
  return {
    workspaceId,
    id,
    name: textAt(inputs, 'name') ?? id,
    packageName: String(task.packageName),
    entryPoint: String(task.entryPoint),
    namedParameters: texts(task.namedParameters),
    parameters: valuesAt(task, 'parameters[]').map(({ value }) => String(value)),
    wheels: wheelsOf(inputs).map(({ wheel }) => wheel),
    sparkConf: Object.assign({}, ...clusters.map(({ value }) => texts((value as Properties).sparkConf))),
    isPaused: textAt(inputs, 'continuous.pauseStatus') === 'PAUSED',
  };
}

function texts(value: unknown): Record<string, string> {
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, v]) => [name, String(v)])) : {};
}
