import type { ComponentArgs } from '@pulumi/azure-native/applicationinsights/component';
import type { AccessConnectorArgs } from '@pulumi/azure-native/databricks/accessConnector';
import type { WorkspaceArgs as DatabricksWorkspaceArgs } from '@pulumi/azure-native/databricks/workspace';
import type { EventHubArgs } from '@pulumi/azure-native/eventhub/eventHub';
import type { ComputeArgs } from '@pulumi/azure-native/machinelearningservices/compute';
import type { OnlineDeploymentArgs } from '@pulumi/azure-native/machinelearningservices/onlineDeployment';
import type { OnlineEndpointArgs } from '@pulumi/azure-native/machinelearningservices/onlineEndpoint';
import type { WorkspaceArgs as MachineLearningWorkspaceArgs } from '@pulumi/azure-native/machinelearningservices/workspace';
import type { ScheduledQueryRuleArgs } from '@pulumi/azure-native/monitor/scheduledQueryRule';
import type { WorkspaceArgs as LogWorkspaceArgs } from '@pulumi/azure-native/operationalinsights/workspace';
import type { BlobContainerArgs } from '@pulumi/azure-native/storage/blobContainer';
import type { BlobServicePropertiesArgs } from '@pulumi/azure-native/storage/blobServiceProperties';
import type { ManagementPolicyArgs } from '@pulumi/azure-native/storage/managementPolicy';
import type { StorageAccountArgs } from '@pulumi/azure-native/storage/storageAccount';
import type { AppServicePlanArgs } from '@pulumi/azure-native/web/appServicePlan';
import type { WebAppArgs } from '@pulumi/azure-native/web/webApp';
import type { CatalogArgs } from '@pulumi/databricks/catalog';
import type { CredentialArgs } from '@pulumi/databricks/credential';
import type { ExternalLocationArgs } from '@pulumi/databricks/externalLocation';
import type { JobArgs } from '@pulumi/databricks/job';
import type { SchemaArgs } from '@pulumi/databricks/schema';
import type { StorageCredentialArgs } from '@pulumi/databricks/storageCredential';
import type { VolumeArgs } from '@pulumi/databricks/volume';
import { accountFloors, containerFloor, floor, functionAppFloors } from '../azure/floors';
import { logFloor } from '../azure/logWorkspace';
import type { Overrides, SecurityFloor } from '../azure/merge';

/** What can be overridden, in the types of azure-native and of @pulumi/databricks. */
export interface ScoringOverrides {
  enriched?: Partial<EventHubArgs>;
  scored?: Partial<EventHubArgs>;
  lake?: Partial<StorageAccountArgs>;
  'lake-blobs'?: Partial<BlobServicePropertiesArgs>;
  'lake-lifecycle'?: Partial<ManagementPolicyArgs>;
  'bronze-container'?: Partial<BlobContainerArgs>;
  'scored-container'?: Partial<BlobContainerArgs>;
  'state-container'?: Partial<BlobContainerArgs>;
  'baselines-container'?: Partial<BlobContainerArgs>;
  'dead-letters-container'?: Partial<BlobContainerArgs>;
  'log-workspace'?: Partial<LogWorkspaceArgs>;
  'application-insights'?: Partial<ComponentArgs>;
  'scoring-dead-letters-alert'?: Partial<ScheduledQueryRuleArgs>;
  'scoring-held-partitions-alert'?: Partial<ScheduledQueryRuleArgs>;
  'repairs-waiting-alert'?: Partial<ScheduledQueryRuleArgs>;
  'repairs-missing-rows-alert'?: Partial<ScheduledQueryRuleArgs>;
  'predictions-pending-alert'?: Partial<ScheduledQueryRuleArgs>;
  'baselines-failing-alert'?: Partial<ScheduledQueryRuleArgs>;
  'ml-input-plan'?: Partial<AppServicePlanArgs>;
  'ml-input-app'?: Partial<WebAppArgs>;
  'ml-input-storage'?: Partial<StorageAccountArgs>;
  'ml-input-deployments'?: Partial<BlobContainerArgs>;
  'score-plan'?: Partial<AppServicePlanArgs>;
  'score-app'?: Partial<WebAppArgs>;
  'score-storage'?: Partial<StorageAccountArgs>;
  'score-deployments'?: Partial<BlobContainerArgs>;
  'long-view-plan'?: Partial<AppServicePlanArgs>;
  'long-view-app'?: Partial<WebAppArgs>;
  'long-view-storage'?: Partial<StorageAccountArgs>;
  'long-view-deployments'?: Partial<BlobContainerArgs>;
  databricks?: Partial<DatabricksWorkspaceArgs>;
  'databricks-connector'?: Partial<AccessConnectorArgs>;
  'job-storage-credential'?: Partial<StorageCredentialArgs>;
  'job-service-credential'?: Partial<CredentialArgs>;
  'job-tables-location'?: Partial<ExternalLocationArgs>;
  'job-baselines-location'?: Partial<ExternalLocationArgs>;
  'job-catalog'?: Partial<CatalogArgs>;
  'job-schema'?: Partial<SchemaArgs>;
  'job-volume'?: Partial<VolumeArgs>;
  job?: Partial<JobArgs>;
  'machine-learning'?: Partial<MachineLearningWorkspaceArgs>;
  cluster?: Partial<ComputeArgs>;
  endpoint?: Partial<OnlineEndpointArgs>;
  deployment?: Partial<OnlineDeploymentArgs>;
  'databricks-container'?: Partial<BlobContainerArgs>;
}

