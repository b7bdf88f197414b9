import { clouds } from '../azure/clouds';
import { commonProblems, hospitalIdProblems } from '../azure/commonProblems';
import { consumerGroupNameProblems, EventHubsSku, eventHubsLimits } from '../azure/eventHubs';
import { eventHubIdPattern } from '../azure/existingEventHub';
import { functionAppProblems } from '../azure/functionAppProblems';
import { FhirVersioningPolicy, keyVersionRule, namesVersion } from '../azure/healthcare';
import { nameRules } from '../azure/naming';
import { operatorProblems } from '../azure/operators';
import { timerProblems } from '../azure/schedules';
import { known, Problems } from '../azure/validation';
import type { MedTechConnectorArgs } from '../medTechConnector';
import { attachProblems } from './attachProblems';
import { overridable, securityFloors } from './children';
import { ConnectorCompatibility, ConnectorEngine, ConnectorOperatorRole, ResolutionType } from './choices';
import { type CompleteConnector, mlInputGroup, writeObservationsGroup } from './defaults';
import { mappingProblems } from './mappings';
import { scoringProblems } from './scoring';

/** Everything that is wrong with the arguments of a connector, as far as it can be known before anything is created. */
export function validateConnector(args: MedTechConnectorArgs, settings: CompleteConnector): Problems {
  const problems = new Problems();
  hospitalIdProblems(problems, args.hospitalId);
  // Programs without types may leave it out.
  const hub = args.existingDeviceDataHubId ?? '';
  problems.text('existingDeviceDataHubId', hub, eventHubIdPattern, 'must be the ARM id of the event hub devicedata');
  problems.wholeNumber('deviceDataPartitions', args.deviceDataPartitions, 1, 2000, 'partitions of devicedata');
  commonProblems(problems, settings, { overridable, floors: securityFloors });
  sharedProblems(problems, settings);
  connectorProblems(problems, settings);
  return problems;
}

/** What the connector cannot do with settings that all components share. */
export function sharedProblems(problems: Problems, settings: CompleteConnector): void {
  const { cloud, customerManagedKey, existingFhirServiceId } = settings;
  if (existingFhirServiceId !== undefined) return;
  if (clouds[cloud] && clouds[cloud].fhirSuffix === undefined) {
    problems.add('cloud', `Azure Health Data Services is not offered in ${cloud}.`);
  }
  const keyUri = known(customerManagedKey?.keyUri);
  if (keyUri !== undefined && !namesVersion(keyUri)) {
    problems.add('customerManagedKey.keyUri', `${keyVersionRule}; given is "${keyUri}".`);
  }
}

/**
 * What is wrong with the settings that are particular to the connector.
 *
 * @param sku tier of the namespace; where it is not known, Premium's limits hold
 */
export function connectorProblems(
  problems: Problems,
  settings: CompleteConnector,
  sku: EventHubsSku = EventHubsSku.Premium,
): void {
  problems.oneOf('engine', settings.engine, Object.values(ConnectorEngine), 'the engine');
  problems.oneOf('compatibility', settings.compatibility, Object.values(ConnectorCompatibility), 'the compatibility');
  problems.oneOf(
    'resolutionType',
    settings.resolutionType,
    Object.values(ResolutionType),
    'the resolution of identities',
  );
  mappingProblems(problems, settings.loaded);
  scoringProblems(problems, settings.scoringSources, settings.loaded);
  attachProblems(problems, settings);
  fhirProblems(problems, settings);
  hubProblems(problems, settings, sku);
  functionProblems(problems, settings);
  operatorProblems(problems, settings.roleAssignments, Object.values(ConnectorOperatorRole));
  nameProblems(problems, settings);
}

const fhirServiceId =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.HealthcareApis\/workspaces\/[^/]+\/fhirservices\/[^/]+$/i;

