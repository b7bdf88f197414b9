import type { Job, JobArgs } from '@pulumi/databricks/job';
import * as pulumi from '@pulumi/pulumi';
import { nameFromId } from '../../azure/component';
import { containerFileUrl } from '../../azure/lake';
import type { AppParts } from '../apps';
import { kernelSettingsOf } from '../kernelSettings';
import type { ScoringSite } from '../site';
import { enrichedHub, scoredHub } from '../stream';
import type { InWorkspace, JobCatalog } from './catalog';
import type { CompleteDatabricks } from './defaults';
import { databricksModule } from './sdk';
import { type JobFile, jobFiles } from './wheels';

/** Of the wheel: its package, and the function in it that is called. */
const program = { packageName: 'iomt_scoring', entryPoint: 'main' } as const;

/** Of the Kafka endpoint of Event Hubs ("Use Azure Event Hubs from Apache Kafka applications"). */
const kafkaPort = 9093;

/** The job as it is to be, and the files that it needs in the volume, each with its path there. */
export interface JobDefinition {
  readonly args: JobArgs;
  readonly files: readonly { readonly file: JobFile; readonly path: pulumi.Output<string> }[];
}

export function jobDefinition(
  site: ScoringSite,
  databricks: CompleteDatabricks,
  parts: AppParts,
  catalog: JobCatalog,
): JobDefinition {
  const files = jobFiles(databricks, site.settings.onnxModel?.file).map((file) => ({
    file,
    path: pulumi.interpolate`${catalog.volumePath}/${file.name}`,
  }));
  const wheels = files.filter(({ file }) => file.isWheel).map(({ path }) => path);
  const model = files.find(({ file }) => !file.isWheel);
  const parameters = jobParameters(site, databricks, parts, catalog, model?.path);
  return { args: jobArgs(site, databricks, wheels, parameters), files };
}

/** Makes the job. Another wheel, another model and other parameters restart it. */
export function scoringJob(
  { site, opts }: InWorkspace,
  { args, files }: JobDefinition,
  ready: readonly pulumi.Resource[],
): Job {
  const { File } = databricksModule('file');
  const made = files.map(
    ({ file: { child, source }, path }) =>
      new File(...site.children.of(child, { path, source }, { ...opts, dependsOn: [...ready] })),
  );
  const { Job: JobResource } = databricksModule('job');
  return new JobResource(...site.children.of('job', args, { ...opts, dependsOn: [...ready, ...made] }));
}

function jobArgs(
  site: ScoringSite,
  databricks: CompleteDatabricks,
  wheels: readonly pulumi.Output<string>[],
  namedParameters: Record<string, pulumi.Input<string>>,
): JobArgs {
  const { runAsApplicationId, alertEmails, serverless } = databricks;
  const task = { taskKey: 'score', pythonWheelTask: { ...program, namedParameters } };
  const compute: Partial<JobArgs> = serverless
    ? {
        environments: [{ environmentKey: 'default', spec: { environmentVersion: '3', dependencies: [...wheels] } }],
        tasks: [{ ...task, environmentKey: 'default' }],
      }
    : {
        jobClusters: [{ jobClusterKey: 'score', newCluster: clusterArgs(site.surroundings.tags, databricks) }],
        tasks: [{ ...task, jobClusterKey: 'score', libraries: wheels.map((whl) => ({ whl })) }],
      };
  return {
    name: site.names.of('unityCatalogObject', undefined, 'scoring'),
    description: 'Steps 10 and 11: scores windows of enriched measurements. Made by pulumi-azure-iomt.',
    ...compute,
    continuous: { pauseStatus: 'UNPAUSED', taskRetryMode: 'ON_FAILURE' },
    // Whatever changes, the run that goes on is ended and begun anew.
    controlRunState: true,
    maxConcurrentRuns: 1,
    health: { rules: [{ metric: 'STREAMING_BACKLOG_SECONDS', op: 'GREATER_THAN', value: 300 }] },
    ...(runAsApplicationId !== undefined && { runAs: { servicePrincipalName: runAsApplicationId } }),
    ...(alertEmails.length > 0 && {
      emailNotifications: { onFailures: alertEmails, onStreamingBacklogExceededs: alertEmails },
    }),
  };
}

/**
 * A cluster for this job alone, of fixed size: a stream's load does not come and go, and a cluster that shrinks moves state.
 * Without Photon, which neither the kernel nor the slots would use.
 */
function clusterArgs(tags: Record<string, pulumi.Input<string>>, databricks: CompleteDatabricks) {
  const { sparkVersion, nodeTypeId, workers } = databricks;
  const single = {
    sparkConf: { 'spark.databricks.cluster.profile': 'singleNode', 'spark.master': 'local[*, 4]' },
    customTags: { ...tags, ResourceClass: 'SingleNode' },
  };
  return {
    sparkVersion,
    nodeTypeId,
    numWorkers: workers,
    runtimeEngine: 'STANDARD',
    dataSecurityMode: 'SINGLE_USER',
    enableElasticDisk: true,
    azureAttributes: { availability: 'ON_DEMAND_AZURE', firstOnDemand: 1 },
    ...(workers === 0 ? single : { customTags: tags }),
  };
}

/** As iomt_scoring/parameters.py reads them. */
function jobParameters(
  { settings }: ScoringSite,
  databricks: CompleteDatabricks,
  { scopes: { stream, lake } }: AppParts,
  catalog: JobCatalog,
  modelPath: pulumi.Output<string> | undefined,
): Record<string, pulumi.Input<string>> {
  const text = (count: pulumi.Input<number>) => pulumi.output(count).apply(String);
  const { triggerSeconds, generation, kernelHost, retentionDays, serverless } = databricks;
  const { onnxModel } = settings;
  return {
    'bootstrap-servers': pulumi.interpolate`${stream.namespaceHost}:${kafkaPort}`,
    'service-credential': catalog.serviceCredential,
    enriched: enrichedHub,
    scored: scoredHub,
    'enriched-partitions': text(stream.enrichedPartitions),
    'scored-partitions': text(stream.scoredPartitions),
    lake: pulumi.interpolate`${containerFileUrl(lake.account, 'databricks')}/scoring`,
    baselines: containerFileUrl(lake.account, nameFromId(lake.baselines.id)),
    'kernel-settings': JSON.stringify(kernelSettingsOf(settings)),
    // 0: what is there is scored, and the run ends.
    'trigger-seconds': String(serverless ? 0 : triggerSeconds),
    generation: String(generation),
    'kernel-host': kernelHost,
    'retention-days': String(retentionDays),
    ...(modelPath &&
      onnxModel && {
        model: modelPath.apply((path) =>
          JSON.stringify({ kind: 'onnx', path, name: onnxModel.name, version: onnxModel.version }),
        ),
      }),
  };
}
