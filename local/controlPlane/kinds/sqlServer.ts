import { isIPv4 } from 'node:net';
import type { Properties } from '../../contracts';
import { parentId } from '../armIds';
import { isUnknownAt, textAt, valueAt } from '../values';
import { type Failure, inGroup, type Kind, type NameRule, type Surroundings } from './kind';
import { attachedIdentity, identity, matches, needs, oneOf, range, refersTo } from './rules';

export const serverPath = 'Microsoft.Sql/servers/{serverName}';
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Azure's naming rules for what is below a server. */
export const sqlName: NameRule = {
  min: 1,
  max: 128,
  pattern: /^[^<>*%&:\\/?]*[^<>*%&:\\/?. ]$/,
  allowed: 'anything but < > * % & : \\ / ?, without a period or blank at the end',
};

export const sqlServer: Kind = {
  kind: 'sql:Server',
  armType: 'Microsoft.Sql/servers',
  id: inGroup(serverPath),
  name: {
    min: 1,
    max: 63,
    pattern: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
    allowed: 'lower-case letters, digits and hyphens, starting and ending with a letter or digit',
  },
  isGlobalName: true,
  immutable: ['administratorLogin', 'version'],
  rules: [
    ...identity(),
    hasAdministrator,
    keepsAdministrator,
    matches('administrators.sid', guid, 'the object id of a principal', 'Learn: Microsoft Entra authentication'),
    matches('administrators.tenantId', guid, 'a GUID', 'ARM types'),
    oneOf('administrators.principalType', ['User', 'Group', 'Application'], 'ARM types'),
    oneOf('publicNetworkAccess', ['Enabled', 'Disabled', 'SecuredByPerimeter'], 'ARM types'),
    oneOf('restrictOutboundNetworkAccess', ['Enabled', 'Disabled'], 'ARM types'),
    oneOf('minimalTlsVersion', ['1.2', '1.3'], 'Learn: TLS 1.0 and 1.1 retired on August 31, 2025'),
    oneOf('version', ['12.0'], 'ARM types'),
    refersTo('primaryUserAssignedIdentityId', 'Microsoft.ManagedIdentity/userAssignedIdentities'),
    attachedIdentity('primaryUserAssignedIdentityId'),
    primaryIdentity,
    keyNeedsIdentity,
  ],
  defaults: () => ({
    version: '12.0',
    minimalTlsVersion: '1.2',
    publicNetworkAccess: 'Enabled',
    restrictOutboundNetworkAccess: 'Disabled',
  }),
  computed: ({ inputs }) => ({
    fullyQualifiedDomainName: `${String(inputs.serverName)}.database.windows.net`,
    externalGovernanceStatus: 'Disabled',
    kind: 'v12.0',
    privateEndpointConnections: [],
    state: 'Ready',
    // Azure never answers it.
    administratorLoginPassword: undefined,
  }),
};

/** Learn: "Microsoft Entra-only authentication": a server has a login with a password, or an administrator of Entra alone. */
function hasAdministrator(inputs: Properties): Failure[] {
  if (isUnknownAt(inputs, 'administrators')) return [];
  const isEntraOnly = valueAt(inputs, 'administrators.azureADOnlyAuthentication') === true;
  const failures: Failure[] = [];
  if (inputs.administrators !== undefined && !isUnknownAt(inputs, 'administrators.sid')) {
    for (const name of ['login', 'sid']) {
      const isGiven =
        textAt(inputs, `administrators.${name}`) !== undefined || isUnknownAt(inputs, `administrators.${name}`);
      if (!isGiven)
        failures.push({ property: `administrators.${name}`, reason: `${name} of the administrator is missing.` });
    }
  }
  if (isEntraOnly && inputs.administratorLogin !== undefined) {
    const reason =
      'administratorLogin is given, but the server takes principals of Microsoft Entra alone; leave it out.';
    failures.push({ property: 'administratorLogin', reason });
  }
  const hasLogin = inputs.administratorLogin !== undefined && inputs.administratorLoginPassword !== undefined;
  if (!isEntraOnly && !hasLogin && !isUnknownAt(inputs, 'administrators.azureADOnlyAuthentication')) {
    const reason =
      'a server without administrators.azureADOnlyAuthentication needs administratorLogin and administratorLoginPassword.';
    failures.push({ property: 'administrators', reason });
  }
  return failures;
}

