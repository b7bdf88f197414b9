import { vitals } from '../../runtime/contracts/scoringSource';
import { readContextCodes } from '../../runtime/enrich/contextCodes';
import { possibleReadings } from '../../runtime/scoring/plausibility';
import { clouds } from '../azure/clouds';
import { commonProblems, hospitalIdProblems } from '../azure/commonProblems';
import { consumerGroupNameProblems, EventHubsSku, eventHubsLimits } from '../azure/eventHubs';
import { eventHubIdPattern } from '../azure/existingEventHub';
import { storageAccountIdPattern } from '../azure/lake';
import { nameRules } from '../azure/naming';
import { operatorProblems } from '../azure/operators';
import { timerProblems } from '../azure/schedules';
import { StorageReplication } from '../azure/storage';
import { known, Problems } from '../azure/validation';
import { ConnectorCompatibility, ResolutionType } from '../medtech/choices';
import type { MLScoringPathArgs } from '../mlScoringPath';
import { overridable, securityFloors } from './children';
import { ChartedValues, ScoringCompute, ScoringOperatorRole, SpinalCordInjuryPolicy } from './choices';
import { databricksProblems } from './databricks/validate';
import { type CompleteScoring, mlOutputGroup, rebuildGroup, scoreGroup } from './defaults';
import { modelProblems } from './endpoint/validate';

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

const fhirServiceId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.HealthcareApis\/workspaces\/[^/]+\/fhirservices\/[^/]+$/i;
const containerId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Storage\/storageAccounts\/[^/]+\/blobServices\/default\/containers\/[^/]+$/i;
const componentId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Insights\/components\/[^/]+$/i;

