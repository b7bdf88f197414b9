import { refused, SqlError } from '../sqlError';
import { isText, isTime, type SqlType, types } from '../sqlType';
import type { Call } from '../tsql/syntax';
import type { CallRule } from './calls';
import { assigned } from './coerce';
import { type Typed, textLiteral } from './translation';

/** The names of the parts of a time, and their short forms. */
const parts: Readonly<Record<string, string>> = {
  ...{ year: 'year', yy: 'year', yyyy: 'year', quarter: 'quarter', qq: 'quarter', q: 'quarter' },
  ...{ month: 'month', mm: 'month', m: 'month', dayofyear: 'dayofyear', dy: 'dayofyear', y: 'dayofyear' },
  ...{ day: 'day', dd: 'day', d: 'day', week: 'week', wk: 'week', ww: 'week', weekday: 'weekday', dw: 'weekday' },
  ...{
    hour: 'hour',
    hh: 'hour',
    minute: 'minute',
    mi: 'minute',
    n: 'minute',
    second: 'second',
    ss: 'second',
    s: 'second',
  },
  ...{ millisecond: 'millisecond', ms: 'millisecond', microsecond: 'microsecond', mcs: 'microsecond' },
};

function partOf({ name, args }: Call): string {
  const [first] = args;
  const word = first?.kind === 'text' ? first.text.toLowerCase() : '';
  const part = parts[word];
  if (!part || part === 'microsecond') throw refused(`the part '${word}' in ${name}`);
  return part;
}

function time(args: readonly Typed[], index: number, { name }: Call): Typed {
  const found = args[index];
  if (!found) throw new SqlError(174, `The ${name.toLowerCase()} function requires ${index + 1} argument(s).`, 15);
  if (found.isNull || isTime(found.type)) return found;
  if (!isText(found.type)) throw refused(`${name} of ${found.type.name}`);
  return { sql: assigned(found, types.datetime2), type: types.datetime2 };
}

const now =
  (type: SqlType): CallRule =>
  () => ({ sql: type.name === 'datetime' ? 't_datetime(t_now())' : 't_now()', type });

const difference =
  (type: SqlType): CallRule =>
  (args, call) => {
    const [from, to] = [time(args, 1, call), time(args, 2, call)];
    const limit = type.name === 'int' ? 1 : 0;
    return { sql: `t_datediff(${textLiteral(partOf(call))}, ${from.sql}, ${to.sql}, ${limit})`, type };
  };

const only =
  (part: string): CallRule =>
  (args, call) => ({ sql: `t_datepart(${textLiteral(part)}, ${time(args, 0, call).sql})`, type: types.int });

export const timeCalls: Readonly<Record<string, CallRule>> = {
  // The database is in UTC, as Azure SQL is.
  SYSUTCDATETIME: now(types.datetime2),
  SYSDATETIME: now(types.datetime2),
  GETUTCDATE: now(types.datetime),
  GETDATE: now(types.datetime),
  CURRENT_TIMESTAMP: now(types.datetime),
  SYSDATETIMEOFFSET: () => {
    throw refused('SYSDATETIMEOFFSET', 'SYSUTCDATETIME');
  },
  DATEDIFF: difference(types.int),
  DATEDIFF_BIG: difference(types.bigint),
  DATEADD: (args, call) => {
    const base = time(args, 2, call);
    const part = partOf(call);
    const count = args[1];
    if (!count || isText(count.type) || isTime(count.type)) throw refused('DATEADD of other than a number');
    const isFine = ['hour', 'minute', 'second', 'millisecond'].includes(part);
    if (base.type.name === 'date' && isFine) {
      throw new SqlError(9810, `The datepart ${part} is not supported by date function dateadd for data type date.`);
    }
    const sum = `t_dateadd(${textLiteral(part)}, ${count.sql}, ${base.sql})`;
    // Thirds of a millisecond stay thirds.
    return { sql: base.type.name === 'datetime' ? `t_datetime(${sum})` : sum, type: base.type };
  },
  DATEPART: (args, call) => ({
    sql: `t_datepart(${textLiteral(partOf(call))}, ${time(args, 1, call).sql})`,
    type: types.int,
  }),
  DATETRUNC: (args, call) => {
    const base = time(args, 1, call);
    return { sql: `t_datetrunc(${textLiteral(partOf(call))}, ${base.sql})`, type: base.type };
  },
  YEAR: only('year'),
  MONTH: only('month'),
  DAY: only('day'),
  EOMONTH: (args, call) => ({ sql: `t_eomonth(${time(args, 0, call).sql})`, type: types.date }),
  DATEFROMPARTS: (args) => ({ sql: `t_datefromparts(${args.map(({ sql }) => sql).join(', ')})`, type: types.date }),
};
