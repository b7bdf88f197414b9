import { randomBytes } from 'node:crypto';
import type { Properties } from '../../contracts';
import { idKey } from '../armIds';
import { isUnknownAt, textAt, valueAt, valuesAt } from '../values';
import { type Failure, inGroup, type Kind, type NameRule, type Surroundings } from './kind';
import { attachedIdentity, identity, last, matches, needs, oneOf, range, refersTo, unique } from './rules';

const flex = 'Learn: Azure Functions Flex Consumption plan';
const flexTier = 'FC1';

export const appServicePlan: Kind = {
  kind: 'web:AppServicePlan',
  armType: 'Microsoft.Web/serverfarms',
  id: inGroup('Microsoft.Web/serverfarms/{name}'),
  name: naming(1, 60),
  immutable: ['reserved', 'sku.name'],
  rules: [needs('sku', 'Microsoft.Web: a plan has a SKU'), onlyFlex, linux],
  defaults: () => ({ zoneRedundant: false, perSiteScaling: false }),
  computed: () => ({ provisioningState: 'Succeeded', status: 'Ready', numberOfSites: 0, maximumNumberOfWorkers: 0 }),
};

/** The local cloud runs functions as Flex Consumption does, and no other plan. */
function onlyFlex(inputs: Properties): Failure[] {
  const sku = textAt(inputs, 'sku.name');
  if (sku === undefined || sku === flexTier) return [];
  return [
    { property: 'sku.name', reason: `sku is '${sku}'; the local cloud has only ${flexTier} (Flex Consumption).` },
  ];
}

function linux(inputs: Properties): Failure[] {
  if (textAt(inputs, 'sku.name') !== flexTier || isUnknownAt(inputs, 'reserved') || inputs.reserved === true) return [];
  return [{ property: 'reserved', reason: `reserved is not true; a ${flexTier} plan is Linux only (${flex}).` }];
}

/** Settings that Flex Consumption refuses (Learn: "Flex Consumption plan deprecations"). */
const refusedSettings =
  /^(FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_WORKER_RUNTIME_VERSION|FUNCTIONS_EXTENSION_VERSION|WEBSITE_RUN_FROM_PACKAGE|WEBSITE_CONTENT\w*|WEBSITE_VNET_ROUTE_ALL|WEBSITE_NODE_DEFAULT_VERSION|SCM_DO_BUILD_DURING_DEPLOYMENT|ENABLE_ORYX_BUILD)$/i;
const config = 'functionAppConfig';
const storage = `${config}.deployment.storage`;
const scale = `${config}.scaleAndConcurrency`;

export const webApp: Kind = {
  kind: 'web:WebApp',
  armType: 'Microsoft.Web/sites',
  id: inGroup('Microsoft.Web/sites/{name}'),
  name: naming(2, 60),
  isGlobalName: true,
  immutable: ['kind', 'serverFarmId', `${config}.runtime.name`],
  rules: [
    ...identity(),
    needs('serverFarmId', flex),
    refersTo('serverFarmId', 'Microsoft.Web/serverfarms'),
    matches('kind', /^functionapp,linux$/, 'functionapp,linux', 'the local cloud runs function apps only'),
    ...[config, `${config}.runtime`, `${config}.scaleAndConcurrency`, storage].map((path) => needs(path, flex)),
    oneOf(`${storage}.type`, ['blobContainer'], flex),
    matches(`${storage}.value`, /^https:\/\/[^/]+(\/[^/]+){1,2}$/, 'the URL of a blob container', flex),
    refersTo(
      `${storage}.authentication.userAssignedIdentityResourceId`,
      'Microsoft.ManagedIdentity/userAssignedIdentities',
    ),
    attachedIdentity(`${storage}.authentication.userAssignedIdentityResourceId`),
    oneOf(`${config}.runtime.name`, ['node'], 'the local cloud runs Node.js functions only'),
    oneOf(`${config}.runtime.version`, ['20', '22', '24'], 'Learn: Azure Functions runtime versions, Node.js'),
    oneOf(`${scale}.instanceMemoryMB`, [512, 2048, 4096], flex),
    range(`${scale}.maximumInstanceCount`, 40, 1000, flex),
    range(`${scale}.alwaysReady[].instanceCount`, 0, 1000, flex),
    matches(
      `${scale}.alwaysReady[].name`,
      /^(http|durable|blob|function:.+)$/,
      'http, durable, blob, function:<name>',
      flex,
    ),
    unique(`${scale}.alwaysReady[].name`, flex),
    range(`${scale}.triggers.http.perInstanceConcurrency`, 1, 1000, flex),
    oneOf('siteConfig.minTlsVersion', ['1.0', '1.1', '1.2', '1.3'], 'ARM types'),
    oneOf('clientCertEnabled', ['false'], "the local cloud's front end asks nobody for a certificate"),
    refersTo('virtualNetworkSubnetId', 'Microsoft.Network/virtualNetworks/subnets'),
    onePlanEach,
    settings,
    delegatedSubnet,
  ],
  defaults: () => ({ enabled: true, httpsOnly: false, publicNetworkAccess: 'Enabled', clientAffinityEnabled: false }),
  computed: ({ inputs }) => {
    const host = `${String(inputs.name)}.azurewebsites.net`;
    return {
      ...{ defaultHostName: host, hostNames: [host], enabledHostNames: [host], repositorySiteName: inputs.name },
      ...{ state: 'Running', availabilityState: 'Normal', usageState: 'Normal' },
      customDomainVerificationId: randomBytes(32).toString('hex').toUpperCase(),
    };
  },
};

