import { refused, SqlError } from '../sqlError';
import { isBinary, isInteger, isNumber, isText, isTime, type SqlType, types } from '../sqlType';
import type { Call, Order } from '../tsql/syntax';
import { assigned, compared } from './coerce';
import { condition, meeting, ungrouped, value } from './expressions';
import type { Scope } from './scope';
import { textCalls } from './textCalls';
import { timeCalls } from './timeCalls';
import type { Translation, Typed } from './translation';

/** One function of T-SQL: how its values become one. */
export type CallRule = (args: readonly Typed[], call: Call) => Typed;

export const aggregates = new Set(['COUNT', 'COUNT_BIG', 'SUM', 'AVG', 'MIN', 'MAX', 'STRING_AGG']);
const ranking = new Set(['ROW_NUMBER', 'RANK', 'DENSE_RANK', 'NTILE', 'LAG', 'LEAD', 'FIRST_VALUE', 'LAST_VALUE']);

export function call(c: Call, scope: Scope, t: Translation): Typed {
  if (c.name === 'IIF') return conditional(c, scope, t);
  if (aggregates.has(c.name)) return aggregate(c, scope, t);
  if (ranking.has(c.name)) return ranked(c, scope, t);
  if (c.over || c.isDistinct || c.within || c.isOfAll)
    throw refused(`${c.name} with OVER, DISTINCT, WITHIN GROUP or *`);
  const rule = rules[c.name];
  if (!rule) throw refused(`the function ${c.name}`);
  return rule(
    c.args.map((arg) => value(arg, scope, t)),
    c,
  );
}

function conditional({ args }: Call, scope: Scope, t: Translation): Typed {
  const [when, then, otherwise] = args;
  if (!when || !then || !otherwise) throw wrongCount('iif', 3);
  const results = [value(then, scope, t), value(otherwise, scope, t)] as const;
  const type = meeting(results);
  const [yes, no] = results.map((result) => assigned(result, type));
  return { sql: `(CASE WHEN ${condition(when, scope, t)} THEN ${yes} ELSE ${no} END)`, type };
}

function aggregate(c: Call, scope: Scope, t: Translation): Typed {
  const name = c.name === 'COUNT_BIG' ? 'count' : c.name.toLowerCase();
  const inner = c.over ? scope : ungrouped(scope);
  const over = c.over ? overOf(c, scope, t) : '';
  if (c.isOfAll) {
    if (name !== 'count') throw refused(`${c.name}(*)`);
    return { sql: `count(*)${over}`, type: c.name === 'COUNT' ? types.int : types.bigint };
  }
  const args = c.args.map((arg) => value(arg, inner, t));
  const [first] = args;
  if (!first) throw wrongCount(name, 1);
  const distinct = c.isDistinct ? 'DISTINCT ' : '';
  if (name === 'string_agg') return joinedTexts(c, args, inner, t);
  if (name === 'count')
    return { sql: `count(${distinct}${first.sql})${over}`, type: c.name === 'COUNT' ? types.int : types.bigint };
  if (name === 'min' || name === 'max') return { sql: `${name}(${first.sql})${over}`, type: first.type };
  return total(name, `${distinct}${first.sql}`, first.type, over);
}

/** SUM and AVG keep whole numbers whole, and refuse bits. */
function total(name: string, sql: string, type: SqlType, over: string): Typed {
  if (!isNumber(type) || type.name === 'bit') {
    throw new SqlError(8117, `Operand data type ${type.name} is invalid for ${name} operator.`);
  }
  const made = `${name}(${sql})${over}`;
  if (isInteger(type)) {
    const whole = type.name === 'bigint' ? types.bigint : types.int;
    return { sql: name === 'avg' ? `CAST(${made} AS INTEGER)` : made, type: whole };
  }
  if (type.name !== 'decimal') return { sql: made, type: types.float };
  const scale = name === 'avg' ? Math.max(type.scale ?? 0, 6) : (type.scale ?? 0);
  return { sql: `round(${made}, ${scale})`, type: { name: 'decimal', precision: 38, scale } };
}

