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
export { type ExistingIdentity, PrincipalType, RoleAssignmentMode } from './azure/identity';
export { type CustomerManagedKey, customerManagedKeySupport } from './azure/keys';
export type { PrivateDnsZoneIds, PrivateEndpointSettings } from './azure/privateEndpoints';
export { ImmutabilityState, StorageReplication } from './azure/storage';
export { HospitalEnvironment, type HospitalEnvironmentArgs } from './hospitalEnvironment';
export type { IngestNodes } from './ingest/build';
export { type IngestOverrides, ingestOverrides } from './ingest/children';
export * from './ingest/choices';
export type { IngestSettings } from './ingest/ingestSettings';
export type * from './ingest/settings';
export { IoMTIngest, type IoMTIngestArgs } from './iomtIngest';
