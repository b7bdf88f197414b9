import { randomUUID } from 'node:crypto';
import { readModel, type SemanticModel } from '../../runtime/powerbi/model';
import { AzureError } from '../contracts';
import { checkDefinition, partsOf, toldParts } from './definitions';
import type { Item, ItemType, Workspace } from './entities';
import { type FabricRequest, pageOf, type Reply } from './reply';
import type { FabricStore } from './store';
import type { FabricParts } from './workspaces';

const types: Readonly<Record<string, ItemType>> = { semanticModels: 'SemanticModel', reports: 'Report' };

/** `/workspaces/<id>/semanticModels`, `/reports`, and `/items/<id>/connections`; undefined for what is none of these. */
export function answerItems(request: FabricRequest, parts: FabricParts): Reply | undefined {
  const [workspaceId = '', collection = '', id, action] = request.path;
  const { store } = parts;
  const { objectId } = request.caller;
  if (collection === 'items' && action === 'connections' && id !== undefined) {
    const item = store.item(store.workspace(workspaceId, objectId, 'Viewer'), id);
    return pageOf(connectionsOf(item, store), request.query, parts.pageSize);
  }
  const type = types[collection];
  if (type === undefined) return undefined;
  const least = request.method === 'GET' ? 'Viewer' : 'Contributor';
  const workspace = store.workspace(workspaceId, objectId, least);
  if (id === undefined) return answerAll(request, workspace, type, parts);
  const item = store.item(workspace, id);
  if (item.type !== type) throw new AzureError(404, 'ItemNotFound', `The item '${id}' is a ${item.type}.`);
  return action === undefined ? answerOne(request, item, parts) : act(request, item, action, parts);
}

function answerAll(request: FabricRequest, workspace: Workspace, type: ItemType, parts: FabricParts): Reply {
  const { store, operations, pageSize } = parts;
  const ofType = store.items(workspace.id).filter((item) => item.type === type);
  if (request.method === 'GET') return pageOf(ofType.map(told), request.query, pageSize);
  if (request.method !== 'POST')
    throw new AzureError(405, 'MethodNotAllowed', `${request.method} of items is not offered.`);
  const { displayName, description = '', definition } = request.body;
  if (typeof displayName !== 'string' || displayName === '') {
    throw new AzureError(400, 'InvalidInput', 'The displayName of an item is missing.');
  }
  if (ofType.some((item) => item.displayName === displayName)) {
    const what = `There is a ${type} '${displayName}' already.`;
    throw new AzureError(409, 'ItemDisplayNameAlreadyInUse', what);
  }
  return operations.begin(() => {
    const taken = partsOf(definition);
    checkDefinition(type, taken, (id) => modelIn(store, id));
    const item: Item = {
      ...{ id: randomUUID(), workspaceId: workspace.id, type, displayName, description: String(description) },
      ...{ parts: taken, owner: request.caller.objectId, members: {}, refreshes: {} },
    };
    store.state.items[item.id] = item;
    store.save();
    return told(item);
  });
}

function answerOne({ method, body }: FabricRequest, item: Item, { store }: FabricParts): Reply {
  if (method === 'DELETE') delete store.state.items[item.id];
  if (method === 'PATCH') {
    const { displayName = item.displayName, description = item.description } = body;
    Object.assign(item, { displayName, description });
  }
  store.save();
  return { status: 200, body: told(item) };
}

function act(request: FabricRequest, item: Item, action: string, { store, operations }: FabricParts): Reply {
  if (request.method !== 'POST')
    throw new AzureError(405, 'MethodNotAllowed', `${request.method} ${action} is not offered.`);
  if (action === 'getDefinition') {
    const format = request.query.get('format') ?? 'TMDL';
    if (item.type === 'SemanticModel' && format !== 'TMSL') {
      throw new AzureError(400, 'OperationNotSupportedForItem', 'The local cloud tells semantic models as TMSL only.');
    }
    return operations.begin(() => ({ definition: { parts: toldParts(item.type, item.parts) } }));
  }
  if (action === 'updateDefinition') {
    return operations.begin(() => {
      const parts = partsOf(request.body.definition);
      checkDefinition(item.type, parts, (id) => modelIn(store, id));
      // What the service does with roles that have another id, and with bindings to another source.
      const sourceBefore = item.type === 'SemanticModel' ? sourceOf(item) : undefined;
      item.parts = parts;
      if (sourceBefore !== undefined && sourceBefore !== sourceOf(item)) delete item.connectionId;
      store.save();
      return undefined;
    });
  }
  if (action === 'bindConnection' && item.type === 'SemanticModel') return bind(request, item, store);
  throw new AzureError(404, 'NotFound', `${action} of an item is not offered by the local cloud.`);
}

/** Only the owner binds, to a connection that is theirs and goes where the model reads. */
function bind({ body, caller }: FabricRequest, item: Item, store: FabricStore): Reply {
  const binding = (body.connectionBinding ?? {}) as { id?: string; connectivityType?: string };
  if (item.owner !== caller.objectId) {
    throw new AzureError(
      403,
      'InsufficientPrivileges',
      `The principal ${caller.objectId} does not own the semantic model.`,
    );
  }
  if (binding.connectivityType === 'None') delete item.connectionId;
  else {
    const connection = store.connection(String(binding.id), caller.objectId);
    const [path, source] = [`${connection.server};${connection.database}`, sourceOf(item)];
    if (path.toLowerCase() !== source.toLowerCase()) {
      throw new AzureError(
        400,
        'InvalidRequest',
        `The semantic model reads ${source}, and the connection goes to ${path}.`,
      );
    }
    if (connection.connectivityType !== binding.connectivityType) {
      throw new AzureError(400, 'InvalidRequest', `The connection is a ${connection.connectivityType} connection.`);
    }
    item.connectionId = connection.id;
  }
  store.save();
  return { status: 200 };
}

/** Server and database of a semantic model, as connections write them. */
export function sourceOf(item: Item): string {
  const [{ source } = { source: { server: '', database: '' } }] = readModel(item.parts).tables;
  return `${source.server};${source.database}`;
}

function connectionsOf(item: Item, { state }: FabricStore): object[] {
  if (item.type !== 'SemanticModel') return [];
  const connection = item.connectionId === undefined ? undefined : state.connections[item.connectionId];
  const connectionDetails = { type: 'SQL', path: sourceOf(item) };
  if (!connection) return [{ connectivityType: 'None', connectionDetails }];
  const { id, displayName, connectivityType } = connection;
  return [{ id, displayName, connectivityType, connectionDetails }];
}

function modelIn({ state }: FabricStore, id: string): SemanticModel | undefined {
  const item = state.items[id.toLowerCase()];
  return item?.type === 'SemanticModel' ? readModel(item.parts) : undefined;
}

function told({ id, workspaceId, type, displayName, description }: Item): object {
  return { id, type, displayName, description, workspaceId };
}
