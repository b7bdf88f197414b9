import { EncryptionProtector } from '@pulumi/azure-native/sql/encryptionProtector';
import { FirewallRule } from '@pulumi/azure-native/sql/firewallRule';
import { Server, type ServerArgs } from '@pulumi/azure-native/sql/server';
import { ServerKey } from '@pulumi/azure-native/sql/serverKey';
import * as pulumi from '@pulumi/pulumi';
import { type Children, nameFromId, parseArmId, type Surroundings } from './component';
import type { Encryption } from './encryption';
import { goesWith } from './protection';

/** What kind of principal administers an SQL server, in the words of Azure SQL. */
export type SqlPrincipalType = 'Application' | 'Group' | 'User';

export interface SqlAdministrator {
  /** Name of the principal, as people see it in the database. */
  readonly login: pulumi.Input<string>;
  /** Object id of the principal. */
  readonly objectId: pulumi.Input<string>;
  readonly principalType: SqlPrincipalType;
}

export interface SqlServerSettings {
  readonly name: pulumi.Input<string>;
  readonly administrator: SqlAdministrator;
  readonly publicNetworkAccess: 'Enabled' | 'Disabled';
  /** Whether a public endpoint lets services within Azure in: function apps without a subnet, and Microsoft Fabric. */
  readonly allowAzureServices: boolean;
  readonly encryption: Encryption;
  /** The key with its version, which the server needs. */
  readonly keyUri?: pulumi.Input<string>;
}

/** A server as components use it: a new one or one that exists. */
export interface SqlServerReference {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly resourceGroupName: pulumi.Input<string>;
  /** Host, with its port where that is not 1433. */
  readonly host: pulumi.Output<string>;
  readonly location: pulumi.Input<string> | undefined;
}

export interface SqlServerNodes extends SqlServerReference {
  readonly server: Server;
  /** What must be there before a database is made: it is encrypted from its first page on. */
  readonly ready: pulumi.Resource[];
}

/** Logical name of the server within its component. */
export const sqlServerChild = 'sql-server';

/**
 * A logical server of Azure SQL that takes tokens of Microsoft Entra alone: it has no login with a password. What it opens to
 * the outside itself, as imports and external tables do, is closed.
 */
export function sqlServer(
  children: Children,
  surroundings: Surroundings,
  settings: SqlServerSettings,
  opts: pulumi.CustomResourceOptions,
): SqlServerNodes {
  const { resourceGroupName, location } = surroundings;
  const { encryption } = settings;
  const server = new Server(
    ...children.of(sqlServerChild, serverArgs(surroundings, settings), { ...opts, dependsOn: encryption.ready }),
  );
  const name = nameFromId(server.id);
  const place = { resourceGroupName, serverName: name };
  if (settings.allowAzureServices) {
    // What Azure takes as "services within Azure": no address of anybody.
    const nowhere = '0.0.0.0';
    const rule = { firewallRuleName: 'AllowAllWindowsAzureIps', startIpAddress: nowhere, endIpAddress: nowhere };
    new FirewallRule(...children.of('sql-azure-services', { ...place, ...rule }, goesWith(server, opts.protect)));
  }
  const ready = encryption.key ? [protector(children, place, settings)] : [server];
  return {
    ...{ server, ready, id: server.id, name, resourceGroupName, location },
    host: server.fullyQualifiedDomainName,
  };
}

function serverArgs(
  { resourceGroupName, location, tags, tenantId }: Surroundings,
  { name, administrator, publicNetworkAccess, encryption: { key } }: SqlServerSettings,
): ServerArgs {
  return {
    resourceGroupName,
    serverName: name,
    location,
    tags,
    version: '12.0',
    administrators: {
      administratorType: 'ActiveDirectory',
      azureADOnlyAuthentication: true,
      login: administrator.login,
      sid: administrator.objectId,
      principalType: administrator.principalType,
      tenantId,
    },
    minimalTlsVersion: '1.2',
    publicNetworkAccess,
    restrictOutboundNetworkAccess: 'Enabled',
    ...(key && {
      identity: { type: 'UserAssigned', userAssignedIdentities: [key.identity.id] },
      primaryUserAssignedIdentityId: key.identity.id,
    }),
  };
}

/**
 * Transparent data encryption with a key of one's own ("Azure SQL transparent data encryption with customer-managed key"). The
 * server follows the key's rotation from the named version on.
 */
function protector(
  children: Children,
  place: { readonly resourceGroupName: pulumi.Input<string>; readonly serverName: pulumi.Output<string> },
  { keyUri }: SqlServerSettings,
): EncryptionProtector {
  const uri = pulumi.output(keyUri).apply((given) => given ?? '');
  const serverKeyType = 'AzureKeyVault' as const;
  const keyName = uri.apply(serverKeyName);
  // The last key of a server cannot be removed: it goes with the server.
  const key = new ServerKey(
    ...children.of('sql-key', { ...place, keyName, serverKeyType, uri }, { retainOnDelete: true }),
  );
  const inUse = { encryptionProtectorName: 'current', autoRotationEnabled: true };
  return new EncryptionProtector(
    ...children.of(
      'sql-encryption',
      { ...place, ...inUse, serverKeyType, serverKeyName: nameFromId(key.id) },
      { retainOnDelete: true },
    ),
  );
}

/** `<vault>_<key>_<version>`, as Azure SQL names keys. */
export function serverKeyName(keyUri: string): string {
  const [, vault, key, version] = /^https:\/\/([^./]+)[^/]*\/keys\/([^/]+)\/([0-9a-f]+)$/.exec(keyUri) ?? [];
  if (!vault || !key || !version) throw new Error(`${sqlKeyVersionRule}; given is "${keyUri}".`);
  return `${vault}_${key}_${version}`;
}

export const sqlKeyVersionRule =
  'an SQL server needs the version of the key: customerManagedKey.keyUri must look like https://<vault>.vault.azure.net/keys/<name>/<version>';

const serverType = 'Microsoft.Sql/servers';

/** ARM id of a logical server of Azure SQL. */
export const sqlServerIdPattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Sql\/servers\/[^/]+$/i;

/** A server that exists already, read and never changed. */
export function existingSqlServer(children: Children, serverId: pulumi.Input<string>): SqlServerReference {
  const id = pulumi.output(serverId);
  const [name, , opts] = children.of(sqlServerChild, {});
  const found = Server.get(name, id, opts);
  const parts = id.apply((text) => parseArmId(text, serverType));
  return {
    id,
    name: parts.apply((part) => part.name),
    resourceGroupName: parts.apply((part) => part.resourceGroupName),
    host: found.fullyQualifiedDomainName,
    location: found.location,
  };
}
