import type * as pulumi from '@pulumi/pulumi';
import type { EventHubsSku } from '../azure/eventHubs';
import type { ExistingIdentity, PrincipalType } from '../azure/identity';
import type { ImmutabilityState, StorageReplication } from '../azure/storage';
import type { AllocationPolicy, IotHubSku, MessageSource, OperatorRole } from './choices';

/** A certificate authority that signs the certificates of devices. */
export interface CertificateAuthority {
  /**
   * Name, 1 to 55 letters, digits and `-._`. In hub and provisioning service a hash of the certificate follows it, so that a
   * renewed certificate is added before the old one goes.
   */
  name: string;
  /**
   * The authority's certificate, PEM. Public; its private key stays with whoever signs. Another certificate under the same
   * name ends trust in the old one; to trust both for a time, give them two names.
   */
  certificate: string;
}

/** The IoT hub. */
export interface IotHubSettings {
  /**
   * Tier; default `S1`.
   * @default S1
   */
  sku?: IotHubSku;
  /**
   * Units; default 1. At most 200 on S1 and S2, 10 on S3.
   * @default 1
   */
  units?: pulumi.Input<number>;
  /**
   * Lowest TLS version that devices may use; default `1.2`, the only one that IoT Hub can be held to.
   * @default 1.2
   */
  minimumTlsVersion?: string;
  /**
   * Keeps the hub's data within its region, without a copy in the paired one; default Azure's, which is false. Offered in
   * regions with a residency promise only, and cannot be changed later.
   * @default Azure's own
   */
  dataResidency?: boolean;
  /**
   * Hosts to which the hub may send beside those of the component's own routes; default none.
   * @default none
   */
  allowedFqdns?: string[];
  /**
   * Partitions of the built-in endpoint, where what no route takes ends up, 2 to 32; default 4. Cannot be changed later.
   * @default 4
   */
  builtInEndpointPartitions?: pulumi.Input<number>;
  /**
   * Days for which the built-in endpoint keeps messages, 1 to 7; default 1.
   * @default 1
   */
  builtInEndpointRetentionDays?: pulumi.Input<number>;
}

/** Event Hubs: the namespace and its hub `devicedata`. */
export interface EventHubsSettings {
  /**
   * Tier; default `Standard`. Premium is needed for customer-managed keys.
   * @default Standard
   */
  sku?: EventHubsSku;
  /**
   * Throughput units (Standard, 1 to 40) or processing units (Premium: 1, 2, 4, 6, 8, 10, 12, 16); default 1.
   * @default 1
   */
  capacity?: pulumi.Input<number>;
  /**
   * Lets the namespace grow by itself up to so many throughput units (Standard, at most 40); default off.
   * @default off
   */
  maximumThroughputUnits?: pulumi.Input<number>;
  /**
   * Partitions of `devicedata`, at most 32 on Standard and 100 on Premium; default 4. Cannot be changed later on Standard.
   * @default 4
   */
  deviceDataPartitions?: pulumi.Input<number>;
  /**
   * Hours for which `devicedata` keeps messages, at most 168 on Standard and 2160 on Premium; default 168.
   * @default 168
   */
  retentionHours?: pulumi.Input<number>;
  /**
   * Spreads the namespace over the zones of the region; default true. Cannot be changed later.
   * @default true
   */
  zoneRedundant?: boolean;
}

/** The account that holds the raw copies. */
export interface RawStorageSettings {
  /**
   * Days for which no blob can be changed or deleted, 1 to 146000; default 2190: HIPAA asks to keep records for six years.
   * @default 2190
   */
  retentionDays?: pulumi.Input<number>;
  /**
   * Whether the retention can be taken back; default `Unlocked`. `Locked` needs `acceptRisks.lockedImmutability`, and an
   * account that exists already: Azure creates none that is locked, so deploy once with `Unlocked`.
   * @default Unlocked
   */
  immutabilityState?: ImmutabilityState;
  /**
   * Days until a blob moves to the cool tier; default 30.
   * @default 30
   */
  coolAfterDays?: pulumi.Input<number>;
  /**
   * Days until a blob moves to the cold tier; default 90.
   * @default 90
   */
  coldAfterDays?: pulumi.Input<number>;
  /**
   * Days until a blob is deleted; default one more than `retentionDays`, and never less.
   * @default retentionDays + 1
   */
  deleteAfterDays?: pulumi.Input<number>;
  /**
   * How the account keeps its copies; default `Standard_ZRS`.
   * @default Standard_ZRS
   */
  replication?: StorageReplication;
  /**
   * Longest time in seconds for which IoT Hub gathers messages for one blob, 60 to 720; default 300.
   * @default 300
   */
  batchFrequencySeconds?: pulumi.Input<number>;
  /**
   * Largest blob that IoT Hub gathers, in megabytes (1 MB = 1,048,576 bytes), 10 to 500; default 100.
   * @default 100
   */
  maxChunkSizeMegabytes?: pulumi.Input<number>;
  /**
   * Names of blobs, with all of {iothub}, {partition}, {YYYY}, {MM}, {DD}, {HH} and {mm}; default
   * `{iothub}/{YYYY}/{MM}/{DD}/{HH}/{mm}/{partition}.json`.
   * @default {iothub}/{YYYY}/{MM}/{DD}/{HH}/{mm}/{partition}.json
   */
  fileNameFormat?: string;
}

