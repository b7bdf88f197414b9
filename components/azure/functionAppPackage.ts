import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import type { WebApp } from '@pulumi/azure-native/web/webApp';
import * as pulumi from '@pulumi/pulumi';
import { labelled } from '../dataPlane/labelledText';
import { FunctionPackage } from '../dataPlane/resources';
import { zipOf } from '../dataPlane/zip';
import { bundleFile, readBundle } from './bundle';
import { clouds } from './clouds';
import { nameFromId } from './component';
import type { FunctionAppSettings } from './functionApp';
import { goesWith } from './protection';
import type { Site } from './site';

/** A role on its way and an app that starts for the first time both take minutes. */
const limitSeconds = 900;

/** Where a package goes. */
export interface PackageTarget {
  readonly app: WebApp;
  readonly storage: StorageAccount;
  readonly deployments: BlobContainer;
}

/**
 * Deploys the package with the deployer's token, or writes it as a file with a sentence that says what to do with it.
 *
 * Pulumi sees the package's members, not the zip: a preview shows another bundle as one line and another mapping line by
 * line. (The engine leaves the contents of text assets out of what it shows, so texts are plain properties.)
 */
export function deliverPackage(
  site: Site,
  settings: FunctionAppSettings,
  target: PackageTarget,
  dependsOn: pulumi.Resource[],
): { made: pulumi.Resource[]; manualSteps: pulumi.Output<string>[] } {
  if (site.settings.deployerReach === 'none') {
    return { made: [], manualSteps: [writtenPackage(settings, target)] };
  }
  const { resourceManager, authorityHost, tokenScopes } = clouds[site.settings.cloud];
  const { app, storage, deployments } = target;
  const bundle = bundleFile(settings.package.bundle);
  const props = {
    siteId: app.id,
    blobEndpoint: storage.primaryEndpoints.apply(({ blob }) => blob),
    container: nameFromId(deployments.id),
    program: new pulumi.asset.AssetArchive({
      [programName]: new pulumi.asset.FileAsset(bundle),
      ...otherFiles(settings),
    }),
    texts: labelledTexts(settings),
    tenantId: site.surroundings.tenantId,
    authorityHost,
    storageScope: tokenScopes.storage,
    resourceManager,
    resourceManagerScope: tokenScopes.resourceManager,
    limitSeconds,
  };
  const opts = { ...site.dataPlane, ...goesWith(app), replaceWith: [app], dependsOn: [deployments, ...dependsOn] };
  return {
    made: [new FunctionPackage(...site.children.of(`${settings.child}-package`, props, opts))],
    manualSteps: [],
  };
}

function otherFiles({ package: { files = {} } }: FunctionAppSettings): pulumi.asset.AssetMap {
  return Object.fromEntries(Object.entries(files).map(([name, path]) => [name, new pulumi.asset.FileAsset(path)]));
}

function labelledTexts({ package: { texts } }: FunctionAppSettings): Record<string, pulumi.Output<string>> {
  const entries = Object.entries(texts).map(
    ([name, text]) => [name, pulumi.output(text).apply((known) => labelled(name, known))] as const,
  );
  return Object.fromEntries(entries);
}

/** Where Functions looks for the program ("main" of package.json). */
const programName = 'main.js';

/** Only a deployment writes the file: a preview leaves no trace. */
function writtenPackage(settings: FunctionAppSettings, { app }: PackageTarget): pulumi.Output<string> {
  const { child, artefactsFolder, package: source } = settings;
  const file = join(artefactsFolder, `${child}.zip`);
  const written = pulumi.output(source.texts).apply(async (texts) => {
    const program = readBundle(source.bundle);
    if (pulumi.runtime.isDryRun()) return;
    mkdirSync(artefactsFolder, { recursive: true });
    const others = Object.entries(source.files ?? {}).map(([name, path]) => [name, readFileSync(path)] as const);
    writeFileSync(file, await zipOf({ ...texts, ...Object.fromEntries(others), [programName]: program }));
  });
  const place = pulumi.all([app.id, written]).apply(([id]) => `${id}`);
  return pulumi.interpolate`Deploy ${file} to ${place}: az functionapp deployment source config-zip --ids ${place} --src ${file}, with the role Website Contributor.`;
}
