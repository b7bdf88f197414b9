import type * as pulumi from '@pulumi/pulumi';
import type { ExistingAppIdentity, ExistingIdentity, PrincipalType } from '../azure/identity';
import type { StorageReplication } from '../azure/storage';
import type { ScoringOperatorRole } from './choices';

/** The event hubs that scoring adds to the namespace of `normalizeddata`. */
export interface ScoringEventHubsSettings {
  /**
   * Partitions of `enriched`, at most 32 on Standard and 100 on Premium; default as many as `normalizeddata` has. Cannot be
   * changed later on Standard, and must not while windows are open.
   * @default as many as normalizeddata has
   */
  enrichedPartitions?: pulumi.Input<number>;
  /**
   * Partitions of `scored`; default as many as `enriched`. Cannot be changed later on Standard.
   * @default as many as enriched
   */
  scoredPartitions?: pulumi.Input<number>;
  /**
   * Hours for which both hubs keep messages, at most 168 on Standard and 2160 on Premium; default 168. What scores has to come
   * back within that time after a failure.
   * @default 168
   */
  retentionHours?: pulumi.Input<number>;
}

/** The lake: a Data Lake Storage Gen2 account. */
export interface LakeSettings {
  /**
   * How the account keeps its copies; default `Standard_ZRS`. `Standard_GZRS` keeps one in the paired region, too.
   * @default Standard_ZRS
   */
  replication?: StorageReplication;
  /**
   * Minutes after which a captured file ends, 1 to 15; default 5. Late data is repaired, and long windows are scored, from
   * captured files.
   * @default 5
   */
  captureMinutes?: pulumi.Input<number>;
  /**
   * Megabytes (1 MB = 1,048,576 bytes) after which a captured file ends, 10 to 500; default 100.
   * @default 100
   */
  captureMegabytes?: pulumi.Input<number>;
  /**
   * Days for which captured enriched data is kept, 8 to 36500; default 365. The raw copies of the ingest are the record that
   * the law asks for; these are for repair and longer windows.
   * @default 365
   */
  bronzeRetentionDays?: pulumi.Input<number>;
  /**
   * Days for which scores and the baselines that they name are kept, 8 to 36500; default 2190: HIPAA asks to keep records for
   * six years.
   * @default 2190
   */
  scoredRetentionDays?: pulumi.Input<number>;
  /**
   * Days until a captured file moves to the cool tier; default 30.
   * @default 30
   */
  coolAfterDays?: pulumi.Input<number>;
  /**
   * Days until a captured file moves to the cold tier; default 90.
   * @default 90
   */
  coldAfterDays?: pulumi.Input<number>;
}

/** How long the rules wait before a flag is raised or lowered. NEWS2's own thresholds cannot be changed. */
export interface FlagRuleSettings {
  /**
   * How many of the last `mediumWindows` windows must have a medium score before a flag is raised, 1 to 12; default 2.
   * @default 2
   */
  mediumTimes?: number;
  /**
   * How many windows are looked at for that, 1 to 12; default 3.
   * @default 3
   */
  mediumWindows?: number;
  /**
   * Windows in a row that must be below the level before a flag is lowered, 1 to 288; default 3.
   * @default 3
   */
  lowerWindows?: number;
  /**
   * For how many minutes these must reach, 0 to 1440; default 30.
   * @default 30
   */
  lowerMinutes?: number;
}

/** Between which values a sample of one vital is scored; outside it is counted and left out. */
export interface PlausibilityLimits {
  /** The least that is scored. */
  least: number;
  /** The most that is scored. */
  most: number;
}

/** A model beside NEWS2, as an ONNX file that is run where windows are scored. */
export interface OnnxModelSettings {
  /** Name, as results carry it. */
  name: string;
  /** Version, as results carry it: another model is another version. */
  version: string;
  /** Path of the file, relative to the stack's program: one input of float32, a row a window. */
  file: string;
}

/** One role for one principal that operates scoring. */
export interface ScoringRoleAssignment {
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
  role: ScoringOperatorRole;
}

/** Identities that exist already, one for each hop. */
export interface ScoringManagedIdentities {
  /**
   * Identity of the function app `ml-input`; default a new one.
   * @default a new one
   */
  mlInput?: ExistingAppIdentity;
  /**
   * Identity of the function app `score`; default a new one.
   * @default a new one
   */
  score?: ExistingAppIdentity;
  /**
   * Identity of the function app `long-view`; default a new one.
   * @default a new one
   */
  longView?: ExistingAppIdentity;
  /**
   * Identity with which Event Hubs writes captured files, which the namespace must carry; default the one that `IoMTIngest`
   * put there, read from the namespace.
   * @default the one of the namespace
   */
  capture?: ExistingIdentity;
  /**
   * Identity with which the Databricks job reads and writes; default a new one.
   * @default a new one
   */
  databricks?: ExistingIdentity;
  /**
   * Identity with which storage uses the customer-managed key; default a new one.
   * @default a new one
   */
  customerManagedKey?: ExistingIdentity;
}

/** Physical names to use instead of the computed ones. */
export interface ScoringNames {
  /**
   * Name of the lake's storage account; default computed.
   * @default computed
   */
  lakeAccount?: pulumi.Input<string>;
  /**
   * Name of the function app `ml-input`; default computed.
   * @default computed
   */
  mlInputApp?: pulumi.Input<string>;
  /**
   * Name of the function app `score`; default computed.
   * @default computed
   */
  scoreApp?: pulumi.Input<string>;
  /**
   * Name of the function app `long-view`; default computed.
   * @default computed
   */
  longViewApp?: pulumi.Input<string>;
  /**
   * Name of the storage account of the function app `ml-input`; default computed.
   * @default computed
   */
  mlInputStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the storage account of the function app `score`; default computed.
   * @default computed
   */
  scoreStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the storage account of the function app `long-view`; default computed.
   * @default computed
   */
  longViewStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the Databricks workspace; default computed.
   * @default computed
   */
  databricksWorkspace?: pulumi.Input<string>;
  /**
   * Name of the Databricks access connector; default computed.
   * @default computed
   */
  databricksAccessConnector?: pulumi.Input<string>;
  /**
   * Name of the machine learning workspace; default computed.
   * @default computed
   */
  machineLearningWorkspace?: pulumi.Input<string>;
  /**
   * Name of the online endpoint, unique in the region; default computed.
   * @default computed
   */
  onlineEndpoint?: pulumi.Input<string>;
}
