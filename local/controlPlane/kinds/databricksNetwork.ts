import type { Properties } from '../../contracts';
import { armTypeOf, idKey } from '../armIds';
import { isUnknownAt, textAt, valueAt, valuesAt } from '../values';
import type { Failure, Surroundings } from './kind';
import { refersTo } from './rules';

const source = 'Learn: Deploy Azure Databricks in your Azure virtual network';
const delegation = 'Microsoft.Databricks/workspaces';
const smallestPrefix = 26;
const network = 'parameters.customVirtualNetworkId.value';
const subnetNames = ['parameters.customPublicSubnetName.value', 'parameters.customPrivateSubnetName.value'] as const;

/** A workspace in a network of one's own: two subnets for it alone, each delegated to it and with a security group. */
export function injectedNetwork(inputs: Properties, around: Surroundings): readonly Failure[] {
  return [...together(inputs), ...privateLink(inputs), ...networkItself(inputs, around), ...subnets(inputs, around)];
}

function together(inputs: Properties): Failure[] {
  const paths = [network, ...subnetNames];
  const missing = paths.filter((path) => valueAt(inputs, path) === undefined && !isUnknownAt(inputs, path));
  if (missing.length === 0 || missing.length === paths.length) return [];
  return missing.map((property) => ({
    property,
    reason: `${property} is missing; network and both subnets are given together (${source}).`,
  }));
}

/** Learn: "Azure Private Link": no rules to the control plane only where back-end connections go over private link. */
function privateLink(inputs: Properties): Failure[] {
  const property = 'requiredNsgRules';
  if (textAt(inputs, property) !== 'NoAzureDatabricksRules') return [];
  const missing =
    valueAt(inputs, network) === undefined && !isUnknownAt(inputs, network)
      ? network
      : valueAt(inputs, 'parameters.enableNoPublicIp.value') === false
        ? 'parameters.enableNoPublicIp'
        : undefined;
  if (!missing) return [];
  return [
    { property, reason: `requiredNsgRules is 'NoAzureDatabricksRules', which needs ${missing} (Learn: Private Link).` },
  ];
}

function networkItself(inputs: Properties, around: Surroundings): readonly Failure[] {
  const id = textAt(inputs, network);
  const problems = refersTo(network, 'Microsoft.Network/virtualNetworks')(inputs, around);
  const found = id === undefined ? undefined : around.resources.get(id);
  if (problems.length > 0 || !found) return problems;
  const plain = (region: unknown) => String(region).toLowerCase().replaceAll(' ', '');
  const [own, its] = [textAt(inputs, 'location'), textAt(found.inputs, 'location')];
  if (own === undefined || its === undefined || plain(own) === plain(its)) return [];
  const reason = `the network lies in '${its}'; it must lie where the workspace does, in '${own}' (${source}).`;
  return [{ property: network, reason }];
}

function subnets(inputs: Properties, around: Surroundings): Failure[] {
  const vnet = textAt(inputs, network);
  if (vnet === undefined || armTypeOf(vnet)?.toLowerCase() !== 'microsoft.network/virtualnetworks') return [];
  if (!around.exists(vnet)) return [];
  const names = subnetNames.map((path) => textAt(inputs, path)?.toLowerCase());
  if (names[0] !== undefined && names[0] === names[1]) {
    return [{ property: subnetNames[1], reason: `both subnets are '${names[0]}'; two are needed (${source}).` }];
  }
  return subnetNames.flatMap((property) => {
    const name = textAt(inputs, property);
    return name === undefined ? [] : subnet(property, vnet, name, around);
  });
}

function subnet(property: string, vnet: string, name: string, around: Surroundings): Failure[] {
  const id = `${vnet}/subnets/${name}`;
  if (!around.exists(id)) return [{ property, reason: `the subnet '${id}' does not exist (${source}).` }];
  const other = sharing(vnet, name, around);
  if (other)
    return [{ property, reason: `the subnet '${id}' is used by '${other}'; each workspace has its own (${source}).` }];
  const shape = shapeOf(vnet, name, around);
  // Planned in this preview: it is judged when it is there.
  if (!shape) return [];
  const delegations = valuesAt(shape, 'delegations[].serviceName').map(({ value }) => String(value).toLowerCase());
  const failures: string[] = [];
  if (!delegations.includes(delegation.toLowerCase())) failures.push(`is not delegated to ${delegation}`);
  if (valueAt(shape, 'networkSecurityGroup') === undefined) failures.push('has no network security group');
  const prefix = Number(/\/(\d+)$/.exec(String(shape.addressPrefix ?? valueAt(shape, 'addressPrefixes[]')))?.[1]);
  if (prefix > smallestPrefix) failures.push(`is a /${prefix}, and the smallest is a /${smallestPrefix}`);
  return failures.map((what) => ({ property, reason: `the subnet '${id}' ${what} (${source}).` }));
}

/** A subnet's inputs, whether it is a resource of its own or declared inside its network. */
function shapeOf(vnet: string, name: string, { resources }: Surroundings): Properties | undefined {
  const own = resources.get(`${vnet}/subnets/${name}`);
  if (own) return own.inputs;
  const inside = valuesAt(resources.get(vnet)?.inputs, 'subnets[]').map(({ value }) => value as Properties);
  return inside.find((subnet) => String(subnet.name).toLowerCase() === name.toLowerCase());
}

function sharing(vnet: string, name: string, { resources, id }: Surroundings): string | undefined {
  return resources.list('databricks:Workspace').find((workspace) => {
    if (id !== undefined && idKey(workspace.id) === idKey(id)) return false;
    if (idKey(textAt(workspace.inputs, network) ?? '') !== idKey(vnet)) return false;
    return subnetNames.some((path) => textAt(workspace.inputs, path)?.toLowerCase() === name.toLowerCase());
  })?.id;
}
