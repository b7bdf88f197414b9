import { AzureCloud } from './clouds';
import { type CommonSettings, DeployerReach, LockLevel, PublicNetworkAccess } from './commonSettings';
import { PrincipalType, RoleAssignmentMode } from './identity';
import { validateCustomerManagedKey } from './keys';
import { brokenFloors, type SecurityFloor } from './merge';
import { validatePrivateDnsZones } from './privateEndpoints';
import type { Problems } from './validation';

/** What a component lets its users override, and how far. */
export interface OverrideRules {
  /** The last parts of the logical names of children that can be overridden. */
  readonly overridable: readonly string[];
  readonly floors: readonly SecurityFloor[];
}

/** What can be wrong with the settings that all components share. */
export function commonProblems(problems: Problems, settings: CommonSettings, rules: OverrideRules): void {
  const { cloud = 'AzureCloud' } = settings;
  problems.text('environment', settings.environment, /^\S.{0,31}$/u, 'environment must be 1 to 32 characters');
  problems.wholeNumber('nameGeneration', settings.nameGeneration, 1, 9999, 'the generation of names');
  problems.oneOf('cloud', cloud, Object.values(AzureCloud), 'the cloud');
  problems.oneOf('deployerReach', settings.deployerReach, Object.values(DeployerReach), 'the reach of the deployer');
  const types = Object.values(PrincipalType);
  problems.oneOf('deployerPrincipalType', settings.deployerPrincipalType, types, 'the type of the deploying principal');
  const modes = Object.values(RoleAssignmentMode);
  problems.oneOf('roleAssignmentMode', settings.roleAssignmentMode, modes, 'the mode of role assignments');
  const waiting = 'the seconds for which roles are waited for';
  problems.wholeNumber('rolePropagationSeconds', settings.rolePropagationSeconds, 0, 1800, waiting);
  problems.oneOf('lock', settings.lock, Object.values(LockLevel), 'the lock');
  problems.oneOf(
    'publicNetworkAccess',
    settings.publicNetworkAccess,
    Object.values(PublicNetworkAccess),
    'public access',
  );
  reachProblems(problems, settings);
  tagProblems(problems, settings.tags ?? {});
  validatePrivateDnsZones(problems, settings.privateEndpoints, cloud);
  validateCustomerManagedKey(problems, settings.customerManagedKey);
  overrideProblems(problems, settings, rules);
}

export function hospitalIdProblems(problems: Problems, hospitalId: string): void {
  // A value that starts with $ would be read as a path into the device's twin.
  const rule = 'hospitalId is written into names, tags and every message: 1 to 64 characters, the first not a $';
  // Programs without types, as those of other languages, may leave it out.
  problems.text('hospitalId', hospitalId ?? '', /^[^$\s].{0,63}$/u, rule);
}

const octet = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
/** An address or a range of them; /0 would let everybody in. */
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}(/(3[0-2]|[12]\\d|[1-9]))?$`);

function reachProblems(problems: Problems, settings: CommonSettings): void {
  const { deployerReach = 'ipAllowList', deployerIpAddresses = [], privateEndpoints, publicNetworkAccess } = settings;
  deployerIpAddresses.forEach((address, i) => {
    const rule = 'an address of the deployer must be an IPv4 address or CIDR range, and not everybody (/0)';
    problems.text(`deployerIpAddresses[${i}]`, address, ipv4, rule);
  });
  const filtered =
    privateEndpoints !== undefined && deployerReach === 'ipAllowList' && publicNetworkAccess === undefined;
  if (deployerReach === 'ipAllowList' && publicNetworkAccess === 'Disabled') {
    problems.add(
      'deployerReach',
      'ipAllowList needs a public endpoint, which publicNetworkAccess disables; use vnet or none.',
    );
  } else if (filtered && deployerIpAddresses.length === 0) {
    problems.add(
      'deployerIpAddresses',
      'with private endpoints the deployer gets in by its address: give at least one, or set deployerReach to vnet or none.',
    );
  } else if (!filtered && deployerIpAddresses.length > 0) {
    problems.add(
      'deployerIpAddresses',
      'addresses are let in only with privateEndpoints, deployerReach ipAllowList and no publicNetworkAccess; leave the addresses out otherwise.',
    );
  }
}

/**
 * "Use tags to organize your Azure resources": 50 tags, values of up to 256 characters; names without <>%&\\?/, of up to 128
 * characters on storage accounts. `hospitalId` and `environment` are the component's own.
 */
function tagProblems(problems: Problems, tags: NonNullable<CommonSettings['tags']>): void {
  const names = Object.keys(tags);
  const others = names.filter((name) => name !== 'hospitalId' && name !== 'environment').length;
  if (others > 48) {
    problems.add(
      'tags',
      `a resource has at most 50 tags, hospitalId and environment among them; given are ${others} beside those.`,
    );
  }
  for (const name of names) {
    const rule = 'the name of a tag must be 1 to 128 characters without <>%&\\?/';
    problems.text(`tags.${name}`, name, /^[^<>%&\\?/]{1,128}$/u, rule);
    problems.text(
      `tags.${name}`,
      tags[name],
      /^.{0,256}$/su,
      'the value of a tag must be a text of at most 256 characters',
    );
  }
}

function overrideProblems(problems: Problems, settings: CommonSettings, { overridable, floors }: OverrideRules): void {
  const { overrides = {}, acceptRisks } = settings;
  for (const child of Object.keys(overrides).filter((key) => !overridable.includes(key))) {
    problems.add(`overrides.${child}`, `there is no such child to override; there are ${overridable.join(', ')}.`);
  }
  const accepted = (risk: string) => acceptRisks?.[risk as keyof typeof acceptRisks] === true;
  for (const { floor, given } of brokenFloors(floors, overrides, accepted)) {
    problems.add(
      `overrides.${floor.child}.${floor.path.join('.')}`,
      `must stay ${floor.allowed.map((value) => JSON.stringify(value)).join(' or ')}; given is ${JSON.stringify(given)}. Set acceptRisks.${floor.risk} to true to accept the risk.`,
    );
  }
}
