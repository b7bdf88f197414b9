import type { ArmResource, Resources } from '../contracts';
import { nameOf } from '../controlPlane/armIds';
import { valuesAt } from '../controlPlane/values';
import { holds, roleOfDefinitionId } from './roles';

/**
 * Actions of the management plane that data endpoints ask for. A custom role holds them in `actions`, all others that the
 * local cloud asks for in `dataActions`.
 */
const managementActions = [
  /^Microsoft\.MachineLearningServices\/workspaces\/onlineEndpoints\/(score|token)\/action$/i,
  /^Microsoft\.Storage\/storageAccounts\/blobServices\/generateUserDelegationKey\/action$/i,
  /^Microsoft\.Storage\/storageAccounts\/blobServices\/containers\/(read|write|delete)$/i,
];

const definitionId = /(?:^|\/)providers\/Microsoft\.Authorization\/roleDefinitions\/[0-9a-f-]{36}$/i;

/** The custom role behind the id of its definition. Its GUID is its own in the whole tenant, whatever scope the id names. */
export function customRole(resources: Resources, id: string): ArmResource | undefined {
  if (!definitionId.test(id)) return undefined;
  const guid = nameOf(id).toLowerCase();
  return resources.list('authorization:RoleDefinition').find((role) => nameOf(role.id).toLowerCase() === guid);
}

/** Whether the role, built in or custom, allows the action. False for a role that is not known. */
export function roleAllows(resources: Resources, roleDefinitionId: string, action: string): boolean {
  const builtIn = roleOfDefinitionId(roleDefinitionId);
  if (builtIn) return holds(builtIn, action);
  const custom = customRole(resources, roleDefinitionId);
  if (!custom) return false;
  const isManagement = managementActions.some((pattern) => pattern.test(action));
  const [allowed, except] = isManagement ? ['actions', 'notActions'] : ['dataActions', 'notDataActions'];
  const patterns = (permission: unknown, list: string) =>
    valuesAt(permission, `${list}[]`).map(({ value }) => String(value));
  // Learn: "Understand Azure role definitions": what one permission leaves out, another one may allow.
  return valuesAt(custom.inputs, 'permissions[]').some(
    ({ value }) =>
      holds({ dataActions: patterns(value, allowed as string) }, action) &&
      !holds({ dataActions: patterns(value, except as string) }, action),
  );
}
