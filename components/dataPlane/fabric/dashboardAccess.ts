import type { Access } from './dashboard';
import type { DashboardItems } from './dashboardItems';
import type { DashboardPrincipal, DashboardSettings, DashboardSite, FabricPlace } from './dashboardSettings';
import { type FabricConnection, FabricRefresh, FabricRoleAssignment, type FabricWorkspace } from './resources';

/** Administrators of the workspace, and those who only look: row-level security binds nobody else. */
export function assignRoles(
  { children, dataPlane }: DashboardSite,
  { administrators, viewers, operators }: DashboardSettings,
  access: Access,
  workspace: FabricWorkspace,
): void {
  const roles = [
    ...administrators.map((principal) => ({ principal, role: 'Admin' })),
    ...[...viewers, ...operators].map((principal) => ({ principal, role: 'Viewer' })),
  ];
  for (const { principal, role } of roles) {
    const props = { ...access, ...assignment(principal, role), collection: 'workspaces', parentId: workspace.id };
    const child = `dashboard-${role.toLowerCase()}-${principal.name}`;
    new FabricRoleAssignment(...children.of(child, props, { ...dataPlane, deletedWith: workspace }));
  }
}

/** A connection that only the deployer sees is lost with the deployer. */
export function assignOwners(
  { children, dataPlane }: DashboardSite,
  { administrators }: DashboardSettings,
  access: Access,
  connection: FabricConnection,
): void {
  for (const principal of administrators) {
    const props = { ...access, ...assignment(principal, 'Owner'), collection: 'connections', parentId: connection.id };
    const child = `dashboard-connection-owner-${principal.name}`;
    new FabricRoleAssignment(...children.of(child, props, { ...dataPlane, deletedWith: connection }));
  }
}

function assignment({ objectId, principalType }: DashboardPrincipal, role: string) {
  return { principalId: objectId, principalType, role };
}

/** A refresh with the deployment whenever the trigger is another one. */
export function refreshOnDemand(
  { children, dataPlane }: DashboardSite,
  { refreshTrigger }: DashboardSettings,
  { powerBiApiUrl, powerBiScope }: FabricPlace,
  { tenantId, authorityHost, limitSeconds }: Access,
  workspace: FabricWorkspace,
  { model, binding }: DashboardItems,
): void {
  if (refreshTrigger === undefined) return;
  const access = { tenantId, authorityHost, limitSeconds, tokenScope: powerBiScope, powerBiApiUrl };
  const props = { ...access, workspaceId: workspace.id, semanticModelId: model.id, trigger: refreshTrigger };
  const opts = { ...dataPlane, deletedWith: model, dependsOn: [binding] };
  new FabricRefresh(...children.of('dashboard-refresh', props, opts));
}
