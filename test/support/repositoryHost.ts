import type { Kysely } from 'kysely';
import type { Principal } from '../../local/contracts';
import type { RepositoryRole, RepositoryUser } from '../../runtime/contracts/appSettings';
import type { DeadLetter } from '../../runtime/contracts/deadLetter';
import type { ScoredMessage } from '../../runtime/contracts/scored';
import { MlOutputRepository } from '../../runtime/functions/mlOutputRepository';
import { connect, type RepositoryDatabase } from '../../runtime/repository/connection';
import { migrateRepository } from '../../runtime/repository/migrate';
import type { Repository } from '../../runtime/repository/port';
import { repositoryIn } from '../../runtime/repository/repository';
import { trust } from './eventHubs';
import { databaseId, type LocalSql, startLocalSql } from './localSql';
import { eventOf } from './observationStep';
import { minute, windowSeconds } from './repositoryWindows';

export const identities: Readonly<Record<RepositoryRole, string>> = {
  mlOutputWriter: 'id-ml-output',
  routingWriter: 'id-routing',
  dashboardReader: 'id-dashboard',
};

/** The repository on the local cloud's SQL, by the runtime's own connections and with the identities of its apps. */
export class RepositoryHost {
  private readonly opened: RepositoryDatabase[] = [];

  private constructor(readonly sql: LocalSql) {}

  static async start(): Promise<RepositoryHost> {
    const sql = await startLocalSql();
    trust(sql.context.certificates);
    return new RepositoryHost(sql);
  }

  /** With its schema, users and grants. */
  static async migrated(): Promise<RepositoryHost> {
    const host = await RepositoryHost.start();
    await migrateRepository(host.migrator(), host.users());
    return host;
  }

  users(): readonly RepositoryUser[] {
    return (Object.entries(identities) as [RepositoryRole, string][]).map(([role, name]) => ({
      ...{ name, role, clientId: this.principal(role).clientId },
    }));
  }

  principal(role: RepositoryRole): Principal {
    return this.sql.context.authority.principal(identities[role]);
  }

  connect(principal: Principal): RepositoryDatabase {
    const { context, port } = this.sql;
    const endpoint = {
      ...{ server: `localhost:${port}`, database: 'care', clientId: principal.clientId },
      audience: 'https://database.windows.net/',
    };
    const db = connect(endpoint, context.authority.credential(principal));
    this.opened.push(db);
    return db;
  }

  as(role: RepositoryRole): RepositoryDatabase {
    return this.connect(this.principal(role));
  }

  migrator(): Kysely<unknown> {
    return this.connect(this.sql.administrator) as unknown as Kysely<unknown>;
  }

  /** What is committed, in SQLite's dialect: times in milliseconds since 1970. */
  rows<Row>(query: string): Row[] {
    return this.sql.servers.read(databaseId, query) as Row[];
  }

  async away(work: () => Promise<void>): Promise<void> {
    await this.sql.servers.unavailable(databaseId, true);
    await work();
    await this.sql.servers.unavailable(databaseId, false);
  }

  /** Forgets all rows but those of the audit. */
  async empty(): Promise<void> {
    const db = this.connect(this.sql.administrator);
    for (const table of ['scoredWindow', 'episode', 'patient', 'route', 'teamMember', 'feed'] as const)
      await db.deleteFrom(`care.${table}`).execute();
    await db.destroy();
  }

  async close(): Promise<void> {
    for (const db of this.opened) await db.destroy();
    await this.sql.close();
  }
}

/** An instance of the function `mlOutputRepository`, with memory of its own, and what it left behind. */
export class RepositoryStep {
  readonly lines: string[] = [];
  readonly letters: DeadLetter[] = [];
  private readonly step: MlOutputRepository;

  constructor(
    readonly repository: Repository,
    latenessSeconds = 120,
  ) {
    const put = async (_name: string, content: string) => {
      this.letters.push(JSON.parse(content) as DeadLetter);
    };
    this.step = new MlOutputRepository(
      repository,
      { put },
      {
        ...{ windowSeconds, latenessSeconds, warningMinutes: 10, breachMinutes: 15 },
      },
    );
  }

  static on(host: RepositoryHost): RepositoryStep {
    return new RepositoryStep(repositoryIn(host.as('mlOutputWriter')));
  }

  async handle(messages: readonly (ScoredMessage | string)[], partitionId = '0'): Promise<void> {
    const events = messages.map((message, sequenceNumber) =>
      eventOf(typeof message === 'string' ? message : JSON.stringify(message), {
        ...{ sequenceNumber, enqueuedTime: new Date(enqueuedAt(message)).toISOString() },
      }),
    );
    const say = (line: string) => {
      this.lines.push(line);
    };
    await this.step.handle({ eventHub: 'scored', partitionId, events }, { info: say, warn: say, error: say });
  }
}

function enqueuedAt(message: ScoredMessage | string): number {
  return typeof message === 'string' || message.kind === 'clockMark' ? 0 : message.end + 2 * minute;
}
