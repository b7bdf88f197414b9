import { clouds } from '../azure/clouds';
import { commonProblems, hospitalIdProblems } from '../azure/commonProblems';
import { eventHubIdPattern } from '../azure/existingEventHub';
import { existingPartsProblems } from '../azure/existingParts';
import { functionAppProblems } from '../azure/functionAppProblems';
import { namesVersion } from '../azure/healthcare';
import { nameRules } from '../azure/naming';
import { operatorProblems } from '../azure/operators';
import { minutesTimerProblems } from '../azure/schedules';
import { sqlKeyVersionRule } from '../azure/sqlServer';
import { known, Problems } from '../azure/validation';
import type { HotPathArgs } from '../hotPath';
import { contextCodeProblems, windowProblems } from '../scoring/validateRules';
import { overridable, securityFloors } from './children';
import { HotPathOperatorRole, ScoreCodes } from './choices';
import type { CompleteHotPath } from './defaults';
import { dashboardProblems } from './validateDashboard';
import { repositoryProblems } from './validateRepository';

/** Everything that is wrong with the arguments of a hot path, as far as it can be known before anything is created. */
export function validateHotPath(args: HotPathArgs, settings: CompleteHotPath): Problems {
  const problems = new Problems();
  hospitalIdProblems(problems, args.hospitalId);
  commonProblems(problems, settings, { overridable, floors: securityFloors });
  if (clouds[settings.cloud] && clouds[settings.cloud].fhirSuffix === undefined) {
    problems.add(
      'cloud',
      `Azure Health Data Services, which the hot path writes to, is not offered in ${settings.cloud}.`,
    );
  }
  sourceProblems(problems, args);
  windowProblems(problems, settings);
  contextCodeProblems(problems, settings.contextCodes);
  keyProblems(problems, settings);
  hotPathProblems(problems, settings);
  return problems;
}

/** What is wrong with the settings that are particular to the hot path. */
export function hotPathProblems(problems: Problems, settings: CompleteHotPath): void {
  problems.oneOf('scoreCodes', settings.scoreCodes, Object.values(ScoreCodes), 'the codes of scores');
  repositoryProblems(problems.below('repository'), settings);
  routingProblems(problems.below('routing'), settings);
  httpProblems(problems.below('httpTrigger'), settings);
  dashboardProblems(problems.below('dashboard'), settings);
  latencyProblems(problems, settings);
  functionAppProblems(problems, settings);
  operatorProblems(problems, settings.roleAssignments, Object.values(HotPathOperatorRole));
  nameProblems(problems, settings);
}

/** A server of its own takes the key; so it holds for a whole hospital, whose other services may need no version. */
export function keyProblems(problems: Problems, { repository, customerManagedKey }: CompleteHotPath): void {
  const uri = known(customerManagedKey?.keyUri);
  if (repository.existingSqlServerId !== undefined || uri === undefined || namesVersion(uri)) return;
  problems.add('customerManagedKey.keyUri', `${sqlKeyVersionRule}; given is "${uri}".`);
}

/** What comes before the hot path. Programs without types may leave out what must be given. */
function sourceProblems(problems: Problems, args: HotPathArgs): void {
  const hub = 'must be the ARM id of the event hub scored';
  problems.text('existingScoredHubId', args.existingScoredHubId ?? '', eventHubIdPattern, hub);
  problems.wholeNumber('scoredPartitions', args.scoredPartitions, 1, 2000, 'partitions of scored');
  existingPartsProblems(problems, args);
}

function routingProblems(problems: Problems, { routing }: CompleteHotPath): void {
  const system = /^\S{1,500}$/;
  const uri = 'must be a URI, by which identifiers are told apart';
  problems.text('entraObjectIdSystem', routing.entraObjectIdSystem, system, uri);
  if (routing.recordNumberSystem !== '') problems.text('recordNumberSystem', routing.recordNumberSystem, system, uri);
  // The repository's column for care teams, less the front of other values in it.
  const queue = 'the default queue must be 1 to 64 letters, digits, spaces and ._-';
  problems.text('defaultQueue', routing.defaultQueue, /^[\p{L}\p{N}._-][\p{L}\p{N} ._-]{0,63}$/u, queue);
  minutesTimerProblems(problems, 'intervalMinutes', routing.intervalMinutes);
  problems.wholeNumber('staleMinutes', routing.staleMinutes, 2, 1440, 'the minutes after which routing is stale');
}

function httpProblems(problems: Problems, { httpTrigger }: CompleteHotPath): void {
  if (httpTrigger === undefined) return;
  const { audience = '', allowedClientIds = [] } = httpTrigger;
  problems.text(
    'audience',
    audience,
    /^\S+$/,
    'must be an application id URI, as in api://iomt-scored, or a client id',
  );
  if (allowedClientIds.length === 0) {
    problems.add('allowedClientIds', 'must name who may post; leave httpTrigger out where nobody may.');
  }
  const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  allowedClientIds.forEach((id, i) => {
    problems.text(`allowedClientIds[${i}]`, id, guid, 'the client id of a caller must be a GUID');
  });
}

function latencyProblems(problems: Problems, { latencyWarningMinutes, latencyBreachMinutes }: CompleteHotPath): void {
  const age = 'the minutes of age of the newest sample';
  problems.wholeNumber('latencyWarningMinutes', latencyWarningMinutes, 1, 1440, age);
  problems.wholeNumber('latencyBreachMinutes', latencyBreachMinutes, 1, 1440, age);
  if (latencyWarningMinutes > latencyBreachMinutes) {
    problems.add(
      'latencyWarningMinutes',
      `must be at most latencyBreachMinutes, ${latencyBreachMinutes}; given is ${latencyWarningMinutes}.`,
    );
  }
}

function nameProblems(problems: Problems, { names = {} }: CompleteHotPath): void {
  const kinds = {
    sqlServer: nameRules.sqlServer,
    database: nameRules.sqlDatabase,
    mlOutputApp: nameRules.functionApp,
    repositoryMigrationsApp: nameRules.functionApp,
    routingApp: nameRules.functionApp,
    mlOutputStorageAccount: nameRules.storageAccount,
    repositoryMigrationsStorageAccount: nameRules.storageAccount,
    routingStorageAccount: nameRules.storageAccount,
    deadLetterStorageAccount: nameRules.storageAccount,
    fabricCapacity: nameRules.fabricCapacity,
  } as const;
  for (const [key, { pattern, rule }] of Object.entries(kinds)) {
    problems.text(`names.${key}`, names[key as keyof typeof kinds], pattern, rule);
  }
}
