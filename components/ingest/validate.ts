import { commonProblems, hospitalIdProblems } from '../azure/commonProblems';
import { validateEventHubs } from '../azure/eventHubs';
import { nameRules } from '../azure/naming';
import { operatorProblems } from '../azure/operators';
import { ImmutabilityState, StorageReplication } from '../azure/storage';
import { known, Problems } from '../azure/validation';
import { validateAuthorities, validateDifferent } from './certificates';
import { overridable, securityFloors } from './children';
import { AllocationPolicy, DeviceAuthentication, IotHubSku, MessageSource, OperatorRole } from './choices';
import type { CompleteSettings } from './defaults';
import { builtInEndpoint, customEndpoints, ownRouteNames } from './routing';

/** Everything that is wrong with the arguments of an ingest, as far as it can be known before anything is created. */
export function validateIngest(hospitalId: string, settings: CompleteSettings, now: Date): Problems {
  const problems = new Problems();
  hospitalIdProblems(problems, hospitalId);
  commonProblems(problems, settings, { overridable, floors: securityFloors(settings) });
  ingestProblems(problems, settings, now);
  return problems;
}

/** What is wrong with the settings that are particular to the ingest. */
export function ingestProblems(problems: Problems, settings: CompleteSettings, now: Date): void {
  hubProblems(problems, settings);
  eventHubsProblems(problems, settings);
  rawStorageProblems(problems, settings);
  routingProblems(problems, settings);
  deviceProblems(problems, settings, now);
  nameProblems(problems, settings);
}

