import { randomUUID } from 'node:crypto';
import type { ArmResource, Properties } from '../../contracts';
import { customRole } from '../../identity/customRoles';
import { roleOfDefinitionId } from '../../identity/roles';
import { isAtOrBelow, nameOf } from '../armIds';
import { isUnknownAt, textAt, valuesAt } from '../values';
import { type Failure, inGroup, type Kind, type Surroundings } from './kind';
import { oneOf, refersTo } from './rules';

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const userAssignedIdentity: Kind = {
  kind: 'managedidentity:UserAssignedIdentity',
  armType: 'Microsoft.ManagedIdentity/userAssignedIdentities',
  id: inGroup('Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}'),
  name: {
    min: 3,
    max: 128,
    pattern: /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
    allowed: 'letters, digits, hyphens and underscores, starting with a letter or digit',
  },
  computed: (_, tenantId) => ({ principalId: randomUUID(), clientId: randomUUID(), tenantId }),
};

export const roleAssignment: Kind = {
  kind: 'authorization:RoleAssignment',
  armType: 'Microsoft.Authorization/roleAssignments',
  id: '{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}',
  name: { min: 36, max: 36, pattern: guid, allowed: 'a GUID' },
  autoName: 'guid',
  // ARM: "Updating a role assignment is not allowed except for description, condition"; the SDK replaces on these.
  immutable: ['principalId', 'principalType', 'roleDefinitionId', 'delegatedManagedIdentityResourceId'],
  rules: [refersTo('scope'), knownRole, knownPrincipal, oneAssignment, oneOf('conditionVersion', ['2.0'], 'ARM types')],
};

/** Azure answers `RoleDefinitionDoesNotExist`. Of built-in roles the local cloud knows some. */
function knownRole(inputs: Properties, around: Surroundings): Failure[] {
  const id = textAt(inputs, 'roleDefinitionId');
  if (id === undefined || roleOfDefinitionId(id)) return [];
  const custom = customRole(around.resources, id);
  if (custom) return assignable(inputs, custom);
  if (around.exists(id)) return [];
  const reason = `role definition '${id}' does not exist or is not one of the built-in roles that the local cloud knows (local/identity/roles.ts).`;
  return [{ property: 'roleDefinitionId', reason }];
}

/** Learn: "Azure custom roles": a role can be assigned at its assignable scopes and below. */
function assignable(inputs: Properties, role: ArmResource): Failure[] {
  const scope = textAt(inputs, 'scope');
  const scopes = valuesAt(role.inputs, 'assignableScopes[]').map(({ value }) => String(value));
  if (scope === undefined || scopes.some((above) => isAtOrBelow(scope, above))) return [];
  const reason = `the custom role '${role.id}' cannot be assigned at '${scope}'; its assignableScopes are ${scopes.join(', ')}.`;
  return [{ property: 'scope', reason }];
}

/**
 * Azure answers `PrincipalNotFound` or `UnmatchedPrincipalType`. Only managed identities are known here: users and groups
 * live in a directory that no program declares.
 */
function knownPrincipal(inputs: Properties, around: Surroundings): Failure[] {
  const id = textAt(inputs, 'principalId');
  const type = textAt(inputs, 'principalType');
  if (id === undefined || isUnknownAt(inputs, 'principalType')) return [];
  if (!guid.test(id)) {
    return [{ property: 'principalId', reason: `principalId is '${id}'; needed is the object id, a GUID.` }];
  }
  // Role assignments have a principalId, too, which makes nobody an identity.
  const isIdentity = around.resources.below('/subscriptions').some(({ kind, outputs }) => {
    const own = kind === userAssignedIdentity.kind ? outputs.principalId : textAt(outputs, 'identity.principalId');
    return own === id;
  });
  if (isIdentity === (type === 'ServicePrincipal') || (!isIdentity && type !== undefined)) return [];
  const what = isIdentity ? 'a managed identity' : 'not in the directory';
  const reason = `principal '${id}' is ${what}, and principalType is '${type ?? 'absent'}'; set 'ServicePrincipal' for a managed identity, so that a new one need not have been replicated yet.`;
  return [{ property: 'principalType', reason }];
}

/** Azure answers 409 `RoleAssignmentExists` for the same principal, role and scope under another name. */
function oneAssignment(inputs: Properties, around: Surroundings): Failure[] {
  if (around.current || !around.id) return [];
  const [principal, role, scope] = ['principalId', 'roleDefinitionId', 'scope'].map((key) => textAt(inputs, key));
  if (!principal || !role || !scope) return [];
  const same = around.resources
    .list('authorization:RoleAssignment')
    .find(
      ({ id, inputs: other }) =>
        id.toLowerCase() !== around.id?.toLowerCase() &&
        other.principalId === principal &&
        nameOf(String(other.roleDefinitionId)).toLowerCase() === nameOf(role).toLowerCase() &&
        isAtOrBelow(String(other.scope), scope) &&
        isAtOrBelow(scope, String(other.scope)),
    );
  if (!same) return [];
  const reason = `principal '${principal}' already has this role at this scope by '${same.id}' (RoleAssignmentExists); import that one, or leave this one out.`;
  return [{ property: 'roleAssignmentName', reason }];
}

export const lock: Kind = {
  kind: 'authorization:ManagementLockByScope',
  armType: 'Microsoft.Authorization/locks',
  id: '{scope}/providers/Microsoft.Authorization/locks/{lockName}',
  name: {
    min: 1,
    max: 90,
    pattern: /^[A-Za-z0-9._()-]*[A-Za-z0-9_()-]$/,
    allowed: 'letters, digits, periods, underscores, hyphens and parentheses, not ending in a period',
  },
  rules: [refersTo('scope'), oneOf('level', ['CanNotDelete', 'ReadOnly'], 'Learn: Lock your resources')],
};
