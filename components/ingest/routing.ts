import type { input } from '@pulumi/azure-native/types';
import * as pulumi from '@pulumi/pulumi';
import type { Identity } from '../azure/identity';
import { MessageSource } from './choices';
import type { CompleteSettings } from './defaults';

/**
 * Names of the hub's custom endpoints; event hub and containers are called the same. Endpoints name them as constants: if
 * they took them from the resources, the engine would delete the hub before it replaces one of those.
 */
export const deviceDataEndpoint = 'devicedata';
export const rawEndpoint = 'raw';
export const administrationEndpoint = 'device-administration';
export const customEndpoints = [deviceDataEndpoint, rawEndpoint, administrationEndpoint];
/** The built-in endpoint. */
export const builtInEndpoint = 'events';

const bytesPerMegabyte = 1_048_576;

/** Where the hub sends: outputs of the namespace and of the account. */
export interface RoutingTargets {
  /** As in `https://x.servicebus.windows.net:443/`. */
  readonly serviceBusEndpoint: pulumi.Output<string>;
  /** As in `https://x.blob.core.windows.net/`. */
  readonly blobEndpoint: pulumi.Output<string>;
}

/** Endpoints that the hub reaches as `identity`, routes to them, enrichments, and the fallback for all else. */
export function hubRouting(
  hospitalId: string,
  settings: CompleteSettings,
  targets: RoutingTargets,
  identity: Identity,
): input.iothub.RoutingPropertiesArgs {
  return {
    endpoints: endpoints(settings, targets, identity),
    routes: routes(settings),
    enrichments: Object.entries({ hospitalId, ...settings.enrichments }).map(([key, value]) => ({
      key,
      value,
      endpointNames: [...customEndpoints, builtInEndpoint],
    })),
    // Once there is a route, what no route takes would be lost without it.
    fallbackRoute: {
      name: '$fallback',
      source: MessageSource.DeviceMessages,
      condition: 'true',
      endpointNames: [builtInEndpoint],
      isEnabled: true,
    },
  };
}

function endpoints(
  { rawStorage }: CompleteSettings,
  targets: RoutingTargets,
  identity: Identity,
): input.iothub.RoutingEndpointsArgs {
  const access = { authenticationType: 'identityBased', identity: { userAssignedIdentity: identity.id } };
  const containerEndpoint = (name: string) => ({
    ...access,
    name,
    endpointUri: targets.blobEndpoint.apply(withoutTrailingSlash),
    containerName: name,
    encoding: 'JSON',
    fileNameFormat: rawStorage.fileNameFormat,
    batchFrequencyInSeconds: rawStorage.batchFrequencySeconds,
    maxChunkSizeInBytes: pulumi.output(rawStorage.maxChunkSizeMegabytes).apply((size) => size * bytesPerMegabyte),
  });
  return {
    eventHubs: [
      {
        ...access,
        name: deviceDataEndpoint,
        endpointUri: targets.serviceBusEndpoint.apply((endpoint) => `sb://${new URL(endpoint).host}`),
        entityPath: deviceDataEndpoint,
      },
    ],
    storageContainers: [containerEndpoint(rawEndpoint), containerEndpoint(administrationEndpoint)],
  };
}

function withoutTrailingSlash(url: string): string {
  // Through URL, so that the default port is left out; the local cloud's is not the default one.
  return new URL(url).href.replace(/\/$/, '');
}

/** The routes that the component makes, before those of the user. */
const ownRoutes: readonly { name: string; source: MessageSource; endpoint: string }[] = [
  { name: deviceDataEndpoint, source: MessageSource.DeviceMessages, endpoint: deviceDataEndpoint },
  { name: rawEndpoint, source: MessageSource.DeviceMessages, endpoint: rawEndpoint },
  { name: 'administration-lifecycle', source: MessageSource.DeviceLifecycleEvents, endpoint: administrationEndpoint },
  {
    name: 'administration-connection',
    source: MessageSource.DeviceConnectionStateEvents,
    endpoint: administrationEndpoint,
  },
  { name: 'administration-twin', source: MessageSource.TwinChangeEvents, endpoint: administrationEndpoint },
  { name: 'administration-job', source: MessageSource.DeviceJobLifecycleEvents, endpoint: administrationEndpoint },
];

export const ownRouteNames = ownRoutes.map(({ name }) => name);

function routes(settings: CompleteSettings): input.iothub.RoutePropertiesArgs[] {
  const own = ownRoutes.map((route) => ({ ...route, condition: 'true' }));
  const given = settings.routes.map((route) => ({ ...route, condition: route.condition ?? 'true' }));
  return [...own, ...given].map(({ name, source, condition, endpoint }) => ({
    name,
    source,
    condition,
    endpointNames: [endpoint],
    isEnabled: true,
  }));
}

/** Hosts that the hub's own routes need: with restricted outbound access, one that is missing stops them silently. */
export function routedHosts({ serviceBusEndpoint, blobEndpoint }: RoutingTargets): pulumi.Output<string[]> {
  return pulumi
    .all([serviceBusEndpoint, blobEndpoint])
    .apply((urls) => [...new Set(urls.map((url) => new URL(url).hostname))]);
}
