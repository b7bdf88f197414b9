import * as applicationinsights from '@pulumi/azure-native/applicationinsights';
import * as authorization from '@pulumi/azure-native/authorization';
import * as databricks from '@pulumi/azure-native/databricks';
import * as keyvault from '@pulumi/azure-native/keyvault';
import * as machinelearning from '@pulumi/azure-native/machinelearningservices';
import * as network from '@pulumi/azure-native/network';
import * as operationalinsights from '@pulumi/azure-native/operationalinsights';
import type * as resources from '@pulumi/azure-native/resources';
import * as storage from '@pulumi/azure-native/storage';
import * as pulumi from '@pulumi/pulumi';

const subscription = '/subscriptions/10ca1000-0000-4000-8000-00000000000b';
const tenantId = '10ca1000-0000-4000-8000-00000000000a';
const own = { identity: { type: 'SystemAssigned' } } as const;

type InGroup = { resourceGroupName: pulumi.Output<string> };

/** The part of `plainHospital` that scores: each way of computing, without any component. */
export function plainScoring(inGroup: InGroup, group: resources.ResourceGroup): void {
  spark(inGroup);
  models(inGroup);
  new authorization.RoleDefinition('scorer', {
    ...{ scope: group.id, roleDefinitionId: '00000000-0000-4000-8000-0000000000aa', roleName: 'Plain scorer' },
    assignableScopes: [group.id],
    permissions: [{ actions: ['Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action'] }],
  });
}

function spark(inGroup: InGroup): void {
  const address = new network.PublicIPAddress('pip', {
    ...{ ...inGroup, publicIpAddressName: 'pip-plain', publicIPAllocationMethod: 'Static', sku: { name: 'Standard' } },
  });
  const gateway = new network.NatGateway('ng', {
    ...{ ...inGroup, natGatewayName: 'ng-plain', sku: { name: 'Standard' }, publicIpAddresses: [{ id: address.id }] },
  });
  const nsg = new network.NetworkSecurityGroup('nsgdbw', { ...inGroup, networkSecurityGroupName: 'nsg-dbw' });
  const addressSpace = { addressPrefixes: ['10.1.0.0/16'] };
  const vnet = new network.VirtualNetwork('vnetdbw', { ...inGroup, virtualNetworkName: 'vnet-dbw', addressSpace });
  const subnet = (subnetName: string, addressPrefix: string) => {
    const { name } = new network.Subnet(subnetName, {
      ...{ ...inGroup, virtualNetworkName: vnet.name, subnetName, addressPrefix },
      ...{ networkSecurityGroup: { id: nsg.id }, natGateway: { id: gateway.id } },
      delegations: [{ name: 'databricks', serviceName: 'Microsoft.Databricks/workspaces' }],
    });
    return { value: name.apply(String) };
  };
  const connector = new databricks.AccessConnector('dbac', { ...inGroup, connectorName: 'dbac-plain', ...own });
  new databricks.Workspace('dbw', {
    ...{ ...inGroup, workspaceName: 'dbw-plain', computeMode: 'Hybrid', sku: { name: 'premium' } },
    managedResourceGroupId: `${subscription}/resourceGroups/rg-dbw-plain`,
    accessConnector: { id: connector.id, identityType: 'SystemAssigned' },
    defaultStorageFirewall: 'Enabled',
    parameters: {
      ...{ customVirtualNetworkId: { value: vnet.id }, enableNoPublicIp: { value: true } },
      customPublicSubnetName: subnet('host', '10.1.0.0/26'),
      customPrivateSubnetName: subnet('container', '10.1.1.0/26'),
    },
  });
}

function models(inGroup: InGroup): void {
  const account = new storage.StorageAccount('stml', {
    ...{ ...inGroup, accountName: 'stmlplain', kind: 'StorageV2', sku: { name: 'Standard_LRS' } },
  });
  const properties = { tenantId, sku: { family: 'A', name: 'standard' as const }, enableRbacAuthorization: true };
  const vault = new keyvault.Vault('kvml', { ...inGroup, vaultName: 'kv-ml-plain', properties });
  new keyvault.Secret('key', { ...inGroup, vaultName: vault.name, secretName: 'key', properties: { value: 'none' } });
  const logs = new operationalinsights.Workspace('logml', { ...inGroup, workspaceName: 'log-ml' });
  const component = new applicationinsights.Component('appiml', {
    ...{ ...inGroup, resourceName: 'appi-ml', kind: 'web', applicationType: 'web', workspaceResourceId: logs.id },
  });
  const workspace = new machinelearning.Workspace('mlw', {
    ...{ ...inGroup, workspaceName: 'mlw-plain', ...own },
    ...{ storageAccount: account.id, keyVault: vault.id, applicationInsights: component.id },
  });
  const inWorkspace = { ...inGroup, workspaceName: workspace.name };
  const resourceId = `${subscription}/resourceGroups/rg-aks/providers/Microsoft.ContainerService/managedClusters/aks`;
  new machinelearning.Compute('aks', {
    ...{ ...inWorkspace, computeName: 'aks', ...own },
    properties: { computeType: 'Kubernetes', resourceId, properties: { namespace: 'scoring' } },
  });
  const endpoint = new machinelearning.OnlineEndpoint('risk', {
    ...{ ...inWorkspace, endpointName: 'risk-plain', ...own },
    properties: { authMode: 'AADToken' },
  });
  new machinelearning.OnlineDeployment('blue', {
    ...{ ...inWorkspace, endpointName: endpoint.name, deploymentName: 'blue', sku: { name: 'Default', capacity: 1 } },
    properties: {
      ...{ endpointComputeType: 'Managed', instanceType: 'Standard_DS3_v2' },
      model: pulumi.interpolate`${workspace.id}/models/risk/versions/1`,
    },
  });
}
