import type * as pulumi from '@pulumi/pulumi';
import type { ExistingAppIdentity, ExistingIdentity, PrincipalType } from '../azure/identity';
import type { BackupStorageRedundancy } from '../azure/sqlDatabase';
import type { HotPathOperatorRole, RepositoryAdministratorType, RepositoryRole } from './choices';

/** Who administers the repository's server: best a group with the people who break the glass, and the migrator's identity. */
export interface RepositoryAdministrator {
  /** Name of the group, as people see it in the database. */
  login: pulumi.Input<string>;
  /** Object id of the group. */
  objectId: pulumi.Input<string>;
  /**
   * What `objectId` names; default `Group`.
   * @default Group
   */
  principalType?: RepositoryAdministratorType;
  /**
   * Whether the identity of the app `repository-migrations` is a member of the group already; default false: then
   * `manualSteps` say whom to add, and the schema is made as soon as that is done.
   * @default false
   */
  includesMigrator?: boolean;
}

/** An identity of another component as a user of the repository. */
export interface RepositoryUserSettings {
  /** Name of the user in the database, best the identity's. */
  name: pulumi.Input<string>;
  /** Client id (application id) of the identity. */
  clientId: pulumi.Input<string>;
  /** What it may do. */
  role: RepositoryRole;
}

/** The repository: a serverless database of Azure SQL that never pauses. */
export interface RepositorySettings {
  /**
   * ARM id of a server of Azure SQL that exists; default a new one. Its administrator, network, key, auditing and threat
   * protection are its owner's, and `manualSteps` say what the migrator's identity must become there.
   * @default a new one
   */
  existingSqlServerId?: pulumi.Input<string>;
  /**
   * Who administers the new server; default the identity of the app `repository-migrations` alone: one deployment makes
   * everything, and nobody else gets in. With a group, somebody with rights in the directory puts that identity into it.
   * Azure takes it when the server is made; later it is changed by `az sql server ad-admin update`, then refreshed, then here.
   * @default the identity of the app repository-migrations alone
   */
  administrator?: RepositoryAdministrator;
  /**
   * Most vCores, as Azure SQL has them on Gen5: 1, 2, 4 and so on to 80; default 4.
   * @default 4
   */
  capacity?: pulumi.Input<number>;
  /**
   * Least vCores, which are paid for always: 0.5 or more, an eighth of `capacity` or more; default 1.
   * @default 1
   */
  minCapacity?: pulumi.Input<number>;
  /**
   * Most gigabytes (1 GB = 1,073,741,824 bytes) of data, 1 to 4096; default 128. By the width of
   * its rows, a bed that is never empty takes about 0.1 GB a year.
   * @default 128
   */
  maxSizeGigabytes?: pulumi.Input<number>;
  /**
   * Whether replicas lie in several zones of the region; default true. Set it to false where the region has none.
   * @default true
   */
  zoneRedundant?: pulumi.Input<boolean>;
  /**
   * Where backups are kept; default `Zone`. `GeoZone` keeps a copy in the paired region, too.
   * @default Zone
   */
  backupStorageRedundancy?: BackupStorageRedundancy;
  /**
   * Days back to which the database can be restored to any moment, 1 to 35; default 14.
   * @default 14
   */
  shortTermRetentionDays?: pulumi.Input<number>;
  /**
   * For how long one backup of each week is kept, ISO 8601; `PT0S` for none; default `P12W`.
   * @default P12W
   */
  weeklyRetention?: pulumi.Input<string>;
  /**
   * For how long one backup of each month is kept; default `P12M`.
   * @default P12M
   */
  monthlyRetention?: pulumi.Input<string>;
  /**
   * For how long one backup of each year is kept; default `P6Y`: HIPAA asks to keep records for six years.
   * @default P6Y
   */
  yearlyRetention?: pulumi.Input<string>;
  /**
   * Week of the year whose backup is the year's, 1 to 52; default 1.
   * @default 1
   */
  weekOfYear?: pulumi.Input<number>;
  /**
   * Whether logins, reads and changes are audited into the workspace of `diagnosticSettings`; default true where that is given.
   * @default true where diagnosticSettings is given
   */
  auditing?: boolean;
  /**
   * Whether Microsoft Defender for SQL watches the server, which is paid for by server; default true.
   * @default true
   */
  threatProtection?: boolean;
  /**
   * Whether the server's public endpoint lets in services within Azure ("Allow Azure services and resources to access this
   * server"), each of which must still bring a token; default true where the server has a public endpoint. The function apps
   * and Microsoft Fabric come in by it where there are no private endpoints.
   * @default true where the server has a public endpoint
   */
  allowAzureServices?: boolean;
  /**
   * Identities of other components that become users of the database; default none.
   * @default none
   */
  users?: RepositoryUserSettings[];
}

