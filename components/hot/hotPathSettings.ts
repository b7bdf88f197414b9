import type * as pulumi from '@pulumi/pulumi';
import type { ScoreCodes } from './choices';
import type { DashboardSettings } from './dashboardSettings';
import type {
  HotPathManagedIdentities,
  HotPathNames,
  HotPathRoleAssignment,
  HttpTriggerSettings,
  RepositorySettings,
  RoutingSettings,
} from './settings';

/** What is particular to the hot path; `HospitalEnvironment` passes it through. */
export interface HotPathSettings {
  /**
   * The repository: a serverless database of Azure SQL; default a new server with 1 to 4 vCores, administered by the identity
   * of the app `repository-migrations`.
   * @default a new server with 1 to 4 vCores
   */
  repository?: RepositorySettings;
  /**
   * How patients are routed to care teams; default once a minute.
   * @default once a minute
   */
  routing?: RoutingSettings;
  /**
   * By which codes scores are written into the health record; default `local`.
   * @default local
   */
  scoreCodes?: ScoreCodes;
  /**
   * Who may post results to `ml-output` by HTTP; default nobody: it has no such function.
   * @default nobody
   */
  httpTrigger?: HttpTriggerSettings;
  /**
   * The dashboard in Microsoft Fabric: capacity, workspace, model and report, and who looks at it; default none.
   * @default none
   */
  dashboard?: DashboardSettings;
  /**
   * Minutes of age of the newest sample, at the 95th percentile of what arrives in the repository, above which an alert
   * warns, 1 to 1440; default 10.
   * @default 10
   */
  latencyWarningMinutes?: number;
  /**
   * The same above which the promise is broken; default 15.
   * @default 15
   */
  latencyBreachMinutes?: number;
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
   * Memory of an instance in megabytes: 512, 2048 or 4096; default 2048.
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
   * Days for which dead letters are kept, 1 to 3650, where the hot path has a container of its own for them; default 30.
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
   * Roles for people who operate the hot path; default none.
   * @default none
   */
  roleAssignments?: HotPathRoleAssignment[];
  /**
   * Identities that exist already; default new ones.
   * @default new ones
   */
  managedIdentities?: HotPathManagedIdentities;
  /**
   * Physical names to use; default computed from hospital, environment and subscription.
   * @default computed
   */
  names?: HotPathNames;
  /**
   * Folder, relative to the stack's program, for the files that `deployerReach: none` emits; default `artefacts`.
   * @default artefacts
   */
  artefactsFolder?: string;
}
