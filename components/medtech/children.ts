import type { ComponentArgs } from '@pulumi/azure-native/applicationinsights/component';
import type { SystemTopicArgs } from '@pulumi/azure-native/eventgrid/systemTopic';
import type { SystemTopicEventSubscriptionArgs } from '@pulumi/azure-native/eventgrid/systemTopicEventSubscription';
import type { EventHubArgs } from '@pulumi/azure-native/eventhub/eventHub';
import type { FhirServiceArgs } from '@pulumi/azure-native/healthcareapis/fhirService';
import type { WorkspaceArgs } from '@pulumi/azure-native/healthcareapis/workspace';
import type { ScheduledQueryRuleArgs } from '@pulumi/azure-native/monitor/scheduledQueryRule';
import type { WorkspaceArgs as LogWorkspaceArgs } from '@pulumi/azure-native/operationalinsights/workspace';
import type { BlobContainerArgs } from '@pulumi/azure-native/storage/blobContainer';
import type { ManagementPolicyArgs } from '@pulumi/azure-native/storage/managementPolicy';
import type { StorageAccountArgs } from '@pulumi/azure-native/storage/storageAccount';
import type { AppServicePlanArgs } from '@pulumi/azure-native/web/appServicePlan';
import type { WebAppArgs } from '@pulumi/azure-native/web/webApp';
import { accountFloors, containerFloor, floor, functionAppFloors } from '../azure/floors';
import { logFloor } from '../azure/logWorkspace';
import type { Overrides, SecurityFloor } from '../azure/merge';

/** What can be overridden, in azure-native's own types. */
export interface ConnectorOverrides {
  normalizeddata?: Partial<EventHubArgs>;
  fhirevents?: Partial<EventHubArgs>;
  'health-workspace'?: Partial<WorkspaceArgs>;
  fhir?: Partial<FhirServiceArgs>;
  'events-topic'?: Partial<SystemTopicArgs>;
  'events-subscription'?: Partial<SystemTopicEventSubscriptionArgs>;
  'dead-letters'?: Partial<StorageAccountArgs>;
  'dead-letters-lifecycle'?: Partial<ManagementPolicyArgs>;
  'dead-letters-container'?: Partial<BlobContainerArgs>;
  'log-workspace'?: Partial<LogWorkspaceArgs>;
  'application-insights'?: Partial<ComponentArgs>;
  'dead-letters-alert'?: Partial<ScheduledQueryRuleArgs>;
  'held-partitions-alert'?: Partial<ScheduledQueryRuleArgs>;
  'normalize-plan'?: Partial<AppServicePlanArgs>;
  'normalize-app'?: Partial<WebAppArgs>;
  'normalize-storage'?: Partial<StorageAccountArgs>;
  'normalize-deployments'?: Partial<BlobContainerArgs>;
  'write-observations-plan'?: Partial<AppServicePlanArgs>;
  'write-observations-app'?: Partial<WebAppArgs>;
  'write-observations-storage'?: Partial<StorageAccountArgs>;
  'write-observations-deployments'?: Partial<BlobContainerArgs>;
}

/**
 * Checks overrides against azure-native's types, which the argument itself cannot carry into other languages:
 * `overrides: connectorOverrides({ fhir: { corsConfiguration: { origins: ['https://chart.example'] } } })`.
 */
export function connectorOverrides(overrides: ConnectorOverrides): Overrides {
  return { ...overrides };
}

const described: Readonly<Record<keyof ConnectorOverrides, true>> = {
  normalizeddata: true,
  fhirevents: true,
  'health-workspace': true,
  fhir: true,
  'events-topic': true,
  'events-subscription': true,
  'dead-letters': true,
  'dead-letters-lifecycle': true,
  'dead-letters-container': true,
  'log-workspace': true,
  'application-insights': true,
  'dead-letters-alert': true,
  'held-partitions-alert': true,
  'normalize-plan': true,
  'normalize-app': true,
  'normalize-storage': true,
  'normalize-deployments': true,
  'write-observations-plan': true,
  'write-observations-app': true,
  'write-observations-storage': true,
  'write-observations-deployments': true,
};

export const overridable = Object.keys(described) as (keyof ConnectorOverrides)[];

/** What overrides cannot lower, unless the risk is accepted by name. */
export const securityFloors: readonly SecurityFloor[] = [
  ...(['dead-letters', 'normalize-storage', 'write-observations-storage'] as const).flatMap(accountFloors),
  ...(['dead-letters-container', 'normalize-deployments', 'write-observations-deployments'] as const).map(
    containerFloor,
  ),
  ...(['normalize-app', 'write-observations-app'] as const).flatMap(functionAppFloors),
  floor('application-insights', 'disableLocalAuth', 'localAuthentication', true),
  logFloor,
];
