import type * as pulumi from '@pulumi/pulumi';
import { dataPlaneOptions } from '../dataPlane/resources';
import type { CompleteCommonSettings } from './commonDefaults';
import { Children, Names, type Surroundings } from './component';
import { Grants } from './identity';
import { dataProtection } from './protection';

/** Which hospital a component is for, and where it lies. */
export interface Placement {
  readonly hospitalId: string;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly location?: pulumi.Input<string>;
}

/** What the steps of building a component share. */
export interface Site<Settings extends CompleteCommonSettings = CompleteCommonSettings> {
  readonly children: Children;
  readonly names: Names;
  readonly surroundings: Surroundings;
  readonly settings: Settings;
  readonly grants: Grants;
  readonly protection: { protect: boolean };
  readonly dataPlane: pulumi.CustomResourceOptions;
  readonly hospitalId: string;
}

export function siteOf<Settings extends CompleteCommonSettings>(
  component: pulumi.ComponentResource,
  name: string,
  { hospitalId, resourceGroupName, location }: Placement,
  settings: Settings,
): Site<Settings> {
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