/** "IoT Hub quotas and throttling": units by tier; built-in endpoint. */
function hubProblems(problems: Problems, { iotHub }: CompleteSettings): void {
  problems.oneOf('iotHub.sku', iotHub.sku, Object.values(IotHubSku), 'the tier of the IoT hub');
  const mostUnits = iotHub.sku === 'S3' ? 10 : 200;
  problems.wholeNumber('iotHub.units', iotHub.units, 1, mostUnits, `units of an IoT hub on ${iotHub.sku}`);
  problems.oneOf(
    'iotHub.minimumTlsVersion',
    iotHub.minimumTlsVersion,
    ['1.2'],
    'the lowest TLS version of the IoT hub',
  );
  iotHub.allowedFqdns.forEach((host, i) => {
    const rule = 'a host that the hub may send to is a name alone, as in files.example.org';
    problems.text(`iotHub.allowedFqdns[${i}]`, host, /^([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}$/i, rule);
  });
  const builtIn = 'iotHub.builtInEndpoint';
  problems.wholeNumber(
    `${builtIn}Partitions`,
    iotHub.builtInEndpointPartitions,
    2,
    32,
    'partitions of the built-in endpoint',
  );
  problems.wholeNumber(
    `${builtIn}RetentionDays`,
    iotHub.builtInEndpointRetentionDays,
    1,
    7,
    'retention of the built-in endpoint in days',
  );
}

function eventHubsProblems(problems: Problems, settings: CompleteSettings): void {
  const { eventHubs, consumerGroups, customerManagedKey, existingEventHubsNamespaceId } = settings;
  const namespaceId =
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.EventHub\/namespaces\/[^/]+$/i;
  problems.text(
    'existingEventHubsNamespaceId',
    existingEventHubsNamespaceId,
    namespaceId,
    'must be the ARM id of an Event Hubs namespace',
  );
  validateEventHubs(problems, 'eventHubs', {
    ...eventHubs,
    partitions: eventHubs.deviceDataPartitions,
    partitionsName: 'deviceDataPartitions',
    consumerGroups,
  });
  if (customerManagedKey && !existingEventHubsNamespaceId && eventHubs.sku !== 'Premium') {
    problems.add('eventHubs.sku', `customerManagedKey needs Event Hubs Premium; given is ${eventHubs.sku}.`);
  }
}

function rawStorageProblems(problems: Problems, { rawStorage, acceptRisks }: CompleteSettings): void {
  const path = 'rawStorage';
  problems.oneOf(
    `${path}.replication`,
    rawStorage.replication,
    Object.values(StorageReplication),
    'the replication of raw storage',
  );
  problems.oneOf(
    `${path}.immutabilityState`,
    rawStorage.immutabilityState,
    Object.values(ImmutabilityState),
    'the state of the immutability policy',
  );
  if (rawStorage.immutabilityState === 'Locked' && !acceptRisks?.lockedImmutability) {
    problems.add(
      `${path}.immutabilityState`,
      'Locked cannot be undone: the data can be deleted by nobody before its retention ends; set acceptRisks.lockedImmutability to true if that is meant.',
    );
  }
  // Storage: "Immutability policies", 1 to 146,000 days; lifecycle days are not negative.
  problems.wholeNumber(
    `${path}.retentionDays`,
    rawStorage.retentionDays,
    1,
    146_000,
    'the retention of raw data in days',
  );
  const retention = known(rawStorage.retentionDays) ?? 1;
  const cool = known(rawStorage.coolAfterDays) ?? 0;
  problems.wholeNumber(`${path}.coolAfterDays`, rawStorage.coolAfterDays, 0, 99_999, 'days until the cool tier');
  problems.wholeNumber(
    `${path}.coldAfterDays`,
    rawStorage.coldAfterDays,
    cool + 1,
    99_999,
    'days until the cold tier (after the cool one)',
  );
  problems.wholeNumber(
    `${path}.deleteAfterDays`,
    rawStorage.deleteAfterDays,
    retention,
    146_001,
    'days until deletion (not before the retention ends)',
  );
  // IoT Hub: RoutingStorageContainerProperties.
  problems.wholeNumber(
    `${path}.batchFrequencySeconds`,
    rawStorage.batchFrequencySeconds,
    60,
    720,
    'seconds for which messages are gathered for one blob',
  );
  problems.wholeNumber(
    `${path}.maxChunkSizeMegabytes`,
    rawStorage.maxChunkSizeMegabytes,
    10,
    500,
    'the largest blob in megabytes',
  );
  const placeholders = ['{iothub}', '{partition}', '{YYYY}', '{MM}', '{DD}', '{HH}', '{mm}'];
  const missing = placeholders.filter((placeholder) => !rawStorage.fileNameFormat.includes(placeholder));
  if (missing.length > 0) {
    problems.add(
      `${path}.fileNameFormat`,
      `names of blobs must hold ${placeholders.join(', ')}; missing are ${missing.join(', ')} in "${rawStorage.fileNameFormat}".`,
    );
  }
}

/** "IoT Hub quotas and throttling": at most 10 enrichments and 100 routes. */
function routingProblems(problems: Problems, { enrichments, routes }: CompleteSettings): void {
  const keys = Object.keys(enrichments);
  if (keys.length > 9)
    problems.add(
      'enrichments',
      `an IoT hub adds at most 10 properties, hospitalId among them; given are ${keys.length} beside it.`,
    );
  if (keys.includes('hospitalId'))
    problems.add('enrichments.hospitalId', 'hospitalId is added already, from the argument of that name.');
  const mostRoutes = 100 - ownRouteNames.length;
  if (routes.length > mostRoutes)
    problems.add(
      'routes',
      `an IoT hub has at most 100 routes, ${ownRouteNames.length} of them the component's own; given are ${routes.length}.`,
    );
  const names = routes.map(({ name }) => name);
  const twice = names.filter((name, i) => ownRouteNames.includes(name) || names.indexOf(name) !== i);
  for (const name of new Set(twice))
    problems.add('routes', `the route name "${name}" is taken already; give each route a name of its own.`);
  routes.forEach(({ name, source, endpoint }, i) => {
    problems.text(
      `routes[${i}].name`,
      name,
      /^[A-Za-z0-9._-]{1,64}$/,
      'the name of a route must be 1 to 64 letters, digits and -._',
    );
    problems.oneOf(`routes[${i}].source`, source, Object.values(MessageSource), 'the source of a route');
    problems.oneOf(`routes[${i}].endpoint`, endpoint, [...customEndpoints, builtInEndpoint], 'the endpoint of a route');
  });
}

function deviceProblems(problems: Problems, settings: CompleteSettings, now: Date): void {
  const { deviceAuthentication, deviceCertificateAuthorities: devices, edge, provisioning } = settings;
  problems.oneOf(
    'deviceAuthentication',
    deviceAuthentication,
    Object.values(DeviceAuthentication),
    'how devices prove who they are',
  );
  problems.oneOf(
    'provisioning.allocationPolicy',
    provisioning.allocationPolicy,
    Object.values(AllocationPolicy),
    'the allocation policy',
  );
  validateAuthorities(problems, 'deviceCertificateAuthorities', devices, now);
  validateDifferent(problems, 'deviceCertificateAuthorities', devices, []);
  const roles = Object.values(OperatorRole);
  operatorProblems(problems, settings.roleAssignments, roles, heldByDeployer(settings));
  if (!edge) return;
  validateAuthorities(problems, 'edge.certificateAuthorities', edge.certificateAuthorities, now);
  validateDifferent(problems, 'edge.certificateAuthorities', edge.certificateAuthorities, devices);
  // The hash that is added takes 9 of 100 characters that are safe in every client.
  problems.text(
    'edge.deploymentId',
    edge.deploymentId,
    /^[a-z0-9-]{1,91}$/,
    'the id of the automatic deployment must be 1 to 91 lower-case letters, digits and hyphens',
  );
  problems.text(
    'edge.hostStorageFolder',
    edge.hostStorageFolder,
    /^(\/[^/:]+)+$/,
    'the storage folder of a gateway must be an absolute path without a colon and a slash at its end',
  );
  problems.wholeNumber('edge.priority', edge.priority, 0, 2_147_483_647, 'the priority of the automatic deployment');
  problems.wholeNumber(
    'edge.timeToLiveSecs',
    edge.timeToLiveSecs,
    0,
    2_147_483_647,
    'the seconds for which a gateway keeps messages',
  );
}

/** What the deployer holds for itself on the hub. */
function heldByDeployer({ deployerPrincipalId, deployerReach, edge }: CompleteSettings): string[] {
  const deployer = edge && deployerReach !== 'none' ? known(deployerPrincipalId) : undefined;
  return deployer === undefined ? [] : [`${deployer} ${OperatorRole.administerDevices}`];
}

function nameProblems(problems: Problems, { names = {} }: CompleteSettings): void {
  const kinds = {
    iotHub: nameRules.iotHub,
    eventHubsNamespace: nameRules.eventHubsNamespace,
    rawStorageAccount: nameRules.storageAccount,
    provisioningService: nameRules.provisioningService,
  } as const;
  for (const [key, { pattern, rule }] of Object.entries(kinds)) {
    problems.text(`names.${key}`, names[key as keyof typeof kinds], pattern, rule);
  }
}
