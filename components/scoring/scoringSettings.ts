import type * as pulumi from '@pulumi/pulumi';
import type { ChartedValues, ScoringCompute, SpinalCordInjuryPolicy } from './choices';
import type { ContextCodeSettings } from './contextSettings';
import type { DatabricksSettings } from './databricks/settings';
import type { MachineLearningSettings, PartnerEndpointSettings } from './endpoint/settings';
import type {
  FlagRuleSettings,
  LakeSettings,
  OnnxModelSettings,
  PlausibilityLimits,
  ScoringEventHubsSettings,
  ScoringManagedIdentities,
  ScoringNames,
  ScoringRoleAssignment,
} from './settings';

/** What is particular to scoring; `HospitalEnvironment` passes it through. */
export interface ScoringSettings {
  /**
   * What scores the windows; default `functions`: it needs no network, licence or catalogue of the hospital's, and its results
   * are those of `databricks`, bit by bit.
   * @default functions
   */
  compute?: ScoringCompute;
  /**
   * Length of a window in minutes, which divides an hour; default 5. A change begins where the last window ended, with a shorter
   * one if need be.
   * @default 5
   */
  windowMinutes?: number;
  /**
   * Minutes after its end for which a window waits for data, 0 to 60; default 2. What comes later is repaired.
   * @default 2
   */
  latenessMinutes?: number;
  /**
   * Seconds for which one value of a vital counts, which divide the window; default 1. Of several, the latest is taken.
   * @default 1
   */
  sampleSeconds?: number;
  /**
   * Minutes for which a value that was charted, or measured now and then, is carried forward, 0 to 10080; default 240.
   * Continuous signals never are.
   * @default 240
   */
  carryForwardMinutes?: number;
  /**
   * The same for a patient whose last band was low-medium or above; default 60.
   * @default 60
   */
  carryForwardMinutesAtRisk?: number;
  /**
   * Whether patients with a spinal cord injury are scored with a caution; default `caution`.
   * @default caution
   */
  spinalCordInjury?: SpinalCordInjuryPolicy;
  /**
   * When a flag is raised and lowered; default a medium score in 2 of 3 windows, and 3 windows and 30 minutes below.
   * @default a medium score in 2 of 3 windows, and 3 windows and 30 minutes below
   */
  flagRules?: FlagRuleSettings;
  /**
   * Between which values samples are scored, by vital, as in `{ heartRate: { least: 20, most: 250 } }`; default those of the
   * library. Units are /min, %, mm[Hg] and Cel.
   * @default those of the library
   */
  plausibilityLimits?: Record<string, PlausibilityLimits>;
  /**
   * By which codes facts about a patient are recognised; default those of the library.
   * @default those of the library
   */
  contextCodes?: ContextCodeSettings;
  /**
   * Whether windows are compared with the patient's usual values; default true.
   * @default true
   */
  baselines?: boolean;
  /**
   * Lengths of longer windows that are scored from the lake, ISO 8601 in whole hours or days; default `PT24H`.
   * @default PT24H
   */
  longWindows?: string[];
  /**
   * A model beside NEWS2, for `functions` and `databricks`; default none. Its predictions stand beside the score, and never
   * raise or lower a flag.
   * @default none
   */
  onnxModel?: OnnxModelSettings;
  /**
   * The Databricks workspace and its job; needed with `compute: databricks`; default none.
   * @default none
   */
  databricks?: DatabricksSettings;
  /**
   * The model on an online endpoint of Azure Machine Learning; needed with `compute: azureml-managed` and `azureml-kubernetes`;
   * default none.
   * @default none
   */
  machineLearning?: MachineLearningSettings;
  /**
   * The endpoint of somebody else; needed with `compute: partner`; default none.
   * @default none
   */
  partner?: PartnerEndpointSettings;
  /**
   * How values that people write into the health record reach scoring; default `events` where there is a hub of FHIR events,
   * else `polling`.
   * @default events
   */
  chartedValues?: ChartedValues;
  /**
   * Seconds between two searches for them with `polling`: a divisor of 60; default 30.
   * @default 30
   */
  chartedSeconds?: number;
  /**
   * The event hubs `enriched` and `scored`; default as many partitions as `normalizeddata`.
   * @default as many partitions as normalizeddata
   */
  eventHubs?: ScoringEventHubsSettings;
  /**
   * Consumer groups of `enriched` beside those of the path, one for each reader; default none.
   * @default none
   */
  enrichedConsumerGroups?: string[];
  /**
   * Consumer groups of `scored` beside those that `HotPath` makes, one for each reader; default none.
   * @default none
   */
  scoredConsumerGroups?: string[];
  /**
   * The lake: what is captured and for how long it is kept; default six years for scores, one for enriched data.
   * @default six years for scores, one for enriched data
   */
  lake?: LakeSettings;
  /**
   * ARM id of a storage account with a hierarchical namespace that exists; default a new one. Containers are made in it; its
   * key, network and lifecycle are its owner's.
   * @default a new one
   */
  existingLakeAccountId?: pulumi.Input<string>;
  /**
   * Most events that a function takes at a time, 1 to 10000; default 1000.
   * @default 1000
   */
  maximumBatchEvents?: number;
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
   * Memory of an instance in megabytes: 512, 2048 or 4096; default 2048. `score` holds the open windows of its partitions.
   * @default 2048
   */
  instanceMemoryMB?: number;
  /**
   * ARM id of a subnet for the function apps, delegated to `Microsoft.App/environments`; default none. They need one to reach
   * private endpoints.
   * @default none
   */
  functionSubnetId?: pulumi.Input<string>;
  /**
   * Days for which dead letters are kept, 1 to 3650, where scoring has a container of its own for them; default 30.
   * @default 30
   */
  deadLetterRetentionDays?: pulumi.Input<number>;
  /**
   * Whether there are alerts; default true.
   * @default true
   */
  alerts?: boolean;
  /**
   * ARM ids of the action groups that alerts call; default none: then they show in Azure Monitor alone.
   * @default none
   */
  alertActionGroupIds?: pulumi.Input<string>[];
  /**
   * Roles for people who operate scoring; default none.
   * @default none
   */
  roleAssignments?: ScoringRoleAssignment[];
  /**
   * Identities that exist already; default new ones.
   * @default new ones
   */
  managedIdentities?: ScoringManagedIdentities;
  /**
   * Physical names to use; default computed from hospital, environment and subscription.
   * @default computed
   */
  names?: ScoringNames;
  /**
   * Folder, relative to the stack's program, for the files that `deployerReach: none` emits; default `artefacts`.
   * @default artefacts
   */
  artefactsFolder?: string;
}
