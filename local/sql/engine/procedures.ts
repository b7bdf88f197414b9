import { refused, SqlError } from '../sqlError';
import { type SqlValue, type TypedValue, types } from '../sqlType';
import { Cursor } from '../tsql/parser';
import type { Execute, Expression } from '../tsql/syntax';
import type { Batch } from './batch';
import type { LockOwner } from './locks';
import type { Session } from './session';

/** Arguments of a procedure, by lower-case name without `@`. */
type Arguments = ReadonlyMap<string, SqlValue>;

/** The system's procedures that programs call here. */
export async function runProcedure(batch: Batch, statement: Execute): Promise<void> {
  const name = (statement.procedure.at(-1) ?? '').toLowerCase();
  if (name === 'sp_executesql') {
    await executeSql(batch, statement);
    return;
  }
  const parameters = procedures[name];
  if (!parameters)
    throw new SqlError(2812, `Could not find stored procedure '${statement.procedure.join('.')}'.`, 16, 62);
  const status = await parameters.run(batch.session, await argumentsOf(batch, statement, parameters.names));
  if (statement.into !== undefined) batch.variables.set(statement.into, { type: types.int, value: status });
}

interface Procedure {
  /** In the order in which they are meant without a name. */
  readonly names: readonly string[];
  run(session: Session, args: Arguments): Promise<number>;
}

async function argumentsOf(batch: Batch, { args, procedure }: Execute, names: readonly string[]): Promise<Arguments> {
  const values = new Map<string, SqlValue>();
  for (const [i, { name, value }] of args.entries()) {
    const own = name?.slice(1) ?? names[i];
    if (own === undefined || !names.includes(own)) {
      throw new SqlError(8145, `${name ?? `Argument ${i + 1}`} is not a parameter for procedure ${procedure.at(-1)}.`);
    }
    if (value !== 'default') values.set(own, (await batch.freeValue(value)).value);
  }
  return values;
}

const procedures: Readonly<Record<string, Procedure | undefined>> = {
  sp_getapplock: { names: ['resource', 'lockmode', 'lockowner', 'locktimeout', 'dbprincipal'], run: getAppLock },
  sp_releaseapplock: { names: ['resource', 'lockowner', 'dbprincipal'], run: releaseAppLock },
};

function appLock(session: Session, args: Arguments): { resource: string; owner: LockOwner } {
  const principal = String(args.get('dbprincipal') ?? 'public').toLowerCase();
  const isMember = session.rights.isOwner || principal === 'public' || session.rights.isMember(principal) === 1;
  if (!isMember)
    throw new SqlError(
      15_151,
      `Cannot find the user '${principal}', because it does not exist or you do not have permission.`,
    );
  const owner = String(args.get('lockowner') ?? 'Transaction').toLowerCase();
  if (owner === 'transaction' && session.transactionDepth === 0) {
    throw new SqlError(
      1204,
      'You attempted to acquire a transactional application lock without an active transaction.',
    );
  }
  const resource = `${principal}/${String(args.get('resource'))}`;
  return { resource, owner: owner === 'session' ? session : session.transactionOwner };
}

/** 0: granted at once, 1: after waiting, -1: timed out, -2: canceled, -3: victim of a deadlock. */
async function getAppLock(session: Session, args: Arguments): Promise<number> {
  const { resource, owner } = appLock(session, args);
  const mode = String(args.get('lockmode') ?? '').toLowerCase();
  if (mode !== 'exclusive' && mode !== 'shared') throw refused(`locks of the mode '${mode}'`, 'Exclusive or Shared');
  const timeout = args.get('locktimeout');
  const timeoutMs = timeout === undefined || Number(timeout) < 0 ? session.lockTimeoutMs : Number(timeout);
  try {
    return Number(await session.database.locks.acquire(owner, resource, session.waiting(mode, timeoutMs)));
  } catch (error) {
    if (error instanceof SqlError && error.number === 1222) return -1;
    if (error instanceof SqlError && error.number === 1205) return -3;
    throw error;
  }
}

async function releaseAppLock(session: Session, args: Arguments): Promise<number> {
  const { resource, owner } = appLock(session, args);
  if (session.database.locks.release(owner, resource)) return 0;
  const name = resource.slice(resource.indexOf('/') + 1);
  throw new SqlError(
    1223,
    `Cannot release the application lock (Database Principal: '${resource.slice(0, resource.indexOf('/'))}', Resource: '${name}') because it is not currently held.`,
  );
}

async function executeSql(batch: Batch, { args }: Execute): Promise<void> {
  const [statement, declaration, ...given] = args;
  if (!statement || statement.value === 'default')
    throw new SqlError(201, "Procedure expects parameter '@statement', which was not supplied.");
  const sql = String(await batch.value(statement.value, types.nvarcharMax));
  const declared =
    declaration && declaration.value !== 'default'
      ? String(await batch.value(declaration.value, types.nvarcharMax))
      : '';
  const parameters: [string, TypedValue][] = [];
  for (const [i, { name, type }] of declarationsOf(declared).entries()) {
    const argument = given.find((a) => a.name === name) ?? given[i];
    if (argument?.isOutput) throw refused('OUTPUT parameters of sp_executesql', 'a result');
    const expression: Expression = argument && argument.value !== 'default' ? argument.value : { kind: 'null' };
    parameters.push([name, { type, value: await batch.value(expression, type) }]);
  }
  await batch.inner(sql, parameters);
}

type Declarations = readonly { readonly name: string; readonly type: TypedValue['type'] }[];

const declarations = new Map<string, Declarations>();
const mostDeclarations = 200;

/** `@1 int, @2 nvarchar(10)` */
export function declarationsOf(text: string): Declarations {
  let known = declarations.get(text);
  if (!known) {
    known = readDeclarations(text);
    if (declarations.size >= mostDeclarations) declarations.clear();
    declarations.set(text, known);
  }
  return known;
}

function readDeclarations(text: string): Declarations {
  if (text.trim() === '') return [];
  const c = new Cursor(text);
  const all = c.list(() => {
    const name = c.variable();
    c.skip('AS');
    const type = c.type();
    if (!c.skip('OUTPUT')) c.skip('OUT');
    return { name, type };
  });
  if (!c.isAtEnd) throw c.unexpected();
  return all;
}
