import type * as pulumi from '@pulumi/pulumi';
import type { CommonSettings } from './commonSettings';
import type { Problems } from './validation';

/** What components with function apps let their users set of them, under the same names. */
export interface FunctionAppChoices extends Pick<CommonSettings, 'privateEndpoints' | 'publicNetworkAccess'> {
  /** Most events that a function takes at once; 1 to 10,000. */
  readonly maximumBatchEvents?: number;
  /** Instances of each function that always run; 0 to 1000. */
  readonly alwaysReadyInstances: number;
  /** Most instances of an app; 40 to 1000. */
  readonly maximumInstanceCount?: pulumi.Input<number>;
  /** Memory of an instance in megabytes: 512, 2048 or 4096. */
  readonly instanceMemoryMB?: number;
  /** Days for which dead letters are kept; 1 to 3650. */
  readonly deadLetterRetentionDays?: pulumi.Input<number>;
  /** ARM id of the subnet through which the apps reach private endpoints. */
  readonly functionSubnetId?: pulumi.Input<string>;
}

/** Sizes of Flex Consumption's instances ("Flex Consumption plan: instance sizes"). */
const instanceSizes: readonly number[] = [512, 2048, 4096];

const subnetId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i;

/** What is wrong with the settings of a component's function apps; what a component does not have may be left out. */
export function functionAppProblems(problems: Problems, settings: FunctionAppChoices): void {
  const { instanceMemoryMB, functionSubnetId, privateEndpoints, publicNetworkAccess } = settings;
  problems.wholeNumber('maximumBatchEvents', settings.maximumBatchEvents, 1, 10_000, 'the events of a batch');
  problems.wholeNumber('alwaysReadyInstances', settings.alwaysReadyInstances, 0, 1000, 'instances that always run');
  problems.wholeNumber('maximumInstanceCount', settings.maximumInstanceCount, 40, 1000, 'the most instances of an app');
  if (instanceMemoryMB !== undefined && !instanceSizes.includes(instanceMemoryMB)) {
    problems.add('instanceMemoryMB', `must be 512, 2048 or 4096; given is ${JSON.stringify(instanceMemoryMB)}.`);
  }
  const days = 'the days for which dead letters are kept';
  problems.wholeNumber('deadLetterRetentionDays', settings.deadLetterRetentionDays, 1, 3650, days);
  problems.text('functionSubnetId', functionSubnetId, subnetId, 'must be the ARM id of a subnet');
  if (privateEndpoints && publicNetworkAccess !== 'Enabled' && functionSubnetId === undefined) {
    problems.add(
      'functionSubnetId',
      'with private endpoints the function apps need a subnet, from which they reach them.',
    );
  }
}
