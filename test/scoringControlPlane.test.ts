import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as databricks from '@pulumi/azure-native/databricks';
import type { Properties } from '../local/contracts';
import { ControlPlane } from '../local/controlPlane/controlPlane';
import { LocalAuthority } from '../local/identity/authority';
import { localSubscriptionId } from '../local/identity/principals';
import { ArmClient } from './support/armClient';
import { EngineStack } from './support/engineStack';

const quiet = { info() {}, warn() {} };
const inGroup = { resourceGroupName: 'rg-score' };
const located = { ...inGroup, location: 'westeurope' };
const groupId = `/subscriptions/${localSubscriptionId}/resourceGroups/rg-score`;
const provider = (rest: string) => `${groupId}/providers/${rest}`;
const managed = (name: string) => `/subscriptions/${localSubscriptionId}/resourceGroups/${name}`;

let folder: string;
let plane: ControlPlane;
let port: number;
let arm: ArmClient;
let identityId: string;
let vnetId: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'score-plane-'));
  plane = new ControlPlane({ stateFolder: join(folder, 'state'), log: quiet });
  port = await plane.listen();
  arm = await ArmClient.connect(port);
  await arm.create('resources:ResourceGroup', located);
  identityId = await arm.create('managedidentity:UserAssignedIdentity', { ...located, resourceName: 'id-score' });
  const networkSecurityGroup = {
    id: await arm.create('network:NetworkSecurityGroup', { ...located, networkSecurityGroupName: 'nsg-dbw' }),
  };
  vnetId = await arm.create('network:VirtualNetwork', {
    ...{ ...located, virtualNetworkName: 'vnet-score', addressSpace: { addressPrefixes: ['10.0.0.0/16'] } },
    subnets: [{ name: 'inside', addressPrefix: '10.0.9.0/26', networkSecurityGroup, delegations: [delegation] }],
  });
  const subnet = (subnetName: string, more: Properties) =>
    arm.create('network:Subnet', { ...inGroup, virtualNetworkName: 'vnet-score', subnetName, ...more });
  await subnet('host', { addressPrefix: '10.0.1.0/26', networkSecurityGroup, delegations: [delegation] });
  await subnet('container', { addressPrefix: '10.0.2.0/26', networkSecurityGroup, delegations: [delegation] });
  await subnet('plain', { addressPrefix: '10.0.3.0/26', networkSecurityGroup });
  await subnet('small', { addressPrefix: '10.0.4.0/27', delegations: [delegation] });
});

afterAll(async () => {
  arm.close();
  await plane.close();
  rmSync(folder, { recursive: true, force: true });
});

const delegation = { name: 'databricks', serviceName: 'Microsoft.Databricks/workspaces' };
const outputsOf = (id: string) => plane.resources.get(id)?.outputs ?? {};
const compliant = {
  automaticClusterUpdate: { value: 'Enabled' },
  enhancedSecurityMonitoring: { value: 'Enabled' },
  complianceSecurityProfile: { value: 'Enabled', complianceStandards: ['HIPAA'] },
};
const injected = (host: string, container: string, more: Properties = {}): Properties => ({
  parameters: {
    customVirtualNetworkId: { value: vnetId },
    customPublicSubnetName: { value: host },
    customPrivateSubnetName: { value: container },
    enableNoPublicIp: { value: true },
    ...more,
  },
});
const databricksWorkspace = (workspaceName: string, more: Properties = {}): Properties => ({
  ...{ ...located, workspaceName, computeMode: 'Hybrid', sku: { name: 'premium' } },
  ...{ managedResourceGroupId: managed(`rg-${workspaceName}`), ...more },
});

