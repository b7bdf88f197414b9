import { type Authority, AzureError, type Principal, type Resources } from '../contracts';
import { idKey, nameOf } from '../controlPlane/armIds';
import { receiveAction, sendAction } from '../eventHubs/access';
import type { JobSettings } from './jobSettings';
import type { Asset, Assets } from './provider/assets';
import { blobActions, containerIdOf, type LakePlace, lakePlaceOf, lies, principalOf } from './provider/cloudStorage';

/** Names of the scoring job's parameters: what it connects to, and what it reads and writes there. */
const parameter = {
  bootstrapServers: 'bootstrap-servers',
  serviceCredential: 'service-credential',
  read: ['enriched'],
  written: ['scored'],
  /** Containers that are read only; others are written to. */
  readOnly: ['baselines'],
} as const;

/** A container of a lake that a job uses. */
export interface UsedContainer {
  readonly id: string;
  readonly place: LakePlace;
  /** When it was made, ISO 8601: one of the same name that is made later is another one. */
  readonly createdAt: string;
  /** Who the job is there. */
  readonly principal: Principal;
}

/** What a job may use, and why it may not run. */
export interface JobAccess {
  readonly problems: readonly string[];
  /** ARM id of the Event Hubs namespace behind `bootstrap-servers`. */
  readonly namespaceId?: string;
  readonly mirrored: readonly string[];
  readonly received: readonly string[];
  readonly containers: readonly UsedContainer[];
}

/**
 * Looks up everything that the job's parameters name, as Unity Catalog and Event Hubs would when the job uses it: the
 * service credential's identity on the event hubs, and on each container the identity of the external location's.
 */
export function jobAccess(job: JobSettings, assets: Assets, azure: Resources, authority: Authority): JobAccess {
  const problems: string[] = [];
  const hubs = hubAccess(job, { assets, azure, authority }, problems);
  const containers = containerAccess(job, { assets, azure, authority }, problems);
  return { problems, ...hubs, containers };
}

interface Around {
  readonly assets: Assets;
  readonly azure: Resources;
  readonly authority: Authority;
}

type HubAccess = Pick<JobAccess, 'namespaceId' | 'mirrored' | 'received'>;

function hubAccess({ workspaceId, namedParameters }: JobSettings, around: Around, problems: string[]): HubAccess {
  const none = { mirrored: [], received: [] };
  const servers = namedParameters[parameter.bootstrapServers];
  if (servers === undefined) return none;
  const namespaceId = namespaceBehind(servers, around.azure);
  if (namespaceId === undefined) {
    problems.push(`there is no Event Hubs namespace behind ${parameter.bootstrapServers} '${servers}'`);
    return none;
  }
  const name = namedParameters[parameter.serviceCredential] ?? '';
  const credential = around.assets.get(workspaceId, 'Credential', name);
  const principal = credential && whoIs(credential, around, problems);
  if (!credential) problems.push(`there is no service credential '${name}'`);
  const pick = (names: readonly string[], action: string) =>
    names.flatMap((key) => hubOf(namedParameters[key], namespaceId, principal, action, around, problems));
  return {
    namespaceId,
    mirrored: pick(parameter.read, receiveAction),
    received: pick(parameter.written, sendAction),
  };
}

/** `<host>:9093`, where the host is the namespace's as its resource answers it, or as Azure names it. */
function namespaceBehind(servers: string, azure: Resources): string | undefined {
  const host = servers.replace(/:9093$/, '').toLowerCase();
  return azure.list('eventhub:Namespace').find(({ id, outputs }) => {
    const endpoint = String(outputs.serviceBusEndpoint);
    const here = URL.canParse(endpoint) ? new URL(endpoint).host : undefined;
    return host === here || host.startsWith(`${nameOf(id).toLowerCase()}.servicebus.`);
  })?.id;
}

function hubOf(
  name: string | undefined,
  namespaceId: string,
  principal: Principal | undefined,
  action: string,
  { azure, authority }: Around,
  problems: string[],
): string[] {
  if (name === undefined) return [];
  const id = azure.get(`${namespaceId}/eventhubs/${name}`)?.id;
  if (id === undefined) problems.push(`the namespace '${nameOf(namespaceId)}' has no event hub '${name}'`);
  if (id === undefined || principal === undefined) return [];
  if (authority.allows(principal, action, id)) return [id];
  problems.push(`'${principal.name}' may not do '${action}' on the event hub '${name}'`);
  return [];
}

function containerAccess({ workspaceId, namedParameters }: JobSettings, around: Around, problems: string[]) {
  const used = new Map<string, UsedContainer>();
  for (const [name, url] of Object.entries(namedParameters)) {
    const place = lakePlaceOf(url);
    if (!place) continue;
    const id = containerIdOf(place, around.azure);
    if (id === undefined) {
      problems.push(`${name}: there is no container '${place.container}' in '${place.account}'`);
      continue;
    }
    const principal = whoIsAt(url, workspaceId, around, problems);
    if (!principal) continue;
    const isReadOnly = (parameter.readOnly as readonly string[]).includes(name);
    const actions = isReadOnly ? [blobActions.read] : Object.values(blobActions);
    const missing = actions.filter((action) => !around.authority.allows(principal, action, id));
    for (const action of missing) problems.push(`'${principal.name}' may not do '${action}' on '${place.container}'`);
    used.set(idKey(id), { id, place, principal, createdAt: String(around.azure.get(id)?.createdAt) });
  }
  return [...used.values()];
}

/** Unity Catalog: a path is read and written with the credential of the external location that holds it. */
function whoIsAt(url: string, workspaceId: string, around: Around, problems: string[]): Principal | undefined {
  const location = around.assets
    .list('ExternalLocation', workspaceId)
    .find(({ inputs }) => lies(url, String(inputs.url)));
  const name = String(location?.inputs.credentialName);
  const credential =
    around.assets.get(workspaceId, 'StorageCredential', name) ?? around.assets.get(workspaceId, 'Credential', name);
  if (credential) return whoIs(credential, around, problems);
  problems.push(`no external location with a credential holds '${url}'`);
  return undefined;
}

function whoIs({ inputs }: Asset, { azure, authority }: Around, problems: string[]): Principal | undefined {
  try {
    return principalOf(inputs, azure, authority);
  } catch (error) {
    if (!(error instanceof AzureError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}
