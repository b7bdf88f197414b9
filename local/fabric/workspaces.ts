import { randomUUID } from 'node:crypto';
import { type ArmResource, AzureError, type Resources } from '../contracts';
import { idKey, nameOf } from '../controlPlane/armIds';
import type { Workspace } from './entities';
import type { Operations } from './operations';
import { type FabricRequest, pageOf, type Reply } from './reply';
import { answerRoles } from './roleAssignments';
import type { FabricStore } from './store';

const workspaceRoles = ['Admin', 'Member', 'Contributor', 'Viewer'];

/** What the parts of the API share. */
export interface FabricParts {
  readonly store: FabricStore;
  readonly operations: Operations;
  readonly resources: Pick<Resources, 'list'>;
  /** Entries a page of a list. */
  readonly pageSize: number;
}

/** Capacities of which the caller is an administrator. */
export function answerCapacities({ query, caller }: FabricRequest, parts: FabricParts): Reply {
  const all = parts.resources
    .list('fabric:FabricCapacity')
    .filter((capacity) => isAdministrator(capacity, caller.objectId));
  const told = all.map(({ id, inputs }) => ({
    id: parts.store.state.capacities[idKey(id)],
    displayName: nameOf(id),
    sku: (inputs.sku as { name?: string }).name,
    region: inputs.location,
    state: 'Active',
  }));
  return pageOf(told, query, parts.pageSize);
}

function isAdministrator({ inputs }: ArmResource, objectId: string): boolean {
  return ((inputs.administration as { members?: string[] }).members ?? []).includes(objectId);
}

/** `/workspaces` and what is directly below; items are answered elsewhere. */
export function answerWorkspaces(request: FabricRequest, parts: FabricParts): Reply {
  const { method, path, query, caller } = request;
  const [id, action, ...rest] = path;
  if (id === undefined) return method === 'POST' ? make(request, parts) : list(caller.objectId, query, parts);
  if (action === undefined) return answerOne(request, id, parts);
  const { store } = parts;
  if (action === 'roleAssignments') {
    const workspace = store.workspace(id, caller.objectId, 'Member');
    const reply = answerRoles({ ...request, path: rest }, workspace.roles, workspaceRoles, parts.pageSize);
    store.save();
    return reply;
  }
  const workspace = store.workspace(id, caller.objectId, 'Admin');
  if (method === 'POST' && action === 'assignToCapacity') return assign(request, workspace, parts);
  if (method === 'POST' && action === 'provisionIdentity') return provisionIdentity(workspace, parts);
  if (method === 'POST' && action === 'deprovisionIdentity') {
    delete workspace.identity;
    store.save();
    return { status: 200 };
  }
  throw new AzureError(404, 'NotFound', `${method} ${action} of a workspace is not offered by the local cloud.`);
}

function list(objectId: string, query: URLSearchParams, { store, pageSize }: FabricParts): Reply {
  const asked = query.get('roles')?.split(',');
  const mine = Object.values(store.state.workspaces).filter((workspace) => {
    const role = store.roleIn(workspace, objectId);
    return role !== undefined && (asked?.includes(role) ?? true);
  });
  return pageOf(mine.map(told), query, pageSize);
}

function make({ body, caller }: FabricRequest, parts: FabricParts): Reply {
  const { displayName, description = '', capacityId } = body;
  if (typeof displayName !== 'string' || displayName === '' || displayName.length > 256) {
    throw new AzureError(400, 'InvalidInput', 'The displayName of a workspace must be a text of 1 to 256 characters.');
  }
  nameIsFree(parts.store, displayName);
  const capacity = capacityId === undefined ? undefined : capacityOf(String(capacityId), caller.objectId, parts);
  const principal = { id: caller.objectId, type: 'ServicePrincipal' };
  const workspace: Workspace = {
    ...{ id: randomUUID(), displayName, description: String(description), capacityId: capacity },
    roles: [{ id: caller.objectId, principal, role: 'Admin' }],
  };
  parts.store.state.workspaces[workspace.id] = workspace;
  parts.store.save();
  return { status: 201, body: told(workspace) };
}

function nameIsFree({ state }: FabricStore, displayName: string, own?: Workspace): void {
  const holder = Object.values(state.workspaces).find((one) => one.displayName === displayName && one !== own);
  if (holder) throw new AzureError(409, 'WorkspaceNameAlreadyExists', `There is a workspace '${displayName}' already.`);
}

/** @throws AzureError 403 for a capacity of which the caller is no administrator */
function capacityOf(id: string, objectId: string, { resources, store }: FabricParts): string {
  const capacity = resources
    .list('fabric:FabricCapacity')
    .find((one) => store.state.capacities[idKey(one.id)] === id.toLowerCase());
  if (capacity && isAdministrator(capacity, objectId)) return id.toLowerCase();
  throw new AzureError(
    403,
    'InsufficientPrivileges',
    `The principal ${objectId} is no administrator of the capacity '${id}'.`,
  );
}

function answerOne({ method, body, caller }: FabricRequest, id: string, { store }: FabricParts): Reply {
  if (method === 'GET') return { status: 200, body: told(store.workspace(id, caller.objectId, 'Viewer')) };
  const workspace = store.workspace(id, caller.objectId, 'Admin');
  if (method === 'PATCH') {
    const { displayName = workspace.displayName, description = workspace.description } = body;
    nameIsFree(store, String(displayName), workspace);
    Object.assign(workspace, { displayName, description });
    store.save();
    return { status: 200, body: told(workspace) };
  }
  if (method !== 'DELETE') throw new AzureError(405, 'MethodNotAllowed', `${method} of a workspace is not offered.`);
  for (const item of store.items(workspace.id)) delete store.state.items[item.id];
  delete store.state.workspaces[workspace.id];
  store.save();
  return { status: 200 };
}

function assign({ body, caller }: FabricRequest, workspace: Workspace, parts: FabricParts): Reply {
  workspace.capacityId = capacityOf(String(body.capacityId), caller.objectId, parts);
  parts.store.save();
  return { status: 202 };
}

/** The identity is a service principal of the tenant's from then on. */
function provisionIdentity(workspace: Workspace, { store, operations }: FabricParts): Reply {
  return operations.begin(() => {
    workspace.identity ??= { applicationId: randomUUID(), servicePrincipalId: randomUUID() };
    store.save();
    return workspace.identity;
  });
}

function told({ id, displayName, description, capacityId, identity }: Workspace): object {
  return {
    id,
    displayName,
    description,
    type: 'Workspace',
    capacityId,
    ...(identity && { workspaceIdentity: identity }),
  };
}
