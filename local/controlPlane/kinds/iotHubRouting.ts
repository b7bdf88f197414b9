import type { ArmResource, Properties } from '../../contracts';
import { parseQuery } from '../../iotHub/routing/query';
import { nameOf } from '../armIds';
import { isUnknownAt, type Placed, textAt, valueAt, valuesAt } from '../values';
import type { Failure, Rule, Surroundings } from './kind';
import { atLeastOne, atMost, attachedIdentity, matches, oneOf, range, refersTo, unique } from './rules';

const routing = 'properties.routing';
const quotas = 'Learn: IoT Hub quotas and throttling';
const armTypes = 'ARM types';
const endpointName = /^[A-Za-z0-9._-]{1,64}$/;
const endpointNameText = '1 to 64 letters, digits, periods, hyphens and underscores';
const builtInEndpoint = 'events';
const reservedNames: ReadonlySet<string> = new Set([
  'events',
  'filenotifications',
  'messagenotifications',
  'operationsmonitoringevents',
]);
const endpointLists = [
  'eventHubs',
  'storageContainers',
  'serviceBusQueues',
  'serviceBusTopics',
  'cosmosDBSqlContainers',
];

/** Rules of `properties.routing` of a hub: endpoints, routes, enrichments, and where they lead. */
export function routingRules(): readonly Rule[] {
  return [
    atMost(`${routing}.routes`, 100, quotas),
    atMost(`${routing}.enrichments`, 10, quotas),
    ...endpointRules(),
    ...routeRules(),
    eventHubTargets,
    containerTargets,
  ];
}

function endpointRules(): readonly Rule[] {
  const containers = `${routing}.endpoints.storageContainers[]`;
  const identities = [
    'eventHubs',
    'storageContainers',
    'serviceBusQueues',
    'serviceBusTopics',
    'cosmosDBSqlContainers',
  ].map((list) => `${routing}.endpoints.${list}[].identity.userAssignedIdentity`);
  return [
    ...identities.map((path) => refersTo(path, 'Microsoft.ManagedIdentity/userAssignedIdentities')),
    ...identities.map((path) => attachedIdentity(path)),
    range(`${containers}.batchFrequencyInSeconds`, 60, 720, armTypes),
    range(`${containers}.maxChunkSizeInBytes`, 10_485_760, 524_288_000, armTypes),
    oneOf(`${containers}.encoding`, ['avro', 'avrodeflate', 'json'], armTypes),
    fileNameFormat,
    endpointNames,
    endpointAccess,
  ];
}

/** ARM types: "must contain all of {iothub}, {partition}, {YYYY}, {MM}, {DD}, {HH} and {mm} in any order". */
function fileNameFormat(inputs: Properties): Failure[] {
  const parts = ['{iothub}', '{partition}', '{YYYY}', '{MM}', '{DD}', '{HH}', '{mm}'];
  return valuesAt(inputs, `${routing}.endpoints.storageContainers[].fileNameFormat`).flatMap(({ path, value }) => {
    const missing = parts.filter((part) => !String(value).includes(part));
    if (missing.length === 0) return [];
    return [
      {
        property: path,
        reason: `fileNameFormat '${String(value)}' lacks ${missing.join(' ')}; it must contain all of ${parts.join(' ')} (${armTypes}).`,
      },
    ];
  });
}

function endpoints(inputs: Properties): Placed[] {
  return endpointLists.flatMap((list) => valuesAt(inputs, `${routing}.endpoints.${list}[]`));
}

function endpointNames(inputs: Properties): Failure[] {
  const failures: Failure[] = [];
  const seen = new Set<string>();
  const all = endpoints(inputs);
  for (const { path, value } of all) {
    const name = textAt(value, 'name');
    if (name === undefined) continue;
    const property = `${path}.name`;
    if (!endpointName.test(name))
      failures.push({ property, reason: `endpoint name is '${name}'; allowed are ${endpointNameText} (${armTypes}).` });
    if (reservedNames.has(name.toLowerCase()))
      failures.push({ property, reason: `endpoint name '${name}' is reserved by IoT Hub.` });
    if (seen.has(name.toLowerCase()))
      failures.push({ property, reason: `endpoint name '${name}' is given twice; it must be unique in the hub.` });
    seen.add(name.toLowerCase());
  }
  if (all.length > 10)
    failures.push({
      property: `${routing}.endpoints`,
      reason: `there are ${all.length} custom endpoints; allowed are at most 10 (${quotas}).`,
    });
  return failures;
}

/** By identity an endpoint needs `endpointUri` (and its entity), by key a connection string. */
function endpointAccess(inputs: Properties): Failure[] {
  return endpoints(inputs).flatMap(({ path, value }) => {
    const byIdentity = textAt(value, 'authenticationType') === 'identityBased';
    const needed = byIdentity
      ? path.includes('eventHubs')
        ? ['endpointUri', 'entityPath']
        : ['endpointUri']
      : ['connectionString'];
    return needed
      .filter(
        (name) =>
          !isUnknownAt(value, 'authenticationType') && valueAt(value, name) === undefined && !isUnknownAt(value, name),
      )
      .map((name) => ({
        property: `${path}.${name}`,
        reason: `${name} is missing; an endpoint with authenticationType '${byIdentity ? 'identityBased' : 'keyBased'}' needs it.`,
      }));
  });
}

