import * as applicationinsights from '@pulumi/azure-native/applicationinsights';
import * as authorization from '@pulumi/azure-native/authorization';
import * as dps from '@pulumi/azure-native/deviceprovisioningservices';
import * as eventgrid from '@pulumi/azure-native/eventgrid';
import * as eventhub from '@pulumi/azure-native/eventhub';
import * as fabric from '@pulumi/azure-native/fabric';
import * as healthcareapis from '@pulumi/azure-native/healthcareapis';
import * as iothub from '@pulumi/azure-native/iothub';
import * as keyvault from '@pulumi/azure-native/keyvault';
import * as managedidentity from '@pulumi/azure-native/managedidentity';
import * as monitor from '@pulumi/azure-native/monitor';
import * as network from '@pulumi/azure-native/network';
import * as operationalinsights from '@pulumi/azure-native/operationalinsights';
import * as privatedns from '@pulumi/azure-native/privatedns';
import * as resources from '@pulumi/azure-native/resources';
import * as storage from '@pulumi/azure-native/storage';
import * as web from '@pulumi/azure-native/web';
import type * as pulumi from '@pulumi/pulumi';
import { plainScoring } from './plainScoring';
import { plainSql } from './plainSql';

const builtIn = (guid: string) => `/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
const tenantId = '10ca1000-0000-4000-8000-00000000000a';

/** What a test may vary about the program. */
export interface Variation {
  readonly retentionTimeInHours?: number;
  readonly isHnsEnabled?: boolean;
  readonly enrichment?: pulumi.Input<string>;
}

/** A program, without any component, with a resource of every kind that the control plane knows and Azure still creates. */
export function plainHospital(vary: Variation = {}): {
  hubHost: pulumi.Output<string>;
  principal: pulumi.Output<string>;
} {
  const group = new resources.ResourceGroup('rg', { resourceGroupName: 'rg-plain', location: 'westeurope' });
  const inGroup = { resourceGroupName: group.name };
  const router = new managedidentity.UserAssignedIdentity('router', { ...inGroup, resourceName: 'id-router' });
  const namespace = new eventhub.Namespace('ns', {
    ...inGroup,
    namespaceName: 'evhns-plain',
    disableLocalAuth: true,
    sku: { name: 'Standard', tier: 'Standard', capacity: 1 },
    tags: { 'cost-centre': 'icu' },
  });
  const inNamespace = { ...inGroup, namespaceName: namespace.name };
  const hub = new eventhub.EventHub('devicedata', {
    ...inNamespace,
    eventHubName: 'devicedata',
    partitionCount: 4,
    retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: vary.retentionTimeInHours ?? 24 },
  });
  new eventhub.ConsumerGroup('cg', { ...inNamespace, eventHubName: hub.name, consumerGroupName: 'medtech' });
  new eventhub.NamespaceNetworkRuleSet('rules', {
    ...inNamespace,
    defaultAction: 'Deny',
    trustedServiceAccessEnabled: true,
  });
  const { account, container } = rawStorage(inGroup, vary);
  const roles = [
    assign('send', hub.id, router.principalId, '2b629674-e913-4c01-ae53-ef4638d8f975', '1'),
    assign('write', container.id, router.principalId, 'ba92f5b4-2d11-453d-a403-e96b0029c9fe', '2'),
  ];
  const iot = iotHub(inGroup, router, namespace, hub, account, container, vary, roles);
  provisioning(inGroup, router, iot);
  const key = secured(inGroup, iot, router);
  const subnet = connected(inGroup, group, namespace);
  plainSql(inGroup, router, key, subnet);
  health(inGroup, router, hub);
  plainScoring(inGroup, group);
  new fabric.FabricCapacity('fc', {
    ...{ ...inGroup, capacityName: 'fcplain', sku: { name: 'F2', tier: 'Fabric' } },
    administration: { members: ['10ca1000-0000-4000-8000-00000000000d'] },
  });
  return { hubHost: iot.properties.hostName, principal: router.principalId };
}

type InGroup = { resourceGroupName: pulumi.Output<string> };

function assign(
  name: string,
  scope: pulumi.Input<string>,
  principalId: pulumi.Input<string>,
  role: string,
  digit: string,
) {
  return new authorization.RoleAssignment(name, {
    scope,
    principalId,
    principalType: 'ServicePrincipal',
    roleDefinitionId: builtIn(role),
    roleAssignmentName: `00000000-0000-4000-8000-00000000000${digit}`,
  });
}

function rawStorage(inGroup: InGroup, vary: Variation) {
  const account = new storage.StorageAccount('raw', {
    ...inGroup,
    accountName: 'strawplain',
    kind: 'StorageV2',
    sku: { name: 'Standard_LRS' },
    allowSharedKeyAccess: false,
    isHnsEnabled: vary.isHnsEnabled ?? false,
  });
  const inAccount = { ...inGroup, accountName: account.name };
  const container = new storage.BlobContainer('rawcontainer', { ...inAccount, containerName: 'raw' });
  new storage.BlobServiceProperties('blobs', {
    ...inAccount,
    blobServicesName: 'default',
    deleteRetentionPolicy: { enabled: true, days: 7 },
  });
  new storage.ManagementPolicy('lifecycle', {
    ...inAccount,
    managementPolicyName: 'default',
    policy: {
      rules: [
        {
          name: 'cool',
          type: 'Lifecycle',
          definition: {
            actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 30 } } },
            filters: { blobTypes: ['blockBlob'] },
          },
        },
      ],
    },
  });
  return { account, container };
}

function iotHub(
  inGroup: InGroup,
  router: managedidentity.UserAssignedIdentity,
  namespace: eventhub.Namespace,
  hub: eventhub.EventHub,
  account: storage.StorageAccount,
  container: storage.BlobContainer,
  vary: Variation,
  dependsOn: pulumi.Resource[],
) {
  const byRouter = { authenticationType: 'identityBased', identity: { userAssignedIdentity: router.id } } as const;
  const iot = new iothub.IotHubResource(
    'iot',
    {
      ...inGroup,
      resourceName: 'iot-plain',
      sku: { name: 'S1', capacity: 1 },
      identity: { type: 'UserAssigned', userAssignedIdentities: [router.id] },
      properties: {
        minTlsVersion: '1.2',
        routing: {
          endpoints: {
            eventHubs: [
              { ...byRouter, name: 'devicedata', endpointUri: namespace.serviceBusEndpoint, entityPath: hub.name },
            ],
            storageContainers: [
              {
                ...byRouter,
                name: 'raw',
                endpointUri: account.primaryEndpoints.blob,
                containerName: container.name,
                fileNameFormat: '{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}',
              },
            ],
          },
          routes: [{ name: 'all', source: 'DeviceMessages', isEnabled: true, endpointNames: ['devicedata'] }],
          enrichments: [{ key: 'hospitalId', value: vary.enrichment ?? 'plain', endpointNames: ['devicedata'] }],
        },
      },
    },
    { dependsOn },
  );
  new iothub.Certificate('ca', {
    ...inGroup,
    resourceName: iot.name,
    certificateName: 'ca',
    properties: { certificate: 'LS0t' },
  });
  new iothub.IotHubResourceEventHubConsumerGroup('builtin', {
    ...{ ...inGroup, resourceName: iot.name, eventHubEndpointName: 'events', name: 'operators' },
    properties: { name: 'operators' },
  });
  return iot;
}

function provisioning(inGroup: InGroup, identity: managedidentity.UserAssignedIdentity, iot: iothub.IotHubResource) {
  const service = new resources.Resource('dps', {
    ...inGroup,
    resourceProviderNamespace: 'Microsoft.Devices',
    resourceType: 'provisioningServices',
    parentResourcePath: '',
    resourceName: 'provs-plain',
    apiVersion: '2025-02-01-preview',
    location: 'westeurope',
    sku: { name: 'S1', capacity: 1 },
    identity: { type: 'UserAssigned', userAssignedIdentities: [identity.id] },
    properties: {
      iotHubs: [
        {
          location: 'westeurope',
          hostName: iot.properties.hostName,
          authenticationType: 'UserAssigned',
          selectedUserAssignedIdentityResourceId: identity.id,
        },
      ],
    },
  });
  const certificate = { certificateName: 'ca', properties: { certificate: 'LS0t' } };
  new dps.DpsCertificate('dpsca', { ...inGroup, provisioningServiceName: service.name, ...certificate });
  new dps.IotDpsResource('olddps', {
    ...inGroup,
    provisioningServiceName: 'provs-old',
    sku: { name: 'S1', capacity: 1 },
    properties: { allocationPolicy: 'Hashed' },
  });
}

function secured(inGroup: InGroup, iot: iothub.IotHubResource, router: managedidentity.UserAssignedIdentity) {
  const vault = new keyvault.Vault('kv', {
    ...{ ...inGroup, vaultName: 'kv-plain' },
    properties: { tenantId, sku: { family: 'A', name: 'premium' }, enableRbacAuthorization: true },
  });
  const properties = { kty: 'RSA-HSM', keySize: 3072 } as const;
  const key = new keyvault.Key('key', { ...inGroup, vaultName: vault.name, keyName: 'storage', properties });
  const workspace = new operationalinsights.Workspace('log', {
    ...inGroup,
    workspaceName: 'log-plain',
    retentionInDays: 30,
  });
  functionApp(inGroup, router, workspace);
  new monitor.DiagnosticSetting('diag', {
    ...{ name: 'all', resourceUri: iot.id, workspaceId: workspace.id },
    logs: [{ categoryGroup: 'allLogs', enabled: true }],
  });
  new authorization.ManagementLockByScope('lock', { scope: workspace.id, level: 'CanNotDelete', lockName: 'keep' });
  return key;
}

function connected(inGroup: InGroup, group: resources.ResourceGroup, namespace: eventhub.Namespace) {
  const nsg = new network.NetworkSecurityGroup('nsg', { ...inGroup, networkSecurityGroupName: 'nsg-plain' });
  const addresses = { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } };
  const vnet = new network.VirtualNetwork('vnet', { ...inGroup, virtualNetworkName: 'vnet-plain', ...addresses });
  const subnet = new network.Subnet('pe', {
    ...{ ...inGroup, virtualNetworkName: vnet.name, subnetName: 'snet-pe', addressPrefix: '10.0.0.0/24' },
    networkSecurityGroup: { id: nsg.id },
  });
  const endpoint = new network.PrivateEndpoint('pep', {
    ...{ ...inGroup, privateEndpointName: 'pep-ns', subnet: { id: subnet.id } },
    privateLinkServiceConnections: [{ name: 'ns', groupIds: ['namespace'], privateLinkServiceId: namespace.id }],
  });
  const global = { ...inGroup, location: 'Global' };
  const zone = new privatedns.PrivateZone('zone', { ...global, privateZoneName: 'privatelink.servicebus.windows.net' });
  new privatedns.VirtualNetworkLink('link', {
    ...{ ...global, privateZoneName: zone.name, virtualNetworkLinkName: 'vnet' },
    ...{ registrationEnabled: false, virtualNetwork: { id: vnet.id } },
  });
  new network.PrivateDnsZoneGroup('zones', {
    ...{ ...inGroup, privateEndpointName: endpoint.name, privateDnsZoneGroupName: 'default' },
    privateDnsZoneConfigs: [{ name: 'servicebus', privateDnsZoneId: zone.id }],
  });
  void group;
  return subnet;
}

function health(inGroup: InGroup, identity: managedidentity.UserAssignedIdentity, hub: eventhub.EventHub) {
  const workspace = new healthcareapis.Workspace('ahds', { ...inGroup, workspaceName: 'ahdsplain' });
  new healthcareapis.FhirService('fhir', {
    ...{ ...inGroup, workspaceName: workspace.name, fhirServiceName: 'fhir', kind: 'fhir-R4' },
    authenticationConfiguration: { authority: `https://login.microsoftonline.com/${tenantId}` },
    resourceVersionPolicyConfiguration: { default: 'versioned', resourceTypeOverrides: { Observation: 'no-version' } },
  });
  const topic = new eventgrid.SystemTopic('fhirtopic', {
    ...{ ...inGroup, systemTopicName: 'evgt-plain', source: workspace.id },
    topicType: 'Microsoft.HealthcareApis.Workspaces',
    identity: { type: 'UserAssigned', userAssignedIdentities: identity.id.apply((id) => ({ [id]: {} })) },
  });
  new eventgrid.SystemTopicEventSubscription('fhirevents', {
    ...{ ...inGroup, systemTopicName: topic.name, eventSubscriptionName: 'fhirevents' },
    deliveryWithResourceIdentity: {
      identity: { type: 'UserAssigned', userAssignedIdentity: identity.id },
      destination: { endpointType: 'EventHub', resourceId: hub.id },
    },
    filter: { includedEventTypes: ['Microsoft.HealthcareApis.FhirResourceCreated'] },
  });
}

