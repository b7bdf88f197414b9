import type { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import type { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import { AppServicePlan } from '@pulumi/azure-native/web/appServicePlan';
import { WebApp, type WebAppArgs } from '@pulumi/azure-native/web/webApp';
import { WebAppFtpAllowed } from '@pulumi/azure-native/web/webAppFtpAllowed';
import { WebAppScmAllowed } from '@pulumi/azure-native/web/webAppScmAllowed';
import * as pulumi from '@pulumi/pulumi';
import type { ApplicationInsights } from './applicationInsights';
import type { FunctionAppName } from './bundle';
import { dataAccess } from './commonDefaults';
import { nameFromId } from './component';
import { blobServiceOf, diagnose } from './diagnostics';
import type { Encryption } from './encryption';
import { deployerGrants, hostGrants } from './functionAppAccess';
import { deliverPackage } from './functionAppPackage';
import { type AppSettings, hostSettings, nameValuePairs } from './functionAppSettings';
import type { AppIdentity, Identity } from './identity';
import { privateEndpoint } from './privateEndpoints';
import { propagated } from './propagation';
import { goesWith } from './protection';
import type { Site } from './site';
import { container, hostAccount } from './storage';

/** One function app on the Flex Consumption plan. */
export interface FunctionAppSettings {
  /**
   * Front of the logical names of its children, as in `normalize`: `normalize-plan`, `normalize-app`, `normalize-storage`,
   * `normalize-deployments`, `normalize-package`.
   */
  readonly child: string;
  /** Physical names given by the user; computed by default. */
  readonly names?: { readonly app?: pulumi.Input<string>; readonly storageAccount?: pulumi.Input<string> };
  /** Runs the app: reads its package, keeps the host's state, sends telemetry. */
  readonly identity: AppIdentity;
  /** What else its code asks tokens for. */
  readonly otherIdentities?: readonly Identity[];
  /** App settings beyond those of the host. */
  readonly settings: AppSettings;
  /** The code that ships with the library, and what lies beside it in the package as text, by path from its root. */
  readonly package: {
    readonly bundle: FunctionAppName;
    readonly texts: Readonly<Record<string, pulumi.Input<string>>>;
    /** Other files, by path from its root: where each lies, as the engine reads it. */
    readonly files?: Readonly<Record<string, string>>;
  };
  /** Names of its functions: each scales on instances of its own. */
  readonly functions: readonly string[];
  /** Instances of each function that always run; 0 for none. */
  readonly alwaysReadyInstances: number;
  /** Most instances; default one for each partition and function, and at least 40. */
  readonly maximumInstanceCount?: pulumi.Input<number>;
  /** Partitions of the event hub that it reads: more instances of a function than that have nothing to do. */
  readonly partitions: pulumi.Input<number>;
  /** Memory of an instance in megabytes: 512, 2048 or 4096. */
  readonly instanceMemoryMB: number;
  /** Version of Node.js, as in `22`. */
  readonly nodeVersion: string;
  /** ARM id of the subnet through which it reaches private endpoints, delegated to `Microsoft.App/environments`. */
  readonly subnetId?: pulumi.Input<string>;
  readonly applicationInsights?: ApplicationInsights;
  /** Of its storage account. */
  readonly encryption: Encryption;
  /** Where the package is written as a file when the deployer does not reach data planes. */
  readonly artefactsFolder: string;
}

/** A function app and what its component does next with it. */
export interface FunctionApp {
  readonly app: WebApp;
  readonly plan: AppServicePlan;
  readonly storage: StorageAccount;
  /** When these are there, the code runs. */
  readonly ready: pulumi.Resource[];
  /** What is left to do by hand, as sentences. */
  readonly manualSteps: pulumi.Output<string>[];
}

/**
 * A function app with a plan, a storage account and a package of its own; one app a plan is a rule of Flex Consumption.
 * Everything goes by identity: there is no account key, no connection string and no publishing password.
 *
 * @param opts what must be there before the app runs, as the roles of its functions
 */
export function functionApp(
  site: Site,
  settings: FunctionAppSettings,
  opts: { readonly dependsOn: readonly pulumi.Resource[] },
): FunctionApp {
  const { children, surroundings, grants } = site;
  const { child } = settings;
  const storage = hostStorage(site, settings);
  const deployments = deploymentContainer(site, settings, storage);
  const roles = grants.add(...hostGrants(settings, storage), ...deployerGrants(site.settings, child, storage));
  const gate = propagated(site, `${child}-role-propagation`, roles);

  const plan = flexPlan(site, settings);
  const args = appArgs(site, settings, plan, storage, deployments);
  const app = new WebApp(
    ...children.of(`${child}-app`, args, { dependsOn: [...opts.dependsOn, deployments, ...gate] }),
  );
  const credentials = noPublishingCredentials(site, child, app);
  const target = { app, storage, deployments };
  const { made, manualSteps } = deliverPackage(site, settings, target, [...gate, ...credentials]);

  privateEndpoint(children, site.names, surroundings, `${child}-storage`, storage.id, privateLink(site), 'app-storage');
  privateEndpoint(children, site.names, surroundings, `${child}-app`, app.id, privateLink(site), 'function-app');
  diagnose(children, `${child}-app`, app.id, site.settings.diagnosticSettings);
  diagnose(children, `${child}-storage-blobs`, blobServiceOf(storage.id), site.settings.diagnosticSettings);
  return { app, plan, storage, ready: [app, ...made], manualSteps };
}

const privateLink = ({ settings }: Site) => settings.privateEndpoints;

function hostStorage(site: Site, { child, names: given, encryption }: FunctionAppSettings): StorageAccount {
  const { children, names, surroundings, settings } = site;
  const { privateEndpoints, publicNetworkAccess, deployerReach, deployerIpAddresses } = settings;
  const forDeployer =
    privateEndpoints !== undefined && publicNetworkAccess === undefined && deployerReach === 'ipAllowList';
  return hostAccount(
    children,
    surroundings,
    `${child}-storage`,
    {
      name: names.of('storageAccount', given?.storageAccount, child),
      replication: 'Standard_ZRS',
      ...(forDeployer
        ? { publicNetworkAccess: 'Enabled', allowedAddresses: deployerIpAddresses }
        : { publicNetworkAccess: dataAccess(settings) }),
      key: encryption.key,
    },
    { dependsOn: encryption.ready },
  );
}

/** Where the package lies: what is deployed, and what the platform keeps of it. */
const deploymentsName = 'deployments';

function deploymentContainer(site: Site, { child }: FunctionAppSettings, storage: StorageAccount): BlobContainer {
  const { resourceGroupName } = site.surroundings;
  const opts = goesWith(storage);
  return container(site.children, resourceGroupName, storage, deploymentsName, opts, `${child}-deployments`);
}

function flexPlan({ children, names, surroundings }: Site, { child }: FunctionAppSettings): AppServicePlan {
  const { resourceGroupName, location, tags } = surroundings;
  return new AppServicePlan(
    ...children.of(`${child}-plan`, {
      resourceGroupName,
      name: names.of('appServicePlan', undefined, child),
      location,
      tags,
      kind: 'functionapp',
      // Linux, which Azure calls reserved.
      reserved: true,
      sku: { name: 'FC1', tier: 'FlexConsumption' },
    }),
  );
}

/**
 * What Flex Consumption refuses is not set: `FUNCTIONS_WORKER_RUNTIME`, `FUNCTIONS_EXTENSION_VERSION`,
 * `WEBSITE_RUN_FROM_PACKAGE`, `linuxFxVersion`, `alwaysOn` ("Flex Consumption plan: deprecated properties and settings").
 */
function appArgs(
  { names, surroundings, settings: common }: Site,
  settings: FunctionAppSettings,
  plan: AppServicePlan,
  storage: StorageAccount,
  deployments: BlobContainer,
): WebAppArgs {
  const { resourceGroupName, location, tags } = surroundings;
  const { identity, otherIdentities = [] } = settings;
  const blobEndpoint = storage.primaryEndpoints.apply(({ blob }) => blob);
  const appSettings = { ...settings.settings, ...hostSettings(identity, blobEndpoint, settings.applicationInsights) };
  return {
    resourceGroupName,
    name: names.of('functionApp', settings.names?.app, settings.child),
    location,
    tags,
    kind: 'functionapp,linux',
    serverFarmId: plan.id,
    identity: {
      type: 'UserAssigned',
      userAssignedIdentities: [identity, ...otherIdentities].map(({ id }) => id),
    },
    keyVaultReferenceIdentity: identity.id,
    httpsOnly: true,
    publicNetworkAccess: dataAccess(common),
    ...(settings.subnetId !== undefined && { virtualNetworkSubnetId: settings.subnetId }),
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer',
          value: pulumi.interpolate`${blobEndpoint}${nameFromId(deployments.id)}`,
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id },
        },
      },
      runtime: { name: 'node', version: settings.nodeVersion },
      scaleAndConcurrency: scale(settings),
    },
    siteConfig: {
      appSettings: nameValuePairs(appSettings),
      ftpsState: 'Disabled',
      minTlsVersion: '1.2',
      scmMinTlsVersion: '1.2',
      http20Enabled: true,
    },
  };
}

/** Least and most instances of an app ("Flex Consumption plan: considerations"). */
const instances = { least: 40, most: 1000 };

function scale({ functions, alwaysReadyInstances, partitions, ...settings }: FunctionAppSettings) {
  const derived = pulumi
    .output(partitions)
    .apply((count) => Math.min(Math.max(instances.least, count * functions.length), instances.most));
  return {
    instanceMemoryMB: settings.instanceMemoryMB,
    maximumInstanceCount: settings.maximumInstanceCount ?? derived,
    alwaysReady:
      alwaysReadyInstances === 0
        ? []
        : functions.map((name) => ({ name: `function:${name}`, instanceCount: alwaysReadyInstances })),
  };
}

/** No user name and password for deployments: neither FTP nor the deployment site takes any. */
function noPublishingCredentials({ children, surroundings }: Site, child: string, app: WebApp): pulumi.Resource[] {
  const args = { resourceGroupName: surroundings.resourceGroupName, name: nameFromId(app.id), allow: false };
  return [
    new WebAppScmAllowed(...children.of(`${child}-no-deployment-password`, args, goesWith(app))),
    new WebAppFtpAllowed(...children.of(`${child}-no-ftp-password`, args, goesWith(app))),
  ];
}
