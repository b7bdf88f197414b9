import { refused, SqlError } from '../sqlError';
import { type SqlType, type SqlValue, type TypedValue, types } from '../sqlType';
import type { Tokens } from '../tds/tokens';
import { parseBatch } from '../tsql/statements';
import type { Expression, Statement } from '../tsql/syntax';
import { setOption } from './options';
import { runProcedure } from './procedures';
import type { Outcome, Session } from './session';
import { assignedValue, queryOf } from './values';
import { Variables } from './variables';

/** After these a batch goes on with its next statement; others end it. */
const ofStatement = new Set([515, 544, 547, 2601, 2627, 2628, 8115, 8134, 50_000]);

const parsed = new Map<string, readonly Statement[]>();
const mostParsed = 500;

/** The statements of a text; the same objects for the same text. */
export function statementsOf(sql: string): readonly Statement[] {
  let statements = parsed.get(sql);
  if (!statements) {
    statements = parseBatch(sql);
    if (parsed.size >= mostParsed) parsed.clear();
    parsed.set(sql, statements);
  }
  return statements;
}

class Return extends Error {}

/** A batch as it runs: statement by statement, each with its tokens in the response. */
export class Batch {
  private hasFailed = false;
  /** Within TRY an error goes to the handler rather than to the client. */
  private tries = 0;

  constructor(
    readonly session: Session,
    readonly tokens: Tokens,
    readonly variables: Variables,
  ) {}

  /** @returns whether a statement failed */
  async run(sql: string): Promise<boolean> {
    try {
      await this.all(statementsOf(sql));
    } catch (error) {
      if (!(error instanceof Return)) this.report(error);
    }
    return this.hasFailed;
  }

  async all(statements: readonly Statement[]): Promise<void> {
    for (const statement of statements) {
      try {
        await this.one(statement);
        if (statement.kind !== 'if' && statement.kind !== 'block') this.session.lastError = undefined;
      } catch (error) {
        if (error instanceof Return || this.tries > 0) throw error;
        this.report(error);
        const isOnlyOfStatement = error instanceof SqlError && ofStatement.has(error.number);
        if (!isOnlyOfStatement || this.session.abortsOnError) throw new Return();
      }
    }
  }

  private report(error: unknown): void {
    const known =
      error instanceof SqlError ? error : new SqlError(50_998, `The local cloud's SQL failed: ${String(error)}`);
    this.hasFailed = true;
    this.session.lastError = known;
    this.session.database.statistics.failedStatements++;
    this.tokens.error(known).statementFailed();
    const ends = this.session.abortsOnError || known.number === 1205;
    if (ends && this.session.transactionDepth > 0) this.session.rollback();
  }

  async one(statement: Statement): Promise<void> {
    const { session, tokens, variables } = this;
    switch (statement.kind) {
      case 'query':
      case 'insert':
      case 'update':
      case 'delete':
        this.answer(await session.data(statement, variables));
        return;
      case 'declare':
        for (const { name, type, value } of statement.variables) {
          variables.set(name, { type, value: value ? await this.value(value, type) : null });
        }
        return;
      case 'set':
        variables.set(statement.variable, await this.typed(statement.variable, statement.value));
        return;
      case 'option':
        setOption(session, statement.name, statement.value);
        return;
      case 'if':
        if (await this.holds(statement.condition)) await this.nested(statement.body);
        else if (statement.otherwise) await this.nested(statement.otherwise);
        return;
      case 'while':
        while (await this.holds(statement.condition)) await this.nested(statement.body);
        return;
      case 'block':
        await this.all(statement.statements);
        return;
      case 'try':
        await this.attempt(statement.body, statement.handler);
        return;
      case 'print':
        tokens.info(String((await this.value(statement.value, types.nvarchar)) ?? ''));
        return;
      case 'throw':
        throw await this.thrown(statement.args);
      case 'raise':
        await this.raise(statement.args);
        return;
      case 'return':
        throw new Return();
      case 'transaction':
        await this.transaction(statement);
        return;
      case 'execute':
        await runProcedure(this, statement);
        return;
      case 'executeText':
        await this.inner(String((await this.value(statement.sql, types.nvarcharMax)) ?? ''), []);
        return;
      default:
        await session.define(statement);
        tokens.statementDone(undefined);
    }
  }

  private nested(statement: Statement): Promise<void> {
    return this.all([statement]);
  }

