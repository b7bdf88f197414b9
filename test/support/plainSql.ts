import type * as keyvault from '@pulumi/azure-native/keyvault';
import type * as managedidentity from '@pulumi/azure-native/managedidentity';
import type * as network from '@pulumi/azure-native/network';
import * as sql from '@pulumi/azure-native/sql';
import type * as pulumi from '@pulumi/pulumi';

const administrator = {
  ...{ administratorType: 'ActiveDirectory', azureADOnlyAuthentication: true, principalType: 'Group' },
  ...{ login: 'sql-admins', sid: '5a1a0000-0000-4000-8000-00000000000a' },
} as const;

/** SQL servers with what belongs to them: one that is closed and has a key of its own, one with an open end. */
export function plainSql(
  inGroup: { resourceGroupName: pulumi.Output<string> },
  identity: managedidentity.UserAssignedIdentity,
  key: keyvault.Key,
  subnet: network.Subnet,
): void {
  const server = new sql.Server('sql', {
    ...{ ...inGroup, serverName: 'sql-plain', administrators: administrator, publicNetworkAccess: 'Disabled' },
    ...{
      restrictOutboundNetworkAccess: 'Enabled',
      minimalTlsVersion: '1.2',
      primaryUserAssignedIdentityId: identity.id,
    },
    identity: { type: 'UserAssigned', userAssignedIdentities: [identity.id] },
  });
  const inServer = { ...inGroup, serverName: server.name };
  new sql.ExtendedServerBlobAuditingPolicy('audit', {
    ...{ ...inServer, blobAuditingPolicyName: 'default' },
    ...{ state: 'Enabled', isAzureMonitorTargetEnabled: true },
  });
  new sql.ServerSecurityAlertPolicy('threats', { ...inServer, securityAlertPolicyName: 'Default', state: 'Enabled' });
  new sql.SqlVulnerabilityAssessmentsSetting('weaknesses', {
    ...{ ...inServer, vulnerabilityAssessmentName: 'default', state: 'Enabled' },
  });
  new sql.OutboundFirewallRule('out', { ...inServer, outboundRuleFqdn: 'strawplain.blob.core.windows.net' });
  encrypted(inServer, key);
  database(inServer);
  open(inGroup, subnet);
}

type InServer = { resourceGroupName: pulumi.Output<string>; serverName: pulumi.Output<string> };

function encrypted(inServer: InServer, key: keyvault.Key): void {
  const uri = key.keyUriWithVersion;
  const keyName = uri.apply((given) => {
    const [, vault, name, version] = /^https:\/\/([^.]+)\.[^/]+\/keys\/([^/]+)\/(.+)$/.exec(given) ?? [];
    return [vault, name, version].join('_');
  });
  const serverKeyType = 'AzureKeyVault';
  const own = new sql.ServerKey('sqlkey', { ...inServer, keyName, serverKeyType, uri });
  new sql.EncryptionProtector('protector', {
    ...{ ...inServer, encryptionProtectorName: 'current', serverKeyType, serverKeyName: own.name },
    autoRotationEnabled: true,
  });
}

function database(inServer: InServer): void {
  const care = new sql.Database('care', {
    ...{ ...inServer, databaseName: 'care', autoPauseDelay: -1, minCapacity: 0.5 },
    sku: { name: 'GP_S_Gen5', tier: 'GeneralPurpose', family: 'Gen5', capacity: 2 },
  });
  const inDatabase = { ...inServer, databaseName: care.name };
  new sql.TransparentDataEncryption('tde', { ...inDatabase, tdeName: 'current', state: 'Enabled' });
  new sql.BackupShortTermRetentionPolicy('short', { ...inDatabase, policyName: 'default', retentionDays: 14 });
  new sql.LongTermRetentionPolicy('long', {
    ...{ ...inDatabase, policyName: 'default', weeklyRetention: 'P4W', yearlyRetention: 'P7Y', weekOfYear: 1 },
  });
}

function open(inGroup: { resourceGroupName: pulumi.Output<string> }, subnet: network.Subnet): void {
  const server = new sql.Server('sqlopen', { ...inGroup, serverName: 'sql-open', administrators: administrator });
  const inServer = { ...inGroup, serverName: server.name };
  const { sid, login } = administrator;
  const admin = new sql.ServerAzureADAdministrator('sqladmin', {
    ...{ ...inServer, administratorName: 'ActiveDirectory', administratorType: 'ActiveDirectory', sid, login },
  });
  new sql.ServerAzureADOnlyAuthentication(
    'entraonly',
    { ...inServer, authenticationName: 'Default', azureADOnlyAuthentication: true },
    { dependsOn: admin },
  );
  new sql.FirewallRule('office', {
    ...{ ...inServer, firewallRuleName: 'office', startIpAddress: '203.0.113.1', endIpAddress: '203.0.113.9' },
  });
  new sql.VirtualNetworkRule('vnetrule', {
    ...{ ...inServer, virtualNetworkRuleName: 'vnet', virtualNetworkSubnetId: subnet.id },
  });
}