/** What comes before scoring. Programs without types may leave out what must be given. */
function sourceProblems(problems: Problems, args: MLScoringPathArgs): void {
  const hub = (name: string) => `must be the ARM id of the event hub ${name}`;
  const { existingNormalizedDataHubId: source = '', existingFhirEventsHubId: events } = args;
  problems.text('existingNormalizedDataHubId', source, eventHubIdPattern, hub('normalizeddata'));
  problems.text('existingFhirEventsHubId', events, eventHubIdPattern, hub('fhirevents'));
  const [one, other] = [source, events].map((id) => known(id)?.toLowerCase().split('/eventhubs/')[0]);
  if (one?.includes('/namespaces/') && other?.includes('/namespaces/') && one !== other) {
    problems.add('existingFhirEventsHubId', 'must lie in the namespace of existingNormalizedDataHubId.');
  }
  const fhir = 'must be the ARM id of a FHIR service of Azure Health Data Services';
  problems.text('existingFhirServiceId', args.existingFhirServiceId ?? '', fhirServiceId, fhir);
  const url = 'must be a base URL without a slash at its end';
  problems.text('fhirUrl', args.fhirUrl, /^https:\/\/[^\s?#]*[^\s?#/]$/, url);
  problems.wholeNumber(
    'normalizedDataPartitions',
    args.normalizedDataPartitions,
    1,
    2000,
    'partitions of normalizeddata',
  );
  const container = 'must be the ARM id of a blob container';
  problems.text('existingDeadLetterContainerId', args.existingDeadLetterContainerId, containerId, container);
  const component = 'must be the ARM id of an Application Insights component';
  problems.text('existingApplicationInsightsId', args.existingApplicationInsightsId, componentId, component);
  const needed = {
    deadLetterContainerUrl: 'existingDeadLetterContainerId',
    applicationInsightsConnectionString: 'existingApplicationInsightsId',
  } as const;
  for (const [key, id] of Object.entries(needed) as [keyof typeof needed, keyof MLScoringPathArgs][]) {
    if (args[key] !== undefined && args[id] === undefined) problems.add(key, `is for what exists; give ${id} with it.`);
  }
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
  windowProblems(problems, settings);
  ruleProblems(problems, settings);
  clinicalProblems(problems, settings);
  databricksProblems(problems, settings);
  modelProblems(problems, settings);
  chartedProblems(problems, settings);
  hubProblems(problems, settings, sku);
  lakeProblems(problems, settings);
  functionProblems(problems, settings);
  operatorProblems(problems, settings.roleAssignments, Object.values(ScoringOperatorRole));
  nameProblems(problems, settings);
}

function windowProblems(problems: Problems, settings: CompleteScoring): void {
  const { windowMinutes, sampleSeconds, carryForwardMinutes, carryForwardMinutesAtRisk } = settings;
  const divisors = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60];
  if (!divisors.includes(windowMinutes)) {
    const given = JSON.stringify(windowMinutes);
    problems.add('windowMinutes', `must divide an hour, as ${divisors.join(', ')} do; given is ${given}.`);
  } else {
    problems.wholeNumber('sampleSeconds', sampleSeconds, 1, 60 * windowMinutes, 'the seconds of a sample');
    if (Number.isInteger(sampleSeconds) && (windowMinutes * 60) % sampleSeconds !== 0) {
      problems.add(
        'sampleSeconds',
        `must divide a window of ${windowMinutes * 60} seconds; given is ${sampleSeconds}.`,
      );
    }
  }
  problems.wholeNumber('latenessMinutes', settings.latenessMinutes, 0, 60, 'the minutes that a window waits');
  const carried = 'the minutes for which a value is carried forward';
  problems.wholeNumber('carryForwardMinutes', carryForwardMinutes, 0, 10_080, carried);
  problems.wholeNumber('carryForwardMinutesAtRisk', carryForwardMinutesAtRisk, 0, 10_080, carried);
  if (carryForwardMinutesAtRisk > carryForwardMinutes) {
    problems.add(
      'carryForwardMinutesAtRisk',
      `must be at most carryForwardMinutes, ${carryForwardMinutes}; given is ${carryForwardMinutesAtRisk}.`,
    );
  }
  settings.longWindows.forEach((length, i) => {
    const rule = 'a longer window is whole hours that divide a day, or whole days, up to 30: as in PT12H or P1D';
    const hours = hoursOf(length);
    const wrong = hours === undefined || hours < 1 || hours > 720 || (24 % hours !== 0 && hours % 24 !== 0);
    if (wrong) problems.add(`longWindows[${i}]`, `${rule}; given is ${JSON.stringify(length)}.`);
  });
}

function hoursOf(duration: string): number | undefined {
  const [, days, hours] = /^P(?:(\d{1,3})D|T(\d{1,3})H)$/.exec(String(duration)) ?? [];
  if (days !== undefined) return Number(days) * 24;
  return hours === undefined ? undefined : Number(hours);
}

function ruleProblems(problems: Problems, { flagRules }: CompleteScoring): void {
  const { mediumTimes, mediumWindows, lowerWindows, lowerMinutes } = flagRules;
  problems.wholeNumber('flagRules.mediumWindows', mediumWindows, 1, 12, 'the windows that are looked at');
  problems.wholeNumber('flagRules.mediumTimes', mediumTimes, 1, 12, 'the windows with a medium score');
  if (mediumTimes > mediumWindows) {
    problems.add('flagRules.mediumTimes', `must be at most mediumWindows, ${mediumWindows}; given is ${mediumTimes}.`);
  }
  problems.wholeNumber('flagRules.lowerWindows', lowerWindows, 1, 288, 'the windows below the level');
  problems.wholeNumber('flagRules.lowerMinutes', lowerMinutes, 0, 1440, 'the minutes below the level');
}

function clinicalProblems(problems: Problems, settings: CompleteScoring): void {
  const { spinalCordInjury, plausibilityLimits, contextCodes } = settings;
  const policies = Object.values(SpinalCordInjuryPolicy);
  problems.oneOf('spinalCordInjury', spinalCordInjury, policies, 'what is done with a spinal cord injury');
  try {
    readContextCodes(JSON.stringify(contextCodes));
  } catch (error) {
    problems.add('contextCodes', String(error).replace(/^Error: The app setting CONTEXT_CODES /, ''));
  }
  for (const [vital, limits] of Object.entries(plausibilityLimits)) {
    const path = `plausibilityLimits.${vital}`;
    const possible = possibleReadings[vital as keyof typeof possibleReadings];
    if (!possible) {
      problems.add(path, `there is no such vital; there are ${vitals.join(', ')}.`);
      continue;
    }
    const { least, most } = limits ?? {};
    const within = (value: unknown) => typeof value === 'number' && value >= possible.least && value <= possible.most;
    if (within(least) && within(most) && least < most) continue;
    problems.add(
      path,
      `least and most must be numbers from ${possible.least} to ${possible.most}, the former below the latter; given is ${JSON.stringify(limits)}.`,
    );
  }
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
    scoredConsumerGroups: { given: scoredConsumerGroups, own: [mlOutputGroup] },
  };
  for (const [path, { given, own }] of Object.entries(groups)) {
    consumerGroupNameProblems(problems, path, given);
    for (const taken of own.filter((group) => given.includes(group)))
      problems.add(path, `${taken} is made already; leave it out.`);
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

function functionProblems(problems: Problems, settings: CompleteScoring): void {
  const { privateEndpoints, publicNetworkAccess, functionSubnetId, instanceMemoryMB } = settings;
  problems.wholeNumber('maximumBatchEvents', settings.maximumBatchEvents, 1, 10_000, 'the events of a batch');
  problems.wholeNumber('alwaysReadyInstances', settings.alwaysReadyInstances, 0, 1000, 'instances that always run');
  problems.wholeNumber('maximumInstanceCount', settings.maximumInstanceCount, 40, 1000, 'the most instances of an app');
  if (![512, 2048, 4096].includes(instanceMemoryMB)) {
    problems.add('instanceMemoryMB', `must be 512, 2048 or 4096; given is ${JSON.stringify(instanceMemoryMB)}.`);
  }
  const days = 'the days for which dead letters are kept';
  problems.wholeNumber('deadLetterRetentionDays', settings.deadLetterRetentionDays, 1, 3650, days);
  const subnet =
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/virtualNetworks\/[^/]+\/subnets\/[^/]+$/i;
  problems.text('functionSubnetId', functionSubnetId, subnet, 'must be the ARM id of a subnet');
  if (privateEndpoints && publicNetworkAccess !== 'Enabled' && functionSubnetId === undefined) {
    problems.add(
      'functionSubnetId',
      'with private endpoints the function apps need a subnet, from which they reach them.',
    );
  }
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
