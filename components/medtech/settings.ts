import type * as pulumi from '@pulumi/pulumi';
import type { FhirVersioningPolicy } from '../azure/healthcare';
import type { ExistingAppIdentity, ExistingIdentity, PrincipalType } from '../azure/identity';
import type { ConnectorOperatorRole, Vital } from './choices';

/** The event hubs that the connector adds to the namespace of `devicedata`. */
export interface ConnectorEventHubsSettings {
  /**
   * Partitions of `normalizeddata`, at most 32 on Standard and 100 on Premium; default as many as `devicedata` has. Cannot
   * be changed later on Standard.
   * @default as many as devicedata has
   */
  normalizedDataPartitions?: pulumi.Input<number>;
  /**
   * Partitions of `fhirevents`; default 4. Cannot be changed later on Standard.
   * @default 4
   */
  fhirEventsPartitions?: pulumi.Input<number>;
  /**
   * Hours for which both hubs keep messages, at most 168 on Standard and 2160 on Premium; default 168.
   * @default 168
   */
  retentionHours?: pulumi.Input<number>;
}

/** The FHIR service. */
export interface FhirServiceSettings {
  /**
   * Whether old versions of resources are kept; default `versioned`.
   * @default versioned
   */
  versioningPolicy?: FhirVersioningPolicy;
  /**
   * The same by resource type, as in `{ Observation: 'no-version' }`; default none. Observations that are merged (grouped by
   * time or correlation id, or with SampledData) must stay `versioned`.
   * @default none
   */
  versioningPolicyOverrides?: Record<string, FhirVersioningPolicy>;
}

/** Which value of which measurement may fill a vital's slot in scoring. */
export interface ScoringSourceSettings {
  /** The measurement's type, as the device mapping has it in `typeName`. */
  measurementType: string;
  /** The vital whose slot it fills. */
  vital: Vital;
  /** The value's name, as the device mapping has it in `valueName`. */
  valueName: string;
  /**
   * Whether it is taken now and then (cuff, thermometer, by hand), so that it may be carried forward; default false: a
   * continuous signal.
   * @default false
   */
  spot?: boolean;
}

/** One role for one principal that operates the connector. */
export interface ConnectorRoleAssignment {
  /** Names the assignment within the component. */
  name: string;
  /** Object id of the principal, best a group. */
  principalId: pulumi.Input<string>;
  /**
   * What `principalId` names; default `Group`.
   * @default Group
   */
  principalType?: PrincipalType;
  /** What the principal may do. */
  role: ConnectorOperatorRole;
}

/** Identities that exist already, one for each hop. */
export interface ConnectorManagedIdentities {
  /**
   * Identity that puts clock marks into `devicedata`; default a new one.
   * @default a new one
   */
  clockMarks?: ExistingAppIdentity;
  /**
   * Identity of the function app `normalize`; default a new one.
   * @default a new one
   */
  normalize?: ExistingAppIdentity;
  /**
   * Identity of the function app `write-observations`; default a new one.
   * @default a new one
   */
  writeObservations?: ExistingAppIdentity;
  /**
   * Identity with which Event Grid sends events of the FHIR service to `fhirevents`; default a new one.
   * @default a new one
   */
  fhirEvents?: ExistingIdentity;
  /**
   * Identity with which storage and the FHIR service use the customer-managed key; default a new one.
   * @default a new one
   */
  customerManagedKey?: ExistingIdentity;
}

/** Physical names to use instead of the computed ones. */
export interface ConnectorNames {
  /**
   * Name of the Azure Health Data Services workspace; default computed.
   * @default computed
   */
  healthWorkspace?: pulumi.Input<string>;
  /**
   * Name of the FHIR service; default computed.
   * @default computed
   */
  fhirService?: pulumi.Input<string>;
  /**
   * Name of the storage account for dead letters; default computed.
   * @default computed
   */
  deadLetterStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the function app `normalize`; default computed.
   * @default computed
   */
  normalizeApp?: pulumi.Input<string>;
  /**
   * Name of the function app `write-observations`; default computed.
   * @default computed
   */
  writeObservationsApp?: pulumi.Input<string>;
  /**
   * Name of the storage account of the function app `normalize`; default computed.
   * @default computed
   */
  normalizeStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the storage account of the function app `write-observations`; default computed.
   * @default computed
   */
  writeObservationsStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the Event Grid system topic; default computed.
   * @default computed
   */
  systemTopic?: pulumi.Input<string>;
}