function joinedTexts(c: Call, [text, between]: readonly Typed[], scope: Scope, t: Translation): Typed {
  if (!text || !between) throw wrongCount('string_agg', 2);
  if (c.over || c.isDistinct) throw refused('STRING_AGG with OVER or DISTINCT');
  const order = c.within ? ` ORDER BY ${orderOf(c.within, scope, t)}` : '';
  const type: SqlType = { name: text.type.name === 'varchar' ? 'varchar' : 'nvarchar', length: 'max' };
  return { sql: `group_concat(${assigned(text, type)}, ${between.sql}${order})`, type };
}

function ranked(c: Call, scope: Scope, t: Translation): Typed {
  if (!c.over || c.over.orderBy.length === 0) {
    throw new SqlError(4112, `The function '${c.name}' must have an OVER clause with ORDER BY.`, 15);
  }
  const args = c.args.map((arg) => value(arg, scope, t));
  const type = args[0] && c.name !== 'NTILE' ? meeting([args[0], ...args.slice(2)]) : types.bigint;
  return { sql: `${c.name.toLowerCase()}(${args.map(({ sql }) => sql).join(', ')})${overOf(c, scope, t)}`, type };
}

function overOf({ over }: Call, scope: Scope, t: Translation): string {
  if (!over) return '';
  const partition = over.partitionBy.map((e) => value(e, scope, t).sql).join(', ');
  const parts = [
    partition && `PARTITION BY ${partition}`,
    over.orderBy.length > 0 && `ORDER BY ${orderOf(over.orderBy, scope, t)}`,
    over.frame,
  ];
  return ` OVER (${parts.filter(Boolean).join(' ')})`;
}

export function orderOf(order: readonly Order[], scope: Scope, t: Translation): string {
  return order.map(({ by, isDescending }) => `${value(by, scope, t).sql}${isDescending ? ' DESC' : ''}`).join(', ');
}

export function wrongCount(name: string, count: number): SqlError {
  return new SqlError(174, `The ${name} function requires ${count} argument(s).`, 15);
}

/** The argument at a place. */
export function arg(args: readonly Typed[], index: number, name: string): Typed {
  const found = args[index];
  if (!found) throw wrongCount(name.toLowerCase(), index + 1);
  return found;
}

const numeric =
  (sql: (x: string) => string, type: (given: SqlType) => SqlType = (given) => given): CallRule =>
  (args, { name }) => {
    const x = arg(args, 0, name);
    if (!x.isNull && !isNumber(x.type)) throw refused(`${name} of ${x.type.name}`);
    return { sql: sql(x.sql), type: type(x.type) };
  };

/** Functions of the session: what SQLite calls back for. */
const session =
  (name: string, type: SqlType): CallRule =>
  (args) => ({ sql: `${name}(${args.map(({ sql }) => sql).join(', ')})`, type });

const first: CallRule = (args, { name }) => {
  if (args.length === 0) throw wrongCount(name.toLowerCase(), 2);
  // ISNULL has the type of what is asked first, COALESCE the one that all meet in.
  const type = name === 'ISNULL' && !args[0]?.isNull ? arg(args, 0, name).type : meeting(args);
  if (name === 'ISNULL' && args.length !== 2) throw wrongCount('isnull', 2);
  return { sql: `coalesce(${args.map((a) => assigned(a, type)).join(', ')})`, type };
};

const extreme =
  (name: string): CallRule =>
  (args) => {
    if (args.length < 2) throw refused(`${name} of one value`);
    const type = meeting(args);
    const all = args.map((a) => assigned(a, type));
    // SQLite's is null when any is null, T-SQL's is not.
    const rest = all.map((sql) => `coalesce(${[sql, ...all].join(', ')})`);
    return { sql: `${name}(${rest.join(', ')})`, type };
  };

const whole = (type: SqlType): SqlType => (type.name === 'decimal' ? { ...type, scale: 0 } : type);

