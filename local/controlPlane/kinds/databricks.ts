import { randomInt } from 'node:crypto';
import type { Properties } from '../../contracts';
import { idKey } from '../armIds';
import { isUnknownAt, textAt, valueAt, valuesAt } from '../values';
import { injectedNetwork } from './databricksNetwork';
import { type Failure, inGroup, type Kind, type NameRule, type Surroundings } from './kind';
import { identity, identityIds, matches, needs, oneOf, refersTo } from './rules';

const connectorType = 'Microsoft.Databricks/accessConnectors';
const naming: NameRule = {
  min: 3,
  max: 64,
  pattern: /^[A-Za-z0-9_-]+$/,
  allowed: 'letters, digits, underscores and hyphens',
};
const notServerless = ['accessConnector', 'defaultCatalog', 'defaultStorageFirewall', 'managedResourceGroupId'];
const compliance = 'enhancedSecurityCompliance';
const profile = `${compliance}.complianceSecurityProfile`;

export const databricksWorkspace: Kind = {
  kind: 'databricks:Workspace',
  armType: 'Microsoft.Databricks/workspaces',
  id: inGroup('Microsoft.Databricks/workspaces/{workspaceName}'),
  name: naming,
  immutable: [
    'computeMode',
    'managedResourceGroupId',
    // Learn: "You cannot replace the VNet for an existing workspace".
    'parameters.customVirtualNetworkId',
    ...['requireInfrastructureEncryption', 'storageAccountName', 'vnetAddressPrefix'].map((p) => `parameters.${p}`),
  ],
  rules: [
    needs('computeMode', 'ARM types: required on create'),
    oneOf('sku.name', ['standard', 'premium', 'trial'], 'Learn: Microsoft.Databricks/workspaces'),
    oneOf('requiredNsgRules', ['AllRules', 'NoAzureDatabricksRules'], 'ARM types: the third value is for internal use'),
    modeOfCompute,
    managedGroup,
    premium,
    refersTo('accessConnector.id', connectorType),
    connectorIdentity,
    storageFirewall,
    profileStays,
    profileNeeds,
    managedKeys,
    injectedNetwork,
  ],
  defaults: () => ({
    ...{ sku: { name: 'standard' }, publicNetworkAccess: 'Enabled', requiredNsgRules: 'AllRules' },
    parameters: { enableNoPublicIp: { type: 'Bool', value: true } },
  }),
  computed: () => {
    // Learn: "Per-workspace URL": `adb-<workspace id>.<random number>.azuredatabricks.net`; a new workspace has a new id.
    const workspaceId = `${randomInt(1, 10)}${Array.from({ length: 15 }, () => randomInt(10)).join('')}`;
    const workspaceUrl = `adb-${workspaceId}.${randomInt(20)}.azuredatabricks.net`;
    return { workspaceId, workspaceUrl, isUcEnabled: true, provisioningState: 'Succeeded' };
  },
};

/** ARM types: what a Hybrid workspace needs is not allowed in a Serverless one. */
function modeOfCompute(inputs: Properties, around: Surroundings): readonly Failure[] {
  const mode = textAt(inputs, 'computeMode');
  if (mode === 'Hybrid')
    return needs('managedResourceGroupId', 'ARM types: required in Hybrid compute mode')(inputs, around);
  if (mode !== 'Serverless') return [];
  return [...notServerless, 'parameters', 'requiredNsgRules']
    .filter((property) => inputs[property] !== undefined)
    .map((property) => ({
      property,
      reason: `${property} is given, but computeMode is 'Serverless', which has none (ARM types).`,
    }));
}

/** Azure makes the managed resource group itself, in the workspace's subscription, and refuses one that is there. */
function managedGroup(inputs: Properties, { resources, subscriptionId, current }: Surroundings): Failure[] {
  const property = 'managedResourceGroupId';
  const id = textAt(inputs, property);
  if (id === undefined) return [];
  const [, subscription] = /^\/subscriptions\/([^/]+)\/resourceGroups\/[\w._()-]*[\w_()-]$/i.exec(id) ?? [];
  if (subscription?.toLowerCase() !== subscriptionId.toLowerCase()) {
    const allowed = `/subscriptions/${subscriptionId}/resourceGroups/<name>`;
    return [
      { property, reason: `'${id}' is not a resource group of the workspace's subscription; allowed is ${allowed}.` },
    ];
  }
  if (current) return [];
  const holder = resources
    .list('databricks:Workspace')
    .find(({ inputs: other }) => idKey(String(other.managedResourceGroupId)) === idKey(id));
  if (!holder && !resources.get(id)) return [];
  const reason = `the resource group '${id}' exists already${holder ? ` for '${holder.id}'` : ''}; name one that does not, which the workspace makes for itself.`;
  return [{ property, reason }];
}

/** Learn: "Azure Databricks pricing": what only the Premium tier has. */
function premium(inputs: Properties): Failure[] {
  if (isUnknownAt(inputs, 'sku.name') || textAt(inputs, 'sku.name')?.toLowerCase() !== 'standard') return [];
  const wants = [
    textAt(inputs, `${profile}.value`) === 'Enabled' ? profile : undefined,
    textAt(inputs, 'defaultStorageFirewall') === 'Enabled' ? 'defaultStorageFirewall' : undefined,
    textAt(inputs, 'publicNetworkAccess') === 'Disabled' ? 'publicNetworkAccess' : undefined,
    valueAt(inputs, 'encryption.entities') === undefined ? undefined : 'encryption.entities',
  ].filter((property) => property !== undefined);
  if (wants.length === 0) return [];
  return [{ property: 'sku.name', reason: `sku is 'standard'; ${wants.join(', ')} need(s) 'premium'.` }];
}

