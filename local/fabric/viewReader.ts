import { sql } from 'kysely';
import type { SemanticModel, TableSource } from '../../runtime/powerbi/model';
import { connect, type RepositoryDatabase } from '../../runtime/repository/connection';
import type { Principal } from '../contracts';
import { withCalculated } from './dax/evaluate';
import type { Row } from './dax/rows';

/** How a semantic model reads its source. */
export interface ViewReader {
  /** Rows of a view, of these columns, as the principal may read them. */
  read(source: TableSource, columns: readonly string[], as: Principal): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Rows of every table of a model, as the principal may read them, with the calculated columns. */
export async function readTables(
  model: SemanticModel,
  reader: ViewReader,
  as: Principal,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const tables = new Map<string, readonly Row[]>();
  for (const table of model.tables) {
    const columns = table.columns.flatMap(({ sourceColumn }) => sourceColumn ?? []);
    tables.set(table.name, withCalculated(table, await reader.read(table.source, columns, as), model));
  }
  return tables;
}

/** A token of a principal, for an audience. */
export type TokenSource = (principal: Principal, audience: string) => Promise<{ token: string; expiresOn: number }>;

const audience = 'https://database.windows.net/';

/** Reads over the protocol of SQL Server (TDS 8.0), with tokens of the principal: what it may not see, it does not get. */
export class SqlViewReader implements ViewReader {
  private readonly databases = new Map<string, RepositoryDatabase>();

  constructor(private readonly tokenOf: TokenSource) {}

  async read({ server, database, schema, view, filter }: TableSource, columns: readonly string[], as: Principal) {
    const table = sql.table(`${schema}.${view}`);
    const list = sql.join(columns.map((column) => sql.ref(column)));
    const query = filter
      ? sql<Row>`select ${list} from ${table} where ${sql.ref(filter.column)} in (${sql.join([filter.value, ...(filter.orEmpty ? [''] : [])])})`
      : sql<Row>`select ${list} from ${table}`;
    return (await query.execute(this.database(server, database, as))).rows;
  }

  async close(): Promise<void> {
    for (const database of this.databases.values()) await database.destroy();
    this.databases.clear();
  }

  private database(server: string, database: string, as: Principal): RepositoryDatabase {
    const key = `${server};${database};${as.objectId}`;
    const there = this.databases.get(key);
    if (there) return there;
    // Power BI writes a port after a comma.
    const endpoint = { server: server.replace(',', ':'), database, audience, clientId: as.clientId };
    const credential = {
      getToken: async () => {
        const { token, expiresOn } = await this.tokenOf(as, audience);
        return { token, expiresOnTimestamp: expiresOn * 1000 };
      },
    };
    const made = connect(endpoint, credential, { most: 2, requestTimeOutMs: 30_000 });
    this.databases.set(key, made);
    return made;
  }
}