/** The property holds at creation; later there is a resource of its own. */
function keepsAdministrator(inputs: Properties, { current, id, resources }: Surroundings): Failure[] {
  const before = textAt(current?.inputs, 'administrators.sid');
  const later = textAt(resources.get(`${id}/administrators/ActiveDirectory`)?.inputs, 'sid');
  const now = textAt(inputs, 'administrators.sid');
  if (before === undefined || now === undefined) return [];
  if ([before, later].some((sid) => sid?.toLowerCase() === now.toLowerCase())) return [];
  const reason = `administrators.sid is '${now}', and '${before}' since the server was created; Azure ignores it on a server that exists. Change it with a ServerAzureADAdministrator.`;
  return [{ property: 'administrators.sid', reason }];
}

function primaryIdentity(inputs: Properties): Failure[] {
  const type = textAt(inputs, 'identity.type');
  const isGiven = textAt(inputs, 'primaryUserAssignedIdentityId') !== undefined;
  if (!type?.includes('UserAssigned') || isGiven || isUnknownAt(inputs, 'primaryUserAssignedIdentityId')) return [];
  const reason = 'the server has user-assigned identities; primaryUserAssignedIdentityId names the one it acts as.';
  return [{ property: 'primaryUserAssignedIdentityId', reason }];
}

function keyNeedsIdentity(inputs: Properties): Failure[] {
  if (inputs.keyId === undefined || inputs.identity !== undefined) return [];
  return [
    { property: 'keyId', reason: 'a customer-managed key is given; the server needs an identity that may use it.' },
  ];
}

/** The server that a resource is below, as it is or as this preview makes it. */
function serverOf({ id, resources }: Surroundings): Properties | undefined {
  const parent = id && parentId(id);
  return parent ? resources.get(parent)?.outputs : undefined;
}

export const serverAzureADAdministrator: Kind = {
  kind: 'sql:ServerAzureADAdministrator',
  armType: 'Microsoft.Sql/servers/administrators',
  id: inGroup(`${serverPath}/administrators/{administratorName}`),
  autoName: { fixed: 'ActiveDirectory' },
  comesWithParent: true,
  rules: [
    oneOf('administratorName', ['ActiveDirectory'], 'ARM types'),
    oneOf('administratorType', ['ActiveDirectory'], 'ARM types'),
    matches('sid', guid, 'the object id of a principal', 'ARM types'),
  ],
  defaults: () => ({ administratorType: 'ActiveDirectory' }),
};

export const serverAzureADOnlyAuthentication: Kind = {
  kind: 'sql:ServerAzureADOnlyAuthentication',
  armType: 'Microsoft.Sql/servers/azureADOnlyAuthentications',
  id: inGroup(`${serverPath}/azureADOnlyAuthentications/{authenticationName}`),
  autoName: { fixed: 'Default' },
  comesWithParent: true,
  rules: [
    oneOf('authenticationName', ['Default'], 'ARM types'),
    (inputs, around) => {
      const hasOne = textAt(serverOf(around), 'administrators.sid') !== undefined || hasAdministratorBelow(around);
      if (inputs.azureADOnlyAuthentication !== true || hasOne || !serverOf(around)) return [];
      return [{ property: 'azureADOnlyAuthentication', reason: 'the server has no administrator of Microsoft Entra.' }];
    },
  ],
};

function hasAdministratorBelow({ id, resources }: Surroundings): boolean {
  const server = id && parentId(id);
  return server !== undefined && resources.below(server).some(({ kind }) => kind === 'sql:ServerAzureADAdministrator');
}

export const firewallRule: Kind = {
  kind: 'sql:FirewallRule',
  armType: 'Microsoft.Sql/servers/firewallRules',
  id: inGroup(`${serverPath}/firewallRules/{firewallRuleName}`),
  name: sqlName,
  rules: [addresses, publicEndpoint('firewallRuleName')],
};

function addresses(inputs: Properties): Failure[] {
  const [start, end] = ['startIpAddress', 'endIpAddress'].map((name) => textAt(inputs, name));
  const failures: Failure[] = [];
  for (const [property, value] of Object.entries({ startIpAddress: start, endIpAddress: end })) {
    if (value !== undefined && !isIPv4(value))
      failures.push({ property, reason: `${property} is '${value}'; allowed are IPv4 addresses.` });
  }
  const number = (ip: string) => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  if (failures.length === 0 && start && end && number(start) > number(end)) {
    failures.push({
      property: 'endIpAddress',
      reason: `endIpAddress is '${end}', which is below startIpAddress '${start}'.`,
    });
  }
  return failures;
}

