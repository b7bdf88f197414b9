import { RoleAssignment } from '@pulumi/azure-native/authorization/roleAssignment';
import { AccessConnector } from '@pulumi/azure-native/databricks/accessConnector';
import { Workspace } from '@pulumi/azure-native/databricks/workspace';
import { EventHub } from '@pulumi/azure-native/eventhub/eventHub';
import { Namespace } from '@pulumi/azure-native/eventhub/namespace';
import { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity';
import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup';
import { BlobContainer } from '@pulumi/azure-native/storage/blobContainer';
import { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import { Credential } from '@pulumi/databricks/credential';
import { ExternalLocation } from '@pulumi/databricks/externalLocation';
import { File } from '@pulumi/databricks/file';
import { Grants } from '@pulumi/databricks/grants';
import { Job } from '@pulumi/databricks/job';
import { Provider } from '@pulumi/databricks/provider';
import { Schema } from '@pulumi/databricks/schema';
import { StorageCredential } from '@pulumi/databricks/storageCredential';
import { Volume } from '@pulumi/databricks/volume';
import { type Input, interpolate, type Resource } from '@pulumi/pulumi';
import { deployer, localSubscriptionId } from '../../local/identity/principals';

const roles = {
  sender: '2b629674-e913-4c01-ae53-ef4638d8f975',
  receiver: 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde',
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe',
} as const;

export interface ProgramChoices {
  /** Path of the job's wheel on this machine. */
  readonly wheel: string;
  readonly pauseStatus?: 'PAUSED' | 'UNPAUSED';
  /** Roles of the access connector's identity that are left out. */
  readonly without?: readonly ('read' | 'lake')[];
  readonly schemaName?: string;
  /** More of the job's settings, or other ones. */
  readonly job?: Record<string, unknown>;
  readonly more?: (provider: Provider, job: Job) => void;
}

export const group = `/subscriptions/${localSubscriptionId}/resourceGroups/rg-score`;
export const hubId = (name: string) => `${group}/providers/Microsoft.EventHub/namespaces/evhns-score/eventhubs/${name}`;
export const containerId = (name: string) =>
  `${group}/providers/Microsoft.Storage/storageAccounts/stlakescore/blobServices/default/containers/${name}`;

/** What a job needs around it, and the job: a workspace, an access connector, hubs, a lake, Unity Catalog's objects. */
export function databricksProgram(choices: ProgramChoices): () => Promise<void> {
  return async () => {
    const { name: resourceGroupName } = new ResourceGroup('rg', {
      resourceGroupName: 'rg-score',
      location: 'westeurope',
    });
    const identity = new UserAssignedIdentity('id', { resourceGroupName, resourceName: 'id-score' });
    const lake = declareLake(resourceGroupName);
    const hubs = declareHubs(resourceGroupName);
    const granted = grant(identity, { ...lake, ...hubs }, choices.without ?? []);
    const connector = new AccessConnector('connector', {
      resourceGroupName,
      connectorName: 'dbac-score',
      identity: { type: 'UserAssigned', userAssignedIdentities: [identity.id] },
    });
    const workspace = new Workspace('workspace', {
      ...{ resourceGroupName, workspaceName: 'dbw-score', computeMode: 'Hybrid', sku: { name: 'premium' } },
      managedResourceGroupId: `/subscriptions/${localSubscriptionId}/resourceGroups/rg-dbw-score`,
    });
    const provider = new Provider('databricks', {
      host: workspace.workspaceUrl,
      azureWorkspaceResourceId: workspace.id,
    });
    const opts = { provider };
    const azureManagedIdentity = { accessConnectorId: connector.id, managedIdentityId: identity.id };
    const storage = new StorageCredential('storage', { name: 'lake', azureManagedIdentity }, opts);
    const service = new Credential('service', { name: 'kafka', purpose: 'SERVICE', azureManagedIdentity }, opts);
    const place = (container: BlobContainer) => interpolate`abfss://${container.name}@stlakescore.dfs.core.windows.net`;
    const locationOpts = { provider, dependsOn: granted };
    for (const [name, container] of [
      ['tables', lake.tables],
      ['baselines', lake.baselines],
    ] as const) {
      new ExternalLocation(name, { name, url: place(container), credentialName: storage.name }, locationOpts);
    }
    const schema = new Schema('schema', { name: choices.schemaName ?? 'iomt', catalogName: 'main' }, opts);
    const volume = new Volume(
      'volume',
      { name: 'code', catalogName: 'main', schemaName: schema.name, volumeType: 'MANAGED' },
      opts,
    );
    const grants = [{ principal: 'account users', privileges: ['READ_VOLUME'] }];
    new Grants('grants', { volume: volume.id, grants }, opts);
    const wheel = new File(
      'wheel',
      { source: choices.wheel, path: interpolate`${volume.volumePath}/probe-1.0-py3-none-any.whl` },
      opts,
    );
    const job = new Job(
      'job',
      {
        name: 'probe',
        continuous: { pauseStatus: choices.pauseStatus ?? 'UNPAUSED' },
        jobClusters: [
          {
            jobClusterKey: 'one',
            newCluster: { sparkVersion: '16.4.x-scala2.12', nodeTypeId: 'Standard_D4ds_v5', numWorkers: 1 },
          },
        ],
        tasks: [
          {
            taskKey: 'probe',
            jobClusterKey: 'one',
            libraries: [{ whl: wheel.path }],
            pythonWheelTask: {
              packageName: 'probe',
              entryPoint: 'run',
              namedParameters: {
                'bootstrap-servers': interpolate`${hubs.namespace.name}.servicebus.windows.net:9093`,
                'service-credential': service.name,
                enriched: hubs.enriched.name,
                scored: hubs.scored.name,
                lake: interpolate`${place(lake.tables)}/probe`,
                baselines: place(lake.baselines),
              },
            },
          },
        ],
        ...choices.job,
      },
      opts,
    );
    choices.more?.(provider, job);
  };
}

function declareLake(resourceGroupName: Input<string>) {
  const account = new StorageAccount('lake', {
    ...{ resourceGroupName, accountName: 'stlakescore', kind: 'StorageV2', sku: { name: 'Standard_LRS' } },
    ...{ isHnsEnabled: true, allowSharedKeyAccess: false },
  });
  const container = (containerName: string) =>
    new BlobContainer(containerName, { resourceGroupName, accountName: account.name, containerName });
  return { tables: container('databricks'), baselines: container('baselines') };
}

function declareHubs(resourceGroupName: Input<string>) {
  const namespace = new Namespace('evhns', {
    ...{ resourceGroupName, namespaceName: 'evhns-score', sku: { name: 'Standard', tier: 'Standard' } },
    disableLocalAuth: true,
  });
  const hub = (eventHubName: string) =>
    new EventHub(eventHubName, { resourceGroupName, namespaceName: namespace.name, eventHubName, partitionCount: 2 });
  const [enriched, scored] = [hub('enriched'), hub('scored')];
  assign('test-sends', enriched, deployer.objectId, roles.sender);
  return { namespace, enriched, scored };
}

type Parts = ReturnType<typeof declareLake> & ReturnType<typeof declareHubs>;

function grant({ principalId }: UserAssignedIdentity, parts: Parts, without: readonly string[]): Resource[] {
  const granted = [assign('writes', parts.scored, principalId, roles.sender)];
  if (!without.includes('read')) granted.push(assign('reads', parts.enriched, principalId, roles.receiver));
  for (const name of ['tables', 'baselines'] as const) {
    if (!without.includes('lake'))
      granted.push(assign(`lake-${name}`, parts[name], principalId, roles.blobContributor));
  }
  return granted;
}

function assign(name: string, scope: EventHub | BlobContainer, principalId: Input<string>, role: string): Resource {
  return new RoleAssignment(name, {
    ...{ scope: scope.id, principalId, principalType: 'ServicePrincipal' },
    roleDefinitionId: `/subscriptions/${localSubscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
  });
}
