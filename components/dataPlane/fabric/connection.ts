import type { DiffResult } from '@pulumi/pulumi/dynamic';
import { changed } from '../inputs';
import { bodyOf, callFabric, type FabricAccess, listAll } from './api';

/** A connection of Microsoft Fabric to an Azure SQL database, which is read as the identity of the workspace that uses it. */
export interface FabricConnectionProps extends FabricAccess {
  /** Its own among all connections of the tenant. At most 200 characters. */
  readonly displayName: string;
  /** Host of the server; another port than 1433 follows after a comma. */
  readonly server: string;
  readonly database: string;
  /** Id of a virtual network data gateway, for a server without a public endpoint; empty: through the cloud. */
  readonly gatewayId: string;
}

interface Connection {
  readonly id: string;
  readonly displayName?: string;
  readonly gatewayId?: string;
  readonly connectionDetails: { readonly type: string; readonly path: string };
  readonly credentialDetails?: { readonly credentialType?: string };
}

/** How Fabric writes where a connection goes. */
export function connectionPath({ server, database }: { readonly server: string; readonly database: string }): string {
  return `${server};${database}`;
}

export function connectivityType(gatewayId: string): 'ShareableCloud' | 'VirtualNetworkGateway' {
  return gatewayId === '' ? 'ShareableCloud' : 'VirtualNetworkGateway';
}

export async function create(props: FabricConnectionProps) {
  const what = whatOf(props);
  const there = await unfinished(props);
  if (there) return { id: there.id, outs: props };
  const answer = await callFabric(
    { method: 'POST', path: '/connections', what, body: requestOf(props), answers: [409] },
    props,
  );
  if (answer.status === 409) {
    throw new Error(`${what} exists already with other content: name another one, or import it by its id.`);
  }
  return { id: bodyOf<Connection>(answer, what).id, outs: props };
}

/** One that an earlier run made before it broke off. */
async function unfinished(props: FabricConnectionProps): Promise<Connection | undefined> {
  const all = await listAll<Connection>('/connections', 'the connections', props);
  return all.find((one) => one.displayName === props.displayName && isSame(one, props));
}

function requestOf({ displayName, server, database, gatewayId }: FabricConnectionProps): object {
  const text = (name: string, value: string) => ({ dataType: 'Text', name, value });
  return {
    connectivityType: connectivityType(gatewayId),
    ...(gatewayId === '' ? {} : { gatewayId }),
    displayName,
    connectionDetails: {
      type: 'SQL',
      creationMethod: 'SQL',
      parameters: [text('server', server), text('database', database)],
    },
    // Patients' data folds into nothing else.
    privacyLevel: 'Private',
    credentialDetails: {
      singleSignOnType: 'None',
      connectionEncryption: 'Encrypted',
      skipTestConnection: false,
      credentials: { credentialType: 'WorkspaceIdentity' },
    },
  };
}

/** Fabric has no call that gives a connection other credentials of no secret: another server is another connection. */
export async function read(id: string, props: FabricConnectionProps) {
  const answer = await callFabric({ method: 'GET', path: `/connections/${id}`, what: whatOf(props) }, props);
  if (answer.status === 404) return {};
  const found = answer.body as Connection;
  const [server = '', database = ''] = found.connectionDetails.path.split(';');
  const isOurs = found.credentialDetails?.credentialType === 'WorkspaceIdentity';
  const inputs = isSame(found, props)
    ? { ...props, displayName: found.displayName ?? props.displayName }
    : { ...props, server: isOurs ? server : '', database, gatewayId: found.gatewayId ?? '' };
  return { id, props: inputs, inputs };
}

export async function update(id: string, _olds: FabricConnectionProps, news: FabricConnectionProps) {
  const what = whatOf(news);
  const body = { connectivityType: connectivityType(news.gatewayId), displayName: news.displayName };
  bodyOf(await callFabric({ method: 'PATCH', path: `/connections/${id}`, what, body }, news), what);
  return { outs: news };
}

async function remove(id: string, props: FabricConnectionProps): Promise<void> {
  await callFabric({ method: 'DELETE', path: `/connections/${id}`, what: whatOf(props) }, props);
}

export { remove as delete };

export async function diff(_id: string, olds: FabricConnectionProps, news: FabricConnectionProps): Promise<DiffResult> {
  const replaces = changed(olds, news, ['server', 'database', 'gatewayId']);
  // Its name is taken as long as it is there.
  return { replaces, deleteBeforeReplace: true };
}

function isSame({ connectionDetails, gatewayId = '', credentialDetails }: Connection, props: FabricConnectionProps) {
  return (
    connectionDetails.path.toLowerCase() === connectionPath(props).toLowerCase() &&
    gatewayId === props.gatewayId &&
    credentialDetails?.credentialType === 'WorkspaceIdentity'
  );
}

function whatOf({ displayName }: FabricConnectionProps): string {
  return `the Fabric connection "${displayName}"`;
}