  /** A batch within this one, with parameters of its own and none of its variables. */
  async inner(sql: string, given: Iterable<readonly [string, TypedValue]>): Promise<Variables> {
    const variables = new Variables((name) => this.session.global(name), given);
    const inner = new Batch(this.session, this.tokens, variables);
    inner.tries = this.tries;
    try {
      await inner.all(statementsOf(sql));
    } catch (error) {
      if (!(error instanceof Return) || inner.hasFailed) throw error;
    } finally {
      this.hasFailed ||= inner.hasFailed;
    }
    return variables;
  }

  private answer(outcome: Outcome): void {
    const { session, tokens } = this;
    session.rowCount = outcome.count;
    if (outcome.assigns) {
      const last = outcome.rows?.at(-1);
      if (last) this.assign(outcome, last);
      return;
    }
    const { columns, rows } = outcome;
    if (columns) {
      tokens.columns(columns);
      for (const row of rows ?? []) tokens.row(columns, row);
    }
    tokens.statementDone(session.countsRows ? outcome.count : undefined);
  }

  private assign({ assigns = [], columns = [] }: Outcome, row: readonly SqlValue[]): void {
    for (const [i, name] of assigns.entries()) {
      const { type } = this.variables.need(name);
      const from = columns[i]?.type ?? type;
      this.variables.set(name, { type, value: assignedValue(row[i] ?? null, from, type) });
    }
  }

  /** The value of an expression, in a type. */
  async value(expression: Expression, type: SqlType): Promise<SqlValue> {
    const { rows = [], columns = [] } = await this.session.data(queryOf(expression), this.variables);
    return assignedValue(rows[0]?.[0] ?? null, columns[0]?.type ?? type, type);
  }

  /** An expression's value in its own type. */
  async freeValue(expression: Expression): Promise<TypedValue> {
    const { rows = [], columns = [] } = await this.session.data(queryOf(expression), this.variables);
    return { type: columns[0]?.type ?? types.int, value: rows[0]?.[0] ?? null };
  }

  private async typed(name: string, expression: Expression): Promise<TypedValue> {
    const { type } = this.variables.need(name);
    return { type, value: await this.value(expression, type) };
  }

  private async holds(condition: Expression): Promise<boolean> {
    const one: Expression = { kind: 'number', text: '1' };
    const choice: Expression = { kind: 'case', branches: [{ when: condition, result: one }] };
    return (await this.value(choice, types.int)) !== null;
  }

  private async attempt(body: readonly Statement[], handler: readonly Statement[]): Promise<void> {
    this.tries++;
    try {
      await this.all(body);
    } catch (error) {
      if (error instanceof Return) throw error;
      this.session.handledError = error instanceof SqlError ? error : new SqlError(50_998, String(error));
      this.tries--;
      try {
        await this.all(handler);
      } finally {
        this.tries++;
        this.session.handledError = undefined;
      }
    } finally {
      this.tries--;
    }
  }

  private async thrown(args: readonly Expression[]): Promise<SqlError> {
    const [number, message, state] = args;
    if (!number || !message || !state) {
      const { handledError } = this.session;
      return (
        handledError ??
        new SqlError(10_704, 'To rethrow an error, a THROW statement must be used inside a CATCH block.', 15)
      );
    }
    const [code, text, given] = [
      Number(await this.value(number, types.int)),
      String(await this.value(message, types.nvarchar)),
      Number(await this.value(state, types.int)),
    ];
    return new SqlError(code, text, 16, given);
  }

  private async raise([message, severity, state]: readonly Expression[]): Promise<void> {
    if (!message || !severity || !state) throw refused('RAISERROR without severity and state');
    const text = String(await this.value(message, types.nvarchar));
    const level = Number(await this.value(severity, types.int));
    if (level <= 10) this.tokens.info(text, 50_000);
    else throw new SqlError(50_000, text, level, Number(await this.value(state, types.int)));
  }

  private async transaction({ action, name }: Extract<Statement, { kind: 'transaction' }>): Promise<void> {
    const { session } = this;
    if (action === 'begin') session.begin();
    else if (action === 'commit') session.commit();
    else if (action === 'save') await session.save(name ?? '');
    else if (session.transactionDepth === 0) {
      throw new SqlError(3903, 'The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.');
    } else if (name === undefined) session.rollback();
    else session.rollbackTo(name);
    this.tokens.statementDone(undefined);
  }
}
