import { completeCommon } from '../azure/commonDefaults';
import type { CommonSettings } from '../azure/commonSettings';
import { merge } from '../azure/merge';
import type { IngestSettings } from './ingestSettings';
import type {
  EdgeSettings,
  EventHubsSettings,
  IotHubSettings,
  ProvisioningSettings,
  RawStorageSettings,
} from './settings';

type Complete<T, Optional extends keyof T = never> = Required<Omit<T, Optional>> & Pick<T, Optional>;

const iotHub: Complete<IotHubSettings, 'dataResidency'> = {
  sku: 'S1',
  units: 1,
  minimumTlsVersion: '1.2',
  allowedFqdns: [],
  builtInEndpointPartitions: 4,
  builtInEndpointRetentionDays: 1,
};

const eventHubs: Complete<EventHubsSettings, 'maximumThroughputUnits'> = {
  sku: 'Standard',
  capacity: 1,
  deviceDataPartitions: 4,
  retentionHours: 168,
  zoneRedundant: true,
};

const rawStorage: Complete<RawStorageSettings, 'deleteAfterDays'> = {
  retentionDays: 2190,
  immutabilityState: 'Unlocked',
  coolAfterDays: 30,
  coldAfterDays: 90,
  replication: 'Standard_ZRS',
  batchFrequencySeconds: 300,
  maxChunkSizeMegabytes: 100,
  fileNameFormat: '{iothub}/{YYYY}/{MM}/{DD}/{HH}/{mm}/{partition}.json',
};

const provisioning: Complete<ProvisioningSettings> = { enabled: true, allocationPolicy: 'Hashed' };

const edge: Complete<EdgeSettings> = {
  deploymentId: 'iomt-gateway',
  targetCondition: "tags.role='iomt-gateway'",
  priority: 10,
  timeToLiveSecs: 604_800,
  edgeAgentImageTag: '1.5',
  edgeHubImageTag: '1.5',
  hostStorageFolder: '/srv/iotedge',
  certificateAuthorities: [],
};

/** The role that a gateway's twin is tagged with, by which the automatic deployment finds it. */
export const gatewayRole = 'iomt-gateway';

/** Settings with every default filled in: default < args. */
export function completeSettings(args: CommonSettings & IngestSettings) {
  return {
    ...args,
    ...completeCommon(args),
    deviceAuthentication: args.deviceAuthentication ?? ('x509' as const),
    deviceCertificateAuthorities: args.deviceCertificateAuthorities ?? [],
    iotHub: merge(iotHub, args.iotHub),
    eventHubs: merge(eventHubs, args.eventHubs),
    consumerGroups: args.consumerGroups ?? [],
    rawStorage: merge(rawStorage, args.rawStorage),
    enrichments: args.enrichments ?? {},
    routes: args.routes ?? [],
    provisioning: merge(provisioning, args.provisioning),
    edge: args.edge && merge(edge, args.edge),
    roleAssignments: args.roleAssignments ?? [],
    artefactsFolder: args.artefactsFolder ?? 'artefacts',
  };
}

export type CompleteSettings = ReturnType<typeof completeSettings>;
