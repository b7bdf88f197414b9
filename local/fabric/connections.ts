import { randomUUID } from 'node:crypto';
import { AzureError } from '../contracts';
import type { Connection } from './entities';
import { type FabricRequest, pageOf, type Reply } from './reply';
import { answerRoles } from './roleAssignments';
import type { FabricParts } from './workspaces';

const connectionRoles = ['Owner', 'UserWithReshare', 'User'];

interface ConnectionRequest {
  readonly connectivityType?: string;
  readonly gatewayId?: string;
  readonly displayName?: string;
  readonly privacyLevel?: string;
  readonly connectionDetails?: {
    readonly type?: string;
    readonly creationMethod?: string;
    readonly parameters?: readonly { readonly dataType?: string; readonly name?: string; readonly value?: string }[];
  };
  readonly credentialDetails?: {
    readonly connectionEncryption?: string;
    readonly credentials?: { readonly credentialType?: string };
  };
}

/** `/connections`: to SQL databases, read as a workspace's identity. They are their makers' and whom those let in. */
export function answerConnections(request: FabricRequest, parts: FabricParts): Reply {
  const { method, path, caller } = request;
  const [id, action, ...rest] = path;
  const { store, pageSize } = parts;
  if (id === undefined) return method === 'POST' ? make(request, parts) : list(request, parts);
  const connection = store.connection(id, caller.objectId);
  if (action === 'roleAssignments') {
    const reply = answerRoles({ ...request, path: rest }, connection.roles, connectionRoles, pageSize);
    store.save();
    return reply;
  }
  if (action !== undefined)
    throw new AzureError(404, 'NotFound', `${action} of a connection is not offered by the local cloud.`);
  if (method === 'GET') return { status: 200, body: told(connection) };
  if (method === 'DELETE') delete store.state.connections[connection.id];
  if (method === 'PATCH') connection.displayName = String(request.body.displayName ?? connection.displayName);
  store.save();
  return { status: 200, body: told(connection) };
}

function list({ caller, query }: FabricRequest, { store, pageSize }: FabricParts): Reply {
  const mine = Object.values(store.state.connections).filter(({ roles }) =>
    roles.some(({ principal }) => principal.id === caller.objectId),
  );
  return pageOf(mine.map(told), query, pageSize);
}

function make({ body, caller }: FabricRequest, { store }: FabricParts): Reply {
  const request = body as ConnectionRequest;
  const { connectivityType = '', gatewayId, displayName = '', connectionDetails, credentialDetails } = request;
  const problems = problemsOf(request);
  if (problems.length > 0) throw new AzureError(400, 'InvalidInput', problems.join(' '));
  if (Object.values(store.state.connections).some((one) => one.displayName === displayName)) {
    throw new AzureError(409, 'DuplicateConnectionName', `There is a connection '${displayName}' already.`);
  }
  const parameter = (name: string) => connectionDetails?.parameters?.find((one) => one.name === name)?.value ?? '';
  const connection: Connection = {
    ...{ id: randomUUID(), displayName, connectivityType, ...(gatewayId && { gatewayId }) },
    ...{ server: parameter('server'), database: parameter('database') },
    credentialType: String(credentialDetails?.credentials?.credentialType),
    privacyLevel: request.privacyLevel ?? 'Organizational',
    roles: [{ id: caller.objectId, principal: { id: caller.objectId, type: 'ServicePrincipal' }, role: 'Owner' }],
  };
  store.state.connections[connection.id] = connection;
  store.save();
  return { status: 201, body: told(connection) };
}

function problemsOf({
  connectivityType,
  gatewayId,
  displayName,
  connectionDetails,
  credentialDetails,
}: ConnectionRequest) {
  const { type, creationMethod, parameters = [] } = connectionDetails ?? {};
  const texts = parameters.filter(({ dataType, value }) => dataType === 'Text' && value).map(({ name }) => name);
  const isThrough = connectivityType === 'VirtualNetworkGateway';
  return [
    ...(displayName && displayName.length <= 200 ? [] : ['The displayName must have 1 to 200 characters.']),
    ...(isThrough || connectivityType === 'ShareableCloud'
      ? []
      : [`The connectivityType '${connectivityType}' is not offered.`]),
    ...(isThrough === Boolean(gatewayId) ? [] : ['A gatewayId goes with the connectivityType VirtualNetworkGateway.']),
    ...(type === 'SQL' && creationMethod === 'SQL'
      ? []
      : ['The local cloud has connections of the type and method SQL only.']),
    ...['server', 'database']
      .filter((name) => !texts.includes(name))
      .map((name) => `The parameter ${name} is missing.`),
    ...(credentialDetails?.connectionEncryption === 'Encrypted' ? [] : ['The connectionEncryption must be Encrypted.']),
    ...(credentialDetails?.credentials?.credentialType === 'WorkspaceIdentity'
      ? []
      : ['The local cloud has connections as WorkspaceIdentity only.']),
  ];
}

function told({ id, displayName, connectivityType, gatewayId, server, database, ...rest }: Connection): object {
  return {
    ...{ id, displayName, connectivityType, ...(gatewayId && { gatewayId }) },
    connectionDetails: { type: 'SQL', path: `${server};${database}` },
    privacyLevel: rest.privacyLevel,
    credentialDetails: {
      credentialType: rest.credentialType,
      connectionEncryption: 'Encrypted',
      singleSignOnType: 'None',
    },
  };
}