function routeRules(): readonly Rule[] {
  const names = [`${routing}.routes[]`, `${routing}.enrichments[]`].map((list) => `${list}.endpointNames`);
  return [
    unique(`${routing}.routes[].name`, armTypes),
    matches(`${routing}.routes[].name`, endpointName, endpointNameText, armTypes),
    atMost(`${routing}.routes[].endpointNames`, 1, armTypes),
    atLeastOne(`${routing}.routes[].endpointNames`, armTypes),
    atLeastOne(`${routing}.enrichments[].endpointNames`, armTypes),
    atMost(`${routing}.fallbackRoute.endpointNames`, 1, armTypes),
    unique(`${routing}.enrichments[].key`, armTypes),
    oneOf(`${routing}.fallbackRoute.source`, ['DeviceMessages'], 'ARM types'),
    routeConditions,
    (inputs) => {
      const known = endpoints(inputs).map(({ value }) => textAt(value, 'name'));
      if (known.includes(undefined) || isUnknownAt(inputs, `${routing}.endpoints`)) return [];
      return [...names, `${routing}.fallbackRoute.endpointNames`]
        .flatMap((path) => valuesAt(inputs, `${path}[]`))
        .filter(({ value }) => value !== builtInEndpoint && !known.includes(String(value)))
        .map(({ path, value }) => ({
          property: path,
          reason: `endpoint '${String(value)}' is not declared; allowed are ${[builtInEndpoint, ...known].join(', ')}.`,
        }));
    },
  ];
}

/** Conditions are read as the hub reads them, so that a preview says what the hub would refuse. */
function routeConditions(inputs: Properties): Failure[] {
  return [`${routing}.routes[].condition`, `${routing}.fallbackRoute.condition`]
    .flatMap((path) => valuesAt(inputs, path))
    .flatMap(({ path, value }) => {
      if (typeof value !== 'string' || value.trim() === '') return [];
      try {
        parseQuery(value);
        return [];
      } catch (error) {
        return [{ property: path, reason: `the condition cannot be read: ${(error as Error).message}` }];
      }
    });
}

/** Host and port of a URI, without the ports that HTTPS and AMQPS mean anyway. */
function hostOf(uri: string): string {
  const host = /^[a-z]+:\/\/([^/]+)/i.exec(uri)?.[1] ?? '';
  return host.replace(/:(443|5671)$/, '').toLowerCase();
}

/** What stands at `uri`: by the endpoint that the resource answers, or by its host name in Azure's public cloud. */
function servedAt(all: readonly ArmResource[], endpoint: string, domain: string, uri: string): ArmResource[] {
  const path = (of: string) => of.replace(/^[a-z]+:\/\/[^/]*/i, '').replaceAll('/', '');
  return all.filter((resource) => {
    if (hostOf(uri) === `${nameOf(resource.id)}.${domain}`.toLowerCase()) return true;
    const own = textAt(resource.outputs, endpoint) ?? '';
    return hostOf(own) === hostOf(uri) && path(own) === path(uri);
  });
}

function eventHubTargets(inputs: Properties, around: Surroundings): Failure[] {
  return valuesAt(inputs, `${routing}.endpoints.eventHubs[]`).flatMap(({ path, value }) => {
    const [uri, hub] = [textAt(value, 'endpointUri'), textAt(value, 'entityPath')];
    if (!uri) return [];
    const namespaces = servedAt(
      around.resources.list('eventhub:Namespace'),
      'serviceBusEndpoint',
      'servicebus.windows.net',
      uri,
    );
    if (namespaces.length === 0) {
      return [
        {
          property: `${path}.endpointUri`,
          reason: `there is no Event Hubs namespace at '${uri}'; use its serviceBusEndpoint.`,
        },
      ];
    }
    if (!hub || namespaces.some((ns) => around.exists(`${ns.id}/eventhubs/${hub}`))) return [];
    return [{ property: `${path}.entityPath`, reason: `event hub '${hub}' does not exist at '${uri}'.` }];
  });
}

function containerTargets(inputs: Properties, around: Surroundings): Failure[] {
  return valuesAt(inputs, `${routing}.endpoints.storageContainers[]`).flatMap(({ path, value }) => {
    const [uri, container] = [textAt(value, 'endpointUri'), textAt(value, 'containerName')];
    if (!uri) return [];
    const accounts = servedAt(
      around.resources.list('storage:StorageAccount'),
      'primaryEndpoints.blob',
      'blob.core.windows.net',
      uri,
    );
    if (accounts.length === 0) {
      return [
        {
          property: `${path}.endpointUri`,
          reason: `there is no storage account at '${uri}'; use its primaryEndpoints.blob.`,
        },
      ];
    }
    const exists = (id: string) => around.exists(`${id}/blobServices/default/containers/${container}`);
    if (!container || accounts.some(({ id }) => exists(id))) return [];
    return [{ property: `${path}.containerName`, reason: `container '${container}' does not exist at '${uri}'.` }];
  });
}
