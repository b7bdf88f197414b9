import { refused } from '../sqlError';
import { isText, type SqlType, types } from '../sqlType';
import type { CallRule } from './calls';
import { assigned } from './coerce';
import { type Typed, textLiteral } from './translation';

function text(args: readonly Typed[], index: number, name: string): Typed {
  const found = args[index];
  if (!found) throw refused(`${name} with ${index} arguments`);
  if (found.isNull || isText(found.type)) return found;
  const type: SqlType = { name: 'nvarchar', length: 100 };
  return { sql: assigned(found, type), type };
}

/** A function of a text whose result is as long at most. */
const same =
  (sql: (x: string) => string): CallRule =>
  (args, { name }) => {
    const x = text(args, 0, name);
    return { sql: sql(x.sql), type: { ...x.type, isCaseSensitive: x.type.isCaseSensitive === true } };
  };

/** A part of a text, of a given length where it stands in the statement. */
function part(sql: string, of: Typed): Typed {
  return { sql, type: of.type };
}

const concatenation: CallRule = (args, { name }) => {
  const separator = name === 'CONCAT_WS' ? args[0] : undefined;
  const rest = separator ? args.slice(1) : args;
  const texts = rest.map((_, i) => text(rest, i, name));
  const isWide = texts.some(({ type }) => type.name.startsWith('n'));
  const lengths = texts.map(({ type }) => Number(type.length ?? 1));
  const sum = lengths.reduce((a, b) => a + b, 0) + Number(separator?.type.length ?? 0) * texts.length;
  const most = isWide ? 4000 : 8000;
  const type: SqlType = {
    name: isWide ? 'nvarchar' : 'varchar',
    length: Number.isNaN(sum) ? 'max' : Math.min(sum, most),
  };
  const all = texts.map(({ sql }) => sql).join(', ');
  return { sql: separator ? `concat_ws(${separator.sql}, ${all})` : `concat(${all})`, type };
};

export const textCalls: Readonly<Record<string, CallRule>> = {
  UPPER: same((x) => `t_upper(${x})`),
  LOWER: same((x) => `t_lower(${x})`),
  LTRIM: same((x) => `ltrim(${x})`),
  RTRIM: same((x) => `rtrim(${x})`),
  TRIM: same((x) => `trim(${x})`),
  REVERSE: same((x) => `t_reverse(${x})`),
  LEN: (args, { name }) => ({ sql: `t_length(rtrim(${text(args, 0, name).sql}, ' '))`, type: types.int }),
  LEFT: (args, { name }) => {
    const x = text(args, 0, name);
    return part(`substr(${x.sql}, 1, max(0, ${args[1]?.sql ?? 'NULL'}))`, x);
  },
  RIGHT: (args, { name }) => {
    const x = text(args, 0, name);
    const count = `max(0, ${args[1]?.sql ?? 'NULL'})`;
    return part(`(CASE WHEN ${count} = 0 THEN '' ELSE substr(${x.sql}, -min(${count}, length(${x.sql}))) END)`, x);
  },
  SUBSTRING: (args, { name }) => {
    const x = text(args, 0, name);
    const [, from, count] = args;
    if (!from || !count) throw refused('SUBSTRING without start and length');
    return part(`t_substring(${x.sql}, ${from.sql}, ${count.sql})`, x);
  },
  REPLACE: (args, { name }) => {
    const [x, y, z] = [text(args, 0, name), text(args, 1, name), text(args, 2, name)];
    return { sql: `t_replace(${x.sql}, ${y.sql}, ${z.sql})`, type: { ...x.type, length: 'max' } };
  },
  CHARINDEX: (args, { name }) => {
    const [y, x] = [text(args, 0, name), text(args, 1, name)];
    return { sql: `t_charindex(${y.sql}, ${x.sql}, ${args[2]?.sql ?? 1})`, type: types.int };
  },
  CONCAT: concatenation,
  CONCAT_WS: concatenation,
  QUOTENAME: (args, { name }) => ({
    sql: `t_quotename(${text(args, 0, name).sql})`,
    type: { name: 'nvarchar', length: 258 },
  }),
  CHAR: (args) => ({ sql: `char(${args[0]?.sql ?? 'NULL'})`, type: { name: 'varchar', length: 1 } }),
  NCHAR: (args) => ({ sql: `char(${args[0]?.sql ?? 'NULL'})`, type: { name: 'nvarchar', length: 1 } }),
  ISJSON: (args, { name }) => ({ sql: `t_is_json(${text(args, 0, name).sql})`, type: types.int }),
  JSON_VALUE: (args, { name }) => {
    const [x, path] = [text(args, 0, name), text(args, 1, name)];
    return { sql: `t_json_value(${x.sql}, ${path.sql})`, type: types.nvarchar };
  },
  FORMAT: () => {
    throw refused('FORMAT', 'CONVERT with a style');
  },
  STRING_SPLIT: () => {
    throw refused('STRING_SPLIT', 'OPENJSON ... WITH');
  },
  PARSENAME: (args, { name }) => ({
    sql: `t_parsename(${text(args, 0, name).sql}, ${args[1]?.sql ?? textLiteral('1')})`,
    type: types.sysname,
  }),
};