function connectorIdentity(inputs: Properties, { resources }: Surroundings): Failure[] {
  const at = 'accessConnector';
  const [type, used] = [textAt(inputs, `${at}.identityType`), textAt(inputs, `${at}.userAssignedIdentityId`)];
  const failures: Failure[] = [];
  const property = `${at}.userAssignedIdentityId`;
  if (type === 'UserAssigned' && used === undefined && !isUnknownAt(inputs, property))
    failures.push({ property, reason: "userAssignedIdentityId is missing; identityType 'UserAssigned' needs it." });
  if (type === 'SystemAssigned' && used !== undefined)
    failures.push({ property, reason: "userAssignedIdentityId is given, but identityType is 'SystemAssigned'." });
  const connector = resources.get(textAt(inputs, `${at}.id`) ?? '');
  if (!connector) return failures;
  const attached = identityIds(valueAt(connector.inputs, 'identity.userAssignedIdentities'));
  if (used !== undefined && !attached.some((id) => idKey(String(id)) === idKey(used)))
    failures.push({
      property,
      reason: `identity '${used}' is not attached to the access connector '${connector.id}'.`,
    });
  if (type === 'SystemAssigned' && !(textAt(connector.inputs, 'identity.type') ?? '').includes('SystemAssigned')) {
    const reason = `the access connector '${connector.id}' has no system-assigned identity.`;
    failures.push({ property: `${at}.identityType`, reason });
  }
  return failures;
}

/** Learn: "Enable firewall support for your workspace storage account": requirements. */
function storageFirewall(inputs: Properties): Failure[] {
  if (textAt(inputs, 'defaultStorageFirewall') !== 'Enabled') return [];
  const property = 'defaultStorageFirewall';
  const missing = ['accessConnector', 'parameters.customVirtualNetworkId'].filter(
    (path) => valueAt(inputs, path) === undefined && !isUnknownAt(inputs, path),
  );
  if (valueAt(inputs, 'parameters.enableNoPublicIp.value') === false) missing.push('parameters.enableNoPublicIp');
  return missing.map((path) => ({ property, reason: `defaultStorageFirewall is 'Enabled', which needs ${path}.` }));
}

/** Learn: "Compliance security profile": a workspace that has it keeps it. */
function profileStays(inputs: Properties, { current }: Surroundings): Failure[] {
  if (textAt(current?.inputs, `${profile}.value`) !== 'Enabled' || isUnknownAt(inputs, `${profile}.value`)) return [];
  const now = textAt(inputs, `${profile}.value`);
  if (now === 'Enabled') return [];
  const reason = `the compliance security profile is on and cannot become '${now ?? 'absent'}'; it can only go with the workspace.`;
  return [{ property: `${profile}.value`, reason }];
}

/** terraform-provider-azurerm, databricks_workspace: the profile needs the two other features of the add-on. */
function profileNeeds(inputs: Properties): Failure[] {
  if (textAt(inputs, `${profile}.value`) !== 'Enabled') return [];
  return ['automaticClusterUpdate', 'enhancedSecurityMonitoring']
    .map((name) => `${compliance}.${name}.value`)
    .filter((path) => !isUnknownAt(inputs, path) && textAt(inputs, path) !== 'Enabled')
    .map((property) => ({
      property,
      reason: `${property} is '${textAt(inputs, property) ?? 'absent'}'; the compliance security profile needs 'Enabled'.`,
    }));
}

function managedKeys(inputs: Properties, { resources }: Surroundings): Failure[] {
  return ['managedServices', 'managedDisk'].flatMap((entity) => {
    const at = `encryption.entities.${entity}.keyVaultProperties`;
    const [uri, name] = [textAt(inputs, `${at}.keyVaultUri`), textAt(inputs, `${at}.keyName`)];
    if (!uri || !name) return [];
    const wanted = `${uri.replace(/\/$/, '')}/keys/${name}`.toLowerCase();
    if (resources.list('keyvault:Key').some(({ outputs }) => String(outputs.keyUri).toLowerCase() === wanted))
      return [];
    return [{ property: `${at}.keyName`, reason: `there is no key '${name}' in the key vault '${uri}'.` }];
  });
}

/** What Unity Catalog and the workspace act as. */
export const accessConnector: Kind = {
  kind: 'databricks:AccessConnector',
  armType: connectorType,
  id: inGroup('Microsoft.Databricks/accessConnectors/{connectorName}'),
  name: naming,
  rules: [
    ...identity(),
    needs('identity', 'Learn: an access connector is there for its identity'),
    // Learn: "You can add one user-assigned identity"; more are not looked at.
    oneUserIdentity,
    matches(
      'identity.type',
      /^(SystemAssigned|UserAssigned|SystemAssigned,UserAssigned)$/,
      'a type with an identity',
      'ARM types',
    ),
  ],
  computed: () => ({ properties: { provisioningState: 'Succeeded', referedBy: [] } }),
};

function oneUserIdentity(inputs: Properties): Failure[] {
  const property = 'identity.userAssignedIdentities';
  const count = valuesAt(inputs, `${property}[]`).length;
  if (count <= 1) return [];
  return [
    { property, reason: `${count} identities are given; an access connector has at most one user-assigned one.` },
  ];
}
