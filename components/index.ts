/** The public surface of the library. */
export { AzureCloud } from './azure/clouds';
export {
  type AcceptedRisks,
  type CommonSettings,
  DeployerReach,
  LockLevel,
  PublicNetworkAccess,
} from './azure/commonSettings';
export type { DiagnosticSettings } from './azure/diagnostics';
export { EventHubsSku } from './azure/eventHubs';
export { FhirVersioningPolicy } from './azure/healthcare';
export { type ExistingAppIdentity, type ExistingIdentity, PrincipalType, RoleAssignmentMode } from './azure/identity';
export { type CustomerManagedKey, customerManagedKeySupport } from './azure/keys';
export type { PrivateDnsZoneIds, PrivateEndpointSettings } from './azure/privateEndpoints';
export { BackupStorageRedundancy } from './azure/sqlDatabase';
export { ImmutabilityState, StorageReplication } from './azure/storage';
export { HospitalEnvironment, type HospitalEnvironmentArgs } from './hospitalEnvironment';
export type { HotPathNodes } from './hot/build';
export { type HotPathOverrides, hotPathOverrides } from './hot/children';
export * from './hot/choices';
export type * from './hot/dashboardSettings';
export type { HotPathSettings } from './hot/hotPathSettings';
export type * from './hot/settings';
export { HotPath, type HotPathArgs } from './hotPath';
export type { IngestNodes } from './ingest/build';
export { type IngestOverrides, ingestOverrides } from './ingest/children';
export * from './ingest/choices';
export type { IngestSettings } from './ingest/ingestSettings';
export type * from './ingest/settings';
export { IoMTIngest, type IoMTIngestArgs } from './iomtIngest';
export { MedTechConnector, type MedTechConnectorArgs } from './medTechConnector';
export type { ConnectorNodes } from './medtech/build';
export { type ConnectorOverrides, connectorOverrides } from './medtech/children';
export * from './medtech/choices';
export type { ConnectorSettings } from './medtech/connectorSettings';
export type * from './medtech/settings';
export { MLScoringPath, type MLScoringPathArgs } from './mlScoringPath';
export type { ScoringNodes } from './scoring/build';
export { type ScoringOverrides, scoringOverrides } from './scoring/children';
export * from './scoring/choices';
export type * from './scoring/contextSettings';
export type * from './scoring/databricks/settings';
export type * from './scoring/endpoint/settings';
export type { ScoringSettings } from './scoring/scoringSettings';
export type * from './scoring/settings';
