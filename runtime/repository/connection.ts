import { ManagedIdentityCredential, type TokenCredential } from '@azure/identity';
import { Kysely, MssqlDialect } from 'kysely';
import { Pool } from 'tarn';
import { Connection, ISOLATION_LEVEL, TYPES } from 'tedious';
import type { DashboardViews, RepositoryTables } from './schema';
import { TypedRequest } from './typedRequest';

export type RepositoryDatabase = Kysely<RepositoryTables & DashboardViews>;

export interface RepositoryEndpoint {
  /** Host of the SQL server, with a port where that is not 1433: `localhost:14330`. */
  readonly server: string;
  readonly database: string;
  /** For whom tokens are asked, as `https://database.windows.net/`. */
  readonly audience: string;
  /** Client id of the user-assigned identity that connects. */
  readonly clientId: string;
}

export interface ConnectionLimits {
  /** Connections at a time; each partition that is handled needs one. */
  readonly most: number;
  readonly requestTimeOutMs: number;
}

const usual: ConnectionLimits = { most: 8, requestTimeOutMs: 30_000 };
/** A database that is moved or resumed is back within a minute; the caller holds and tries again. */
const connectTimeOutMs = 15_000;
const idleMs = 60_000;
/** Longer than a connection takes to be made or refused. */
const acquireTimeOutMs = 30_000;

/** For the migrator: schemas may take long, and wait for another migrator. */
const patient: ConnectionLimits = { most: 2, requestTimeOutMs: 600_000 };

/** What changes schemas knows no tables. */
export type MigratorDatabase = Kysely<unknown>;

/** To the repository as that identity, which may change its schema. */
export function migratorDatabase(endpoint: RepositoryEndpoint): MigratorDatabase {
  return identityDatabase(endpoint, patient) as unknown as MigratorDatabase;
}

/** To the repository as that identity. */
export function identityDatabase(endpoint: RepositoryEndpoint, limits: ConnectionLimits = usual): RepositoryDatabase {
  return connect(endpoint, new ManagedIdentityCredential({ clientId: endpoint.clientId }), limits);
}

/**
 * Connects when it is first needed. Each new connection asks for a token, which the credential renews before it expires; one
 * that is open stays so without. A connection is tried before it is used again. All of it goes over TLS from the first byte
 * (TDS 8.0), and the server's certificate is verified.
 */
export function connect(
  endpoint: RepositoryEndpoint,
  credential: TokenCredential,
  limits: ConnectionLimits = usual,
): RepositoryDatabase {
  return new Kysely({
    dialect: new MssqlDialect({
      tarn: {
        Pool,
        options: {
          ...{ min: 0, max: limits.most, idleTimeoutMillis: idleMs, acquireTimeoutMillis: acquireTimeOutMs },
          // Whoever asks hears at once why there is no connection, and waits and says so by itself.
          propagateCreateError: true,
        },
      },
      tedious: {
        connectionFactory: async () => connection(endpoint, await tokenFor(endpoint, credential), limits),
        ISOLATION_LEVEL,
        Request: TypedRequest,
        TYPES,
      },
    }),
  });
}

function connection({ server, database }: RepositoryEndpoint, token: string, limits: ConnectionLimits): Connection {
  const { host, port } = readServer(server);
  return new Connection({
    server: host,
    authentication: { type: 'azure-active-directory-access-token', options: { token } },
    options: {
      ...{ port, database, encrypt: 'strict', useUTC: true },
      ...{ connectTimeout: connectTimeOutMs, requestTimeout: limits.requestTimeOutMs },
    },
  });
}

async function tokenFor({ audience }: RepositoryEndpoint, credential: TokenCredential): Promise<string> {
  const token = await credential.getToken(`${audience.replace(/\/+$/, '')}/.default`);
  if (token === null) throw new Error('The identity has no token for the repository.');
  return token.token;
}

/** @throws Error when what stands after the colon is no port */
export function readServer(server: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = '1433'] = /^([^:]+)(?::(\d{1,5}))?$/.exec(server) ?? [];
  if (host === '' || Number(port) > 65_535 || Number(port) === 0)
    throw new Error(`The app setting REPOSITORY_SERVER is '${server}'; it must be a host, or host:port.`);
  return { host, port: Number(port) };
}
