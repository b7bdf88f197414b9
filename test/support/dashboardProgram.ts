import { FabricCapacity } from '@pulumi/azure-native/fabric';
import { ResourceGroup } from '@pulumi/azure-native/resources';
import * as pulumi from '@pulumi/pulumi';
import { Children } from '../../components/azure/component';
import { type DashboardSettings, fabricDashboard } from '../../components/dataPlane/fabric/dashboard';
import { deployer, localTenantId } from '../../local/identity/principals';

export const nurses = 'aaaaaaaa-0000-4000-8000-000000000001';
export const operators = 'aaaaaaaa-0000-4000-8000-000000000002';
export const engineers = 'aaaaaaaa-0000-4000-8000-000000000003';

/** Where the local Fabric answers. */
export interface FabricUrls {
  readonly fabricApiUrl: string;
  readonly powerBiApiUrl: string;
}

/** What a test may vary about the program. */
export interface DashboardVariation extends Partial<Omit<DashboardSettings, 'capacityId' | 'fabric'>> {
  /** Who administers the capacity; the deployer. */
  readonly capacityMembers?: string[];
  /** Name of the resource group, and part of the capacity's. */
  readonly group?: string;
  /** Files and steps instead of resources. */
  readonly byHand?: boolean;
}

/** A capacity and the dashboard on it, in a component. */
export function dashboardProgram(urls: FabricUrls, vary: DashboardVariation = {}) {
  const { capacityMembers = [deployer.objectId], byHand = false, group: place = 'stmary', ...settings } = vary;
  const group = new ResourceGroup('rg', { resourceGroupName: `rg-${place}`, location: 'westeurope' });
  const capacity = new FabricCapacity('capacity', {
    resourceGroupName: group.name,
    capacityName: `fc${place}`,
    sku: { name: 'F2', tier: 'Fabric' },
    administration: { members: capacityMembers },
  });
  const component = new pulumi.ComponentResource('test:index:Dashboard', 'hot');
  const dashboard = fabricDashboard(
    { children: new Children(component, 'hot'), surroundings: { tenantId: localTenantId }, dataPlane: {} },
    {
      hospitalId: 'stmary',
      workspaceName: 'Care risk of St Mary',
      capacityId: capacity.id,
      sqlServerHost: 'localhost:14330',
      databaseName: 'repository',
      isServerPrivate: false,
      administrators: [{ name: 'engineers', objectId: engineers, principalType: 'Group' }],
      viewers: [{ name: 'nurses', objectId: nurses, principalType: 'Group' }],
      operators: [{ name: 'operators', objectId: operators, principalType: 'Group' }],
      pageRefreshSeconds: 60,
      artefactsFolder: 'artefacts',
      ...(byHand ? {} : { fabric: placeOf(urls) }),
      ...settings,
    },
  );
  const { workspaceIdentity, ...outputs } = dashboard;
  return { ...outputs, identity: workspaceIdentity };
}

function placeOf({ fabricApiUrl, powerBiApiUrl }: FabricUrls) {
  return {
    ...{ fabricApiUrl, powerBiApiUrl },
    fabricScope: 'https://api.fabric.microsoft.com/.default',
    powerBiScope: 'https://analysis.windows.net/powerbi/api/.default',
    authorityHost: 'https://login.microsoftonline.com',
  };
}
