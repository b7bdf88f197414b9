import { clouds } from '../azure/clouds';
import { commonProblems, hospitalIdProblems } from '../azure/commonProblems';
import { consumerGroupNameProblems, EventHubsSku, eventHubsLimits } from '../azure/eventHubs';
import { functionAppProblems } from '../azure/functionAppProblems';
import { storageAccountIdPattern } from '../azure/lake';
import { nameRules } from '../azure/naming';
import { operatorProblems } from '../azure/operators';
import { timerProblems } from '../azure/schedules';
import { StorageReplication } from '../azure/storage';
import { known, Problems } from '../azure/validation';
import { ConnectorCompatibility, ResolutionType } from '../medtech/choices';
import type { MLScoringPathArgs } from '../mlScoringPath';
import { overridable, securityFloors } from './children';
import { ChartedValues, ScoringCompute, ScoringOperatorRole } from './choices';
import { databricksProblems } from './databricks/validate';
import { type CompleteScoring, mlOutputGroups, rebuildGroup, scoreGroup } from './defaults';
import { modelProblems } from './endpoint/validate';
import { clinicalRuleProblems } from './validateRules';
import { sourceProblems } from './validateSource';

/** Everything that is wrong with the arguments of a scoring path, as far as it can be known before anything is created. */
export function validateScoring(args: MLScoringPathArgs, settings: CompleteScoring): Problems {
  const problems = new Problems();
  hospitalIdProblems(problems, args.hospitalId);
  commonProblems(problems, settings, { overridable, floors: securityFloors });
  if (clouds[settings.cloud] && clouds[settings.cloud].fhirSuffix === undefined) {
    problems.add(
      'cloud',
      `Azure Health Data Services, which scoring reads patients from, is not offered in ${settings.cloud}.`,
    );
  }
  sourceProblems(problems, args);
  problems.oneOf('compatibility', settings.compatibility, Object.values(ConnectorCompatibility), 'the compatibility');
  const resolutions = Object.values(ResolutionType);
  problems.oneOf('resolutionType', settings.resolutionType, resolutions, 'the resolution of identities');
  const cache = 'the seconds for which identities are believed';
  problems.wholeNumber('identityCacheSeconds', settings.identityCacheSeconds, 0, 60, cache);
  timerProblems(problems, 'clockMarkSeconds', settings.clockMarkSeconds);
  scoringProblems(problems, settings);
  return problems;
}

/**
 * What is wrong with the settings that are particular to scoring.
 *
 * @param sku tier of the namespace; where it is not known, Premium's limits hold
 */
export function scoringProblems(
  problems: Problems,
  settings: CompleteScoring,
  sku: EventHubsSku = EventHubsSku.Premium,
): void {
  problems.oneOf('compute', settings.compute, Object.values(ScoringCompute), 'what scores');
  clinicalRuleProblems(problems, settings);
  databricksProblems(problems, settings);
  modelProblems(problems, settings);
  chartedProblems(problems, settings);
  hubProblems(problems, settings, sku);
  lakeProblems(problems, settings);
  functionAppProblems(problems, settings);
  operatorProblems(problems, settings.roleAssignments, Object.values(ScoringOperatorRole));
  nameProblems(problems, settings);
}

function chartedProblems(problems: Problems, settings: CompleteScoring): void {
  const { chartedValues, existingFhirEventsHubId, chartedSeconds } = settings;
  problems.oneOf('chartedValues', chartedValues, Object.values(ChartedValues), 'how charted values come');
  if (chartedValues === 'events' && existingFhirEventsHubId === undefined) {
    problems.add(
      'chartedValues',
      'events needs the hub of FHIR events; give existingFhirEventsHubId, or take polling.',
    );
  }
  timerProblems(problems, 'chartedSeconds', chartedSeconds);
}