/** A message route of one's own, beside those that the component makes. */
export interface MessageRoute {
  /** Name: 1 to 64 letters, digits and `-._`; `devicedata`, `raw` and `administration-...` are taken. */
  name: string;
  /** What it takes its messages from. */
  source: MessageSource;
  /**
   * Condition in IoT Hub's routing query language; default `true`: every message.
   * @default true
   */
  condition?: pulumi.Input<string>;
  /** Where they go: `devicedata`, `raw`, `device-administration` or `events` (the built-in endpoint). */
  endpoint: string;
}

/** The device provisioning service. */
export interface ProvisioningSettings {
  /**
   * Whether there is one; default true. Without it devices are registered in the hub by hand.
   * @default true
   */
  enabled?: boolean;
  /**
   * How devices are spread over hubs; default `Hashed`.
   * @default Hashed
   */
  allocationPolicy?: AllocationPolicy;
}

/** Gateways on IoT Edge, which store messages while the uplink is down. */
export interface EdgeSettings {
  /**
   * Id of the automatic deployment, to which a hash of its content is added, at most 100 characters in all; default
   * `iomt-gateway`.
   * @default iomt-gateway
   */
  deploymentId?: string;
  /**
   * Which gateways it is for, in IoT Hub's query language; default `tags.role='iomt-gateway'`, the tag that the enrolment
   * group gives.
   * @default tags.role='iomt-gateway'
   */
  targetCondition?: string;
  /**
   * Which deployment wins on a gateway that several target, the highest does; default 10.
   * @default 10
   */
  priority?: number;
  /**
   * Seconds for which a gateway keeps messages that it cannot pass on; default 604800: a week.
   * @default 604800
   */
  timeToLiveSecs?: number;
  /**
   * Tag of the image mcr.microsoft.com/azureiotedge-agent; default `1.5`, which has long-term support.
   * @default 1.5
   */
  edgeAgentImageTag?: string;
  /**
   * Tag of the image mcr.microsoft.com/azureiotedge-hub; default `1.5`, which has long-term support.
   * @default 1.5
   */
  edgeHubImageTag?: string;
  /**
   * Folder on the gateway in which waiting messages outlive the modules' containers, with the folders `edgeAgent` and
   * `edgeHub` in it; default `/srv/iotedge`. The device team makes them.
   * @default /srv/iotedge
   */
  hostStorageFolder?: string;
  /**
   * Authorities that sign the gateways' certificates; default none: gateways are registered by hand. They must not be
   * those of the devices, since a certificate leads to one enrolment group only.
   * @default none
   */
  certificateAuthorities?: CertificateAuthority[];
}

/** A role for people who operate the path. */
export interface OperatorRoleAssignment {
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
  role: OperatorRole;
}

/** Identities that exist already, one for each hop. */
export interface IngestManagedIdentities {
  /**
   * Identity with which IoT Hub sends to `devicedata` and writes raw copies; default a new one.
   * @default a new one
   */
  hubRouter?: ExistingIdentity;
  /**
   * Identity with which the provisioning service creates devices in the hub; default a new one.
   * @default a new one
   */
  provisioning?: ExistingIdentity;
  /**
   * Identity with which hubs of the new namespace are captured, once `MLScoringPath` or another component captures any;
   * default a new one.
   * @default a new one
   */
  capture?: ExistingIdentity;
  /**
   * Identity with which Event Hubs and storage use the customer-managed key; default a new one.
   * @default a new one
   */
  customerManagedKey?: ExistingIdentity;
}

/** Physical names to use instead of the computed ones. */
export interface IngestNames {
  /**
   * Name of the IoT hub; default computed.
   * @default computed
   */
  iotHub?: pulumi.Input<string>;
  /**
   * Name of the Event Hubs namespace; default computed.
   * @default computed
   */
  eventHubsNamespace?: pulumi.Input<string>;
  /**
   * Name of the raw storage account; default computed.
   * @default computed
   */
  rawStorageAccount?: pulumi.Input<string>;
  /**
   * Name of the device provisioning service; default computed.
   * @default computed
   */
  provisioningService?: pulumi.Input<string>;
}
