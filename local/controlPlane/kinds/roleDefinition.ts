import type { Properties } from '../../contracts';
import { idKey, isAtOrBelow, nameOf } from '../armIds';
import { textAt, valuesAt } from '../values';
import type { Failure, Kind, Surroundings } from './kind';
import { atLeastOne, matches, needs, oneOf, refersTo } from './rules';

const source = 'Learn: Azure custom roles';

/** A custom role: what assignments of it allow is enforced as what the built-in roles allow. */
export const roleDefinition: Kind = {
  kind: 'authorization:RoleDefinition',
  armType: 'Microsoft.Authorization/roleDefinitions',
  id: '{scope}/providers/Microsoft.Authorization/roleDefinitions/{roleDefinitionId}',
  name: { min: 36, max: 36, pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, allowed: 'a GUID' },
  autoName: 'guid',
  rules: [
    refersTo('scope'),
    ...['roleName', 'permissions', 'assignableScopes'].map((path) => needs(path, source)),
    atLeastOne('assignableScopes', source),
    oneOf('roleType', ['CustomRole'], source),
    matches('roleName', /^.{1,512}$/s, 'up to 512 characters', 'Learn: Naming rules, Microsoft.Authorization'),
    matches(
      'assignableScopes[]',
      /^\/(subscriptions|providers\/Microsoft\.Management\/managementGroups)\/[^*]+$/i,
      'a subscription, a resource group or a management group, without wildcards',
      source,
    ),
    inAssignableScopes,
    uniqueName,
    plainActions,
  ],
  defaults: () => ({ roleType: 'CustomRole' }),
  computed: () => ({ type: 'Microsoft.Authorization/roleDefinitions' }),
};

function inAssignableScopes(inputs: Properties): Failure[] {
  const scope = textAt(inputs, 'scope');
  const scopes = valuesAt(inputs, 'assignableScopes[]').map(({ value }) => String(value));
  const isKnown = Array.isArray(inputs.assignableScopes) && scopes.length === inputs.assignableScopes.length;
  if (scope === undefined || !isKnown || scopes.some((assignable) => isAtOrBelow(scope, assignable))) return [];
  const reason = `the scope '${scope}' is not among the assignableScopes: ${scopes.join(', ')} (${source}).`;
  return [{ property: 'assignableScopes', reason }];
}

/** Azure answers `RoleDefinitionWithSameNameExists`. */
function uniqueName(inputs: Properties, { id, resources }: Surroundings): Failure[] {
  const name = textAt(inputs, 'roleName');
  if (name === undefined || !id) return [];
  const other = resources
    .list('authorization:RoleDefinition')
    .find(
      (role) => idKey(role.id) !== idKey(id) && textAt(role.inputs, 'roleName')?.toLowerCase() === name.toLowerCase(),
    );
  if (!other) return [];
  return [{ property: 'roleName', reason: `the role name '${name}' is taken by '${other.id}' (${nameOf(other.id)}).` }];
}

/**
 * Azure answers `InvalidActionOrNotAction` for an action in the wrong list. Which list an action is for, only its provider
 * knows; judged are those that programs for this architecture are likely to get wrong.
 */
const notDataActions = [
  /^Microsoft\.MachineLearningServices\/workspaces\/onlineEndpoints\/(score|token|listKeys)\/action$/i,
];

function plainActions(inputs: Properties): Failure[] {
  return valuesAt(inputs, 'permissions[].dataActions[]')
    .filter(({ value }) => notDataActions.some((pattern) => pattern.test(String(value))))
    .map(({ path, value }) => ({
      property: path,
      reason: `'${String(value)}' is no data action; put it into actions (Learn: Azure permissions for AI + machine learning).`,
    }));
}
