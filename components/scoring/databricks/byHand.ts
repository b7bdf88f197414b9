import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { containerFileUrl } from '../../azure/lake';
import type { JsonValue } from '../../azure/merge';
import type { AppParts } from '../apps';
import type { ScoringSite } from '../site';
import { catalogNames, volumeName, volumePathOf } from './catalog';
import type { CompleteDatabricks } from './defaults';
import { type JobDefinition, jobDefinition } from './job';
import type { DatabricksPlace } from './workspace';

const jobFile = 'databricks-job.json';

/** What an administrator of the workspace makes, in its order, with the job as the Jobs API takes it in a file. */
export function byHand(
  site: ScoringSite,
  databricks: CompleteDatabricks,
  parts: AppParts,
  { accessConnector, identity }: DatabricksPlace,
  url: pulumi.Output<string>,
): pulumi.Output<string>[] {
  const names = catalogNames(site, databricks);
  const { account } = parts.scopes.lake;
  const volumePath = volumePathOf(names);
  const definition = jobDefinition(site, databricks, parts, { serviceCredential: names.serviceCredential, volumePath });
  const tables = containerFileUrl(account, 'databricks');
  const file = join(site.settings.artefactsFolder, jobFile);
  const written = writtenJob(site.settings.artefactsFolder, file, definition);
  return [
    pulumi.interpolate`In ${url}, make the storage credential ${names.storageCredential} and the service credential ${names.serviceCredential}, both of the access connector ${accessConnector.id} with the managed identity ${identity.id}.`,
    pulumi.interpolate`Make the external location ${names.tablesLocation} at ${tables} and, read only, ${names.baselinesLocation} at ${containerFileUrl(account, 'baselines')}, both with the credential ${names.storageCredential}.`,
    pulumi.interpolate`Make the schema ${names.catalog}.${names.schema} and in it the external volume ${volumeName} at ${tables}/${volumeName}.`,
    ...definition.files.map(({ file: { source }, path }) => pulumi.interpolate`Upload ${source} to ${path}.`),
    written.apply((path) => `Make the job of ${path}: databricks jobs create --json @${path}.`),
  ];
}

/** Only a deployment writes the file: a preview leaves no trace. */
function writtenJob(folder: string, file: string, { args }: JobDefinition): pulumi.Output<string> {
  const { controlRunState: _, ...job } = args;
  return pulumi.output(job).apply((known) => {
    if (pulumi.runtime.isDryRun()) return file;
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${JSON.stringify(asJobsApi(known), undefined, 2)}\n`);
    return file;
  });
}

/** Maps whose keys are the user's own words. */
const ownWords = new Set(['namedParameters', 'sparkConf', 'customTags']);

/** Names with underscores, as the Jobs API has them. */
function asJobsApi(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(asJobsApi);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Record<string, JsonValue>).map(([name, inner]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ownWords.has(name) ? inner : asJobsApi(inner),
  ]);
  return Object.fromEntries(entries);
}
