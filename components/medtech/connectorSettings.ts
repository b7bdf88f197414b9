import type * as pulumi from '@pulumi/pulumi';
import type { ConnectorCompatibility, ConnectorEngine, ResolutionType } from './choices';
import type {
  ConnectorEventHubsSettings,
  ConnectorManagedIdentities,
  ConnectorNames,
  ConnectorRoleAssignment,
  FhirServiceSettings,
  ScoringSourceSettings,
} from './settings';

/** What is particular to the connector; `HospitalEnvironment` passes it through. */
export interface ConnectorSettings {
  /**
   * What turns device data into Observations; default `builtin`.
   * @default builtin
   */
  engine?: ConnectorEngine;
  /**
   * ARM id of the managed MedTech service that `engine: attach` takes over; default none. New ones cannot be made any more,
   * so it is imported, changed in place and never deleted. Until it lies in the state, the mappings must be those that the
   * service has. Where its identity has its roles already, they must be removed first, or `roleAssignmentMode` be `external`.
   * @default none
   */
  existingIotConnectorId?: string;
  /**
   * ARM id of the FHIR destination of that service, which is taken over likewise; default none.
   * @default none
   */
  existingFhirDestinationId?: string;
  /**
   * The device mapping: the text of a file written for MedTech; default the starter mapping for vital signs. Comments are
   * allowed. In a stack's configuration it may be the path of the file.
   * @default the starter mapping
   */
  deviceMapping?: string;
  /**
   * The FHIR mapping: the text of a file written for MedTech; default the starter mapping for vital signs. Comments are
   * allowed. In a stack's configuration it may be the path of the file.
   * @default the starter mapping
   */
  fhirMapping?: string;
  /**
   * How measurements and Observations are made; default `r4`.
   * @default r4
   */
  compatibility?: ConnectorCompatibility;
  /**
   * How Device, Patient and Encounter of a measurement are found; default `Lookup`.
   * @default Lookup
   */
  resolutionType?: ResolutionType;
  /**
   * System of the identifiers by which Devices are found, as in `https://hospital.example/devices`; default none: an
   * identifier of any system.
   * @default none
   */
  deviceIdentifierSystem?: string;
  /**
   * Seconds between two clock marks, by which scoring's windows close: a divisor of 60; default 10.
   * @default 10
   */
  clockMarkSeconds?: number;
  /**
   * Seconds for which measurements are gathered before Observations are written, 0 to 600; default 5. 0 writes at once.
   * @default 5
   */
  flushSeconds?: number;
  /**
   * Most events that a function takes at a time, 1 to 10000; default 1000.
   * @default 1000
   */
  maximumBatchEvents?: number;
  /**
   * Seconds for which what was read about devices and patients is believed, 0 to 60; default 60.
   * @default 60
   */
  identityCacheSeconds?: number;
  /**
   * Which values may fill the slots of scoring; of several for one vital the earlier one is preferred. Default those of the
   * starter mapping, as far as the device mapping has their types: ECG before pulse, arterial pressure before cuff.
   * @default ECG before pulse, arterial pressure before cuff
   */
  scoringSources?: ScoringSourceSettings[];
  /**
   * The event hubs `normalizeddata` and `fhirevents`; default as many partitions as `devicedata`, and 4.
   * @default as many partitions as devicedata, and 4
   */
  eventHubs?: ConnectorEventHubsSettings;
  /**
   * Consumer group of `devicedata` that is made for `normalize`; default `medtech`. With `engine: attach`, another one than
   * that of the managed service.
   * @default medtech
   */
  deviceDataConsumerGroup?: string;
  /**
   * Consumer groups of `normalizeddata` beside `write-observations` and `ml-input`, one for each reader; default none.
   * @default none
   */
  normalizedDataConsumerGroups?: string[];
  /**
   * Consumer groups of `fhirevents`, one for each reader; default none beside `$Default`.
   * @default none
   */
  fhirEventsConsumerGroups?: string[];
  /**
   * The FHIR service; default one that keeps versions.
   * @default one that keeps versions
   */
  fhir?: FhirServiceSettings;
  /**
   * ARM id of a FHIR R4 service that exists; default a new one in a workspace of its own. It keeps its versioning policy,
   * key and network: `fhir`, `customerManagedKey` and `privateEndpoints` do not reach it.
   * @default a new one
   */
  existingFhirServiceId?: pulumi.Input<string>;
  /**
   * Base URL of the existing FHIR service, where its audience was set to something else; default its audience.
   * @default its audience
   */
  existingFhirServiceUrl?: pulumi.Input<string>;
  /**
   * Whether created, updated and deleted resources are told in `fhirevents`; default true. Azure has one system topic for a
   * workspace: where one exists already, switch this off.
   * @default true
   */
  fhirEvents?: boolean;
  /**
   * Instances of each event function that are always running, 0 to 1000; default 0.
   * @default 0
   */
  alwaysReadyInstances?: number;
  /**
   * Most instances of each function app, 40 to 1000; default derived from the partitions.
   * @default derived from the partitions
   */
  maximumInstanceCount?: number;
  /**
   * ARM id of a subnet for the function apps, delegated to `Microsoft.App/environments`; default none. They need one to reach
   * private endpoints.
   * @default none
   */
  functionSubnetId?: pulumi.Input<string>;
  /**
   * Days for which dead letters are kept, 1 to 3650; default 30.
   * @default 30
   */
  deadLetterRetentionDays?: pulumi.Input<number>;
  /**
   * Whether there are alerts for dead letters and for partitions that are held; default true.
   * @default true
   */
  alerts?: boolean;
  /**
   * ARM ids of the action groups that alerts call; default none: then they show in Azure Monitor alone.
   * @default none
   */
  alertActionGroupIds?: pulumi.Input<string>[];
  /**
   * ARM id of an Application Insights component that exists; default a new one, on the workspace of `diagnosticSettings` or
   * a new one.
   * @default a new one
   */
  existingApplicationInsightsId?: pulumi.Input<string>;
  /**
   * Roles for people who operate the connector; default none.
   * @default none
   */
  roleAssignments?: ConnectorRoleAssignment[];
  /**
   * Identities that exist already; default new ones.
   * @default new ones
   */
  managedIdentities?: ConnectorManagedIdentities;
  /**
   * Physical names to use; default computed from hospital, environment and subscription.
   * @default computed
   */
  names?: ConnectorNames;
  /**
   * Folder, relative to the stack's program, for the files that `deployerReach: none` emits; default `artefacts`.
   * @default artefacts
   */
  artefactsFolder?: string;
}
