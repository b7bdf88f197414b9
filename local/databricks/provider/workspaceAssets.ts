import { createHash, randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Properties } from '../../contracts';
import type { Failure } from '../../controlPlane/kinds/kind';
import { isObject, isUnknownAt, textAt, valueAt, valuesAt } from '../../controlPlane/values';
import { type AssetKind, exactlyOne, type Surroundings } from './kind';
import type { ProgramFolders } from './programFolders';

const sdk = 'SDK @pulumi/databricks';

const file: AssetKind = {
  id: (inputs) => textAt(inputs, 'path'),
  immutable: ['path'],
  rules: [exactlyOne(['source', 'contentBase64'], sdk), inVolume, readableSource],
  computed: (inputs, _id, { programs }) => {
    const content = fileContent(inputs, programs);
    return { fileSize: content.length, modificationTime: new Date().toISOString() };
  },
};

/** `/Volumes/<catalog>/<schema>/<volume>/<path>`. */
export function volumeOf(path: string): string | undefined {
  const [, catalog, schema, volume] = /^\/Volumes\/([^/]+)\/([^/]+)\/([^/]+)\/[^/].*$/.exec(path) ?? [];
  return volume === undefined || path.split('/').includes('..') ? undefined : `${catalog}.${schema}.${volume}`;
}

function inVolume(inputs: Properties, around: Surroundings): Failure[] {
  const path = textAt(inputs, 'path');
  if (path === undefined) return [];
  const volume = volumeOf(path);
  if (volume === undefined)
    return [{ property: 'path', reason: `path is '${path}'; needed is /Volumes/<catalog>/<schema>/<volume>/<file>.` }];
  return around.exists('Volume', volume) ? [] : [{ property: 'path', reason: `there is no volume '${volume}'.` }];
}

function readableSource(inputs: Properties, { programs }: Surroundings): Failure[] {
  const source = textAt(inputs, 'source');
  if (source === undefined) return [];
  const file = programs.file(source);
  if (existsSync(file) && statSync(file).isFile()) return [];
  return [{ property: 'source', reason: `source is '${source}', which is not a file.` }];
}

export function fileContent(inputs: Properties, programs: ProgramFolders): Buffer {
  const source = textAt(inputs, 'source');
  if (source !== undefined) return readFileSync(programs.file(source));
  return Buffer.from(textAt(inputs, 'contentBase64') ?? '', 'base64');
}

/** By which the provider sees that a local file has changed; undefined while its content is unknown. */
export function fileMd5(inputs: Properties, programs: ProgramFolders): string | undefined {
  if (isUnknownAt(inputs, 'source') || isUnknownAt(inputs, 'contentBase64')) return undefined;
  const source = textAt(inputs, 'source');
  if (source !== undefined && !existsSync(programs.file(source))) return undefined;
  return createHash('md5').update(fileContent(inputs, programs)).digest('hex');
}

const clusterPolicy: AssetKind = {
  id: () => undefined,
  immutable: [],
  rules: [definition],
  computed: (_, id) => ({ policyId: id }),
  heldBy: ({ id }, around) => {
    const user = around.assets('Job').find(({ inputs }) => JSON.stringify(inputs).includes(`"policyId":"${id}"`));
    return user && `the job '${textAt(user.inputs, 'name')}' uses it.`;
  },
};

function definition(inputs: Properties): Failure[] {
  const text = textAt(inputs, 'definition');
  if (text === undefined) return [];
  try {
    if (isObject(JSON.parse(text))) return [];
  } catch {}
  return [{ property: 'definition', reason: 'definition is not a JSON object.' }];
}

const job: AssetKind = {
  id: () => undefined,
  immutable: [],
  rules: [hasTasks, wheelTasks, compute, clusters, continuous, knownPolicy],
  validations: [wheelsExist],
};

function hasTasks(inputs: Properties): Failure[] {
  if (isUnknownAt(inputs, 'tasks')) return [];
  const tasks = valuesAt(inputs, 'tasks[]');
  if (tasks.length === 0) return [{ property: 'tasks', reason: 'tasks is empty; a job needs at least one task.' }];
  const seen = new Set<unknown>();
  return valuesAt(inputs, 'tasks[].taskKey').flatMap(({ path, value }) => {
    const isNew = !seen.has(value);
    seen.add(value);
    if (isNew) return [];
    return [{ property: path, reason: `taskKey '${String(value)}' is given twice.` }];
  });
}

/** The local cloud runs wheels; other tasks are refused rather than silently left out. */
function wheelTasks(inputs: Properties): Failure[] {
  return valuesAt(inputs, 'tasks[]').flatMap(({ path, value }) => {
    const task = (value as Properties).pythonWheelTask;
    if (task === undefined)
      return [{ property: path, reason: 'pythonWheelTask is missing; the local cloud runs no other kind of task.' }];
    if (!isObject(task)) return [];
    const at = `${path}.pythonWheelTask`;
    const missing = ['packageName', 'entryPoint'].filter((name) => task[name] === undefined);
    const failures = missing.map((name) => ({
      property: `${at}.${name}`,
      reason: `${name} is missing; it is required.`,
    }));
    if (task.parameters !== undefined && task.namedParameters !== undefined)
      failures.push({
        property: `${at}.parameters`,
        reason: 'parameters and namedParameters are given; only one may be.',
      });
    return failures;
  });
}

