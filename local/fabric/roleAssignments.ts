import { AzureError } from '../contracts';
import type { RoleAssignment } from './entities';
import { type FabricRequest, pageOf, type Reply } from './reply';

const principalTypes = ['User', 'Group', 'ServicePrincipal', 'ServicePrincipalProfile'];

/** Roles of one workspace or one connection. The id of an assignment is that of its principal. */
export function answerRoles(
  { method, path, query, body }: FabricRequest,
  assignments: RoleAssignment[],
  allowed: readonly string[],
  pageSize: number,
): Reply {
  const [id] = path;
  if (id === undefined && method === 'GET') return pageOf(assignments, query, pageSize);
  if (id === undefined && method === 'POST') return add(body, assignments, allowed);
  const found = assignments.find((one) => one.id === id);
  if (!found) throw new AzureError(404, 'RoleAssignmentNotFound', `There is no role assignment '${id}'.`);
  if (method === 'GET') return { status: 200, body: found };
  if (method === 'PATCH') {
    found.role = roleOf(body, allowed);
    return { status: 200, body: found };
  }
  if (method === 'DELETE') {
    assignments.splice(assignments.indexOf(found), 1);
    return { status: 200 };
  }
  throw new AzureError(405, 'MethodNotAllowed', `${method} of a role assignment is not offered.`);
}

function add(body: FabricRequest['body'], assignments: RoleAssignment[], allowed: readonly string[]): Reply {
  const { principal } = body as { principal?: { id?: string; type?: string } };
  const type = principal?.type;
  if (typeof principal?.id !== 'string' || type === undefined || !principalTypes.includes(type)) {
    throw new AzureError(
      400,
      'InvalidInput',
      `The principal must have an id and a type of ${principalTypes.join(', ')}.`,
    );
  }
  const { id } = principal;
  if (assignments.some((one) => one.id === id)) {
    throw new AzureError(
      409,
      'PrincipalAlreadyHasWorkspaceRolePermissions',
      `The principal '${id}' has a role already.`,
    );
  }
  const added = { id, principal: { id, type }, role: roleOf(body, allowed) };
  assignments.push(added);
  return { status: 201, body: added };
}

function roleOf({ role }: FabricRequest['body'], allowed: readonly string[]): string {
  if (typeof role === 'string' && allowed.includes(role)) return role;
  throw new AzureError(400, 'InvalidInput', `The role is '${String(role)}'; allowed are ${allowed.join(', ')}.`);
}