function functionApp(
  inGroup: InGroup,
  identity: managedidentity.UserAssignedIdentity,
  workspace: operationalinsights.Workspace,
) {
  const component = new applicationinsights.Component('appi', {
    ...{ ...inGroup, resourceName: 'appi-plain', kind: 'web', applicationType: 'web' },
    workspaceResourceId: workspace.id,
  });
  const plan = new web.AppServicePlan('asp', {
    ...{ ...inGroup, name: 'asp-plain', kind: 'functionapp', reserved: true },
    sku: { name: 'FC1', tier: 'FlexConsumption' },
  });
  const authentication = { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id };
  const value = 'https://strawplain.blob.core.windows.net/deployments';
  const app = new web.WebApp('func', {
    ...{ ...inGroup, name: 'func-plain', kind: 'functionapp,linux', serverFarmId: plan.id },
    identity: { type: 'UserAssigned', userAssignedIdentities: [identity.id] },
    siteConfig: { appSettings: [{ name: 'NAME', value: component.connectionString }], minTlsVersion: '1.2' },
    functionAppConfig: {
      deployment: { storage: { type: 'blobContainer', value, authentication } },
      runtime: { name: 'node', version: '22' },
      scaleAndConcurrency: { instanceMemoryMB: 2048, maximumInstanceCount: 40 },
    },
  });
  for (const Policy of [web.WebAppScmAllowed, web.WebAppFtpAllowed]) {
    new Policy('basic', { ...inGroup, name: app.name, allow: false });
  }
  new monitor.ScheduledQueryRule('alarm', {
    ...{ ...inGroup, ruleName: 'alarm', scopes: [component.id], severity: 1 },
    ...{ evaluationFrequency: 'PT5M', windowSize: 'PT5M' },
    criteria: {
      allOf: [{ query: 'traces', timeAggregation: 'Count', operator: 'GreaterThan', threshold: 0 }],
    },
  });
}
