import { FabricCapacity } from '@pulumi/azure-native/fabric/fabricCapacity';
import * as pulumi from '@pulumi/pulumi';
import type { HotPathSite } from './site';

/** The dashboard of step 15. */
export interface Dashboard {
  /** The capacity, where the hot path made it. */
  readonly capacity?: FabricCapacity;
  readonly capacityId: pulumi.Output<string>;
}

type Settings = NonNullable<HotPathSite['settings']['dashboard']>;

export function buildDashboard(site: HotPathSite, dashboard: Settings): Dashboard {
  const { existingFabricCapacityId } = dashboard;
  if (existingFabricCapacityId !== undefined) return { capacityId: pulumi.output(existingFabricCapacityId) };
  const capacity = fabricCapacity(site, dashboard);
  return { capacity, capacityId: capacity.id };
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
