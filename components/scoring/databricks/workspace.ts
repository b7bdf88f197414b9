import { AccessConnector } from '@pulumi/azure-native/databricks/accessConnector';
import { Workspace, type WorkspaceArgs } from '@pulumi/azure-native/databricks/workspace';
import * as pulumi from '@pulumi/pulumi';
import { dataAccess } from '../../azure/commonDefaults';
import { diagnose } from '../../azure/diagnostics';
import { hopIdentity, type Identity } from '../../azure/identity';
import { privateEndpoint } from '../../azure/privateEndpoints';
import { propagated } from '../../azure/propagation';
import { lockResource } from '../../azure/protection';
import type { ScoringSite } from '../site';
import type { CompleteDatabricks } from './defaults';

export const workspaceChild = 'databricks';

/** The workspace, and what acts for it. */
export interface DatabricksPlace {
  readonly workspace: Workspace;
  readonly accessConnector: AccessConnector;
  /** The identity on the connector. */
  readonly identity: Identity;
}

/**
 * A premium workspace in the hospital's network, without public addresses, whose own storage answers to it alone. Its
 * connector carries the identity that the job reads and writes with.
 */
export function databricksWorkspace(site: ScoringSite, databricks: CompleteDatabricks): DatabricksPlace {
  const { children, names, surroundings, settings, protection } = site;
  const { resourceGroupName, location, tags } = surroundings;
  const existing = settings.managedIdentities?.databricks;
  const identity = hopIdentity(children, names, surroundings, 'databricks', existing);
  const accessConnector = new AccessConnector(
    ...children.of('databricks-connector', {
      resourceGroupName,
      connectorName: names.of('databricksAccessConnector', settings.names?.databricksAccessConnector),
      location,
      tags,
      identity: { type: 'UserAssigned', userAssignedIdentities: [identity.id] },
    }),
  );
  const args = workspaceArgs(site, databricks, accessConnector, identity);
  const dependsOn = keyForServices(site, databricks);
  const workspace = new Workspace(...children.of(workspaceChild, args, { ...protection, dependsOn }));
  keyForDisks(site, workspace);
  privateEndpoint(
    children,
    names,
    surroundings,
    workspaceChild,
    workspace.id,
    settings.privateEndpoints,
    workspaceChild,
  );
  diagnose(children, workspaceChild, workspace.id, settings.diagnosticSettings);
  lockResource(children, workspaceChild, workspace.id, settings);
  return { workspace, accessConnector, identity };
}

function workspaceArgs(
  { names, surroundings, settings }: ScoringSite,
  databricks: CompleteDatabricks,
  accessConnector: AccessConnector,
  identity: Identity,
): WorkspaceArgs {
  const { resourceGroupName, location, tags, subscriptionId } = surroundings;
  const isPrivate = dataAccess(settings) === 'Disabled';
  const managedGroup = names.of('resourceGroup', databricks.managedResourceGroupName, 'databricks');
  return {
    resourceGroupName,
    workspaceName: names.of('databricksWorkspace', settings.names?.databricksWorkspace),
    location,
    tags,
    computeMode: 'Hybrid',
    sku: { name: 'premium' },
    managedResourceGroupId: pulumi.interpolate`/subscriptions/${subscriptionId}/resourceGroups/${managedGroup}`,
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled',
    // Behind private endpoints the clusters reach the control plane through one, too.
    requiredNsgRules: isPrivate && settings.privateEndpoints ? 'NoAzureDatabricksRules' : 'AllRules',
    accessConnector: { id: accessConnector.id, identityType: 'UserAssigned', userAssignedIdentityId: identity.id },
    defaultStorageFirewall: 'Enabled',
    parameters: {
      customVirtualNetworkId: { value: databricks.virtualNetworkId },
      customPublicSubnetName: { value: databricks.publicSubnetName },
      customPrivateSubnetName: { value: databricks.privateSubnetName },
      enableNoPublicIp: { value: true },
      requireInfrastructureEncryption: { value: true },
    },
    ...complianceArgs(databricks),
    ...encryptionArgs(settings),
  };
}

/** The profile needs both other features of the add-on. */
function complianceArgs({ complianceStandards }: CompleteDatabricks): Partial<WorkspaceArgs> {
  if (complianceStandards.length === 0) return {};
  return {
    enhancedSecurityCompliance: {
      complianceSecurityProfile: { value: 'Enabled', complianceStandards },
      enhancedSecurityMonitoring: { value: 'Enabled' },
      automaticClusterUpdate: { value: 'Enabled' },
    },
  };
}

/** Databricks wants the version of the key; disks follow its rotation. */
function encryptionArgs({ customerManagedKey }: ScoringSite['settings']): Partial<WorkspaceArgs> {
  if (!customerManagedKey) return {};
  const parts = pulumi.output(customerManagedKey.keyUri).apply((uri) => {
    const [, keyVaultUri = '', keyName = '', keyVersion = ''] =
      /^(https:\/\/[^/]+\/)keys\/([^/]+)\/([0-9a-f]+)$/.exec(uri) ?? [];
    return { keyVaultUri, keyName, keyVersion };
  });
  const keyVaultProperties = {
    keyVaultUri: parts.keyVaultUri,
    keyName: parts.keyName,
    keyVersion: parts.keyVersion,
  };
  const keySource = 'Microsoft.Keyvault';
  return {
    encryption: {
      entities: {
        managedServices: { keySource, keyVaultProperties },
        managedDisk: { keySource, keyVaultProperties, rotationToLatestKeyVersionEnabled: true },
      },
    },
  };
}

/** Databricks' own application wraps the key of what it manages when the workspace is made. */
function keyForServices(
  site: ScoringSite,
  { azureDatabricksPrincipalId }: CompleteDatabricks,
): pulumi.Input<pulumi.Resource[]> {
  const { customerManagedKey } = site.settings;
  if (!customerManagedKey || azureDatabricksPrincipalId === undefined) return [];
  const roles = site.grants.add({
    name: 'databricks-services-key',
    principalId: azureDatabricksPrincipalId,
    principalType: 'ServicePrincipal',
    role: 'keyVaultCryptoServiceEncryptionUser',
    scope: customerManagedKey.keyId,
    reason: 'Databricks wraps the key of what it keeps for the workspace with the customer-managed key.',
  });
  return site.grants.afterTold(propagated(site, 'databricks-key-role-propagation', roles));
}

/** The identity of the clusters' disks comes with the workspace. */
function keyForDisks({ settings: { customerManagedKey }, grants }: ScoringSite, workspace: Workspace): void {
  if (!customerManagedKey) return;
  grants.add({
    name: 'databricks-disks-key',
    principalId: workspace.managedDiskIdentity.apply((identity) => identity?.principalId ?? ''),
    principalType: 'ServicePrincipal',
    role: 'keyVaultCryptoServiceEncryptionUser',
    scope: customerManagedKey.keyId,
    reason: 'Disks of clusters are encrypted with the customer-managed key.',
  });
}

/** The workspace's address, as its provider takes it. */
export function workspaceUrl({ workspace }: Pick<DatabricksPlace, 'workspace'>): pulumi.Output<string> {
  return pulumi.interpolate`https://${workspace.workspaceUrl}`;
}
