import type { AcceptedMessage, IotHubMessage, Stamp } from '../message';
import { builtInEndpoint, type Enrichment, type HubSettings, type Route } from '../settings';
import type { QuerySubject } from './query';

/** The parts of a device's twin that routing looks at. */
export interface RoutingTwin {
  readonly tags: Readonly<Record<string, unknown>>;
  readonly properties: {
    readonly desired: Readonly<Record<string, unknown>>;
    readonly reported: Readonly<Record<string, unknown>>;
  };
}

export type RoutingDecision = Pick<AcceptedMessage, 'endpointNames' | 'stamps'>;

/**
 * Decides where a message goes and with which enrichments: to the endpoints of every matching route, once each; else,
 * a device's message, to the built-in endpoint when the fallback route is on; else nowhere (an "orphaned" message).
 * (Azure: IoT Hub message routing; the fallback route takes device messages only.)
 */
export function routeMessage(
  settings: HubSettings,
  message: IotHubMessage,
  twin: RoutingTwin | undefined,
  enqueuedTime: number,
): RoutingDecision {
  const subject = subjectOf(message, twin, enqueuedTime);
  const names = new Set<string>();
  for (const route of settings.routes) {
    if (route.source === message.source && route.condition(subject)) {
      for (const name of route.endpointNames) names.add(name);
    }
  }
  if (names.size === 0 && settings.fallbackEnabled && message.source === 'DeviceMessages') names.add(builtInEndpoint);
  const endpointNames = [...names];
  return { endpointNames, stamps: stampsFor(settings, endpointNames, twin) };
}

/** Whether any route wants messages of this source, so that the hub need not make events that nobody takes. */
export function isWanted(routes: readonly Route[], source: IotHubMessage['source']): boolean {
  return routes.some((route) => route.source === source);
}

function subjectOf(message: IotHubMessage, twin: RoutingTwin | undefined, enqueuedTime: number): QuerySubject {
  let body: { readonly value: unknown } | undefined;
  return {
    properties: message.properties,
    systemProperty: (name) => systemProperty(message, name, enqueuedTime),
    body: () => {
      body ??= { value: isJson(message) ? parseJson(message.body) : undefined };
      return body.value;
    },
    twin: () => twin,
  };
}

function systemProperty(message: IotHubMessage, name: string, enqueuedTime: number): string | undefined {
  switch (name) {
    case 'connectionDeviceId':
      return message.deviceId;
    case 'enqueuedTime':
      return new Date(enqueuedTime).toISOString();
    case 'messageSource':
      return message.source;
    case 'messageId':
    case 'correlationId':
    case 'userId':
    case 'contentType':
    case 'contentEncoding':
      return message[name];
    default:
      return undefined;
  }
}

/** Azure reads a body as JSON only when the device says that it is: `application/json` in UTF-8. */
export function isJson(message: IotHubMessage): boolean {
  const type = message.contentType?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/json' && message.contentEncoding?.toLowerCase() === 'utf-8';
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function stampsFor(settings: HubSettings, routed: readonly string[], twin: RoutingTwin | undefined): Stamp[] {
  const stamps: Stamp[] = [];
  for (const enrichment of settings.enrichments) {
    const endpointNames = enrichment.endpointNames.filter((name) => routed.includes(name));
    const value = endpointNames.length === 0 ? undefined : enrichedValue(enrichment, settings.name, twin);
    if (value !== undefined) stamps.push({ key: enrichment.key, value, endpointNames });
  }
  return stamps;
}

/** Nothing when the twin has no such path: then the message goes without this enrichment. */
function enrichedValue({ value }: Enrichment, hubName: string, twin: RoutingTwin | undefined): string | undefined {
  if (value.toLowerCase() === '$iothubname') return hubName;
  if (!value.startsWith('$twin.')) return value;
  let found: unknown = twin;
  for (const step of value.slice('$twin.'.length).split('.')) {
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[step] : undefined;
  }
  if (found === undefined) return undefined;
  return typeof found === 'string' ? found : JSON.stringify(found);
}
