import type { StorageAccount } from '@pulumi/azure-native/storage/storageAccount';
import type { CompleteCommonSettings } from './commonDefaults';
import type { FunctionAppSettings } from './functionApp';
import type { Grant } from './identity';

/** What the identity that runs an app needs for the host itself, apart from what its functions do. */
export function hostGrants(
  { child, identity, applicationInsights }: Pick<FunctionAppSettings, 'child' | 'identity' | 'applicationInsights'>,
  storage: StorageAccount,
): Grant[] {
  const principal = { principalId: identity.principalId, principalType: 'ServicePrincipal' as const };
  const grants: Grant[] = [
    {
      ...principal,
      name: `${child}-host-storage`,
      role: 'storageBlobDataOwner',
      scope: storage.id,
      reason: `The Functions host of ${child} reads its package and keeps its leases and checkpoints.`,
    },
  ];
  if (applicationInsights) {
    grants.push({
      ...principal,
      name: `${child}-telemetry`,
      role: 'monitoringMetricsPublisher',
      scope: applicationInsights.id,
      reason: `The function app ${child} sends its telemetry.`,
    });
  }
  return grants;
}

/** The deployer uploads the package and has a key made that lets the platform read it for an hour: both on the account. */
export function deployerGrants(
  { deployerPrincipalId, deployerPrincipalType, deployerReach }: CompleteCommonSettings,
  child: string,
  storage: StorageAccount,
): Grant[] {
  if (deployerPrincipalId === undefined || deployerReach === 'none') return [];
  return [
    {
      name: `deployer-${child}-package`,
      principalId: deployerPrincipalId,
      principalType: deployerPrincipalType,
      role: 'storageBlobDataContributor',
      scope: storage.id,
      reason: `The deployer uploads the package of ${child}.`,
    },
  ];
}
