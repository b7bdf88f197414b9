import type * as pulumi from '@pulumi/pulumi';
import type { AzureCloud } from './clouds';
import type { DiagnosticSettings } from './diagnostics';
import type { PrincipalType, RoleAssignmentMode } from './identity';
import type { CustomerManagedKey } from './keys';
import type { ResourceProperties } from './merge';
import type { PrivateEndpointSettings } from './privateEndpoints';

/** What the one who deploys can reach of the data planes (device registries, enrolments), which ARM does not cover. */
export const DeployerReach = {
  /** The public endpoints, from `deployerIpAddresses` where private endpoints close them to all others. */
  ipAllowList: 'ipAllowList',
  /** The private endpoints, from within the virtual network. */
  vnet: 'vnet',
  /** Nothing: files and a list of steps are emitted instead. */
  none: 'none',
} as const;
/** What the one who deploys can reach of the data planes. */
export type DeployerReach = (typeof DeployerReach)[keyof typeof DeployerReach];

/** Whether a service answers on its public endpoint. */
export const PublicNetworkAccess = {
  /** It does. */
  Enabled: 'Enabled',
  /** It answers on private endpoints only. */
  Disabled: 'Disabled',
} as const;
/** Whether a service answers on its public endpoint. */
export type PublicNetworkAccess = (typeof PublicNetworkAccess)[keyof typeof PublicNetworkAccess];

/** Locks of Azure Resource Manager. */
export const LockLevel = {
  /** No lock. */
  None: 'None',
  /** Nobody deletes the resource, nor a role assignment on it, before the lock is gone. */
  CanNotDelete: 'CanNotDelete',
} as const;
/** Lock that data resources get. */
export type LockLevel = (typeof LockLevel)[keyof typeof LockLevel];

/** Risks that lift a security floor when they are accepted by name. */
export interface AcceptedRisks {
  /**
   * Keys and connection strings may open IoT Hub, Event Hubs, the log workspace and Application Insights, if overrides switch
   * them on; default false.
   * @default false
   */
  localAuthentication?: boolean;
  /**
   * Keys and local users' passwords may open storage accounts, if overrides switch them on; default false.
   * @default false
   */
  sharedKeyAccess?: boolean;
  /**
   * Blobs may be made readable by anyone, if overrides do so; default false.
   * @default false
   */
  publicBlobAccess?: boolean;
  /**
   * Connections older than TLS 1.2 may be allowed, if overrides do so; default false.
   * @default false
   */
  outdatedTls?: boolean;
  /**
   * `rawStorage.immutabilityState` may be `Locked`: nobody, Microsoft included, can delete the raw data or shorten its
   * retention from then on, and it is paid for until then; default false.
   * @default false
   */
  lockedImmutability?: boolean;
  /**
   * Raw copies may be changed and deleted before their retention ends, if overrides switch immutability off; default false.
   * @default false
   */
  mutableRawData?: boolean;
  /**
   * Clusters of Databricks may have public addresses, if overrides switch them on; default false.
   * @default false
   */
  publicClusterAddresses?: boolean;
  /**
   * Azure Machine Learning may collect diagnostics of jobs on patient data, if overrides say so; default false.
   * @default false
   */
  telemetryOfPatientData?: boolean;
  /**
   * The repository's server may reach what lies outside of it, if overrides say so: data could be taken out by a statement;
   * default false.
   * @default false
   */
  outboundFromRepository?: boolean;
  /**
   * Addresses beyond Azure's own services may reach the repository's server, if overrides let them in; default false.
   * @default false
   */
  openRepository?: boolean;
}

/** What every component takes beside its own settings. */
export interface CommonSettings {
  /**
   * Environment of the hospital, part of names and tags; default `prod`.
   * @default prod
   */
  environment?: string;
  /**
   * Raise it to get fresh physical names while soft delete still holds the old ones; default 1.
   * @default 1
   */
  nameGeneration?: number;
  /**
   * Cloud in which the subscription lies; default `AzureCloud`. Decides on token scopes and the sign-in address.
   * @default AzureCloud
   */
  cloud?: AzureCloud;
  /**
   * What the deployer can reach of the data planes; default `ipAllowList`. With `none`, files and `manualSteps` say what
   * is left to do.
   * @default ipAllowList
   */
  deployerReach?: DeployerReach;
  /**
   * IPv4 addresses or CIDR ranges from which the data planes are called; default none. Needed with private endpoints and
   * `deployerReach: ipAllowList`.
   * @default none
   */
  deployerIpAddresses?: string[];
  /**
   * Object id of the principal, best a group, that deploys; default none: then whoever deploys needs the data-plane roles
   * already. Never taken from who runs the program, so that all previews are the same.
   * @default none
   */
  deployerPrincipalId?: pulumi.Input<string>;
  /**
   * What `deployerPrincipalId` names; default `Group`.
   * @default Group
   */
  deployerPrincipalType?: PrincipalType;
  /**
   * Whether the component makes the role assignments that it needs; default `create`. With `external`, `manualSteps` list
   * them, and they must be in force before the first deployment ends.
   * @default create
   */
  roleAssignmentMode?: RoleAssignmentMode;
  /**
   * How many seconds a deployment waits after it made role assignments, before it creates what Azure validates with them;
   * default 180. Azure speaks of up to 10 minutes. A change alone waits for nothing.
   * @default 180
   */
  rolePropagationSeconds?: number;
  /**
   * Whether services answer on their public endpoints; default `Enabled`, or `Disabled` with private endpoints (with
   * `deployerReach: ipAllowList`, IoT Hub and the provisioning service then stay open to `deployerIpAddresses` alone).
   * @default Enabled without private endpoints
   */
  publicNetworkAccess?: PublicNetworkAccess;
  /**
   * Private endpoints for every resource; default none.
   * @default none
   */
  privateEndpoints?: PrivateEndpointSettings;
  /**
   * Encrypts what can be encrypted with a key of your own; default keys of the platform. Event Hubs needs Premium for it;
   * IoT Hub and the provisioning service have no such thing.
   * @default keys of the platform
   */
  customerManagedKey?: CustomerManagedKey;
  /**
   * Sends all logs and metrics to a Log Analytics workspace; default none.
   * @default none
   */
  diagnosticSettings?: DiagnosticSettings;
  /**
   * Tags of every resource, beside `hospitalId` and `environment`; default none.
   * @default none
   */
  tags?: Record<string, pulumi.Input<string>>;
  /**
   * Lock of the resources that hold data; default `None`, since a lock also keeps role assignments from being removed.
   * @default None
   */
  lock?: LockLevel;
  /**
   * First of two keys to delete resources that hold data; default false. The second is the stack configuration
   * `azure-iomt:allowDataDeletion: true`. Without both, those resources are protected.
   * @default false
   */
  allowDataDeletion?: boolean;
  /**
   * Risks that are accepted, each by its name; default none. An override below a security floor is refused otherwise.
   * @default none
   */
  acceptRisks?: AcceptedRisks;
  /**
   * Arguments of Azure resources to replace or add, by the last part of the resource's logical name, as in `iot-hub`, in
   * azure-native's spelling; default none. They win over everything else, security floors excepted.
   * @default none
   */
  overrides?: Record<string, ResourceProperties>;
}

/** The second key to delete data, in the stack's configuration, where a reviewer of the program does not see it. */
export const dataDeletionConfig = { namespace: 'azure-iomt', key: 'allowDataDeletion' } as const;
