import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup';
import * as pulumi from '@pulumi/pulumi';
import { type Children, Names, nameFromId } from '../azure/component';
import { logWorkspace } from '../azure/logWorkspace';
import type { HospitalEnvironmentArgs } from '../hospitalEnvironment';

/** What the components of a hospital lie in and log to: new, unless it exists already. */
export function surroundings(children: Children, args: HospitalEnvironmentArgs) {
  const { hospitalId, location, environment = 'prod', nameGeneration = 1 } = args;
  const names = new Names({ hospitalId, environment, nameGeneration }, children.clientConfig().subscriptionId);
  const tags = { hospitalId, environment, ...args.tags };
  const resourceGroupName = resourceGroup(children, names, args, tags);
  const logWorkspaceId = args.diagnosticSettings?.workspaceId ?? args.existingLogWorkspaceId;
  if (logWorkspaceId !== undefined) return { resourceGroupName, logWorkspaceId: pulumi.output(logWorkspaceId) };
  const workspaceName = names.of('logWorkspace', args.names?.logWorkspace);
  const place = { resourceGroupName, location, tags };
  const workspace = logWorkspace(children, place, workspaceName, args.logRetentionDays ?? 365);
  return { resourceGroupName, logWorkspaceId: workspace.id };
}

export type Around = ReturnType<typeof surroundings>;

function resourceGroup(
  children: Children,
  names: Names,
  { location, existingResourceGroupName, names: given }: HospitalEnvironmentArgs,
  tags: Record<string, pulumi.Input<string>>,
): pulumi.Output<string> {
  if (existingResourceGroupName !== undefined) return pulumi.output(existingResourceGroupName);
  const group = new ResourceGroup(
    ...children.of('resource-group', {
      resourceGroupName: names.of('resourceGroup', given?.resourceGroup),
      location,
      tags,
    }),
  );
  return nameFromId(group.id);
}
