import type { Properties } from '../../contracts';
import { textAt } from '../values';
import { type Failure, inGroup, type Kind, type NameRule, type Surroundings } from './kind';
import { needs, range, refersTo } from './rules';

const naming: NameRule = {
  min: 1,
  max: 80,
  pattern: /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/,
  allowed:
    'letters, digits, underscores, periods and hyphens, starting with a letter or digit, ending with a letter, digit or underscore',
};
const addressType = 'Microsoft.Network/publicIPAddresses';

export const publicIpAddress: Kind = {
  kind: 'network:PublicIPAddress',
  armType: addressType,
  id: inGroup('Microsoft.Network/publicIPAddresses/{publicIpAddressName}'),
  name: naming,
  immutable: ['sku.name', 'publicIPAddressVersion', 'zones'],
  rules: [range('idleTimeoutInMinutes', 4, 30, 'Learn: Microsoft.Network/publicIPAddresses'), standardIsStatic],
  defaults: () => ({ idleTimeoutInMinutes: 4, publicIPAddressVersion: 'IPv4' }),
  // 203.0.113.0/24 is for documentation (RFC 5737): nobody is reached there.
  computed: () => ({ provisioningState: 'Succeeded', ipAddress: '203.0.113.10' }),
};

/** Learn: "Public IP addresses": Basic ones are retired, and Standard ones are static. */
function standardIsStatic(inputs: Properties): Failure[] {
  const [sku, method] = [textAt(inputs, 'sku.name'), textAt(inputs, 'publicIPAllocationMethod')];
  if (sku === 'Basic')
    return [{ property: 'sku.name', reason: "sku is 'Basic', which was retired in September 2025; use 'Standard'." }];
  if (method !== 'Dynamic') return [];
  return [{ property: 'publicIPAllocationMethod', reason: "it is 'Dynamic'; Standard addresses are 'Static'." }];
}

export const natGateway: Kind = {
  kind: 'network:NatGateway',
  armType: 'Microsoft.Network/natGateways',
  id: inGroup('Microsoft.Network/natGateways/{natGatewayName}'),
  name: naming,
  immutable: ['sku.name', 'zones'],
  rules: [
    needs('sku', 'Learn: Microsoft.Network/natGateways'),
    range('idleTimeoutInMinutes', 4, 120, 'Learn: NAT Gateway resource'),
    refersTo('publicIpAddresses[].id', addressType),
    standardAddresses,
  ],
  defaults: () => ({ idleTimeoutInMinutes: 4 }),
  computed: () => ({ provisioningState: 'Succeeded' }),
};

/** Learn: "NAT Gateway resource": it works with Standard addresses of version 4 only. */
function standardAddresses(inputs: Properties, { resources }: Surroundings): Failure[] {
  const addresses = (Array.isArray(inputs.publicIpAddresses) ? inputs.publicIpAddresses : []) as unknown[];
  return addresses.flatMap((address, i) => {
    const id = textAt(address, 'id');
    const sku = id === undefined ? undefined : textAt(resources.get(id)?.inputs, 'sku.name');
    if (id === undefined || !resources.get(id) || sku === 'Standard' || sku === 'StandardV2') return [];
    const reason = `the address '${id}' has sku '${sku ?? 'absent'}'; a NAT gateway takes Standard ones.`;
    return [{ property: `publicIpAddresses[${i}].id`, reason }];
  });
}
