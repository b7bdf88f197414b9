import type { Properties } from '../../contracts';
import { armTypeOf } from '../armIds';
import { isUnknownAt, textAt, valuesAt } from '../values';
import { type Failure, inGroup, type Kind, type NameRule, type Surroundings } from './kind';
import { atMost, matches, needs, range, refersTo, unique } from './rules';

const naming = (min: number, max: number): NameRule => ({
  min,
  max,
  pattern: /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/,
  allowed:
    'letters, digits, underscores, periods and hyphens, starting with a letter or digit, ending with a letter, digit or underscore',
});
const cidr = /^(\d{1,3}(\.\d{1,3}){3}\/\d{1,2}|[0-9a-f:]+\/\d{1,3})$/i;
const subnetType = 'Microsoft.Network/virtualNetworks/subnets';

export const virtualNetwork: Kind = {
  kind: 'network:VirtualNetwork',
  armType: 'Microsoft.Network/virtualNetworks',
  id: inGroup('Microsoft.Network/virtualNetworks/{virtualNetworkName}'),
  name: naming(2, 64),
  rules: [
    needs('addressSpace', 'Azure answers InvalidRequestFormat without it'),
    matches('addressSpace.addressPrefixes[]', cidr, 'a CIDR range', 'ARM types'),
    matches('subnets[].addressPrefix', cidr, 'a CIDR range', 'ARM types'),
    refersTo('subnets[].networkSecurityGroup.id', 'Microsoft.Network/networkSecurityGroups'),
    unique('subnets[].name', 'ARM types'),
  ],
  computed: () => ({ provisioningState: 'Succeeded' }),
};

export const subnet: Kind = {
  kind: 'network:Subnet',
  armType: subnetType,
  id: inGroup('Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}'),
  name: naming(1, 80),
  rules: [
    (inputs) =>
      inputs.addressPrefix === undefined &&
      inputs.addressPrefixes === undefined &&
      inputs.ipamPoolPrefixAllocations === undefined
        ? [
            {
              property: 'addressPrefix',
              reason: 'neither addressPrefix nor addressPrefixes is given; a subnet needs one.',
            },
          ]
        : [],
    matches('addressPrefix', cidr, 'a CIDR range', 'ARM types'),
    matches('addressPrefixes[]', cidr, 'a CIDR range', 'ARM types'),
    refersTo('networkSecurityGroup.id', 'Microsoft.Network/networkSecurityGroups'),
    refersTo('natGateway.id', 'Microsoft.Network/natGateways'),
    matches(
      'delegations[].serviceName',
      /^Microsoft\.\w+\/\w+(\/\w+)*$/,
      'a service, as Microsoft.App/environments',
      'Learn: Subnet delegation',
    ),
    atMost('delegations', 1, 'Learn: Subnet delegation: one service each'),
    unique('delegations[].name', 'ARM types'),
  ],
  defaults: () => ({ privateEndpointNetworkPolicies: 'Disabled', privateLinkServiceNetworkPolicies: 'Enabled' }),
  computed: () => ({ provisioningState: 'Succeeded' }),
};

export const networkSecurityGroup: Kind = {
  kind: 'network:NetworkSecurityGroup',
  armType: 'Microsoft.Network/networkSecurityGroups',
  id: inGroup('Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}'),
  name: naming(1, 80),
  rules: [range('securityRules[].priority', 100, 4096, 'ARM types'), unique('securityRules[].name', 'ARM types')],
  computed: () => ({ provisioningState: 'Succeeded' }),
};

/** Sub-resources that private link offers per type (Learn: "Azure Private Endpoint private DNS zone values"). */
const privateLinkGroups: Readonly<Record<string, readonly string[]>> = {
  'microsoft.devices/iothubs': ['iotHub'],
  'microsoft.devices/provisioningservices': ['iotDps'],
  'microsoft.eventhub/namespaces': ['namespace'],
  'microsoft.healthcareapis/workspaces': ['healthcareworkspace'],
  'microsoft.storage/storageaccounts': ['blob', 'dfs', 'queue', 'table', 'file', 'web'],
  'microsoft.keyvault/vaults': ['vault'],
  'microsoft.web/sites': ['sites'],
  'microsoft.databricks/workspaces': ['databricks_ui_api', 'browser_authentication'],
  'microsoft.machinelearningservices/workspaces': ['amlworkspace'],
};