const computes = ['newCluster', 'existingClusterId', 'jobClusterKey', 'environmentKey'];

function compute(inputs: Properties): Failure[] {
  return valuesAt(inputs, 'tasks[]').flatMap(({ path, value }) => {
    const task = value as Properties;
    const failures = exactlyOne(computes, 'Jobs API')(task, undefined as never).map(({ property, reason }) => ({
      property: `${path}.${property}`,
      reason,
    }));
    for (const [key, keys] of [
      ['jobClusterKey', 'jobClusters[].jobClusterKey'],
      ['environmentKey', 'environments[].environmentKey'],
    ] as const) {
      const name = task[key];
      if (typeof name !== 'string' || valuesAt(inputs, keys).some((known) => known.value === name)) continue;
      failures.push({
        property: `${path}.${key}`,
        reason: `${key} is '${name}', which ${keys.split('[')[0]} does not have.`,
      });
    }
    return failures;
  });
}

function clusters(inputs: Properties): Failure[] {
  const all = [...valuesAt(inputs, 'jobClusters[].newCluster'), ...valuesAt(inputs, 'tasks[].newCluster')];
  return all.flatMap(({ path, value }) => {
    const cluster = value as Properties;
    const failures: Failure[] = [];
    const needs = (property: string, reason: string) => failures.push({ property: `${path}.${property}`, reason });
    if (cluster.sparkVersion === undefined) needs('sparkVersion', 'sparkVersion is missing; it is required.');
    if (cluster.nodeTypeId === undefined && cluster.instancePoolId === undefined && cluster.policyId === undefined)
      needs('nodeTypeId', 'nodeTypeId is missing; it, instancePoolId or policyId is needed.');
    const isSized = ['numWorkers', 'autoscale', 'isSingleNode'].some((name) => cluster[name] !== undefined);
    if (!isSized) needs('numWorkers', 'numWorkers is missing; it, autoscale or isSingleNode is needed.');
    const mode = cluster.dataSecurityMode;
    const known = /^(NONE|SINGLE_USER|USER_ISOLATION|DATA_SECURITY_MODE_(AUTO|STANDARD|DEDICATED)|LEGACY_\w+)$/;
    if (typeof mode === 'string' && !known.test(mode))
      needs(
        'dataSecurityMode',
        `dataSecurityMode is '${mode}'; allowed are USER_ISOLATION, SINGLE_USER, NONE and others of the Clusters API.`,
      );
    return failures;
  });
}

/** Jobs API: a continuous job has neither schedule nor trigger, and one run at a time. */
function continuous(inputs: Properties): Failure[] {
  if (inputs.continuous === undefined) return [];
  const failures: Failure[] = ['schedule', 'trigger']
    .filter((name) => inputs[name] !== undefined)
    .map((property) => ({ property, reason: `${property} and continuous are given; only one may be.` }));
  const runs = valueAt(inputs, 'maxConcurrentRuns');
  if (typeof runs === 'number' && runs !== 1)
    failures.push({ property: 'maxConcurrentRuns', reason: `maxConcurrentRuns is ${runs}; a continuous job has 1.` });
  const status = textAt(inputs, 'continuous.pauseStatus');
  if (status !== undefined && !['PAUSED', 'UNPAUSED'].includes(status))
    failures.push({
      property: 'continuous.pauseStatus',
      reason: `pauseStatus is '${status}'; allowed are PAUSED, UNPAUSED.`,
    });
  return failures;
}

function knownPolicy(inputs: Properties, around: Surroundings): Failure[] {
  const all = [
    ...valuesAt(inputs, 'jobClusters[].newCluster.policyId'),
    ...valuesAt(inputs, 'tasks[].newCluster.policyId'),
  ];
  return all
    .filter(({ value }) => typeof value === 'string' && !around.exists('ClusterPolicy', value))
    .map(({ path, value }) => ({ property: path, reason: `there is no cluster policy '${String(value)}'.` }));
}

/** Paths of the wheels that a job's tasks are given, on classic compute and on serverless. */
export function wheelsOf(inputs: Properties): { path: string; wheel: string }[] {
  const all = [
    ...valuesAt(inputs, 'tasks[].libraries[].whl'),
    ...valuesAt(inputs, 'environments[].spec.dependencies[]'),
  ];
  return all.map(({ path, value }) => ({ path, wheel: String(value) }));
}

function wheelsExist(inputs: Properties, around: Surroundings): Failure[] {
  return wheelsOf(inputs)
    .filter(({ wheel }) => wheel.startsWith('/') && !around.exists('File', wheel))
    .map(({ path, wheel }) => ({ property: path, reason: `there is no file '${wheel}' in the workspace.` }));
}

/** Ids that Databricks makes at creation. */
export const newIds = {
  Job: () => String(randomInt(10 ** 13, 10 ** 14)),
  ClusterPolicy: () => randomBytes(8).toString('hex').toUpperCase(),
} as const;

export const workspaceAssets = { File: file, ClusterPolicy: clusterPolicy, Job: job } as const;
