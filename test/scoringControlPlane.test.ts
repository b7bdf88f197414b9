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