/** Azure's DenyPublicEndpointEnabled: rules are for a public endpoint that is open. */
function publicEndpoint(property: string) {
  return (_: Properties, around: Surroundings): Failure[] => {
    if (serverOf(around)?.publicNetworkAccess !== 'Disabled') return [];
    return [
      { property, reason: 'publicNetworkAccess of the server is Disabled; rules for its public endpoint are refused.' },
    ];
  };
}

export const virtualNetworkRule: Kind = {
  kind: 'sql:VirtualNetworkRule',
  armType: 'Microsoft.Sql/servers/virtualNetworkRules',
  id: inGroup(`${serverPath}/virtualNetworkRules/{virtualNetworkRuleName}`),
  name: sqlName,
  rules: [
    refersTo('virtualNetworkSubnetId', 'Microsoft.Network/virtualNetworks/subnets'),
    publicEndpoint('virtualNetworkRuleName'),
  ],
  computed: () => ({ state: 'Ready' }),
};

export const outboundFirewallRule: Kind = {
  kind: 'sql:OutboundFirewallRule',
  armType: 'Microsoft.Sql/servers/outboundFirewallRules',
  id: inGroup(`${serverPath}/outboundFirewallRules/{outboundRuleFqdn}`),
  name: { min: 1, max: 255, pattern: /^[A-Za-z0-9.-]+$/, allowed: 'a fully qualified domain name' },
  rules: [
    (_, around) =>
      serverOf(around)?.restrictOutboundNetworkAccess === 'Disabled'
        ? [
            {
              property: 'outboundRuleFqdn',
              reason: 'restrictOutboundNetworkAccess of the server is Disabled; a rule has no effect.',
            },
          ]
        : [],
  ],
  computed: () => ({ provisioningState: 'Succeeded' }),
};

export const serverSecurityAlertPolicy: Kind = {
  kind: 'sql:ServerSecurityAlertPolicy',
  armType: 'Microsoft.Sql/servers/securityAlertPolicies',
  id: inGroup(`${serverPath}/securityAlertPolicies/{securityAlertPolicyName}`),
  autoName: { fixed: 'Default' },
  comesWithParent: true,
  rules: [oneOf('securityAlertPolicyName', ['Default'], 'ARM types')],
  // Azure never answers it.
  computed: () => ({ storageAccountAccessKey: undefined }),
};

export const sqlVulnerabilityAssessmentsSetting: Kind = {
  kind: 'sql:SqlVulnerabilityAssessmentsSetting',
  armType: 'Microsoft.Sql/servers/sqlVulnerabilityAssessments',
  id: inGroup(`${serverPath}/sqlVulnerabilityAssessments/{vulnerabilityAssessmentName}`),
  autoName: { fixed: 'default' },
  comesWithParent: true,
  rules: [oneOf('vulnerabilityAssessmentName', ['default'], 'ARM types')],
};

export const extendedServerBlobAuditingPolicy: Kind = {
  kind: 'sql:ExtendedServerBlobAuditingPolicy',
  armType: 'Microsoft.Sql/servers/extendedAuditingSettings',
  id: inGroup(`${serverPath}/extendedAuditingSettings/{blobAuditingPolicyName}`),
  autoName: { fixed: 'default' },
  comesWithParent: true,
  rules: [
    oneOf('blobAuditingPolicyName', ['default'], 'ARM types'),
    needs('state', 'ARM types'),
    range('queueDelayMs', 1000, 2_147_483_647, 'ARM types'),
    // ARM types: "If state is Enabled, storageEndpoint or isAzureMonitorTargetEnabled are required".
    (inputs) => {
      const hasTarget = inputs.isAzureMonitorTargetEnabled === true || inputs.storageEndpoint !== undefined;
      if (inputs.state !== 'Enabled' || hasTarget) return [];
      return [
        {
          property: 'state',
          reason: 'auditing is Enabled without a target; set isAzureMonitorTargetEnabled or storageEndpoint.',
        },
      ];
    },
  ],
  computed: () => ({ storageAccountAccessKey: undefined }),
};
