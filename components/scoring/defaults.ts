import { defaultKernelSettings } from '../../runtime/scoring/kernelSettings';
import { completeCommon } from '../azure/commonDefaults';
import { merge } from '../azure/merge';
import type { MLScoringPathArgs } from '../mlScoringPath';
import type { FlagRuleSettings, LakeSettings, ScoringEventHubsSettings } from './settings';

const eventHubs: Required<Pick<ScoringEventHubsSettings, 'retentionHours'>> & ScoringEventHubsSettings = {
  retentionHours: 168,
};

const lake: Required<LakeSettings> = {
  replication: 'Standard_ZRS',
  captureMinutes: 5,
  captureMegabytes: 100,
  bronzeRetentionDays: 365,
  scoredRetentionDays: 2190,
  coolAfterDays: 30,
  coldAfterDays: 90,
};

const kernel = defaultKernelSettings;
const flagRules: Required<FlagRuleSettings> = {
  mediumTimes: kernel.flagRules.mediumTimes,
  mediumWindows: kernel.flagRules.mediumWindows,
  lowerWindows: kernel.flagRules.lowerWindows,
  lowerMinutes: kernel.flagRules.lowerSeconds / 60,
};

/** Consumer groups that the path itself reads with. */
export const mlInputGroup = 'ml-input';
export const scoreGroup = 'score';
/** Read without the host: what open windows hold, after a start. */
export const rebuildGroup = 'score-rebuild';
/** Of step 12, each of a reader of the hot path's, which makes them. */
export const mlOutputGroups = { fhir: 'ml-output-fhir', repository: 'ml-output-repository' } as const;

/** Settings with every default filled in: default < args. */
export function completeScoring(args: Omit<MLScoringPathArgs, 'hospitalId' | 'resourceGroupName'>) {
  return {
    ...args,
    ...completeCommon(args),
    compute: args.compute ?? ('functions' as const),
    windowMinutes: args.windowMinutes ?? kernel.windowSeconds / 60,
    latenessMinutes: args.latenessMinutes ?? kernel.latenessSeconds / 60,
    sampleSeconds: args.sampleSeconds ?? kernel.sampleSeconds,
    carryForwardMinutes: args.carryForwardMinutes ?? kernel.carrySeconds / 60,
    carryForwardMinutesAtRisk: args.carryForwardMinutesAtRisk ?? kernel.carrySecondsAtRisk / 60,
    spinalCordInjury: args.spinalCordInjury ?? kernel.spinalCordInjury,
    flagRules: merge(flagRules, args.flagRules),
    plausibilityLimits: args.plausibilityLimits ?? {},
    contextCodes: args.contextCodes ?? {},
    baselines: args.baselines ?? kernel.baselines,
    longWindows: args.longWindows ?? ['PT24H'],
    chartedValues:
      args.chartedValues ?? (args.existingFhirEventsHubId === undefined ? ('polling' as const) : ('events' as const)),
    chartedSeconds: args.chartedSeconds ?? 30,
    eventHubs: merge(eventHubs, args.eventHubs),
    enrichedConsumerGroups: args.enrichedConsumerGroups ?? [],
    scoredConsumerGroups: args.scoredConsumerGroups ?? [],
    lake: merge(lake, args.lake),
    maximumBatchEvents: args.maximumBatchEvents ?? 1000,
    alwaysReadyInstances: args.alwaysReadyInstances ?? 0,
    instanceMemoryMB: args.instanceMemoryMB ?? 2048,
    deadLetterRetentionDays: args.deadLetterRetentionDays ?? 30,
    alerts: args.alerts ?? true,
    alertActionGroupIds: args.alertActionGroupIds ?? [],
    roleAssignments: args.roleAssignments ?? [],
    artefactsFolder: args.artefactsFolder ?? 'artefacts',
    compatibility: args.compatibility ?? ('r4' as const),
    resolutionType: args.resolutionType ?? ('Lookup' as const),
    deviceIdentifierSystem: args.deviceIdentifierSystem ?? '',
    identityCacheSeconds: args.identityCacheSeconds ?? 60,
    clockMarkSeconds: args.clockMarkSeconds ?? 10,
  };
}

export type CompleteScoring = ReturnType<typeof completeScoring>;
