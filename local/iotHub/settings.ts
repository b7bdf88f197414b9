import { type ArmResource, AzureError, type Properties } from '../contracts';
import { type MessageSource, messageSources } from './message';
import { parseQuery, type Query } from './routing/query';

/** Name of the built-in endpoint, which is the hub's own log. */
export const builtInEndpoint = 'events';

export interface EventHubEndpoint {
  readonly kind: 'eventHub';
  readonly name: string;
  /** `sb://...` of the namespace. */
  readonly endpointUri: string;
  readonly entityPath: string;
  readonly userAssignedIdentityId: string;
}

export interface StorageEndpoint {
  readonly kind: 'storage';
  readonly name: string;
  /** `https://...` of the account's blobs. */
  readonly endpointUri: string;
  readonly containerName: string;
  readonly userAssignedIdentityId: string;
  readonly batchFrequencySeconds: number;
  readonly maxChunkSizeBytes: number;
  readonly fileNameFormat: string;
}

export type RoutingEndpoint = EventHubEndpoint | StorageEndpoint;

export interface Route {
  readonly name: string;
  readonly source: MessageSource;
  readonly condition: Query;
  readonly endpointNames: readonly string[];
}

export interface Enrichment {
  readonly key: string;
  readonly value: string;
  readonly endpointNames: readonly string[];
}

/** What a hub does, read from an `iothub:IotHubResource`. */
export interface HubSettings {
  readonly id: string;
  readonly name: string;
  readonly partitionCount: number;
  readonly retentionDays: number;
  readonly deviceSasAllowed: boolean;
  readonly endpoints: readonly RoutingEndpoint[];
  /** Only the enabled ones. */
  readonly routes: readonly Route[];
  readonly fallbackEnabled: boolean;
  readonly enrichments: readonly Enrichment[];
  /** Host names that routing may reach; nothing when egress is not restricted. */
  readonly allowedFqdns: readonly string[] | undefined;
}

/**
 * Reads and checks the declaration of a hub.
 * @throws AzureError 400 with every problem in it: an endpoint of a kind or authentication that is not served here, a
 *   condition that cannot be read, a route to an endpoint that does not exist.
 */
export function readHubSettings(resource: ArmResource): HubSettings {
  const properties = objectAt(resource.inputs, 'properties');
  const routing = objectAt(properties, 'routing');
  const problems: string[] = [];
  const attached = listAt(objectAt(resource.inputs, 'identity'), 'userAssignedIdentities').map(String);
  const endpoints = readEndpoints(objectAt(routing, 'endpoints'), attached, problems);
  const known = [builtInEndpoint, ...endpoints.map(({ name }) => name)];
  const events = objectAt(objectAt(properties, 'eventHubEndpoints'), builtInEndpoint);
  const settings: HubSettings = {
    id: resource.id,
    name: resource.id.split('/').at(-1) ?? '',
    partitionCount: numberAt(events, 'partitionCount') ?? 4,
    retentionDays: numberAt(events, 'retentionTimeInDays') ?? 1,
    deviceSasAllowed: properties.disableDeviceSAS !== true,
    endpoints,
    routes: readRoutes(objectsAt(routing, 'routes'), known, problems),
    fallbackEnabled: readFallback(routing, problems),
    enrichments: readEnrichments(objectsAt(routing, 'enrichments'), known, problems),
    allowedFqdns:
      properties.restrictOutboundNetworkAccess === true
        ? listAt(properties, 'allowedFqdnList').map((fqdn) => String(fqdn).toLowerCase())
        : undefined,
  };
  if (problems.length > 0) {
    throw new AzureError(400, 'IotHubRoutingInvalid', `IoT hub ${settings.name}: ${problems.join(' ')}`);
  }
  return settings;
}

const unserved = ['serviceBusQueues', 'serviceBusTopics', 'cosmosDBSqlContainers'];

function readEndpoints(declared: Properties, attached: readonly string[], problems: string[]): RoutingEndpoint[] {
  for (const kind of unserved) {
    if (listAt(declared, kind).length > 0) {
      problems.push(
        `Routing endpoints of the kind ${kind} are not served by the local cloud; use eventHubs or storageContainers.`,
      );
    }
  }
  return [
    ...objectsAt(declared, 'eventHubs').map((endpoint) => readEventHub(endpoint, attached, problems)),
    ...objectsAt(declared, 'storageContainers').map((endpoint) => readStorage(endpoint, attached, problems)),
  ];
}

function readIdentity(endpoint: Properties, attached: readonly string[], problems: string[]): string {
  const name = textAt(endpoint, 'name');
  if (endpoint.authenticationType !== 'identityBased') {
    problems.push(
      `Endpoint ${name} has authenticationType ${endpoint.authenticationType ?? 'keyBased'}; the local cloud serves identityBased only, with identity.userAssignedIdentity.`,
    );
    return '';
  }
  const identityId = textAt(objectAt(endpoint, 'identity'), 'userAssignedIdentity');
  if (identityId === '') {
    problems.push(
      `Endpoint ${name} names no identity.userAssignedIdentity: a hub's system-assigned identity cannot hold a role before the hub exists, so name a user-assigned one.`,
    );
  } else if (!attached.some((id) => id.toLowerCase() === identityId.toLowerCase())) {
    problems.push(
      `Endpoint ${name} uses the identity ${identityId}, which is not in the hub's identity.userAssignedIdentities.`,
    );
  }
  return identityId;
}

