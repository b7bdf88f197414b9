import * as pulumi from '@pulumi/pulumi';
import { Children, Names, type Surroundings } from '../azure/component';
import { Grants } from '../azure/identity';
import { dataProtection } from '../azure/protection';
import { dataPlaneOptions, RolePropagation } from '../dataPlane/resources';
import type { IoMTIngestArgs } from '../iomtIngest';
import type { CompleteSettings } from './defaults';

/** What the steps of building share. */
export interface Site {
  readonly children: Children;
  readonly names: Names;
  readonly surroundings: Surroundings;
  readonly settings: CompleteSettings;
  readonly grants: Grants;
  readonly protection: { protect: boolean };
  readonly dataPlane: pulumi.CustomResourceOptions;
  readonly hospitalId: string;
}

export function siteOf(
  component: pulumi.ComponentResource,
  name: string,
  { hospitalId, resourceGroupName, location }: IoMTIngestArgs,
  settings: CompleteSettings,
): Site {
  const children = new Children(component, name, settings.overrides);
  const { tenantId, subscriptionId } = children.clientConfig();
  const { environment, nameGeneration, tags } = settings;
  return {
    children,
    names: new Names({ hospitalId, environment, nameGeneration }, subscriptionId),
    surroundings: {
      resourceGroupName,
      location,
      tags: { hospitalId, environment, ...tags },
      subscriptionId,
      tenantId,
    },
    settings,
    grants: new Grants(children, subscriptionId, settings.roleAssignmentMode),
    protection: dataProtection(component, settings),
    dataPlane: dataPlaneOptions(component, name),
    hospitalId,
  };
}

/** A gate that opens when the role assignments have reached the services; nothing to wait for without any. */
export function propagated(
  { children, settings, dataPlane }: Site,
  child: string,
  assignments: pulumi.CustomResource[],
): pulumi.Resource[] {
  if (assignments.length === 0) return [];
  const ids = pulumi.all(assignments.map(({ id }) => id)).apply((all) => all.toSorted());
  return [
    new RolePropagation(
      ...children.of(child, { roleAssignmentIds: ids, seconds: settings.rolePropagationSeconds }, dataPlane),
    ),
  ];
}
