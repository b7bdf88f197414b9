import type * as pulumi from '@pulumi/pulumi';
import type { ApplicationInsights } from './applicationInsights';
import type { Encryption } from './encryption';
import type { FunctionAppSettings } from './functionApp';

/** What a component lets a user choose for all of its function apps. */
interface AppChoices {
  readonly alwaysReadyInstances: number;
  readonly maximumInstanceCount?: pulumi.Input<number>;
  readonly instanceMemoryMB?: number;
  readonly functionSubnetId?: pulumi.Input<string>;
  readonly artefactsFolder: string;
}

/** Smallest instances that Flex Consumption offers everywhere, and the Node version that it supports for longest. */
const smallestInstanceMemoryMB = 2048;
const nodeVersion = '22';

/** What the function apps of a component have in common. */
export function commonAppSettings(
  choices: AppChoices,
  { insights, encryption }: { readonly insights: ApplicationInsights; readonly encryption: Encryption },
) {
  return {
    alwaysReadyInstances: choices.alwaysReadyInstances,
    maximumInstanceCount: choices.maximumInstanceCount,
    instanceMemoryMB: choices.instanceMemoryMB ?? smallestInstanceMemoryMB,
    nodeVersion,
    subnetId: choices.functionSubnetId,
    applicationInsights: insights,
    encryption,
    artefactsFolder: choices.artefactsFolder,
  } satisfies Partial<FunctionAppSettings>;
}
