import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type ArmResource, AzureError, type Properties, type Service, type ServiceContext } from '../contracts';
import type { Database, SqlStatistics } from './engine/database';
import { requireServerKey } from './serverKey';
import { SqlServer } from './sqlServer';

/**
 * Azure SQL: each server a listener for TDS 8.0, each database a SQLite file behind a translator of T-SQL. Callers show
 * access tokens of Microsoft Entra for `https://database.windows.net/`; users, roles and grants are those of the database.
 *
 * What differs from Azure: it speaks TDS 8.0 only (`encrypt: 'strict'`); it knows a part of T-SQL, and refuses the rest by
 * name (error 50999); one transaction writes at a time, so that others wait where SQL Server would lock rows; decimals are
 * doubles of up to 15 digits, times are kept to the millisecond, texts are compared without regard to the case of ASCII
 * letters only. Names of hosts are `localhost:<port>`.
 */
export class SqlServers implements Service {
  readonly kinds = ['sql:Server', 'sql:Database', 'sql:ServerKey'] as const;
  /** By lower-case ARM id. */
  private readonly servers = new Map<string, SqlServer>();

  constructor(private readonly context: ServiceContext) {}

  async provision(resource: ArmResource): Promise<Properties> {
    switch (resource.kind) {
      case 'sql:Server':
        return this.provisionServer(resource);
      case 'sql:Database':
        return this.provisionDatabase(resource);
      default:
        requireServerKey(resource, this.context);
        return {};
    }
  }

  async deprovision({ id, kind }: ArmResource): Promise<void> {
    if (kind === 'sql:ServerKey') return;
    if (kind === 'sql:Database') {
      await this.servers.get(serverIdOf(id))?.remove(lastName(id));
      return;
    }
    const server = this.servers.get(id.toLowerCase());
    this.servers.delete(id.toLowerCase());
    await server?.close();
    rmSync(this.folderOf(id), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    for (const server of this.servers.values()) await server.close();
    this.servers.clear();
  }

  /** ARM ids of the databases that run, lower case. */
  databaseIds(): string[] {
    return this.context.resources.list('sql:Database').map(({ id }) => id.toLowerCase());
  }

  /**
   * Rows of a query for who proves a run, in SQLite's dialect, read only, of what is committed. Tables are named as
   * `"care.scoredWindow"`; times are milliseconds since 1970, bits 0 or 1.
   */
  read(databaseId: string, sql: string, ...values: (string | number | null)[]): Record<string, unknown>[] {
    return this.database(databaseId).read(sql, ...values);
  }

  /** Takes a database away and gives it back: logins are refused with 40613, connections to it break. */
  async unavailable(databaseId: string, isUnavailable: boolean): Promise<void> {
    await this.server(serverIdOf(databaseId)).setAvailable(this.database(databaseId), !isUnavailable);
  }

  /** Stops a server's listener, or starts it again on the same port. */
  async setListening(serverId: string, isListening: boolean): Promise<void> {
    const server = this.server(serverId);
    if (isListening) await server.start();
    else await server.stop();
  }

  /** What was asked since the start, by the lower-case ARM id of the database. */
  stats(): Record<string, SqlStatistics> {
    return Object.fromEntries(this.databaseIds().map((id) => [id, { ...this.database(id).statistics }]));
  }

  private async provisionServer(resource: ArmResource): Promise<Properties> {
    const key = resource.id.toLowerCase();
    const port = await this.context.ports.get(`sql-${lastName(resource.id).toLowerCase()}`);
    const server = this.servers.get(key) ?? new SqlServer(this.context, resource, port, this.folderOf(resource.id));
    server.resource = resource;
    this.servers.set(key, server);
    await server.start();
    return { fullyQualifiedDomainName: `localhost:${port}` };
  }

  private async provisionDatabase({ id }: ArmResource): Promise<Properties> {
    this.server(serverIdOf(id)).open(lastName(id));
    return { status: 'Online' };
  }

  private server(id: string): SqlServer {
    const server = this.servers.get(id.toLowerCase());
    if (!server) throw new AzureError(404, 'ResourceNotFound', `There is no SQL server '${id}'.`);
    return server;
  }

  private database(id: string): Database {
    const database = this.server(serverIdOf(id)).database(lastName(id));
    if (!database) throw new AzureError(404, 'ResourceNotFound', `There is no SQL database '${id}'.`);
    return database;
  }

  private folderOf(serverId: string): string {
    return join(this.context.stateFolder('sql'), lastName(serverId).toLowerCase());
  }
}

function lastName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function serverIdOf(databaseId: string): string {
  return databaseId.toLowerCase().replace(/\/databases\/[^/]+$/, '');
}
