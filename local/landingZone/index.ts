/**
 * What a platform team has before a hospital's stack with Databricks comes: a network with two subnets for the workspace,
 * delegated to it, closed to the outside, and with a way out. A hospital's program is given the names.
 */
import { NatGateway } from '@pulumi/azure-native/network/natGateway';
import { NetworkSecurityGroup } from '@pulumi/azure-native/network/networkSecurityGroup';
import { PublicIPAddress } from '@pulumi/azure-native/network/publicIPAddress';
import { Subnet } from '@pulumi/azure-native/network/subnet';
import { VirtualNetwork } from '@pulumi/azure-native/network/virtualNetwork';
import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup';

const location = 'westeurope';
const delegation = { name: 'databricks', serviceName: 'Microsoft.Databricks/workspaces' };

const group = new ResourceGroup('landing-zone', { resourceGroupName: 'rg-landing-zone', location });
const inGroup = { resourceGroupName: group.name, location };
const address = new PublicIPAddress('nat', {
  ...inGroup,
  publicIpAddressName: 'pip-nat',
  publicIPAllocationMethod: 'Static',
  sku: { name: 'Standard' },
});
const wayOut = new NatGateway('nat', {
  ...inGroup,
  natGatewayName: 'ng-landing-zone',
  sku: { name: 'Standard' },
  publicIpAddresses: [{ id: address.id }],
});
const guard = new NetworkSecurityGroup('databricks', { ...inGroup, networkSecurityGroupName: 'nsg-databricks' });
const network = new VirtualNetwork('network', {
  ...inGroup,
  virtualNetworkName: 'vnet-landing-zone',
  addressSpace: { addressPrefixes: ['10.20.0.0/16'] },
});

const subnet = (subnetName: string, addressPrefix: string) =>
  new Subnet(subnetName, {
    resourceGroupName: group.name,
    virtualNetworkName: network.name,
    subnetName,
    addressPrefix,
    delegations: [delegation],
    networkSecurityGroup: { id: guard.id },
    natGateway: { id: wayOut.id },
  });
const open = subnet('snet-databricks-public', '10.20.1.0/24');
const closed = subnet('snet-databricks-private', '10.20.2.0/24');

export const virtualNetworkId = network.id;
export const publicSubnetName = open.name;
export const privateSubnetName = closed.name;