/** Learn: "each app runs in a Flex Consumption plan of its own". */
function onePlanEach(inputs: Properties, around: Surroundings): Failure[] {
  const plan = textAt(inputs, 'serverFarmId');
  if (!plan || !around.id) return [];
  const other = around.resources
    .list(webApp.kind)
    .find(
      ({ id, inputs: its }) => idKey(id) !== idKey(around.id ?? '') && idKey(String(its.serverFarmId)) === idKey(plan),
    );
  if (!other) return [];
  const reason = `the plan '${plan}' already holds '${other.id}'; a Flex Consumption plan holds one app (${flex}).`;
  return [{ property: 'serverFarmId', reason }];
}

function settings(inputs: Properties): Failure[] {
  const refused = valuesAt(inputs, 'siteConfig.appSettings[].name')
    .filter(({ value }) => refusedSettings.test(String(value)))
    .map(({ path, value }) => ({
      property: path,
      reason: `the app setting '${String(value)}' is not allowed on Flex Consumption; leave it out (${flex}: deprecated properties and settings).`,
    }));
  const deprecated = ['linuxFxVersion', 'windowsFxVersion', 'nodeVersion', 'alwaysOn', 'functionAppScaleLimit']
    .map((name) => `siteConfig.${name}`)
    .filter((path) => ![undefined, false].includes(valueAt(inputs, path) as undefined))
    .map((path) => ({
      property: path,
      reason: `${last(path)} is not allowed on Flex Consumption; functionAppConfig says it (${flex}: deprecated properties and settings).`,
    }));
  const twice = unique('siteConfig.appSettings[].name', 'Microsoft.Web')(inputs, {} as Surroundings);
  return [...refused, ...deprecated, ...twice];
}

/** Learn: "Flex Consumption: virtual network integration": a delegated subnet, whose name has no underscore. */
function delegatedSubnet(inputs: Properties, { resources }: Surroundings): Failure[] {
  const id = textAt(inputs, 'virtualNetworkSubnetId');
  const subnet = id === undefined ? undefined : resources.get(id);
  if (!id || !subnet) return [];
  const property = 'virtualNetworkSubnetId';
  if (id.slice(id.lastIndexOf('/')).includes('_')) {
    return [
      {
        property,
        reason: `the subnet '${id}' has an underscore in its name, which Flex Consumption refuses (${flex}).`,
      },
    ];
  }
  const delegations = valuesAt(subnet.inputs, 'delegations[].serviceName').map(({ value }) => String(value));
  if (delegations.some((name) => name.toLowerCase() === 'microsoft.app/environments')) return [];
  return [{ property, reason: `the subnet '${id}' is not delegated to Microsoft.App/environments (${flex}).` }];
}

/** Who may publish with user name and password: kept with the site from its creation on. */
function publishing(policy: 'scm' | 'ftp', kind: string): Kind {
  return {
    kind,
    armType: 'Microsoft.Web/sites/basicPublishingCredentialsPolicies',
    id: inGroup(`Microsoft.Web/sites/{name}/basicPublishingCredentialsPolicies/${policy}`),
    comesWithParent: true,
    computed: () => ({ name: policy }),
  };
}

export const scmAllowed = publishing('scm', 'web:WebAppScmAllowed');
export const ftpAllowed = publishing('ftp', 'web:WebAppFtpAllowed');

/** Learn: "Naming rules and restrictions for Azure resources", Microsoft.Web. */
function naming(min: number, max: number): NameRule {
  return {
    min,
    max,
    pattern: /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
    allowed: 'letters, digits and hyphens, starting and ending with a letter or digit',
  };
}
