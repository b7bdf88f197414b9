import { DiagnosticSetting } from '@pulumi/azure-native/monitor/diagnosticSetting';
import * as pulumi from '@pulumi/pulumi';
import type { Children } from './component';

/** Where the logs and metrics of every resource go. */
export interface DiagnosticSettings {
  /** ARM id of the Log Analytics workspace. */
  workspaceId: pulumi.Input<string>;
}

/** All logs and all metrics of one resource, to the workspace: one setting a resource. */
export function diagnose(
  children: Children,
  child: string,
  resourceUri: pulumi.Input<string>,
  settings: DiagnosticSettings | undefined,
  logs = true,
  opts: pulumi.CustomResourceOptions = {},
): void {
  if (!settings) return;
  const args = {
    name: 'all-to-log-analytics',
    resourceUri,
    workspaceId: settings.workspaceId,
    ...(logs && { logs: [{ categoryGroup: 'allLogs', enabled: true }] }),
    metrics: [{ category: 'AllMetrics', enabled: true }],
  };
  new DiagnosticSetting(...children.of(`${child}-diagnostics`, args, opts));
}

/** The blob service of a storage account, which has logs of its own. */
export function blobServiceOf(accountId: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.interpolate`${accountId}/blobServices/default`;
}