export const privateEndpoint: Kind = {
  kind: 'network:PrivateEndpoint',
  armType: 'Microsoft.Network/privateEndpoints',
  id: inGroup('Microsoft.Network/privateEndpoints/{privateEndpointName}'),
  name: naming(2, 64),
  immutable: [
    'subnet',
    'customNetworkInterfaceName',
    'privateLinkServiceConnections[].privateLinkServiceId',
    'privateLinkServiceConnections[].groupIds',
  ],
  rules: [
    needs('subnet', 'a private endpoint lies in a subnet'),
    refersTo('subnet.id', subnetType),
    refersTo('privateLinkServiceConnections[].privateLinkServiceId'),
    refersTo('manualPrivateLinkServiceConnections[].privateLinkServiceId'),
    oneConnection,
    groupIds,
  ],
  computed: () => ({ provisioningState: 'Succeeded', customDnsConfigs: [], networkInterfaces: [] }),
};

function oneConnection(inputs: Properties): Failure[] {
  const lists = ['privateLinkServiceConnections', 'manualPrivateLinkServiceConnections'];
  if (lists.some((list) => isUnknownAt(inputs, list) || valuesAt(inputs, `${list}[]`).length > 0)) return [];
  return [
    {
      property: 'privateLinkServiceConnections',
      reason: 'privateLinkServiceConnections is empty; a private endpoint needs one connection.',
    },
  ];
}

function groupIds(inputs: Properties): Failure[] {
  return valuesAt(inputs, 'privateLinkServiceConnections[]').flatMap(({ path, value }) => {
    const target = textAt(value, 'privateLinkServiceId');
    const allowed = target ? privateLinkGroups[armTypeOf(target)?.toLowerCase() ?? ''] : undefined;
    if (!allowed) return [];
    return valuesAt(value, 'groupIds[]')
      .filter(({ value: group }) => !allowed.includes(String(group)))
      .map((at) => ({
        property: `${path}.${at.path}`,
        reason: `group id '${String(at.value)}' is not offered by ${armTypeOf(String(target))}; allowed are ${allowed.join(', ')} (Learn: private endpoint DNS values).`,
      }));
  });
}

export const privateDnsZoneGroup: Kind = {
  kind: 'network:PrivateDnsZoneGroup',
  armType: 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups',
  id: inGroup(
    'Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}',
  ),
  rules: [
    refersTo('privateDnsZoneConfigs[].privateDnsZoneId', 'Microsoft.Network/privateDnsZones'),
    atMost('privateDnsZoneConfigs', 5, 'Learn: private DNS zone group'),
  ],
  computed: () => ({ provisioningState: 'Succeeded' }),
};

export const privateZone: Kind = {
  kind: 'privatedns:PrivateZone',
  armType: 'Microsoft.Network/privateDnsZones',
  id: inGroup('Microsoft.Network/privateDnsZones/{privateZoneName}'),
  name: {
    min: 1,
    max: 63 * 4,
    pattern: /^([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
    allowed: 'two or more labels of letters, digits, underscores and hyphens, separated by periods',
  },
  rules: [globalLocation],
  computed: () => ({ provisioningState: 'Succeeded', numberOfRecordSets: 1, numberOfVirtualNetworkLinks: 0 }),
};

export const virtualNetworkLink: Kind = {
  kind: 'privatedns:VirtualNetworkLink',
  armType: 'Microsoft.Network/privateDnsZones/virtualNetworkLinks',
  id: inGroup('Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}'),
  name: naming(1, 80),
  immutable: ['virtualNetwork'],
  rules: [globalLocation, refersTo('virtualNetwork.id', 'Microsoft.Network/virtualNetworks'), oneLink],
  computed: () => ({ provisioningState: 'Succeeded', virtualNetworkLinkState: 'Completed' }),
};

/** Private DNS is not in a region: Azure answers `LocationNotAvailableForResourceType`. */
function globalLocation(inputs: Properties): Failure[] {
  const location = textAt(inputs, 'location');
  if (location === undefined || location.toLowerCase() === 'global') return [];
  return [{ property: 'location', reason: `location is '${location}'; private DNS has no regions, set 'global'.` }];
}

/** A network can be linked to a zone once. */
function oneLink(inputs: Properties, { resources, id }: Surroundings): Failure[] {
  const network = textAt(inputs, 'virtualNetwork.id')?.toLowerCase();
  if (!id || !network) return [];
  const zone = id.slice(0, id.indexOf('/virtualNetworkLinks/'));
  const other = resources
    .below(zone)
    .find(
      (link) =>
        link.id.toLowerCase() !== id.toLowerCase() &&
        textAt(link.inputs, 'virtualNetwork.id')?.toLowerCase() === network,
    );
  return other
    ? [{ property: 'virtualNetwork.id', reason: `the network is linked to this zone already, by '${other.id}'.` }]
    : [];
}