/**
 * Checks overrides against azure-native's types, which the argument itself cannot carry into other languages:
 * `overrides: scoringOverrides({ lake: { sku: { name: 'Standard_RAGZRS' } } })`.
 */
export function scoringOverrides(overrides: ScoringOverrides): Overrides {
  return { ...overrides };
}

const described: Readonly<Record<keyof ScoringOverrides, true>> = {
  enriched: true,
  scored: true,
  lake: true,
  'lake-blobs': true,
  'lake-lifecycle': true,
  'bronze-container': true,
  'scored-container': true,
  'state-container': true,
  'baselines-container': true,
  'dead-letters-container': true,
  'log-workspace': true,
  'application-insights': true,
  'scoring-dead-letters-alert': true,
  'scoring-held-partitions-alert': true,
  'repairs-waiting-alert': true,
  'repairs-missing-rows-alert': true,
  'predictions-pending-alert': true,
  'baselines-failing-alert': true,
  'ml-input-plan': true,
  'ml-input-app': true,
  'ml-input-storage': true,
  'ml-input-deployments': true,
  'score-plan': true,
  'score-app': true,
  'score-storage': true,
  'score-deployments': true,
  'long-view-plan': true,
  'long-view-app': true,
  'long-view-storage': true,
  'long-view-deployments': true,
  databricks: true,
  'databricks-connector': true,
  'job-storage-credential': true,
  'job-service-credential': true,
  'job-tables-location': true,
  'job-baselines-location': true,
  'job-catalog': true,
  'job-schema': true,
  'job-volume': true,
  job: true,
  'machine-learning': true,
  cluster: true,
  endpoint: true,
  deployment: true,
  'databricks-container': true,
};

export const overridable = Object.keys(described) as (keyof ScoringOverrides)[];

/** What overrides cannot lower, unless the risk is accepted by name. */
export const securityFloors: readonly SecurityFloor[] = [
  ...(['lake', 'ml-input-storage', 'score-storage', 'long-view-storage'] as const).flatMap(accountFloors),
  ...overridable.filter((child) => /-(container|deployments)$/.test(child)).map(containerFloor),
  ...(['ml-input-app', 'score-app', 'long-view-app'] as const).flatMap(functionAppFloors),
  floor('databricks', 'parameters.enableNoPublicIp.value', 'publicClusterAddresses', true),
  floor('machine-learning', 'hbiWorkspace', 'telemetryOfPatientData', true),
  floor('endpoint', 'properties.authMode', 'localAuthentication', 'AADToken', 'Key'),
  floor('application-insights', 'disableLocalAuth', 'localAuthentication', true),
  logFloor,
];