function readEventHub(endpoint: Properties, attached: readonly string[], problems: string[]): EventHubEndpoint {
  return {
    kind: 'eventHub',
    name: textAt(endpoint, 'name'),
    endpointUri: textAt(endpoint, 'endpointUri'),
    entityPath: textAt(endpoint, 'entityPath'),
    userAssignedIdentityId: readIdentity(endpoint, attached, problems),
  };
}

/** Defaults: Azure REST reference of `RoutingStorageContainerProperties`. */
function readStorage(endpoint: Properties, attached: readonly string[], problems: string[]): StorageEndpoint {
  const name = textAt(endpoint, 'name');
  const encoding = textAt(endpoint, 'encoding') || 'avro';
  if (encoding.toUpperCase() !== 'JSON') {
    problems.push(
      `Endpoint ${name} has encoding ${encoding} (Azure's default is avro); the local cloud writes JSON only.`,
    );
  }
  return {
    kind: 'storage',
    name,
    endpointUri: textAt(endpoint, 'endpointUri'),
    containerName: textAt(endpoint, 'containerName'),
    userAssignedIdentityId: readIdentity(endpoint, attached, problems),
    batchFrequencySeconds: numberAt(endpoint, 'batchFrequencyInSeconds') ?? 300,
    maxChunkSizeBytes: numberAt(endpoint, 'maxChunkSizeInBytes') ?? 314_572_800,
    fileNameFormat: textAt(endpoint, 'fileNameFormat') || '{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}',
  };
}

function readRoutes(declared: readonly Properties[], known: readonly string[], problems: string[]): Route[] {
  const routes: Route[] = [];
  for (const route of declared) {
    const name = textAt(route, 'name');
    const source = messageSources.find((candidate) => candidate === route.source);
    if (source === undefined) {
      problems.push(`Route ${name} has source ${route.source}; the local cloud knows ${messageSources.join(', ')}.`);
    }
    const endpointNames = listAt(route, 'endpointNames').map(String);
    requireKnown(`Route ${name}`, endpointNames, known, problems);
    const condition = readCondition(`Route ${name}`, route.condition, problems);
    if (source !== undefined && condition !== undefined && route.isEnabled !== false) {
      routes.push({ name, source, condition, endpointNames });
    }
  }
  return routes;
}

function readCondition(owner: string, condition: unknown, problems: string[]): Query | undefined {
  try {
    return parseQuery(typeof condition === 'string' && condition.trim() !== '' ? condition : 'true');
  } catch (error) {
    problems.push(`${owner} has a condition that cannot be used: ${(error as Error).message}`);
    return undefined;
  }
}

/** A hub without a fallback route in its declaration has it enabled (Azure: "$fallback" to "events"). */
function readFallback(routing: Properties, problems: string[]): boolean {
  const fallback = objectAt(routing, 'fallbackRoute');
  const names = listAt(fallback, 'endpointNames').map(String);
  if (names.some((name) => name !== builtInEndpoint)) {
    problems.push(`The fallback route may lead to "${builtInEndpoint}" only, not to ${names.join(', ')}.`);
  }
  return fallback.isEnabled !== false;
}

function readEnrichments(declared: readonly Properties[], known: readonly string[], problems: string[]): Enrichment[] {
  // IoT Hub quotas and throttling: at most 10 enrichments a hub.
  if (declared.length > 10) problems.push(`There are ${declared.length} enrichments; at most 10 are allowed.`);
  return declared.map((enrichment) => {
    const key = textAt(enrichment, 'key');
    const endpointNames = listAt(enrichment, 'endpointNames').map(String);
    requireKnown(`Enrichment ${key}`, endpointNames, known, problems);
    return { key, value: textAt(enrichment, 'value'), endpointNames };
  });
}

function requireKnown(owner: string, names: readonly string[], known: readonly string[], problems: string[]): void {
  for (const name of names) {
    if (!known.includes(name)) {
      problems.push(`${owner} leads to the endpoint "${name}", which does not exist; there are ${known.join(', ')}.`);
    }
  }
}

function objectAt(from: Properties, key: string): Properties {
  const value = from[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Properties) : {};
}

function listAt(from: Properties, key: string): readonly unknown[] {
  const value = from[key];
  return Array.isArray(value) ? value : [];
}

function objectsAt(from: Properties, key: string): readonly Properties[] {
  return listAt(from, key).filter((item): item is Properties => typeof item === 'object' && item !== null);
}

function textAt(from: Properties, key: string): string {
  const value = from[key];
  return typeof value === 'string' ? value : '';
}

function numberAt(from: Properties, key: string): number | undefined {
  const value = from[key];
  return typeof value === 'number' ? value : undefined;
}
