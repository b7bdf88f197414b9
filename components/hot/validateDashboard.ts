import { clouds } from '../azure/clouds';
import { PrincipalType } from '../azure/identity';
import type { Problems } from '../azure/validation';
import { DashboardDeployment } from './choices';
import type { DashboardPrincipalSettings } from './dashboardSettings';
import type { CompleteHotPath } from './defaults';

/** "Microsoft Fabric features by SKU". */
const capacitySkus = Array.from({ length: 11 }, (_, power) => `F${2 ** (power + 1)}`);

const capacityId = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Fabric\/capacities\/[^/]+$/i;

/** What is wrong with the dashboard's settings, whose paths start there. */
export function dashboardProblems(problems: Problems, { dashboard, cloud }: CompleteHotPath): void {
  if (!dashboard) return;
  const { existingFabricCapacityId, capacityAdministrators, capacitySku } = dashboard;
  if (clouds[cloud] && clouds[cloud].fabric === undefined) {
    problems.add('existingFabricCapacityId', `Microsoft Fabric is not offered in ${cloud}; leave dashboard out.`);
  }
  problems.text(
    'existingFabricCapacityId',
    existingFabricCapacityId,
    capacityId,
    'must be the ARM id of a Fabric capacity',
  );
  problems.oneOf('capacitySku', capacitySku, capacitySkus, 'the size of a Fabric capacity');
  if (existingFabricCapacityId === undefined && capacityAdministrators.length === 0) {
    problems.add(
      'capacityAdministrators',
      'a new Fabric capacity needs somebody who administers it; name at least one.',
    );
  }
  const seconds = 'the seconds after which a page asks for new data';
  problems.wholeNumber('pageRefreshSeconds', dashboard.pageRefreshSeconds, 1, 1800, seconds);
  const ways = Object.values(DashboardDeployment);
  problems.oneOf('deployment', dashboard.deployment, ways, 'how the dashboard gets into Microsoft Fabric');
  problems.text('workspaceIdentityClientId', dashboard.workspaceIdentityClientId, guid, 'must be a GUID');
  if (dashboard.workspaceIdentityClientId !== undefined && dashboard.deployment === 'resources') {
    problems.add('workspaceIdentityClientId', 'is for deployment files; leave it out.');
  }
  problems.text('workspaceName', dashboard.workspaceName, /^\S(.{0,254}\S)?$/u, 'must be 1 to 256 characters');
  for (const key of ['fabricApiUrl', 'powerBiApiUrl'] as const) {
    problems.text(key, dashboard[key], /^https:\/\/\S*[^\s/]$/, 'must be an HTTPS address without a slash at its end');
  }
  for (const list of ['administrators', 'viewers', 'operators'] as const)
    principalProblems(problems, list, dashboard[list]);
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function principalProblems(problems: Problems, list: string, principals: readonly DashboardPrincipalSettings[]): void {
  principals.forEach(({ name, objectId, principalType }, i) => {
    const path = `${list}[${i}]`;
    const rule = 'must be 1 to 40 letters, digits and hyphens';
    problems.text(`${path}.name`, name, /^[A-Za-z0-9](-?[A-Za-z0-9]){0,39}$/, rule);
    problems.text(`${path}.objectId`, objectId, guid, 'the object id of a principal must be a GUID');
    problems.oneOf(`${path}.principalType`, principalType, Object.values(PrincipalType), 'the type of a principal');
  });
  if (new Set(principals.map(({ name }) => name)).size < principals.length)
    problems.add(list, 'each must have a name of its own.');
}
