import { FabricCapacity } from '@pulumi/azure-native/fabric/fabricCapacity';
import * as pulumi from '@pulumi/pulumi';
import type { RepositoryUser } from '../../runtime/contracts/appSettings';
import { clouds } from '../azure/clouds';
import { dataAccess } from '../azure/commonDefaults';
import { type FabricPlace, fabricDashboard } from '../dataPlane/fabric/dashboard';
import type { DashboardPrincipalSettings } from './dashboardSettings';
import type { Repository } from './repository';
import type { HotPathSite } from './site';

/** The dashboard of step 15. */
export interface Dashboard {
  /** The capacity, where the hot path made it. */
  readonly capacity?: FabricCapacity;
  readonly capacityId: pulumi.Output<string>;
  /** Where the report is looked at; empty where it is made by hand. */
  readonly url: pulumi.Output<string>;
  /** Who of the dashboard reads the repository; nobody while an identity made by hand is not told. */
  readonly users: readonly pulumi.Input<RepositoryUser>[];
  readonly manualSteps: pulumi.Output<string[]>;
}

type Settings = NonNullable<HotPathSite['settings']['dashboard']>;

export function buildDashboard(site: HotPathSite, dashboard: Settings, repository: Repository): Dashboard {
  const { existingFabricCapacityId } = dashboard;
  const capacity = existingFabricCapacityId === undefined ? fabricCapacity(site, dashboard) : undefined;
  const capacityId = capacity?.id ?? pulumi.output(existingFabricCapacityId as pulumi.Input<string>);
  const made = fabricDashboard(site, {
    ...settingsOf(site, dashboard, repository),
    capacityId,
    fabric: dashboard.deployment === 'files' ? undefined : fabricPlace(site, dashboard),
  });
  const { clientId } = made.workspaceIdentity;
  // Databases know it by its client id; the name is for people, and that of a workspace may be none of a user.
  const name = `dashboard-${site.hospitalId}`;
  const isKnown = dashboard.deployment !== 'files' || dashboard.workspaceIdentityClientId !== undefined;
  return {
    capacity,
    capacityId,
    url: made.reportUrl,
    users: isKnown ? [pulumi.output({ name, clientId, role: 'dashboardReader' as const })] : [],
    manualSteps: made.manualSteps,
  };
}

function settingsOf({ settings, hospitalId }: HotPathSite, dashboard: Settings, repository: Repository) {
  const { administrators, viewers, operators, gatewayId, pageRefreshSeconds, refreshTrigger } = dashboard;
  return {
    hospitalId,
    workspaceName: dashboard.workspaceName ?? `Patients at risk - ${hospitalId} (${settings.environment})`,
    sqlServerHost: repository.server.host,
    databaseName: repository.databaseName,
    ...{ gatewayId, isServerPrivate: dataAccess(settings) === 'Disabled' },
    administrators: administrators.map(principal),
    viewers: viewers.map(principal),
    operators: operators.map(principal),
    ...{ pageRefreshSeconds, refreshTrigger },
    artefactsFolder: settings.artefactsFolder,
    workspaceIdentityClientId: dashboard.workspaceIdentityClientId,
  };
}

const principal = ({ principalType = 'Group', ...rest }: DashboardPrincipalSettings) => ({ ...rest, principalType });

function fabricPlace({ settings: { cloud } }: HotPathSite, dashboard: Settings): FabricPlace {
  const { authorityHost, fabric } = clouds[cloud];
  if (fabric === undefined) throw new Error(`Microsoft Fabric is not offered in ${cloud}.`);
  return {
    authorityHost,
    fabricApiUrl: dashboard.fabricApiUrl ?? fabric.apiUrl,
    fabricScope: fabric.scope,
    powerBiApiUrl: dashboard.powerBiApiUrl ?? fabric.powerBiApiUrl,
    powerBiScope: fabric.powerBiScope,
  };
}

function fabricCapacity(
  { children, names, surroundings, settings }: HotPathSite,
  { capacityAdministrators, capacitySku }: Settings,
): FabricCapacity {
  const { resourceGroupName, location, tags } = surroundings;
  return new FabricCapacity(
    ...children.of('fabric-capacity', {
      resourceGroupName,
      capacityName: names.of('fabricCapacity', settings.names?.fabricCapacity),
      location,
      tags,
      sku: { name: capacitySku, tier: 'Fabric' },
      administration: { members: capacityAdministrators },
    }),
  );
}
