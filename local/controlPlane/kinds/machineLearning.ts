import { createHash, randomUUID } from 'node:crypto';
import type { Properties } from '../../contracts';
import { isUnknownAt, textAt, valueAt } from '../values';
import { type Failure, inGroup, type Kind, type Surroundings } from './kind';
import { shapedBy } from './machineLearningShapes';
import { attachedIdentity, identity, matches, needs, oneOf, refersTo } from './rules';

const inWorkspace = 'Microsoft.MachineLearningServices/workspaces/{workspaceName}';
const workspaces = 'Learn: Manage Azure Machine Learning workspaces';
const isolation = 'managedNetwork.isolationMode';

export const machineLearningWorkspace: Kind = {
  kind: 'machinelearningservices:Workspace',
  armType: 'Microsoft.MachineLearningServices/workspaces',
  id: inGroup(inWorkspace),
  name: {
    min: 3,
    max: 33,
    pattern: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
    allowed: 'letters, digits, underscores and hyphens, starting with a letter or digit',
  },
  // ARM types: the account and the vault "cannot be changed once the workspace has been created".
  immutable: ['kind', 'storageAccount', 'keyVault', 'hbiWorkspace', 'enableServiceSideCMKEncryption'],
  rules: [
    ...identity(),
    needs('identity', workspaces),
    oneOf('kind', ['Default', 'Hub', 'Project', 'FeatureStore'], workspaces),
    associated,
    refersTo('storageAccount', 'Microsoft.Storage/storageAccounts'),
    refersTo('keyVault', 'Microsoft.KeyVault/vaults'),
    refersTo('applicationInsights', 'Microsoft.Insights/components'),
    refersTo('encryption.keyVaultProperties.keyVaultArmId', 'Microsoft.KeyVault/vaults'),
    matches(
      'encryption.keyVaultProperties.keyIdentifier',
      /^https:\/\/[^/]+\/keys\/[^/]+\/[^/]+$/,
      "a key's URI with its version",
      'Learn: Customer-managed keys for Azure Machine Learning',
    ),
    flatStorage,
    primaryIdentity,
    attachedIdentity('primaryUserAssignedIdentity'),
    isolationStays,
  ],
  defaults: () => ({
    ...{ kind: 'Default', hbiWorkspace: false, publicNetworkAccess: 'Enabled', v1LegacyMode: false },
    sku: { name: 'Basic', tier: 'Basic' },
  }),
  computed: ({ inputs }, tenantId) => ({
    ...{ workspaceId: randomUUID(), tenantId, provisioningState: 'Succeeded', privateLinkCount: 0 },
    discoveryUrl: `https://${plain(inputs.location)}.api.azureml.ms/discovery`,
    mlFlowTrackingUri: `azureml://${plain(inputs.location)}.api.azureml.ms/mlflow/v1.0`,
    storageHnsEnabled: false,
  }),
};

/** Projects take these from their hub. */
function associated(inputs: Properties, around: Surroundings): Failure[] {
  if (textAt(inputs, 'kind') === 'Project') return [...needs('hubResourceId', workspaces)(inputs, around)];
  return ['storageAccount', 'keyVault', 'applicationInsights'].flatMap((path) =>
    needs(path, workspaces)(inputs, around),
  );
}

/** Learn: the account that comes with a workspace has no hierarchical namespace. */
function flatStorage(inputs: Properties, { resources }: Surroundings): Failure[] {
  const account = resources.get(textAt(inputs, 'storageAccount') ?? '');
  if (account?.outputs.isHnsEnabled !== true) return [];
  const reason = `'${account.id}' has isHnsEnabled; the account of a workspace must have it off (${workspaces}). A lake can be a datastore beside it.`;
  return [{ property: 'storageAccount', reason }];
}

function primaryIdentity(inputs: Properties): Failure[] {
  const property = 'primaryUserAssignedIdentity';
  if (textAt(inputs, 'identity.type') !== 'UserAssigned' || isUnknownAt(inputs, property)) return [];
  if (textAt(inputs, property) !== undefined) return [];
  return [{ property, reason: `${property} is missing; a workspace without a system-assigned identity needs it.` }];
}

/** Learn: "Workspace managed virtual network isolation": once on, it cannot be switched off. */
function isolationStays(inputs: Properties, { current }: Surroundings): Failure[] {
  const before = textAt(current?.inputs, isolation);
  if (before === undefined || before === 'Disabled' || isUnknownAt(inputs, isolation)) return [];
  const now = textAt(inputs, isolation);
  if (now !== undefined && now !== 'Disabled') return [];
  const reason = `isolationMode is '${before}' and cannot become '${now ?? 'absent'}'; it can only go with the workspace.`;
  return [{ property: isolation, reason }];
}

const clusters =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/(Microsoft\.ContainerService\/managedClusters|Microsoft\.Kubernetes\/connectedClusters)\/[^/]+$/i;
const attach = 'Learn: Attach a Kubernetes cluster to Azure Machine Learning workspace';

/** A cluster attached to a workspace. The cluster itself is its owner's, and need not be in this cloud. */
export const machineLearningCompute: Kind = {
  kind: 'machinelearningservices:Compute',
  armType: 'Microsoft.MachineLearningServices/workspaces/computes',
  id: inGroup(`${inWorkspace}/computes/{computeName}`),
  name: {
    min: 2,
    max: 16,
    pattern: /^[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]$/,
    allowed: 'letters, digits and hyphens, starting with a letter, ending with a letter or digit',
  },
  immutable: ['properties.computeType', 'properties.resourceId', 'properties.properties.namespace'],
  rules: [
    ...identity(),
    needs('properties', 'ARM types'),
    oneOf('properties.computeType', ['Kubernetes'], 'the local cloud knows no other compute'),
    shapedBy('properties', 'computeType', { Kubernetes: 'machinelearningservices.KubernetesArgs' }),
    needs('properties.resourceId', attach),
    matches('properties.resourceId', clusters, 'the id of an AKS or an Arc-enabled Kubernetes cluster', attach),
    matches(
      'properties.properties.namespace',
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      'a Kubernetes namespace: up to 63 lower-case letters, digits and hyphens',
      'RFC 1123',
    ),
  ],
  defaults: () => ({ properties: { properties: { namespace: 'default' } } }),
  computed: ({ inputs }) => ({
    properties: {
      ...{ isAttachedCompute: true, provisioningState: 'Succeeded', provisioningErrors: null },
      computeLocation: textAt(inputs, 'properties.computeLocation') ?? valueAt(inputs, 'location'),
    },
  }),
};

/** The host names of managed endpoints hold region and name; those of Kubernetes are the cluster's. */
export function scoringAddress(name: string, location: unknown, isManaged: boolean): string {
  if (isManaged) return `https://${name}.${plain(location)}.inference.ml.azure.com/score`;
  const host = createHash('sha256').update(name).digest('hex').slice(0, 12);
  return `https://${host}.${plain(location)}.cloudapp.azure.com/api/v1/endpoint/${name}/score`;
}

function plain(region: unknown): string {
  return String(region).toLowerCase().replaceAll(' ', '');
}
