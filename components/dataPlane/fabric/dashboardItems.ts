import { createHash } from 'node:crypto';
import * as pulumi from '@pulumi/pulumi';
import { deployedModel, deployedReport, type ItemParts, readDashboardSource } from '../../../runtime/powerbi/source';
import { labelled } from '../labelledText';
import type { Access } from './dashboard';
import { type DashboardSettings, type DashboardSite, dashboardName } from './dashboardSettings';
import { FabricBinding, type FabricConnection, FabricItem, type FabricWorkspace } from './resources';

export interface DashboardItems {
  readonly model: FabricItem;
  readonly binding: FabricBinding;
  readonly report: FabricItem;
}

interface Around {
  readonly workspace: FabricWorkspace;
  readonly connection: FabricConnection;
  readonly place: {
    readonly server: pulumi.Output<string>;
    readonly database: pulumi.Input<string>;
    readonly gatewayId: pulumi.Input<string>;
  };
}

/** The semantic model, bound to its source, and the report on it. */
export function dashboardItems(
  site: DashboardSite,
  settings: DashboardSettings,
  access: Access,
  around: Around,
): DashboardItems {
  const source = readDashboardSource();
  const modelParts = pulumi
    .all([around.place.server, around.place.database])
    .apply(([serverName, databaseName]) =>
      deployedModel(source.model, dashboardName, { serverName, databaseName, hospitalId: settings.hospitalId }),
    );
  const model = new FabricItem(
    ...itemOf(site, access, around.workspace, 'model', {
      collection: 'semanticModels',
      description: 'Patients by risk, their trend and flags, and how old their data is',
      format: 'TMSL',
      parts: labelledParts(Object.keys(source.model), modelParts),
    }),
  );
  const binding = bindingOf(site, access, around, model, modelParts);
  const { pageRefreshSeconds } = settings;
  const reportParts = model.id.apply((semanticModelId) =>
    deployedReport(source.report, dashboardName, { semanticModelId, pageRefreshSeconds }),
  );
  const report = new FabricItem(
    ...itemOf(
      site,
      access,
      around.workspace,
      'report',
      {
        collection: 'reports',
        description: 'For care teams and operators',
        format: '',
        parts: labelledParts(Object.keys(source.report), reportParts),
      },
      [model, binding],
    ),
  );
  return { model, binding, report };
}

function itemOf<Rest extends object>(
  { children, dataPlane }: DashboardSite,
  access: Access,
  workspace: FabricWorkspace,
  child: string,
  rest: Rest,
  dependsOn: pulumi.Resource[] = [],
) {
  const props = { ...access, ...rest, workspaceId: workspace.id, displayName: dashboardName };
  return children.of(`dashboard-${child}`, props, { ...dataPlane, deletedWith: workspace, dependsOn });
}

function bindingOf(
  { children, dataPlane }: DashboardSite,
  access: Access,
  { workspace, connection, place }: Around,
  model: FabricItem,
  parts: pulumi.Output<ItemParts>,
): FabricBinding {
  const ids = { workspaceId: workspace.id, semanticModelId: model.id, connectionId: connection.id };
  const props = { ...access, ...place, ...ids, definitionHash: parts.apply(hashOf) };
  return new FabricBinding(...children.of('dashboard-binding', props, { ...dataPlane, deletedWith: model }));
}

function labelledParts(
  paths: readonly string[],
  parts: pulumi.Output<ItemParts>,
): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(paths.map((path) => [path, parts.apply((all) => labelled(path, all[path] ?? ''))]));
}

function hashOf(parts: ItemParts): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
