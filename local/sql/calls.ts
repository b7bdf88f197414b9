import { Batch } from './engine/batch';
import { declarationsOf } from './engine/procedures';
import type { Session } from './engine/session';
import { Variables } from './engine/variables';
import { refused, SqlError } from './sqlError';
import { type TypedValue, types } from './sqlType';
import type { Call, Parameter } from './tds/requests';
import type { Tokens } from './tds/tokens';

export interface Prepared {
  readonly sql: string;
  readonly declared: string;
}

let lastHandle = 0;

/** A procedure called through the protocol. @returns whether a statement failed */
export async function runCall(
  session: Session,
  { procedure, parameters }: Call,
  tokens: Tokens,
  prepared: Map<number, Prepared>,
): Promise<boolean> {
  switch (procedure.toLowerCase()) {
    case 'sp_executesql': {
      const [statement, declared, ...given] = parameters;
      return execute(session, tokens, { sql: textOf(statement), declared: declared ? textOf(declared) : '' }, given);
    }
    case 'sp_prepare': {
      const [, declared, statement] = parameters;
      prepare(tokens, prepared, { sql: textOf(statement), declared: textOf(declared) });
      return false;
    }
    case 'sp_prepexec': {
      const [, declared, statement, ...given] = parameters;
      const made = { sql: textOf(statement), declared: textOf(declared) };
      const hasFailed = await execute(session, tokens, made, given);
      prepare(tokens, prepared, made);
      return hasFailed;
    }
    case 'sp_execute': {
      const [handle, ...given] = parameters;
      const made = prepared.get(Number(handle?.value));
      if (!made) throw new SqlError(8179, `Could not find prepared statement with handle ${String(handle?.value)}.`);
      return execute(session, tokens, made, given);
    }
    case 'sp_unprepare':
      prepared.delete(Number(parameters[0]?.value));
      tokens.returnStatus(0);
      return false;
    default:
      return named(session, procedure, parameters, tokens);
  }
}

function textOf(parameter: Parameter | undefined): string {
  return parameter?.value == null ? '' : String(parameter.value);
}

function prepare(tokens: Tokens, prepared: Map<number, Prepared>, made: Prepared): void {
  const handle = ++lastHandle;
  prepared.set(handle, made);
  tokens.returnStatus(0).returnValue(0, '@handle', { type: types.int, value: handle });
}

/** Parameters have the types that the client declared; they are told by their names, or by their places. */
async function execute(
  session: Session,
  tokens: Tokens,
  { sql, declared }: Prepared,
  given: readonly Parameter[],
): Promise<boolean> {
  const byName = new Map(given.map((parameter) => [parameter.name.toLowerCase(), parameter]));
  const values = declarationsOf(declared).map(({ name, type }, i): [string, TypedValue] => {
    const parameter = byName.get(name) ?? (given[i]?.name === '' ? given[i] : undefined);
    if (!parameter) {
      throw new SqlError(8178, `The parameterized query expects the parameter '${name}', which was not supplied.`);
    }
    if (parameter.isOutput) throw refused('OUTPUT parameters', 'a result');
    return [name, { type, value: parameter.value }];
  });
  const variables = new Variables((name) => session.global(name), values);
  const hasFailed = await new Batch(session, tokens, variables).run(sql);
  tokens.returnStatus(hasFailed ? 1 : 0);
  return hasFailed;
}

/** Any other procedure, as if it had been called by EXECUTE. */
async function named(
  session: Session,
  procedure: string,
  parameters: readonly Parameter[],
  tokens: Tokens,
): Promise<boolean> {
  if (!/^[\w.[\]]+$/.test(procedure))
    throw new SqlError(2812, `Could not find stored procedure '${procedure}'.`, 16, 62);
  const names = parameters.map(({ name }, i) => (name === '' ? `@argument${i + 1}` : name));
  const list = parameters.map(({ name }, i) => (name === '' ? names[i] : `${name} = ${name}`));
  const variables = new Variables(
    (name) => session.global(name),
    parameters.map((parameter, i) => [names[i] ?? '', parameter] as const),
  );
  const sql = `EXECUTE @return_status = ${procedure} ${list.join(', ')}`;
  variables.set('@return_status', { type: types.int, value: 0 });
  const hasFailed = await new Batch(session, tokens, variables).run(sql);
  tokens.returnStatus(Number(variables.get('@return_status')?.value ?? 0));
  return hasFailed;
}