describe('Databricks', () => {
  test('a workspace in a network of its own answers its URL and id; a second one cannot share its subnets', async () => {
    const id = await arm.create(
      'databricks:Workspace',
      databricksWorkspace('dbw-score', { ...injected('host', 'container'), enhancedSecurityCompliance: compliant }),
    );
    const { workspaceId, workspaceUrl } = outputsOf(id);
    expect(workspaceId).toMatch(/^\d{16}$/);
    expect(workspaceUrl).toMatch(new RegExp(`^adb-${String(workspaceId)}\\.\\d{1,2}\\.azuredatabricks\\.net$`));
    const second = databricksWorkspace('dbw-second', injected('host', 'inside'));
    await expect(arm.create('databricks:Workspace', second)).rejects.toThrow(/'.*host' is used by '.*dbw-score'/);
    const group = databricksWorkspace('dbw-third', { managedResourceGroupId: managed('rg-dbw-score') });
    await expect(arm.create('databricks:Workspace', group)).rejects.toThrow('exists already for');
  });

  test.each<[string, Properties, string]>([
    ['no compute mode', { computeMode: undefined }, 'computeMode is missing'],
    ['no managed resource group', { managedResourceGroupId: undefined }, 'managedResourceGroupId is missing'],
    ['a managed resource group that is there', { managedResourceGroupId: groupId }, 'exists already'],
    [
      'one of another subscription',
      { managedResourceGroupId: '/subscriptions/a/resourceGroups/b' },
      'allowed is /subsc',
    ],
    [
      'a serverless workspace with a network',
      { computeMode: 'Serverless', parameters: {} },
      'parameters is given, but',
    ],
    ['a bare value for a parameter', { parameters: { enableNoPublicIp: true } }, 'needed is an object'],
    ['an internal set of rules', { requiredNsgRules: 'NoAzureServiceRules' }, 'AllRules, NoAzureDatabricksRules'],
    [
      'a compliance profile on standard',
      { sku: { name: 'standard' }, enhancedSecurityCompliance: compliant },
      "need\\(s\\) 'premium'",
    ],
    [
      'a compliance profile alone',
      { enhancedSecurityCompliance: { complianceSecurityProfile: { value: 'Enabled' } } },
      'enhancedSecurityMonitoring.value is',
    ],
    ['a storage firewall without connector', { defaultStorageFirewall: 'Enabled' }, 'which needs accessConnector'],
    ['private link without a network', { requiredNsgRules: 'NoAzureDatabricksRules' }, 'needs parameters.customVirt'],
  ])('refused: %s', async (_what, more, reason) => {
    const asked = arm.create('databricks:Workspace', databricksWorkspace('dbw-refused', more));
    await expect(asked).rejects.toThrow(new RegExp(reason));
  });

  test.each<[string, string, string, string]>([
    ['a subnet that is not there', 'none', 'inside', "none' does not exist"],
    ['a subnet that is not delegated', 'plain', 'inside', 'is not delegated to Microsoft.Databricks/workspaces'],
    ['a small subnet without security group', 'small', 'inside', 'has no network security group.*is a /27'],
    ['one subnet for both', 'inside', 'inside', 'two are needed'],
  ])('refused: %s', async (_what, host, container, reason) => {
    const asked = arm.create('databricks:Workspace', databricksWorkspace('dbw-refused', injected(host, container)));
    await expect(asked).rejects.toThrow(new RegExp(reason));
  });

  test('a connector acts as its identities: they can be given roles, and a workspace may use only what it has', async () => {
    const connector = (connectorName: string, identity: Properties) =>
      arm.create('databricks:AccessConnector', { ...located, connectorName, identity });
    const own = await connector('dbac-own', { type: 'SystemAssigned' });
    const user = await connector('dbac-user', { type: 'UserAssigned', userAssignedIdentities: [identityId] });
    const { principalId } = outputsOf(own).identity as { principalId: string };
    expect(outputsOf(user).identity).toMatchObject({
      userAssignedIdentities: { [identityId]: { principalId: outputsOf(identityId).principalId } },
    });
    const authority = await openAuthority();
    const receiver = provider('Microsoft.Authorization/roleDefinitions/a638d3c7-ab3a-418d-83e6-5f17a39d4fde');
    const assignment = { scope: groupId, principalId, principalType: 'ServicePrincipal', roleDefinitionId: receiver };
    const receive = 'Microsoft.EventHub/namespaces/messages/receive/action';
    expect(authority.allows(authority.identity(own), receive, groupId)).toBe(false);
    await arm.create('authorization:RoleAssignment', { ...assignment, roleAssignmentName: guid(1) });
    expect(authority.allows(authority.identity(own), receive, groupId)).toBe(true);
    expect(authority.allows(authority.identity(own), receive.replace('receive', 'send'), groupId)).toBe(false);

    const refused = (accessConnector: Properties, reason: string) =>
      expect(
        arm.create('databricks:Workspace', databricksWorkspace('dbw-connector', { accessConnector })),
      ).rejects.toThrow(reason);
    await refused({ id: `${own}x`, identityType: 'SystemAssigned' }, 'does not exist');
    await refused({ id: own, identityType: 'UserAssigned' }, 'userAssignedIdentityId is missing');
    await refused({ id: user, identityType: 'SystemAssigned' }, 'has no system-assigned identity');
    const foreign = { id: own, identityType: 'UserAssigned', userAssignedIdentityId: identityId };
    await refused(foreign, 'is not attached to the access connector');
  });

  test('what a workspace keeps for good: its profile is refused to go, its managed group forces another workspace', async () => {
    const stack = await EngineStack.open(mkdtempSync(join(tmpdir(), 'stack-')), port, 'kept');
    const workspace = (more: Partial<databricks.WorkspaceArgs>) => async () => {
      new databricks.Workspace('dbw', {
        ...{ ...located, workspaceName: 'dbw-kept', computeMode: 'Hybrid', sku: { name: 'premium' } },
        ...{ managedResourceGroupId: managed('rg-dbw-kept'), enhancedSecurityCompliance: compliant, ...more },
      });
    };
    try {
      await stack.up(workspace({}));
      const off = { ...compliant, complianceSecurityProfile: { value: 'Disabled' } };
      expect(await stack.refusal(workspace({ enhancedSecurityCompliance: off }))).toContain(
        'the compliance security profile is on and cannot become',
      );
      const before = outputsOf(provider('Microsoft.Databricks/workspaces/dbw-kept')).workspaceUrl;
      await stack.up(workspace({ managedResourceGroupId: managed('rg-dbw-anew') }));
      expect(outputsOf(provider('Microsoft.Databricks/workspaces/dbw-kept')).workspaceUrl).not.toBe(before);
    } finally {
      stack.close();
    }
  });
});

