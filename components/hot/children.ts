import type { ComponentArgs } from '@pulumi/azure-native/applicationinsights/component';
import type { FabricCapacityArgs } from '@pulumi/azure-native/fabric/fabricCapacity';
import type { ScheduledQueryRuleArgs } from '@pulumi/azure-native/monitor/scheduledQueryRule';
import type { WorkspaceArgs as LogWorkspaceArgs } from '@pulumi/azure-native/operationalinsights/workspace';
import type { BackupShortTermRetentionPolicyArgs } from '@pulumi/azure-native/sql/backupShortTermRetentionPolicy';
import type { DatabaseArgs } from '@pulumi/azure-native/sql/database';
import type { EncryptionProtectorArgs } from '@pulumi/azure-native/sql/encryptionProtector';
import type { ExtendedServerBlobAuditingPolicyArgs } from '@pulumi/azure-native/sql/extendedServerBlobAuditingPolicy';
import type { FirewallRuleArgs } from '@pulumi/azure-native/sql/firewallRule';
import type { LongTermRetentionPolicyArgs } from '@pulumi/azure-native/sql/longTermRetentionPolicy';
import type { ServerArgs } from '@pulumi/azure-native/sql/server';
import type { ServerSecurityAlertPolicyArgs } from '@pulumi/azure-native/sql/serverSecurityAlertPolicy';
import type { BlobContainerArgs } from '@pulumi/azure-native/storage/blobContainer';
import type { ManagementPolicyArgs } from '@pulumi/azure-native/storage/managementPolicy';
import type { StorageAccountArgs } from '@pulumi/azure-native/storage/storageAccount';
import type { AppServicePlanArgs } from '@pulumi/azure-native/web/appServicePlan';
import type { WebAppArgs } from '@pulumi/azure-native/web/webApp';
import { accountFloors, containerFloor, floor, functionAppFloors } from '../azure/floors';
import { logFloor } from '../azure/logWorkspace';
import type { Overrides, SecurityFloor } from '../azure/merge';

/** What can be overridden, in azure-native's types. */
export interface HotPathOverrides {
  'sql-server'?: Partial<ServerArgs>;
  'sql-azure-services'?: Partial<FirewallRuleArgs>;
  'sql-encryption'?: Partial<EncryptionProtectorArgs>;
  'sql-database'?: Partial<DatabaseArgs>;
  'sql-short-term-backups'?: Partial<BackupShortTermRetentionPolicyArgs>;
  'sql-long-term-backups'?: Partial<LongTermRetentionPolicyArgs>;
  'sql-auditing'?: Partial<ExtendedServerBlobAuditingPolicyArgs>;
  'sql-threat-protection'?: Partial<ServerSecurityAlertPolicyArgs>;
  'fabric-capacity'?: Partial<FabricCapacityArgs>;
  'dead-letters'?: Partial<StorageAccountArgs>;
  'dead-letters-lifecycle'?: Partial<ManagementPolicyArgs>;
  'dead-letters-container'?: Partial<BlobContainerArgs>;
  'log-workspace'?: Partial<LogWorkspaceArgs>;
  'application-insights'?: Partial<ComponentArgs>;
  'hot-dead-letters-alert'?: Partial<ScheduledQueryRuleArgs>;
  'hot-held-partitions-alert'?: Partial<ScheduledQueryRuleArgs>;
  'latency-warning-alert'?: Partial<ScheduledQueryRuleArgs>;
  'latency-breach-alert'?: Partial<ScheduledQueryRuleArgs>;
  'patients-without-team-alert'?: Partial<ScheduledQueryRuleArgs>;
  'default-queue-unread-alert'?: Partial<ScheduledQueryRuleArgs>;
  'routing-stale-alert'?: Partial<ScheduledQueryRuleArgs>;
  'migration-failed-alert'?: Partial<ScheduledQueryRuleArgs>;
  'ml-output-plan'?: Partial<AppServicePlanArgs>;
  'ml-output-app'?: Partial<WebAppArgs>;
  'ml-output-storage'?: Partial<StorageAccountArgs>;
  'ml-output-deployments'?: Partial<BlobContainerArgs>;
  'repository-migrations-plan'?: Partial<AppServicePlanArgs>;
  'repository-migrations-app'?: Partial<WebAppArgs>;
  'repository-migrations-storage'?: Partial<StorageAccountArgs>;
  'repository-migrations-deployments'?: Partial<BlobContainerArgs>;
  'routing-plan'?: Partial<AppServicePlanArgs>;
  'routing-app'?: Partial<WebAppArgs>;
  'routing-storage'?: Partial<StorageAccountArgs>;
  'routing-deployments'?: Partial<BlobContainerArgs>;
}

/**
 * Checks overrides against azure-native's types, which the argument itself cannot carry into other languages:
 * `overrides: hotPathOverrides({ 'sql-database': { readScale: 'Disabled' } })`.
 */
export function hotPathOverrides(overrides: HotPathOverrides): Overrides {
  return { ...overrides };
}

const described: Readonly<Record<keyof HotPathOverrides, true>> = {
  'sql-server': true,
  'sql-azure-services': true,
  'sql-encryption': true,
  'sql-database': true,
  'sql-short-term-backups': true,
  'sql-long-term-backups': true,
  'sql-auditing': true,
  'sql-threat-protection': true,
  'fabric-capacity': true,
  'dead-letters': true,
  'dead-letters-lifecycle': true,
  'dead-letters-container': true,
  'log-workspace': true,
  'application-insights': true,
  'hot-dead-letters-alert': true,
  'hot-held-partitions-alert': true,
  'latency-warning-alert': true,
  'latency-breach-alert': true,
  'patients-without-team-alert': true,
  'default-queue-unread-alert': true,
  'routing-stale-alert': true,
  'migration-failed-alert': true,
  'ml-output-plan': true,
  'ml-output-app': true,
  'ml-output-storage': true,
  'ml-output-deployments': true,
  'repository-migrations-plan': true,
  'repository-migrations-app': true,
  'repository-migrations-storage': true,
  'repository-migrations-deployments': true,
  'routing-plan': true,
  'routing-app': true,
  'routing-storage': true,
  'routing-deployments': true,
};

export const overridable = Object.keys(described) as (keyof HotPathOverrides)[];

const apps = ['ml-output', 'repository-migrations', 'routing'] as const;

/** What overrides cannot lower, unless the risk is accepted by name. */
export const securityFloors: readonly SecurityFloor[] = [
  floor('sql-server', 'administrators.azureADOnlyAuthentication', 'localAuthentication', true),
  floor('sql-server', 'minimalTlsVersion', 'outdatedTls', '1.2', '1.3'),
  floor('sql-server', 'restrictOutboundNetworkAccess', 'outboundFromRepository', 'Enabled'),
  floor('sql-azure-services', 'startIpAddress', 'openRepository', '0.0.0.0'),
  floor('sql-azure-services', 'endIpAddress', 'openRepository', '0.0.0.0'),
  ...accountFloors('dead-letters'),
  ...apps.flatMap((app) => accountFloors(`${app}-storage`)),
  ...overridable.filter((child) => /-(container|deployments)$/.test(child)).map(containerFloor),
  ...apps.flatMap((app) => functionAppFloors(`${app}-app`)),
  floor('application-insights', 'disableLocalAuth', 'localAuthentication', true),
  logFloor,
];
