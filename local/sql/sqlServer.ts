import { join } from 'node:path';
import type { ArmResource, Principal, Properties, ServiceContext } from '../contracts';
import type { Door } from './connection';
import { Database } from './engine/database';
import { type DatabaseUser, userOf } from './engine/rights';
import { Session } from './engine/session';
import { Listener } from './listener';
import { errors } from './sqlError';
import type { Login } from './tds/login';
import { guidBytes } from './tds/values';

const audience = 'https://database.windows.net/';

/** One server: its listener, its administrator, its databases. */
export class SqlServer implements Door {
  private readonly databases = new Map<string, Database>();
  private listener: Listener | undefined;

  constructor(
    private readonly context: ServiceContext,
    /** As now in force. */
    public resource: ArmResource,
    readonly port: number,
    private readonly folder: string,
  ) {}

  get serverName(): string {
    return this.resource.id.slice(this.resource.id.lastIndexOf('/') + 1);
  }

  get isListening(): boolean {
    return this.listener !== undefined;
  }

  async start(): Promise<void> {
    if (this.listener) return;
    const listener = new Listener(this.context.certificates, this.port, this);
    await listener.listen();
    this.listener = listener;
  }

  /** As if the machine had gone: connections break, and there is nobody to connect to. */
  async stop(): Promise<void> {
    const { listener } = this;
    this.listener = undefined;
    await listener?.close();
  }

  async close(): Promise<void> {
    await this.stop();
    for (const database of this.databases.values()) database.close();
    this.databases.clear();
  }

  open(name: string): Database {
    const known = this.databases.get(name.toLowerCase());
    if (known) return known;
    const file = join(this.folder, `${name}.sqlite`);
    const database = new Database(name, file, () => this.context.clock.now());
    this.databases.set(name.toLowerCase(), database);
    return database;
  }

  database(name: string): Database | undefined {
    return this.databases.get(name.toLowerCase());
  }

  async remove(name: string): Promise<void> {
    const database = this.databases.get(name.toLowerCase());
    if (!database) return;
    this.databases.delete(name.toLowerCase());
    await this.listener?.drop(database.name);
    database.delete();
  }

  /** A database that is not available refuses logins with 40613, and breaks off who is there. */
  async setAvailable(database: Database, isAvailable: boolean): Promise<void> {
    database.isAvailable = isAvailable;
    if (!isAvailable) await this.listener?.drop(database.name);
  }

  async logIn({ token, database: name }: Login): Promise<Session> {
    const principal = await this.context.authority.authenticate(token, audience).catch(() => undefined);
    const database = this.databases.get(name.toLowerCase());
    const user = principal && database && this.userOf(principal, database);
    if (database) database.statistics[user ? 'logins' : 'refusedLogins']++;
    if (!principal) throw errors.loginFailed();
    if (!database) throw errors.noDatabase(name);
    if (!database.isAvailable) throw errors.unavailable(database.name, this.serverName);
    if (!user) throw errors.loginFailed();
    return new Session(database, user, () => this.context.clock.now());
  }

  /** The one that was set last: after the server's creation there is a resource of its own for it. */
  private administratorId(): string {
    const { id, inputs } = this.resource;
    const later = this.context.resources.get(`${id}/administrators/ActiveDirectory`)?.inputs.sid;
    return String(later ?? (inputs.administrators as Properties | undefined)?.sid ?? '').toLowerCase();
  }

  /** The server's administrator is `dbo` everywhere; others are users of a database, by themselves or by a group. */
  private userOf(principal: Principal, database: Database): DatabaseUser | undefined {
    const groups = this.context.authority.groupsOf(principal);
    const sid = this.administratorId();
    if ([principal.objectId, ...groups].some((id) => id.toLowerCase() === sid)) {
      return { name: 'dbo', ids: [1], loginName: principal.name };
    }
    const hex = (id: string) => guidBytes(id).toString('hex');
    return userOf(database.catalog(), principal.name, { own: hex(principal.clientId), groups: groups.map(hex) });
  }
}
