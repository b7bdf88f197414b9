import type * as pulumi from '@pulumi/pulumi';
import type { DeviceAuthentication } from './choices';
import type {
  CertificateAuthority,
  EdgeSettings,
  EventHubsSettings,
  IngestManagedIdentities,
  IngestNames,
  IotHubSettings,
  MessageRoute,
  OperatorRoleAssignment,
  ProvisioningSettings,
  RawStorageSettings,
} from './settings';

/** What is particular to the ingest; `HospitalEnvironment` passes it through. */
export interface IngestSettings {
  /**
   * How devices prove who they are; default `x509`.
   * @default x509
   */
  deviceAuthentication?: DeviceAuthentication;
  /**
   * Authorities whose certificates devices present, to hub and provisioning service alike; default none: then only devices
   * registered by thumbprint, or by key with `deviceAuthentication: sas`, are let in.
   * @default none
   */
  deviceCertificateAuthorities?: CertificateAuthority[];
  /**
   * The IoT hub; default one unit of S1.
   * @default one unit of S1
   */
  iotHub?: IotHubSettings;
  /**
   * Event Hubs; default Standard with 4 partitions.
   * @default Standard with 4 partitions
   */
  eventHubs?: EventHubsSettings;
  /**
   * ARM id of an Event Hubs namespace in the provider's subscription, in which `devicedata` is made instead of in a new
   * namespace; default none. Of `eventHubs`, only partitions and retention apply then, and `sku` for their limits.
   * @default none
   */
  existingEventHubsNamespaceId?: pulumi.Input<string>;
  /**
   * Consumer groups of `devicedata`, one for each reader; default none beside `$Default`.
   * @default none
   */
  consumerGroups?: string[];
  /**
   * The account for raw copies; default six years of retention.
   * @default six years of retention
   */
  rawStorage?: RawStorageSettings;
  /**
   * Application properties that the hub adds to every message, by name, beside `hospitalId`; default none. A value is text,
   * `$iothubname` or a path like `$twin.tags.ward`. At most 9.
   * @default none
   */
  enrichments?: Record<string, pulumi.Input<string>>;
  /**
   * Message routes beside those of the component; default none.
   * @default none
   */
  routes?: MessageRoute[];
  /**
   * The device provisioning service; default one with hashed allocation.
   * @default one with hashed allocation
   */
  provisioning?: ProvisioningSettings;
  /**
   * Gateways on IoT Edge; default none. Their modules sign with keys, so the hub then lets modules (not devices) do so.
   * @default none
   */
  edge?: EdgeSettings;
  /**
   * Roles for people who operate the path; default none.
   * @default none
   */
  roleAssignments?: OperatorRoleAssignment[];
  /**
   * Identities that exist already; default new ones.
   * @default new ones
   */
  managedIdentities?: IngestManagedIdentities;
  /**
   * Physical names to use; default computed from hospital, environment and subscription.
   * @default computed
   */
  names?: IngestNames;
  /**
   * Folder, relative to the stack's program, for the files that `deployerReach: none` emits; default `artefacts`.
   * @default artefacts
   */
  artefactsFolder?: string;
}