function hubProblems(problems: Problems, settings: CompleteScoring, sku: EventHubsSku): void {
  const { eventHubs, enrichedConsumerGroups, scoredConsumerGroups } = settings;
  const limits = eventHubsLimits[sku] ?? eventHubsLimits.Premium;
  const partitions = { enrichedPartitions: 'enriched', scoredPartitions: 'scored' } as const;
  for (const [key, hub] of Object.entries(partitions) as [keyof typeof partitions, string][]) {
    problems.wholeNumber(
      `eventHubs.${key}`,
      eventHubs[key],
      1,
      limits.mostPartitions,
      `partitions of ${hub} on ${sku}`,
    );
  }
  const retention = `hours of retention on ${sku}`;
  problems.wholeNumber('eventHubs.retentionHours', eventHubs.retentionHours, 1, limits.mostRetentionHours, retention);
  const groups = {
    enrichedConsumerGroups: { given: enrichedConsumerGroups, own: [scoreGroup, rebuildGroup] },
    scoredConsumerGroups: { given: scoredConsumerGroups, own: Object.values(mlOutputGroups) },
  };
  for (const [path, { given, own }] of Object.entries(groups)) {
    consumerGroupNameProblems(problems, path, given);
    for (const taken of own.filter((group) => given.includes(group)))
      problems.add(path, `${taken} is made for the path already; leave it out.`);
    // $Default counts, too.
    const most = limits.mostConsumerGroups - 1 - own.length;
    if (given.length > most) {
      problems.add(path, `an event hub on ${sku} has room for ${most} more; given are ${given.length}.`);
    }
  }
}

function lakeProblems(problems: Problems, { lake, existingLakeAccountId }: CompleteScoring): void {
  const account = 'must be the ARM id of a storage account';
  problems.text('existingLakeAccountId', existingLakeAccountId, storageAccountIdPattern, account);
  const replications = Object.values(StorageReplication);
  problems.oneOf('lake.replication', lake.replication, replications, 'the replication of the lake');
  // Event Hubs: CaptureDescription.
  problems.wholeNumber('lake.captureMinutes', lake.captureMinutes, 1, 15, 'the minutes of a captured file');
  problems.wholeNumber('lake.captureMegabytes', lake.captureMegabytes, 10, 500, 'the megabytes of a captured file');
  // Not before repair and baselines, which look back for a week at most, have read it.
  const kept = (what: string) => `the days for which ${what} are kept`;
  problems.wholeNumber('lake.bronzeRetentionDays', lake.bronzeRetentionDays, 8, 36_500, kept('enriched data'));
  problems.wholeNumber('lake.scoredRetentionDays', lake.scoredRetentionDays, 8, 36_500, kept('scores'));
  const cool = known(lake.coolAfterDays) ?? 0;
  problems.wholeNumber('lake.coolAfterDays', lake.coolAfterDays, 0, 99_999, 'days until the cool tier');
  const cold = 'days until the cold tier (after the cool one)';
  problems.wholeNumber('lake.coldAfterDays', lake.coldAfterDays, cool + 1, 99_999, cold);
}

function nameProblems(problems: Problems, { names = {} }: CompleteScoring): void {
  const kinds = {
    lakeAccount: nameRules.storageAccount,
    mlInputApp: nameRules.functionApp,
    scoreApp: nameRules.functionApp,
    longViewApp: nameRules.functionApp,
    mlInputStorageAccount: nameRules.storageAccount,
    scoreStorageAccount: nameRules.storageAccount,
    longViewStorageAccount: nameRules.storageAccount,
    databricksWorkspace: nameRules.databricksWorkspace,
    databricksAccessConnector: nameRules.databricksAccessConnector,
    machineLearningWorkspace: nameRules.machineLearningWorkspace,
    onlineEndpoint: nameRules.onlineEndpoint,
  } as const;
  for (const [key, { pattern, rule }] of Object.entries(kinds)) {
    problems.text(`names.${key}`, names[key as keyof typeof kinds], pattern, rule);
  }
}
