import { RoleDefinition } from '@pulumi/azure-native/authorization/roleDefinition';
import type { OnlineEndpoint } from '@pulumi/azure-native/machinelearningservices/onlineEndpoint';
import * as pulumi from '@pulumi/pulumi';
import { nameFromId } from '../../azure/component';
import { type AppIdentity, type CustomRole, uuidOfNames } from '../../azure/identity';
import type { ScoringSite } from '../site';

const action = 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action';

/**
 * The right to ask the endpoint, and no other. No built-in role is as narrow: AzureML Data Scientist, which is the least that
 * holds it, may also change and delete the endpoint. So it is a custom role of the resource group.
 */
export function scorerRole(site: ScoringSite, endpoint: OnlineEndpoint, identity: AppIdentity): pulumi.Resource[] {
  const { settings, grants } = site;
  const role: CustomRole =
    settings.roleAssignmentMode === 'external'
      ? { name: `a custom role with the action ${action}` }
      : { name: 'scoreOnlineEndpoint', id: newRole(site, endpoint).id };
  return grants.add({
    name: 'score-endpoint',
    principalId: identity.principalId,
    principalType: 'ServicePrincipal',
    role,
    scope: endpoint.id,
    reason: 'Step 10: score asks the model for predictions.',
  });
}

function newRole({ children, surroundings }: ScoringSite, endpoint: OnlineEndpoint): RoleDefinition {
  const { subscriptionId, resourceGroupName } = surroundings;
  const scope = pulumi.interpolate`/subscriptions/${subscriptionId}/resourceGroups/${resourceGroupName}`;
  return new RoleDefinition(
    ...children.of('endpoint-scorer', {
      scope,
      roleDefinitionId: scope.apply((group) => uuidOfNames(group.toLowerCase(), action)),
      roleName: pulumi.interpolate`Asks the online endpoint ${nameFromId(endpoint.id)}`,
      roleType: 'CustomRole',
      description: 'Sends windows of vital signs to the model, without the name of a patient, and reads predictions.',
      permissions: [{ actions: [action], notActions: [], dataActions: [], notDataActions: [] }],
      assignableScopes: [scope],
    }),
  );
}
