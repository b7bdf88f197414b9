import {
  type CompiledQuery,
  type DatabaseConnection,
  DummyDriver,
  Kysely,
  MssqlAdapter,
  MssqlIntrospector,
  MssqlQueryCompiler,
  type QueryResult,
} from 'kysely';
import type { RepositoryDatabase } from '../../runtime/repository/connection';

type Answer = (query: CompiledQuery) => QueryResult<unknown> | Error | undefined;

/** A database that answers as a test says, and notes the statements that it is asked. */
export class RecordedDatabase {
  readonly statements: string[] = [];
  readonly db: RepositoryDatabase;

  /** @param answer undefined: one row changed, and none found */
  constructor(answer: Answer = () => undefined) {
    const executeQuery = async (query: CompiledQuery) => {
      this.statements.push(query.sql);
      const given = answer(query);
      if (given instanceof Error) throw given;
      return given ?? { rows: query.sql.includes('as now') ? [{ now: new Date(0) }] : [], numAffectedRows: 1n };
    };
    const connection = { executeQuery } as unknown as DatabaseConnection;
    this.db = new Kysely({
      dialect: {
        createAdapter: () => new MssqlAdapter(),
        createDriver: () => Object.assign(new DummyDriver(), { acquireConnection: async () => connection }),
        createIntrospector: (db) => new MssqlIntrospector(db),
        createQueryCompiler: () => new MssqlQueryCompiler(),
      },
    });
  }
}
