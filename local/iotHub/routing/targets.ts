import { type ArmResource, type Authority, AzureError, type Principal, type Resources } from '../../contracts';
import type { EventHubEndpoint, RoutingEndpoint, StorageEndpoint } from '../settings';

export const sendAction = 'Microsoft.EventHub/namespaces/messages/send/action';
export const blobWriteAction = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write';

export interface RoutingTarget {
  readonly caller: Principal;
  /** ARM id of the event hub or the container. */
  readonly targetId: string;
}

/**
 * Where an endpoint leads and as whom.
 * @throws AzureError 404 when the event hub or container does not exist, 403 when the hub's egress is restricted and the
 *   host is not in its `allowedFqdnList`.
 */
export function resolveTarget(
  endpoint: RoutingEndpoint,
  context: { readonly resources: Resources; readonly authority: Authority },
  allowedFqdns: readonly string[] | undefined,
): RoutingTarget {
  const { resource, canonicalHost } =
    endpoint.kind === 'eventHub'
      ? findEventHub(endpoint, context.resources)
      : findContainer(endpoint, context.resources);
  const host = new URL(endpoint.endpointUri).hostname;
  if (allowedFqdns !== undefined && !allowedFqdns.includes(host) && !allowedFqdns.includes(canonicalHost)) {
    throw new AzureError(
      403,
      'OutboundNetworkAccessRestricted',
      `Routing endpoint ${endpoint.name} leads to ${host}, which is not in properties.allowedFqdnList of the hub while restrictOutboundNetworkAccess is true.`,
    );
  }
  return { caller: context.authority.identity(endpoint.userAssignedIdentityId), targetId: resource.id };
}

/** What Azure checks when a hub is created or changed. @throws AzureError 400 naming endpoint, role and scope. */
export function validateEndpoint(
  endpoint: RoutingEndpoint,
  context: { readonly resources: Resources; readonly authority: Authority },
): void {
  const { caller, targetId } = resolveTarget(endpoint, context, undefined);
  const action = endpoint.kind === 'eventHub' ? sendAction : blobWriteAction;
  const role = endpoint.kind === 'eventHub' ? 'Azure Event Hubs Data Sender' : 'Storage Blob Data Contributor';
  if (context.authority.allows(caller, action, targetId)) return;
  throw new AzureError(
    400,
    'RoutingEndpointNotAuthorized',
    `Routing endpoint ${endpoint.name}: the identity ${caller.name} needs the role "${role}" on ${targetId}, in force before the hub is created (a new role takes minutes to work).`,
  );
}

interface Found {
  readonly resource: ArmResource;
  /** The host that it has in Azure's public cloud. */
  readonly canonicalHost: string;
}

function findEventHub(endpoint: EventHubEndpoint, resources: Resources): Found {
  const namespace = resources.list('eventhub:Namespace').find((candidate) => {
    const served = candidate.outputs.serviceBusEndpoint;
    return isSameHost(endpoint.endpointUri, served, `${nameOf(candidate)}.servicebus.windows.net`);
  });
  const eventHub =
    namespace === undefined
      ? undefined
      : child(resources, namespace, 'eventhub:EventHub', `/eventhubs/${endpoint.entityPath}`);
  if (namespace === undefined || eventHub === undefined) {
    throw notFound(endpoint, `event hub ${endpoint.entityPath} at ${endpoint.endpointUri}`);
  }
  return { resource: eventHub, canonicalHost: `${nameOf(namespace)}.servicebus.windows.net` };
}

function findContainer(endpoint: StorageEndpoint, resources: Resources): Found {
  const account = resources.list('storage:StorageAccount').find((candidate) => {
    const served = (candidate.outputs.primaryEndpoints as { blob?: unknown } | undefined)?.blob;
    const samePath = pathOf(endpoint.endpointUri) === '' || pathOf(endpoint.endpointUri) === pathOf(served);
    return samePath && isSameHost(endpoint.endpointUri, served, `${nameOf(candidate)}.blob.core.windows.net`);
  });
  const suffix = `/blobservices/default/containers/${endpoint.containerName}`;
  const container = account === undefined ? undefined : child(resources, account, 'storage:BlobContainer', suffix);
  if (account === undefined || container === undefined) {
    throw notFound(endpoint, `container ${endpoint.containerName} at ${endpoint.endpointUri}`);
  }
  return { resource: container, canonicalHost: `${nameOf(account)}.blob.core.windows.net` };
}

function child(resources: Resources, parent: ArmResource, kind: string, suffix: string): ArmResource | undefined {
  const found = resources.get(parent.id + suffix);
  return found?.kind === kind ? found : undefined;
}

function isSameHost(given: string, served: unknown, canonical: string): boolean {
  const host = hostOf(given);
  return host !== undefined && (host === hostOf(served) || host === canonical.toLowerCase());
}

/** Host and port of a URI, without the port that `https`, `sb` and `amqps` mean anyway. */
function hostOf(uri: unknown): string | undefined {
  const match = typeof uri === 'string' ? /^[a-z]+:\/\/([^/]+)/i.exec(uri) : null;
  return match?.[1]?.toLowerCase().replace(/:(443|5671)$/, '');
}

function pathOf(uri: unknown): string {
  return typeof uri === 'string' ? uri.replace(/^[a-z]+:\/\/[^/]+/i, '').replaceAll('/', '') : '';
}

function nameOf(resource: ArmResource): string {
  return resource.id.split('/').at(-1) ?? '';
}

function notFound(endpoint: RoutingEndpoint, what: string): AzureError {
  return new AzureError(404, 'RoutingEndpointNotFound', `Routing endpoint ${endpoint.name}: there is no ${what}.`);
}
