import type { Properties } from '../../contracts';
import { idKey, nameOf, parentId } from '../armIds';
import { isObject, isUnknownAt, textAt, valueAt } from '../values';
import { type Failure, inGroup, type Kind, type NameRule, type Surroundings } from './kind';
import { scoringAddress } from './machineLearning';
import { shapedBy } from './machineLearningShapes';
import { atMost, attachedIdentity, identity, matches, needs, oneOf, range, refersTo } from './rules';

const quotas = 'Learn: Manage and increase quotas, Azure Machine Learning online endpoints';
const authentication = 'Learn: Authentication for managed online endpoints';
const endpointId = 'Microsoft.MachineLearningServices/workspaces/{workspaceName}/onlineEndpoints/{endpointName}';
const mostDeployments = 20;

const naming: NameRule = {
  min: 3,
  max: 32,
  pattern: /^[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
  allowed: 'letters, digits and hyphens, starting with a letter, ending with a letter or digit',
};

export const onlineEndpoint: Kind = {
  kind: 'machinelearningservices:OnlineEndpoint',
  armType: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints',
  id: inGroup(endpointId),
  name: naming,
  // Learn: "the endpoint identity is immutable"; how calls are authenticated is chosen with the endpoint.
  immutable: ['kind', 'identity', 'properties.authMode', 'properties.compute'],
  rules: [
    ...identity(),
    needs('identity', 'Learn: an endpoint runs as an identity of its own'),
    oneOf('kind', ['Managed', 'Kubernetes'], 'Learn: Online endpoints'),
    computeByKind,
    refersTo('properties.compute', 'Microsoft.MachineLearningServices/workspaces/computes'),
    entraForManagedOnly,
    uniqueInRegion,
    traffic,
  ],
  defaults: () => ({ kind: 'Managed', properties: { publicNetworkAccess: 'Enabled', traffic: {}, mirrorTraffic: {} } }),
  computed: ({ id, inputs }) => {
    const scoringUri = scoringAddress(nameOf(id), inputs.location, !isKubernetes(inputs));
    const swaggerUri = scoringUri.replace(/\/score$/, '/swagger.json');
    // Azure never answers the keys.
    return { properties: { scoringUri, swaggerUri, provisioningState: 'Succeeded', keys: undefined } };
  },
};

export function isKubernetes(inputs: Properties): boolean {
  return textAt(inputs, 'kind') === 'Kubernetes' || valueAt(inputs, 'properties.compute') !== undefined;
}

function computeByKind(inputs: Properties, around: Surroundings): readonly Failure[] {
  const property = 'properties.compute';
  const compute = textAt(inputs, property);
  if (textAt(inputs, 'kind') === 'Kubernetes') {
    const workspace = around.id && parentId(around.id);
    if (compute !== undefined && workspace && idKey(parentId(compute) ?? '') !== idKey(workspace))
      return [{ property, reason: `'${compute}' is not a compute of the endpoint's workspace, '${workspace}'.` }];
    return needs(property, 'Learn: a Kubernetes endpoint runs on an attached compute')(inputs, around);
  }
  if (compute === undefined || isUnknownAt(inputs, 'kind')) return [];
  return [{ property, reason: "compute is given, but kind is not 'Kubernetes'; a managed endpoint has none." }];
}

/** Learn: "Entra ID authentication (aad_token) is supported for managed online endpoints only". */
function entraForManagedOnly(inputs: Properties): Failure[] {
  if (!isKubernetes(inputs) || textAt(inputs, 'properties.authMode') !== 'AADToken') return [];
  const reason = `authMode is 'AADToken', which a Kubernetes endpoint does not take; allowed are Key, AMLToken (${authentication}).`;
  return [{ property: 'properties.authMode', reason }];
}

function uniqueInRegion(inputs: Properties, { id, resources }: Surroundings): Failure[] {
  if (!id || isKubernetes(inputs)) return [];
  const region = (value: unknown) => String(value).toLowerCase().replaceAll(' ', '');
  const other = resources
    .list('machinelearningservices:OnlineEndpoint')
    .find(
      (endpoint) =>
        idKey(endpoint.id) !== idKey(id) &&
        nameOf(endpoint.id).toLowerCase() === nameOf(id).toLowerCase() &&
        region(endpoint.inputs.location) === region(inputs.location),
    );
  if (!other) return [];
  const reason = `the name '${nameOf(id)}' is taken by '${other.id}'; endpoint names are unique in a region (${quotas}).`;
  return [{ property: 'endpointName', reason }];
}

/** ARM types: shares of traffic sum to 100, mirrored ones to at most 50, and go to deployments that are there. */
function traffic(inputs: Properties, { id, resources }: Surroundings): Failure[] {
  return (['traffic', 'mirrorTraffic'] as const).flatMap((which) => {
    const property = `properties.${which}`;
    const shares = valueAt(inputs, property);
    if (!isObject(shares) || Object.values(shares).some((share) => typeof share !== 'number')) return [];
    const sum = Object.values(shares).reduce((a: number, b) => a + (b as number), 0);
    const failures: Failure[] = [];
    const isAllowed = which === 'traffic' ? sum === 0 || sum === 100 : sum <= 50;
    if (!isAllowed) {
      const allowed = which === 'traffic' ? '100, or 0 for none' : 'at most 50';
      failures.push({ property, reason: `the shares sum to ${sum}; allowed is ${allowed} (ARM types).` });
    }
    for (const name of id ? Object.keys(shares) : []) {
      if (resources.get(`${id}/deployments/${name}`)) continue;
      failures.push({ property: `${property}.${name}`, reason: `the endpoint has no deployment '${name}'.` });
    }
    return failures;
  });
}

const assetId = (asset: 'models' | 'environments') =>
  new RegExp(
    `^(azureml:)?/?(/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.MachineLearningServices/workspaces/[^/]+|/registries/[^/]+)/${asset}/[^/]+/(versions|labels)/[^/]+$`,
    'i',
  );

export const onlineDeployment: Kind = {
  kind: 'machinelearningservices:OnlineDeployment',
  armType: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments',
  id: inGroup(`${endpointId}/deployments/{deploymentName}`),
  name: naming,
  immutable: ['properties.endpointComputeType'],
  rules: [
    ...identity(),
    attachedIdentity('properties.identity'),
    oneOf('properties.endpointComputeType', ['Managed', 'Kubernetes'], 'ARM types'),
    shapedBy('properties', 'endpointComputeType', {
      Managed: 'machinelearningservices.ManagedOnlineDeploymentArgs',
      Kubernetes: 'machinelearningservices.KubernetesOnlineDeploymentArgs',
    }),
    asItsEndpoint,
    managedNeeds,
    range('sku.capacity', 1, 50, quotas),
    matches('properties.model', assetId('models'), 'the id of a version of a model', 'Learn: Online deployments'),
    matches(
      'properties.environmentId',
      assetId('environments'),
      'the id of a version of an environment',
      'Learn: Online deployments',
    ),
    shapedBy('properties.scaleSettings', 'scaleType', {
      Default: 'machinelearningservices.DefaultScaleSettingsArgs',
      TargetUtilization: 'machinelearningservices.TargetUtilizationScaleSettingsArgs',
    }),
    scaleByKind,
    requestTimeout,
    fewDeployments,
    atMost('properties.dataCollector.collections', 100, 'ARM types'),
  ],
  defaults: () => ({ properties: { scaleSettings: { scaleType: 'Default' }, appInsightsEnabled: false } }),
  computed: () => ({ properties: { provisioningState: 'Succeeded' } }),
};

function asItsEndpoint(inputs: Properties, { id, resources }: Surroundings): Failure[] {
  const property = 'properties.endpointComputeType';
  const type = textAt(inputs, property);
  const endpoint = id && resources.get(parentId(id) ?? '');
  if (!endpoint || type === undefined) return [];
  const needed = isKubernetes(endpoint.inputs) ? 'Kubernetes' : 'Managed';
  if (type === needed) return [];
  return [{ property, reason: `endpointComputeType is '${type}'; the endpoint '${endpoint.id}' is '${needed}'.` }];
}

/** Learn: "Managed online endpoints SKU list", and that a deployment says on which and how many instances it runs. */
function managedNeeds(inputs: Properties, around: Surroundings): readonly Failure[] {
  if (textAt(inputs, 'properties.endpointComputeType') !== 'Managed') return [];
  const source = 'Learn: a managed deployment';
  return ['properties.instanceType', 'properties.model', 'sku.capacity'].flatMap((path) =>
    needs(path, source)(inputs, around),
  );
}

/** Learn: "Autoscale online endpoints": managed ones scale by Azure Monitor, and are 'Default' here. */
function scaleByKind(inputs: Properties): Failure[] {
  const property = 'properties.scaleSettings.scaleType';
  const type = textAt(inputs, property);
  if (textAt(inputs, 'properties.endpointComputeType') !== 'Managed' || type !== 'TargetUtilization') return [];
  return [
    { property, reason: "scaleType is 'TargetUtilization', which only Kubernetes deployments have; use 'Default'." },
  ];
}

function requestTimeout(inputs: Properties): Failure[] {
  const property = 'properties.requestSettings.requestTimeout';
  const given = textAt(inputs, property);
  if (given === undefined) return [];
  const [, minutes, seconds] = /^PT(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(given) ?? [];
  const most = textAt(inputs, 'properties.endpointComputeType') === 'Kubernetes' ? 300 : 180;
  const total = Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  if ((minutes ?? seconds) !== undefined && total > 0 && total <= most) return [];
  return [
    { property, reason: `requestTimeout is '${given}'; allowed are ISO 8601 durations up to ${most} s (${quotas}).` },
  ];
}

function fewDeployments(_: Properties, { id, resources, current }: Surroundings): Failure[] {
  const endpoint = id && parentId(id);
  if (!endpoint || current) return [];
  const there = resources.below(endpoint).filter(({ kind }) => kind === 'machinelearningservices:OnlineDeployment');
  if (there.length < mostDeployments) return [];
  return [{ property: 'deploymentName', reason: `the endpoint has ${there.length} deployments already (${quotas}).` }];
}