/** How patients are routed to care teams (step 14). */
export interface RoutingSettings {
  /**
   * System of the identifiers of PractitionerRole or Practitioner that are object ids in Microsoft Entra, by which the
   * dashboard knows who looks at it; default `https://graph.microsoft.com/objectId`.
   * @default https://graph.microsoft.com/objectId
   */
  entraObjectIdSystem?: string;
  /**
   * System of the identifiers of patients that are shown as record number; default none: the first identifier of type MR.
   * @default none
   */
  recordNumberSystem?: string;
  /**
   * Name of the queue to which patients without a care team go; default `default`. Who reads it is in the CareTeam that has
   * an identifier of that value.
   * @default default
   */
  defaultQueue?: string;
  /**
   * Minutes between two projections of care teams, a divisor of 60; default 1. What changes in FHIR reaches the dashboard as late.
   * @default 1
   */
  intervalMinutes?: number;
  /**
   * Minutes after which a projection that could not be renewed is stale, which raises an alert, 2 to 1440; default 15.
   * @default 15
   */
  staleMinutes?: number;
}

/** A second way for results into `ml-output`, for what scores and cannot send to an event hub. */
export interface HttpTriggerSettings {
  /**
   * What callers' tokens must be for: the application id URI of an app registration of yours, or its client id where it asks
   * for tokens of version 2 (`requestedAccessTokenVersion`), which have that as their audience.
   */
  audience: pulumi.Input<string>;
  /** Client ids (application ids) of those who may post; anybody else is refused. */
  allowedClientIds: pulumi.Input<string>[];
}

/** One role for one principal that operates the hot path. */
export interface HotPathRoleAssignment {
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
  role: HotPathOperatorRole;
}

/** Identities that exist already, one for each hop. */
export interface HotPathManagedIdentities {
  /**
   * Identity of the function app `ml-output`; default a new one.
   * @default a new one
   */
  mlOutput?: ExistingAppIdentity;
  /**
   * Identity of the function app `repository-migrations`, which alone may change the schema; default a new one.
   * @default a new one
   */
  repositoryMigrations?: ExistingAppIdentity;
  /**
   * Identity of the function app `routing`; default a new one.
   * @default a new one
   */
  routing?: ExistingAppIdentity;
  /**
   * Identity with which the SQL server and storage use the customer-managed key; default a new one.
   * @default a new one
   */
  customerManagedKey?: ExistingIdentity;
}

/** Physical names to use instead of the computed ones. */
export interface HotPathNames {
  /**
   * Name of the SQL server, unique in Azure; default computed.
   * @default computed
   */
  sqlServer?: pulumi.Input<string>;
  /**
   * Name of the database; default computed.
   * @default computed
   */
  database?: pulumi.Input<string>;
  /**
   * Name of the function app `ml-output`; default computed.
   * @default computed
   */
  mlOutputApp?: pulumi.Input<string>;
  /**
   * Name of the function app `repository-migrations`; default computed.
   * @default computed
   */
  repositoryMigrationsApp?: pulumi.Input<string>;
  /**
   * Name of the function app `routing`; default computed.
   * @default computed
   */
  routingApp?: pulumi.Input<string>;
  /**
   * Name of the storage account of the function app `ml-output`; default computed.
   * @default computed
   */
  mlOutputStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the storage account of the function app `repository-migrations`; default computed.
   * @default computed
   */
  repositoryMigrationsStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the storage account of the function app `routing`; default computed.
   * @default computed
   */
  routingStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the storage account for dead letters, where the hot path has one of its own; default computed.
   * @default computed
   */
  deadLetterStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the Fabric capacity; default computed.
   * @default computed
   */
  fabricCapacity?: pulumi.Input<string>;
}
