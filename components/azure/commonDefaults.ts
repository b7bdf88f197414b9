import type { CommonSettings } from './commonSettings';

/** The settings that all components share, with every default filled in. */
export function completeCommon(args: CommonSettings) {
  return {
    environment: args.environment ?? 'prod',
    nameGeneration: args.nameGeneration ?? 1,
    cloud: args.cloud ?? ('AzureCloud' as const),
    deployerReach: args.deployerReach ?? ('ipAllowList' as const),
    deployerIpAddresses: args.deployerIpAddresses ?? [],
    deployerPrincipalType: args.deployerPrincipalType ?? ('Group' as const),
    roleAssignmentMode: args.roleAssignmentMode ?? ('create' as const),
    rolePropagationSeconds: args.rolePropagationSeconds ?? 180,
    lock: args.lock ?? ('None' as const),
  };
}

/** Common settings as the components work with them. */
export type CompleteCommonSettings = CommonSettings & ReturnType<typeof completeCommon>;

/** Whether data services answer on their public endpoints: with private endpoints they do not, unless it is said. */
export function dataAccess({ publicNetworkAccess, privateEndpoints }: CommonSettings): 'Enabled' | 'Disabled' {
  return publicNetworkAccess ?? (privateEndpoints ? 'Disabled' : 'Enabled');
}
