import { Workspace } from '@pulumi/azure-native/operationalinsights/workspace';
import type * as pulumi from '@pulumi/pulumi';
import type { Children, Surroundings } from './component';
import type { SecurityFloor } from './merge';

/** Logs tell who did what; a workspace that takes its keys takes logs from anyone who holds them. */
export const logFloor: SecurityFloor = {
  child: 'log-workspace',
  path: ['features', 'disableLocalAuth'],
  allowed: [true],
  risk: 'localAuthentication',
};

/** A Log Analytics workspace that takes logs from identities only. */
export function logWorkspace(
  children: Children,
  { resourceGroupName, location, tags }: Omit<Surroundings, 'subscriptionId' | 'tenantId'>,
  workspaceName: pulumi.Output<string>,
  retentionInDays: pulumi.Input<number>,
): Workspace {
  return new Workspace(
    ...children.of('log-workspace', {
      resourceGroupName,
      workspaceName,
      location,
      tags,
      sku: { name: 'PerGB2018' },
      retentionInDays,
      features: { disableLocalAuth: true },
    }),
  );
}
