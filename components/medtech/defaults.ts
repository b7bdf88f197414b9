import { defaultScoringSources, starterMapping } from '../../mappings/starter';
import { completeCommon } from '../azure/commonDefaults';
import type { CommonSettings } from '../azure/commonSettings';
import { merge } from '../azure/merge';
import type { ConnectorSettings } from './connectorSettings';
import { loadMappings } from './mappings';
import type { ConnectorEventHubsSettings, FhirServiceSettings, ScoringSourceSettings } from './settings';

const eventHubs: Required<Omit<ConnectorEventHubsSettings, 'normalizedDataPartitions'>> &
  Pick<ConnectorEventHubsSettings, 'normalizedDataPartitions'> = { fhirEventsPartitions: 4, retentionHours: 168 };

const fhir: Required<FhirServiceSettings> = { versioningPolicy: 'versioned', versioningPolicyOverrides: {} };

/** Readers of `normalizeddata` that the path itself has: steps 5 and 6. */
export const writeObservationsGroup = 'write-observations';
export const mlInputGroup = 'ml-input';

/** Settings with every default filled in: default < args. */
export function completeConnector(args: CommonSettings & ConnectorSettings) {
  const mapping = {
    deviceMapping: args.deviceMapping ?? starterMapping('device'),
    fhirMapping: args.fhirMapping ?? starterMapping('fhir'),
    compatibility: args.compatibility ?? ('r4' as const),
  };
  const loaded = loadMappings(mapping);
  return {
    ...args,
    ...completeCommon(args),
    ...mapping,
    loaded,
    engine: args.engine ?? ('builtin' as const),
    resolutionType: args.resolutionType ?? ('Lookup' as const),
    deviceIdentifierSystem: args.deviceIdentifierSystem ?? '',
    clockMarkSeconds: args.clockMarkSeconds ?? 10,
    flushSeconds: args.flushSeconds ?? 5,
    maximumBatchEvents: args.maximumBatchEvents ?? 1000,
    identityCacheSeconds: args.identityCacheSeconds ?? 60,
    scoringSources: args.scoringSources ?? sourcesOf(loaded.measurementTypes),
    eventHubs: merge(eventHubs, args.eventHubs),
    deviceDataConsumerGroup: args.deviceDataConsumerGroup ?? 'medtech',
    normalizedDataConsumerGroups: args.normalizedDataConsumerGroups ?? [],
    fhirEventsConsumerGroups: args.fhirEventsConsumerGroups ?? [],
    fhir: merge(fhir, args.fhir),
    fhirEvents: args.fhirEvents ?? true,
    alwaysReadyInstances: args.alwaysReadyInstances ?? 0,
    deadLetterRetentionDays: args.deadLetterRetentionDays ?? 30,
    alerts: args.alerts ?? true,
    alertActionGroupIds: args.alertActionGroupIds ?? [],
    roleAssignments: args.roleAssignments ?? [],
    artefactsFolder: args.artefactsFolder ?? 'artefacts',
  };
}

export type CompleteConnector = ReturnType<typeof completeConnector>;

/** The starter's sources, as far as a mapping has their types: a mapping of one's own may share some of them. */
function sourcesOf(types: ReadonlyMap<string, ReadonlySet<string>>): ScoringSourceSettings[] {
  return defaultScoringSources.filter(({ measurementType, valueName }) => types.get(measurementType)?.has(valueName));
}
