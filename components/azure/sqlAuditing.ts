import { ExtendedServerBlobAuditingPolicy } from '@pulumi/azure-native/sql/extendedServerBlobAuditingPolicy';
import { ServerSecurityAlertPolicy } from '@pulumi/azure-native/sql/serverSecurityAlertPolicy';
import * as pulumi from '@pulumi/pulumi';
import type { Children } from './component';
import { type DiagnosticSettings, diagnose } from './diagnostics';
import { goesWith } from './protection';
import type { SqlServerNodes } from './sqlServer';

/** Who logged in, and all that was read and changed: the set that Azure recommends. */
const auditActionsAndGroups = [
  'BATCH_COMPLETED_GROUP',
  'SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP',
  'FAILED_DATABASE_AUTHENTICATION_GROUP',
];

/**
 * Audits every database of a server into a Log Analytics workspace, work of Microsoft's own support included. The policy only
 * opens the source: what carries the records are diagnostic settings of the database `master`.
 */
export function auditServer(
  children: Children,
  { server, name, resourceGroupName }: SqlServerNodes,
  settings: DiagnosticSettings,
  protection: { readonly protect: boolean },
): void {
  const policy = new ExtendedServerBlobAuditingPolicy(
    ...children.of(
      'sql-auditing',
      {
        ...{ resourceGroupName, serverName: name, blobAuditingPolicyName: 'default', state: 'Enabled' as const },
        ...{ isAzureMonitorTargetEnabled: true, isDevopsAuditEnabled: true, auditActionsAndGroups },
      },
      goesWith(server, protection.protect),
    ),
  );
  diagnose(children, 'sql-audit', pulumi.interpolate`${server.id}/databases/master`, settings, true, {
    dependsOn: policy,
  });
}

/** Microsoft Defender for SQL: tells of injections, and of logins and exports that are unlike those before. */
export function watchServer(
  children: Children,
  { server, name, resourceGroupName }: SqlServerNodes,
  protection: { readonly protect: boolean },
): void {
  const place = { resourceGroupName, serverName: name, securityAlertPolicyName: 'Default' };
  new ServerSecurityAlertPolicy(
    ...children.of(
      'sql-threat-protection',
      { ...place, state: 'Enabled' as const, emailAccountAdmins: false },
      goesWith(server, protection.protect),
    ),
  );
}
