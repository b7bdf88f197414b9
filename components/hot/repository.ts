import type { Database } from '@pulumi/azure-native/sql/database';
import * as pulumi from '@pulumi/pulumi';
import { clouds } from '../azure/clouds';
import { dataAccess } from '../azure/commonDefaults';
import { nameFromId } from '../azure/component';
import type { Encryption } from '../azure/encryption';
import type { AppIdentity } from '../azure/identity';
import { sqlDatabase } from '../azure/sqlDatabase';
import {
  existingSqlServer,
  type SqlAdministrator,
  type SqlServerNodes,
  type SqlServerReference,
  sqlServer,
} from '../azure/sqlServer';
import type { HotPathSite } from './site';

/** The repository of step 14. */
export interface Repository {
  readonly server: SqlServerReference;
  /** The server, where the hot path made it. */
  readonly own?: SqlServerNodes;
  readonly database: Database;
  readonly databaseName: pulumi.Output<string>;
  /** What tokens for it are for. */
  readonly audience: string;
  /** What has to be done before the migrator gets in. */
  readonly manualSteps: readonly pulumi.Output<string>[];
}

export function buildRepository(site: HotPathSite, encryption: Encryption, migrator: AppIdentity): Repository {
  const { children, names, surroundings, settings, protection } = site;
  const { existingSqlServerId, ...database } = settings.repository;
  const own = existingSqlServerId === undefined ? newServer(site, encryption, migrator) : undefined;
  const server = own ?? existingSqlServer(children, existingSqlServerId as pulumi.Input<string>);
  const made = sqlDatabase(
    children,
    surroundings,
    server,
    { ...database, name: names.of('sqlDatabase', settings.names?.database) },
    { ...protection, dependsOn: own?.ready },
  );
  return {
    ...{ server, own, database: made, databaseName: nameFromId(made.id) },
    audience: clouds[settings.cloud].sqlAudience,
    manualSteps: own ? membershipSteps(site, migrator) : [ownerStep(server, made, migrator)],
  };
}

function newServer(site: HotPathSite, encryption: Encryption, migrator: AppIdentity): SqlServerNodes {
  const { children, names, surroundings, settings, protection } = site;
  return sqlServer(
    children,
    surroundings,
    {
      name: names.of('sqlServer', settings.names?.sqlServer),
      administrator: administratorOf(site, migrator),
      publicNetworkAccess: dataAccess(settings),
      allowAzureServices: settings.repository.allowAzureServices,
      encryption,
      keyUri: settings.customerManagedKey?.keyUri,
    },
    protection,
  );
}

/** With nobody named, the one who makes the schema: all is there after one deployment, without a change of the directory. */
function administratorOf({ settings }: HotPathSite, migrator: AppIdentity): SqlAdministrator {
  const { administrator } = settings.repository;
  if (administrator) return { principalType: 'Group', ...administrator };
  return { login: nameFromId(migrator.id), objectId: migrator.principalId, principalType: 'Application' };
}

/** Membership of a group is the directory's, which a deployment does not change. */
function membershipSteps({ settings }: HotPathSite, { principalId }: AppIdentity): pulumi.Output<string>[] {
  const { administrator } = settings.repository;
  if (administrator === undefined)
    return [
      pulumi.output(
        'Nobody but the app repository-migrations administers the SQL server: make a group of those who break the glass, with that identity in it; az sql server ad-admin update makes it the administrator of a server that is there; then refresh, and give it as repository.administrator of the hot path.',
      ),
    ];
  if (administrator.includesMigrator) return [];
  const { login, objectId } = administrator;
  return [
    pulumi.interpolate`Add the identity of the app repository-migrations to ${login}, and set repository.administrator.includesMigrator: az ad group member add --group ${objectId} --member-id ${principalId}. Until then the repository has no schema, and its writers wait.`,
  ];
}

function ownerStep(server: SqlServerReference, database: Database, migrator: AppIdentity): pulumi.Output<string> {
  const name = nameFromId(migrator.id);
  return pulumi.interpolate`Make the identity ${name} (client id ${migrator.clientId}) an owner of the database ${nameFromId(database.id)} on ${server.name}, once: CREATE USER [${name}] WITH SID = ${migrator.clientId.apply(sidOf)}, TYPE = E; ALTER ROLE db_owner ADD MEMBER [${name}]. Until then the repository has no schema, and its writers wait.`;
}

/** A client id as Azure SQL keeps it: a GUID's bytes, the first three groups with the least significant byte first. */
export function sidOf(clientId: string): string {
  const [a = '', b = '', c = '', ...rest] = clientId.split('-');
  const reversed = [a, b, c].map((part) => (part.match(/../g) ?? []).reverse().join(''));
  return `0x${[...reversed, ...rest].join('').toUpperCase()}`;
}
