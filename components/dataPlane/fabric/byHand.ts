import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { deployedModel, modelFolder, readDashboardSource, reportFolder } from '../../../runtime/powerbi/source';
import {
  type Dashboard,
  type DashboardPrincipal,
  type DashboardSettings,
  dashboardName,
  sqlServerName,
} from './dashboardSettings';

/** Roles of the semantic model, as its source names them. */
export const careTeamRole = 'Care team';
export const hospitalRole = 'Whole hospital';

/** What no API does: settings of the tenant, the gateway, and members of the model's roles. */
export function settingsByHand(settings: DashboardSettings): pulumi.Output<string>[] {
  return [...tenantSteps(), ...gatewaySteps(settings), ...memberSteps(settings)];
}

function tenantSteps(): pulumi.Output<string>[] {
  return [
    pulumi.output(
      'In the Fabric admin portal, tenant settings, developer settings: let the deployer use "Service principals can call Fabric public APIs" and "Service principals can create workspaces, connections, and deployment pipelines".',
    ),
    pulumi.output(
      'In the settings of the capacity, Power BI workloads: switch on automatic page refresh with a minimum interval not above that of the report.',
    ),
  ];
}

function gatewaySteps({ isServerPrivate, gatewayId }: DashboardSettings): pulumi.Output<string>[] {
  if (!isServerPrivate || gatewayId !== undefined) return [];
  return [
    pulumi.output(
      'The SQL server has no public endpoint: register the resource provider Microsoft.PowerPlatform, delegate a subnet that reaches it to Microsoft.PowerPlatform/vnetaccesslinks, make a virtual network data gateway in it on the capacity (Manage connections and gateways), and give its id (gatewayId).',
    ),
  ];
}

function memberSteps({ workspaceName, viewers, operators }: DashboardSettings): pulumi.Output<string>[] {
  const step = (role: string, principals: readonly DashboardPrincipal[]) =>
    pulumi.interpolate`In the workspace ${workspaceName}, semantic model ${dashboardName}, Security: add ${named(principals)} to the role "${role}"; no API does, and who is in no role sees nothing.`;
  return [
    ...(viewers.length > 0 ? [step(careTeamRole, viewers)] : []),
    ...(operators.length > 0 ? [step(hospitalRole, operators)] : []),
  ];
}

function named(principals: readonly DashboardPrincipal[]): pulumi.Output<string> {
  return pulumi
    .all(principals.map(({ name, objectId }) => pulumi.interpolate`${name} (${objectId})`))
    .apply((texts) => texts.join(', '));
}

/** The files, and the steps in their order. */
export function dashboardByHand(settings: DashboardSettings): Dashboard {
  const { workspaceName, capacityId, databaseName, workspaceIdentityClientId } = settings;
  const server = pulumi.output(settings.sqlServerHost).apply(sqlServerName);
  const folder = join(settings.artefactsFolder, 'powerbi');
  const written = pulumi.all([server, databaseName]).apply(([serverName, database]) => {
    writeSource(folder, serverName, database, settings.hospitalId);
    return folder;
  });
  const through =
    settings.gatewayId === undefined ? '' : pulumi.interpolate`, through the gateway ${settings.gatewayId}`;
  const [settingsFirst, members] = [[...tenantSteps(), ...gatewaySteps(settings)], memberSteps(settings)];
  const steps = [
    ...settingsFirst,
    pulumi.interpolate`Make the workspace ${workspaceName} on the capacity ${capacityId} and, in its settings, its workspace identity; give the application id of the identity (workspaceIdentityClientId), so that the database has its user.`,
    ...roleSteps(settings),
    pulumi.interpolate`Make a connection to the SQL server ${server}, database ${databaseName}, with the authentication method Workspace identity and the privacy level Private${through}.`,
    pulumi.interpolate`Put ${modelFolder} and ${reportFolder} of ${written} into the workspace: by Git integration, by fabric-cicd, or from Power BI Desktop.`,
    pulumi.interpolate`In the settings of the semantic model ${dashboardName}, Gateway and cloud connections: choose that connection. Before that it answers nothing.`,
    ...members,
  ];
  const none = pulumi.output('');
  const clientId = pulumi.output(workspaceIdentityClientId ?? '');
  const workspaceIdentity = { name: pulumi.output(workspaceName), objectId: none, clientId };
  const ids = { workspaceId: none, semanticModelId: none, reportId: none, reportUrl: none };
  return { ...ids, workspaceIdentity, manualSteps: pulumi.all(steps) };
}

function roleSteps({ workspaceName, administrators, viewers, operators }: DashboardSettings): pulumi.Output<string>[] {
  const step = (role: string, principals: readonly DashboardPrincipal[]) =>
    pulumi.interpolate`In the workspace ${workspaceName}, Manage access: give ${named(principals)} the role ${role}.`;
  const seeing = [...viewers, ...operators];
  return [
    ...(administrators.length > 0 ? [step('Admin', administrators)] : []),
    ...(seeing.length > 0 ? [step('Viewer', seeing)] : []),
  ];
}

/** Only a deployment writes the files: a preview leaves no trace. */
function writeSource(folder: string, serverName: string, databaseName: string, hospitalId: string): void {
  if (pulumi.runtime.isDryRun()) return;
  const { model, report } = readDashboardSource();
  const files = {
    [modelFolder]: deployedModel(model, dashboardName, { serverName, databaseName, hospitalId }),
    [reportFolder]: report,
  };
  for (const [item, parts] of Object.entries(files)) {
    for (const [path, text] of Object.entries(parts)) {
      const file = join(folder, item, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
}
