import { Kysely, MssqlDialect } from 'kysely';
import * as tarn from 'tarn';
import * as tedious from 'tedious';
import type { Principal } from '../../local/contracts';
import { SqlServers } from '../../local/sql/sqlServers';
import { resourceGroupId, type TestContext, testContext } from './context';

export const serverId = `${resourceGroupId}/providers/Microsoft.Sql/servers/sql-test`;
export const databaseId = `${serverId}/databases/care`;
/** Object id of the group that is the server's administrator. */
export const administrators = '5a1a0000-0000-4000-8000-00000000000a';

/** A SQL service with one server and one database, and whoever connects to it. */
export interface LocalSql {
  readonly context: TestContext;
  readonly servers: SqlServers;
  /** In the administrators' group: `dbo` of the database. */
  readonly administrator: Principal;
  readonly port: number;
  /** Settings for tedious with a token of that principal. */
  settings(
    principal: Principal,
    change?: Partial<tedious.ConnectionConfiguration['options']>,
  ): tedious.ConnectionConfiguration;
  /** A connection of tedious that has logged in. Closed with the rest. */
  connect(principal: Principal): Promise<tedious.Connection>;
  /** Kysely as the runtime uses it: times as datetime2. Closed with the rest. */
  kysely<T>(principal: Principal, connections?: number): Kysely<T>;
  /** Closes connections alone. */
  disconnect(): Promise<void>;
  /** Closes connections and the service, and forgets the state. */
  close(): Promise<void>;
}

/** @param context another one's, to start again on what it left */
export async function startLocalSql(context?: TestContext): Promise<LocalSql> {
  const own = context ?? (await testContext());
  const servers = new SqlServers(own);
  const administrator = own.authority.principal('migrator');
  own.authority.join(administrators, administrator);
  const server = own.resources.put('sql:Server', serverId, { administrators: { sid: administrators } });
  const { fullyQualifiedDomainName } = await servers.provision(server);
  await servers.provision(own.resources.put('sql:Database', databaseId, {}));
  const port = Number(String(fullyQualifiedDomainName).split(':')[1]);
  const closing: (() => Promise<unknown>)[] = [];

  const settings: LocalSql['settings'] = (principal, change) => ({
    server: 'localhost',
    authentication: {
      type: 'azure-active-directory-access-token',
      options: { token: own.authority.token(principal, 'https://database.windows.net/') },
    },
    options: {
      ...{ port, database: 'care', encrypt: 'strict', connectTimeout: 5000, maxRetriesOnTransientErrors: 0 },
      cryptoCredentialsDetails: { ca: own.certificates.authority },
      ...change,
    },
  });

  const disconnect = async () => {
    for (const close of closing.splice(0).reverse()) await close();
  };

  return {
    ...{ context: own, servers, administrator, port, settings, disconnect },
    connect: async (principal) => {
      const connection = await connected(settings(principal));
      closing.push(async () => connection.close());
      return connection;
    },
    kysely: <T>(principal: Principal, connections = 4) => {
      const kysely = new Kysely<T>({
        dialect: new MssqlDialect({
          tarn: { ...tarn, options: { min: 0, max: connections } },
          tedious: {
            ...tedious,
            // datetime, which Kysely takes for dates, keeps only thirds of hundredths of a second.
            TYPES: { ...tedious.TYPES, DateTime: tedious.TYPES.DateTime2 },
            connectionFactory: () => new tedious.Connection(settings(principal)),
          },
        }),
      });
      closing.push(() => kysely.destroy());
      return kysely;
    },
    close: async () => {
      await disconnect();
      await servers.close();
      own.close();
    },
  };
}

/** @throws Error that tedious has for a login that is refused */
export function connected(settings: tedious.ConnectionConfiguration): Promise<tedious.Connection> {
  const connection = new tedious.Connection(settings);
  return new Promise((resolve, reject) => {
    connection.on('error', () => undefined);
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
}

/** Rows of a statement, as objects. @throws RequestError with SQL Server's number */
export function ask(
  connection: tedious.Connection,
  sql: string,
  parameters: Record<string, [(typeof tedious.TYPES)[keyof typeof tedious.TYPES], unknown]> = {},
): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    const rows: Record<string, unknown>[] = [];
    const request = new tedious.Request(sql, (error) => (error ? reject(error) : resolve(rows)));
    for (const [name, [type, value]] of Object.entries(parameters)) request.addParameter(name, type, value);
    request.on('row', (columns: { metadata: { colName: string }; value: unknown }[]) => {
      rows.push(Object.fromEntries(columns.map(({ metadata, value }) => [metadata.colName, value])));
    });
    connection.execSql(request);
  });
}