function fhirProblems(problems: Problems, settings: CompleteConnector): void {
  const { existingFhirServiceId, existingFhirServiceUrl, fhir } = settings;
  const rule = 'must be the ARM id of a FHIR service of Azure Health Data Services';
  problems.text('existingFhirServiceId', existingFhirServiceId, fhirServiceId, rule);
  const url = 'must be the base URL of the existing FHIR service, without a slash at its end';
  problems.text('existingFhirServiceUrl', existingFhirServiceUrl, /^https:\/\/[^\s?#]*[^\s?#/]$/, url);
  if (existingFhirServiceUrl !== undefined && existingFhirServiceId === undefined) {
    problems.add('existingFhirServiceUrl', 'is for an existing FHIR service; give existingFhirServiceId with it.');
  }
  if (existingFhirServiceId === undefined) versioningProblems(problems, settings, fhir);
}

/** Merging needs to know that nobody else has changed the Observation meanwhile. */
function versioningProblems(problems: Problems, { loaded }: CompleteConnector, fhir: CompleteConnector['fhir']): void {
  const policies = Object.values(FhirVersioningPolicy);
  const { versioningPolicy, versioningPolicyOverrides } = fhir;
  problems.oneOf('fhir.versioningPolicy', versioningPolicy, policies, 'the versioning policy');
  for (const [type, policy] of Object.entries(versioningPolicyOverrides)) {
    const path = `fhir.versioningPolicyOverrides.${type}`;
    problems.text(path, type, /^[A-Z][A-Za-z]+$/, 'must be named for a FHIR resource type, as in Observation');
    problems.oneOf(path, policy, policies, 'the versioning policy');
  }
  const own = versioningPolicyOverrides.Observation;
  const path = own === undefined ? 'fhir.versioningPolicy' : 'fhir.versioningPolicyOverrides.Observation';
  const policy = own ?? versioningPolicy;
  if (policy === FhirVersioningPolicy.versionedUpdate) {
    problems.add(
      path,
      'versioned-update refuses Observations that are written without reading them first; use versioned.',
    );
  } else if (policy === FhirVersioningPolicy.noVersion && loaded.mergedTypes.length > 0) {
    const types = loaded.mergedTypes.join(', ');
    problems.add(path, `Observations of ${types} are merged, which needs their versions; keep Observation versioned.`);
  }
}

function hubProblems(problems: Problems, settings: CompleteConnector, sku: EventHubsSku): void {
  const { eventHubs, deviceDataConsumerGroup, normalizedDataConsumerGroups, fhirEventsConsumerGroups } = settings;
  const { mostPartitions, mostRetentionHours } = eventHubsLimits[sku] ?? eventHubsLimits.Premium;
  const partitions = { normalizedDataPartitions: 'normalizeddata', fhirEventsPartitions: 'fhirevents' } as const;
  for (const [key, hub] of Object.entries(partitions) as [keyof typeof partitions, string][]) {
    problems.wholeNumber(`eventHubs.${key}`, eventHubs[key], 1, mostPartitions, `partitions of ${hub} on ${sku}`);
  }
  problems.wholeNumber(
    'eventHubs.retentionHours',
    eventHubs.retentionHours,
    1,
    mostRetentionHours,
    `hours of retention on ${sku}`,
  );
  consumerGroupNameProblems(problems, 'deviceDataConsumerGroup', [deviceDataConsumerGroup]);
  consumerGroupNameProblems(problems, 'normalizedDataConsumerGroups', normalizedDataConsumerGroups);
  consumerGroupNameProblems(problems, 'fhirEventsConsumerGroups', fhirEventsConsumerGroups);
  for (const taken of [writeObservationsGroup, mlInputGroup].filter((group) =>
    normalizedDataConsumerGroups.includes(group),
  ))
    problems.add('normalizedDataConsumerGroups', `${taken} is made already; leave it out.`);
}

function functionProblems(problems: Problems, settings: CompleteConnector): void {
  timerProblems(problems, 'clockMarkSeconds', settings.clockMarkSeconds);
  const gathered = 'the seconds for which measurements are gathered';
  problems.wholeNumber('flushSeconds', settings.flushSeconds, 0, 600, gathered);
  const cache = 'the seconds for which identities are believed';
  problems.wholeNumber('identityCacheSeconds', settings.identityCacheSeconds, 0, 60, cache);
  functionAppProblems(problems, settings);
}

function nameProblems(problems: Problems, { names = {} }: CompleteConnector): void {
  const kinds = {
    healthWorkspace: nameRules.healthWorkspace,
    fhirService: nameRules.fhirService,
    deadLetterStorageAccount: nameRules.storageAccount,
    normalizeApp: nameRules.functionApp,
    writeObservationsApp: nameRules.functionApp,
    normalizeStorageAccount: nameRules.storageAccount,
    writeObservationsStorageAccount: nameRules.storageAccount,
    systemTopic: nameRules.systemTopic,
  } as const;
  for (const [key, { pattern, rule }] of Object.entries(kinds)) {
    problems.text(`names.${key}`, names[key as keyof typeof kinds], pattern, rule);
  }
}