const rules: Readonly<Record<string, CallRule | undefined>> = {
  ...textCalls,
  ...timeCalls,
  ISNULL: first,
  COALESCE: first,
  NULLIF: (args, { name }) => {
    const [a, b] = [arg(args, 0, name), arg(args, 1, name)];
    const [left, right] = compared(a, b);
    return { sql: `(CASE WHEN ${left} = ${right} THEN NULL ELSE ${a.sql} END)`, type: a.type };
  },
  GREATEST: extreme('max'),
  LEAST: extreme('min'),
  ABS: numeric((x) => `abs(${x})`),
  FLOOR: numeric((x) => `CAST(floor(${x}) AS INTEGER)`, whole),
  CEILING: numeric((x) => `CAST(ceil(${x}) AS INTEGER)`, whole),
  SIGN: numeric((x) => `sign(${x})`),
  SQRT: numeric(
    (x) => `sqrt(${x})`,
    () => types.float,
  ),
  ROUND: (args, { name }) => {
    const [x, digits] = [arg(args, 0, name), arg(args, 1, name)];
    if (args.length > 2) throw refused('ROUND that cuts');
    if (!/^\d+$/.test(digits.sql)) throw refused('ROUND to other than a given number of digits after the point');
    return { sql: `round(${x.sql}, ${digits.sql})`, type: x.type };
  },
  NEWID: session('t_newid', types.guid),
  DB_NAME: session('t_db_name', types.sysname),
  USER_NAME: session('t_user_name', types.sysname),
  CURRENT_USER: session('t_user_name', types.sysname),
  SESSION_USER: session('t_user_name', types.sysname),
  SUSER_NAME: session('t_login_name', types.sysname),
  SUSER_SNAME: session('t_login_name', types.sysname),
  SYSTEM_USER: session('t_login_name', types.sysname),
  ORIGINAL_LOGIN: session('t_login_name', types.sysname),
  SCHEMA_NAME: session('t_schema_name', types.sysname),
  SCHEMA_ID: session('t_schema_id', types.int),
  OBJECT_ID: session('t_object_id', types.int),
  OBJECT_NAME: session('t_object_name', types.sysname),
  COL_LENGTH: session('t_col_length', { name: 'smallint' }),
  DATABASE_PRINCIPAL_ID: session('t_principal_id', types.int),
  USER_ID: session('t_principal_id', types.int),
  IS_MEMBER: session('t_is_member', types.int),
  IS_ROLEMEMBER: session('t_is_member', types.int),
  HAS_PERMS_BY_NAME: session('t_has_permission', types.int),
  XACT_STATE: session('t_xact_state', { name: 'smallint' }),
  SCOPE_IDENTITY: session('t_identity', types.bigint),
  ERROR_NUMBER: session('t_error_number', types.int),
  ERROR_MESSAGE: session('t_error_message', types.nvarchar),
  ERROR_SEVERITY: session('t_error_severity', types.int),
  ERROR_STATE: session('t_error_state', types.int),
  SERVERPROPERTY: session('t_server_property', types.nvarchar),
  DATALENGTH: (args, { name }) => {
    const { sql, type } = arg(args, 0, name);
    if (isBinary(type)) return { sql: `length(${sql})`, type: types.int };
    if (!isText(type)) throw refused(`DATALENGTH of ${type.name}`);
    return { sql: type.name.startsWith('n') ? `(t_length(${sql}) * 2)` : `t_length(${sql})`, type: types.int };
  },
  CHECKSUM: () => {
    throw refused('CHECKSUM', 'HASHBYTES');
  },
  HASHBYTES: (args, { name }) => {
    const [algorithm, of] = [arg(args, 0, name), arg(args, 1, name)];
    const width = of.type.name.startsWith('n') ? 2 : 1;
    if (isTime(of.type) || isNumber(of.type)) throw refused(`HASHBYTES of ${of.type.name}`);
    return { sql: `t_hash(${algorithm.sql}, ${of.sql}, ${width})`, type: { name: 'varbinary', length: 8000 } };
  },
};