const guid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const openAuthority = () => LocalAuthority.open({ stateFolder: join(folder, 'identity'), resources: plane.resources });

describe('Azure Machine Learning', () => {
  const inWorkspace = { ...inGroup, workspaceName: 'mlw-score' };
  const endpoint = (more: Properties = {}): Properties => ({
    ...{ ...inWorkspace, location: 'westeurope', endpointName: 'score-risk', kind: 'Managed' },
    ...{ identity: { type: 'SystemAssigned' }, properties: { authMode: 'AADToken' }, ...more },
  });
  const deployment = (properties: Properties = {}, more: Properties = {}): Properties => ({
    ...{ ...inWorkspace, location: 'westeurope', endpointName: 'score-risk', deploymentName: 'blue' },
    properties: { ...{ endpointComputeType: 'Managed', instanceType: 'Standard_DS3_v2', model }, ...properties },
    ...{ sku: { name: 'Default', capacity: 1 }, ...more },
  });
  const model = provider('Microsoft.MachineLearningServices/workspaces/mlw-score/models/risk/versions/1');
  let workspace: Properties;
  let lakeId: string;

  beforeAll(async () => {
    const account = (accountName: string, isHnsEnabled: boolean) => ({
      ...{ ...located, accountName, isHnsEnabled, kind: 'StorageV2', sku: { name: 'Standard_LRS' } },
    });
    const logs = { ...located, workspaceName: 'log-score', sku: { name: 'PerGB2018' } };
    const workspaceResourceId = await arm.create('operationalinsights:Workspace', logs);
    const component = {
      ...located,
      resourceName: 'appi-score',
      kind: 'web',
      applicationType: 'web',
      workspaceResourceId,
    };
    const vault = { tenantId: guid(9), sku: { family: 'A', name: 'standard' }, enableRbacAuthorization: true };
    lakeId = await arm.create('storage:StorageAccount', account('stlakescore', true));
    workspace = {
      ...{ ...inWorkspace, location: 'westeurope', identity: { type: 'SystemAssigned' }, hbiWorkspace: true },
      managedNetwork: { isolationMode: 'AllowOnlyApprovedOutbound' },
      storageAccount: await arm.create('storage:StorageAccount', account('stmlscore', false)),
      keyVault: await arm.create('keyvault:Vault', { ...located, vaultName: 'kv-ml-score', properties: vault }),
      applicationInsights: await arm.create('applicationinsights:Component', component),
    };
    await arm.create('machinelearningservices:Workspace', workspace);
  });

  const refused = (kind: string, inputs: Properties, reason: string | RegExp) =>
    expect(arm.create(`machinelearningservices:${kind}`, inputs)).rejects.toThrow(reason);

  test('a workspace needs its account, vault and component, an account without hierarchy, and an identity', async () => {
    const other = (more: Properties) => ({ ...workspace, workspaceName: 'mlw-other', ...more });
    await refused('Workspace', other({ storageAccount: undefined, keyVault: undefined }), /storageAccount.*keyVault/);
    await refused('Workspace', other({ storageAccount: lakeId }), 'must have it off');
    await refused('Workspace', other({ keyVault: provider('Microsoft.KeyVault/vaults/none') }), 'does not exist');
    await refused('Workspace', other({ identity: undefined }), 'identity is missing');
    const user = { type: 'UserAssigned', userAssignedIdentities: [identityId] };
    await refused('Workspace', other({ identity: user }), 'primaryUserAssignedIdentity is missing');
    await refused('Workspace', other({ workspaceName: 'a' }), 'allowed are 3 to 33');
  });

  test('an endpoint answers where it is asked; its name, identity, traffic and way of authentication are judged', async () => {
    const id = await arm.create('machinelearningservices:OnlineEndpoint', endpoint());
    expect(outputsOf(id)).toMatchObject({
      properties: { scoringUri: 'https://score-risk.westeurope.inference.ml.azure.com/score' },
      identity: { principalId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    await refused('OnlineEndpoint', endpoint({ endpointName: '1st' }), 'starting with a letter');
    await refused('OnlineEndpoint', endpoint({ endpointName: `a${'b'.repeat(32)}` }), 'allowed are 3 to 32');
    await refused('OnlineEndpoint', endpoint({ endpointName: 'other', identity: undefined }), 'identity is missing');
    const other = (properties: Properties, more: Properties = {}) =>
      endpoint({ endpointName: 'other', properties: { authMode: 'AADToken', ...properties }, ...more });
    await refused('OnlineEndpoint', other({ authMode: 'None' }), 'allowed are AMLToken, Key, AADToken');
    await refused('OnlineEndpoint', other({ traffic: { blue: 90 } }), /the shares sum to 90.*no deployment 'blue'/);
    await refused('OnlineEndpoint', other({}, { kind: 'Kubernetes' }), /compute is missing/);
  });

  test('a deployment fits its endpoint, names model and instances, and is of the shape of its kind', async () => {
    await refused('OnlineDeployment', deployment({ instanceType: undefined }), 'instanceType is missing');
    await refused('OnlineDeployment', deployment({}, { sku: undefined }), 'capacity is missing');
    await refused('OnlineDeployment', deployment({ model: 'risk' }), 'the id of a version of a model');
    await refused('OnlineDeployment', deployment({ endpointComputeType: 'Kubernetes' }), "is 'Managed'");
    await refused('OnlineDeployment', deployment({ modell: model }), "did you mean 'model'");
    await refused('OnlineDeployment', deployment({ requestSettings: { requestTimeout: 'PT4M' } }), 'up to 180 s');
    await refused('OnlineDeployment', deployment({ scaleSettings: { scaleType: 'TargetUtilization' } }), 'only Kuber');
    await refused('OnlineDeployment', deployment({}, { endpointName: 'none' }), 'does not exist');
    await arm.create('machinelearningservices:OnlineDeployment', deployment());
  });

  test('a Kubernetes endpoint runs on an attached cluster and takes no Entra tokens', async () => {
    const cluster = provider('Microsoft.ContainerService/managedClusters/aks-score');
    const compute = (properties: Properties): Properties => ({
      ...{ ...inWorkspace, location: 'westeurope', computeName: 'aks', identity: { type: 'SystemAssigned' } },
      properties: {
        computeType: 'Kubernetes',
        resourceId: cluster,
        properties: { namespace: 'scoring' },
        ...properties,
      },
    });
    await refused('Compute', compute({ resourceId: identityId }), 'an AKS or an Arc-enabled');
    await refused('Compute', compute({ properties: { namespace: 'Scoring_1' } }), 'a Kubernetes namespace');
    await refused('Compute', compute({ computeType: 'AmlCompute' }), 'knows no other compute');
    await refused('Compute', compute({ properties: { nameSpace: 'scoring' } }), "did you mean 'namespace'");
    const computeId = await arm.create('machinelearningservices:Compute', compute({}));
    const kubernetes = (authMode: string) =>
      endpoint({ endpointName: 'on-aks', kind: 'Kubernetes', properties: { authMode, compute: computeId } });
    await refused('OnlineEndpoint', kubernetes('AADToken'), 'allowed are Key, AMLToken');
    await arm.create('machinelearningservices:OnlineEndpoint', kubernetes('Key'));
  });
});

describe('custom roles', () => {
  const score = 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action';
  const send = 'Microsoft.EventHub/namespaces/messages/send/action';
  const role = (n: number, more: Properties = {}): Properties => ({
    ...{ scope: groupId, roleDefinitionId: guid(100 + n), roleName: `Scorer ${n}`, assignableScopes: [groupId] },
    ...{ permissions: [{ actions: [score], dataActions: ['Microsoft.EventHub/*'], notDataActions: [send] }], ...more },
  });

  test('an assignment of one allows what it holds: actions, data actions, and not what is left out', async () => {
    const roleDefinitionId = await arm.create('authorization:RoleDefinition', role(1));
    const principalId = outputsOf(identityId).principalId;
    const assignment = { principalId, principalType: 'ServicePrincipal', roleDefinitionId, scope: groupId };
    const authority = await openAuthority();
    const scorer = authority.identity(identityId);
    expect(authority.allows(scorer, score, groupId)).toBe(false);
    await arm.create('authorization:RoleAssignment', { ...assignment, roleAssignmentName: guid(2) });
    const allowed = (action: string) => authority.allows(scorer, action, groupId);
    expect([score, send.replace('send', 'receive'), send].map(allowed)).toEqual([true, true, false]);
    const above = { ...assignment, roleAssignmentName: guid(3), scope: `/subscriptions/${localSubscriptionId}` };
    await expect(arm.create('authorization:RoleAssignment', above)).rejects.toThrow('its assignableScopes are');
  });

  test('a plain wildcard over actions gives no data action', async () => {
    const everything = role(2, { permissions: [{ actions: ['*'] }] });
    const roleDefinitionId = await arm.create('authorization:RoleDefinition', everything);
    const id = await arm.create('managedidentity:UserAssignedIdentity', { ...located, resourceName: 'id-owner' });
    const assignment = { principalId: outputsOf(id).principalId, principalType: 'ServicePrincipal', roleDefinitionId };
    await arm.create('authorization:RoleAssignment', { ...assignment, scope: groupId, roleAssignmentName: guid(4) });
    const authority = await openAuthority();
    const allowed = (action: string) => authority.allows(authority.identity(id), action, groupId);
    expect([score, send].map(allowed)).toEqual([true, false]);
  });

  test.each<[string, Properties, string]>([
    ['no permissions', { permissions: undefined }, 'permissions is missing'],
    ['a plain action among data actions', { permissions: [{ dataActions: [score] }] }, 'is no data action'],
    ['a scope outside the assignable ones', { assignableScopes: [managed('rg-other')] }, 'is not among the assignable'],
    ['a wildcard as assignable scope', { assignableScopes: ['/subscriptions/*'] }, 'without wildcards'],
    ['a name that is taken', { roleName: 'scorer 1' }, 'is taken by'],
  ])('refused: %s', async (_what, more, reason) => {
    await expect(arm.create('authorization:RoleDefinition', role(3, more))).rejects.toThrow(reason);
  });
});

test('a NAT gateway takes Standard addresses, and a subnet one that is there', async () => {
  const address = (publicIpAddressName: string, sku: string) =>
    arm.create('network:PublicIPAddress', {
      ...{ ...located, publicIpAddressName, sku: { name: sku }, publicIPAllocationMethod: 'Static' },
    });
  await expect(address('pip-old', 'Basic')).rejects.toThrow("use 'Standard'");
  const id = await address('pip-ng', 'Standard');
  const gateway = { ...located, natGatewayName: 'ng-score', sku: { name: 'Standard' }, publicIpAddresses: [{ id }] };
  const natGatewayId = await arm.create('network:NatGateway', gateway);
  const subnet = (more: Properties) =>
    arm.create('network:Subnet', {
      ...{ ...inGroup, virtualNetworkName: 'vnet-score', subnetName: 'out', addressPrefix: '10.0.8.0/26', ...more },
    });
  await expect(subnet({ natGateway: { id: `${natGatewayId}x` } })).rejects.toThrow('does not exist');
  const twice = [delegation, { name: 'apps', serviceName: 'Microsoft.App/environments' }];
  await expect(subnet({ delegations: twice })).rejects.toThrow('at most 1');
  await subnet({ natGateway: { id: natGatewayId }, delegations: [delegation] });
});
