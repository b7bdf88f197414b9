import * as pulumi from '@pulumi/pulumi';
import { dashboardByHand, settingsByHand } from './byHand';
import { assignOwners, assignRoles, refreshOnDemand } from './dashboardAccess';
import { type DashboardItems, dashboardItems } from './dashboardItems';
import type { Dashboard, DashboardSettings, DashboardSite, FabricPlace } from './dashboardSettings';
import { sqlServerName } from './dashboardSettings';
import { FabricConnection, FabricWorkspace } from './resources';

export type {
  Dashboard,
  DashboardPrincipal,
  DashboardSettings,
  DashboardSite,
  FabricPlace,
} from './dashboardSettings';

/** A capacity that has just been made, and a first import, take minutes. */
const limitSeconds = 900;

/** How every resource here reaches Fabric. */
export interface Access {
  readonly fabricApiUrl: pulumi.Input<string>;
  readonly tokenScope: string;
  readonly tenantId: pulumi.Input<string>;
  readonly authorityHost: string;
  readonly limitSeconds: number;
}

/**
 * Microsoft Fabric's part of the dashboard, as resources made with the deployer's token; or, without `fabric`, as files with an
 * ordered list of steps. The capacity and the SQL user of the workspace identity are the caller's.
 */
export function fabricDashboard(site: DashboardSite, settings: DashboardSettings): Dashboard {
  return settings.fabric ? made(site, settings, settings.fabric) : dashboardByHand(settings);
}

function made(site: DashboardSite, settings: DashboardSettings, fabric: FabricPlace): Dashboard {
  const { authorityHost, fabricApiUrl, fabricScope: tokenScope } = fabric;
  const access: Access = {
    fabricApiUrl,
    tokenScope,
    tenantId: site.surroundings.tenantId,
    authorityHost,
    limitSeconds,
  };
  const workspace = workspaceOf(site, settings, access);
  assignRoles(site, settings, access, workspace);
  const server = pulumi.output(settings.sqlServerHost).apply(sqlServerName);
  const place = { server, database: settings.databaseName, gatewayId: settings.gatewayId ?? '' };
  const connection = new FabricConnection(
    ...site.children.of(
      'dashboard-connection',
      { ...access, ...place, displayName: settings.workspaceName },
      // It is read as the identity of the workspace.
      { ...site.dataPlane, dependsOn: [workspace] },
    ),
  );
  assignOwners(site, settings, access, connection);
  const items = dashboardItems(site, settings, access, { workspace, connection, place });
  refreshOnDemand(site, settings, fabric, access, workspace, items);
  return told(settings, workspace, items);
}

function workspaceOf(site: DashboardSite, settings: DashboardSettings, access: Access): FabricWorkspace {
  const { workspaceName: displayName, capacityId, hospitalId } = settings;
  const description = `Patients at risk in ${hospitalId}`;
  const props = { ...access, displayName, description, capacityId, hasIdentity: true };
  return new FabricWorkspace(...site.children.of('dashboard-workspace', props, site.dataPlane));
}

function told(settings: DashboardSettings, workspace: FabricWorkspace, { model, report }: DashboardItems): Dashboard {
  return {
    workspaceId: workspace.id,
    semanticModelId: model.id,
    reportId: report.id,
    reportUrl: pulumi.interpolate`https://app.powerbi.com/groups/${workspace.id}/reports/${report.id}`,
    workspaceIdentity: {
      name: workspace.displayName,
      objectId: workspace.identityObjectId,
      clientId: workspace.identityClientId,
    },
    manualSteps: pulumi.all(settingsByHand(settings)),
  };
}
