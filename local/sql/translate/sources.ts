import { SqlError } from '../sqlError';
import { isText, type SqlType } from '../sqlType';
import type { Join, Source } from '../tsql/syntax';
import { assigned } from './coerce';
import { condition, meeting, ungrouped, value } from './expressions';
import { translateQuery } from './queries';
import { Scope, type ScopeTable } from './scope';
import { physicalName, quoted, type Translation, type Typed, textLiteral } from './translation';

/** What stands in FROM, whose columns it adds to the scope. */
export function translateSource(source: Source, scope: Scope, t: Translation): string {
  switch (source.kind) {
    case 'table':
      return table(source, scope, t);
    case 'derived': {
      const { alias, columns: names } = source;
      const made = translateQuery(source.query, new Scope(scope.parent, scope.common), t, {
        isNested: true,
        needsNames: alias,
        names,
      });
      scope.add({ alias, exposed: [alias], columns: made.columns });
      return `(${made.sql}) AS ${quoted(alias)}`;
    }
    case 'values':
      return rows(source, scope, t);
    case 'json':
      return json(source, scope, t);
    case 'join':
      return join(source, scope, t);
  }
}

const locking = new Set(['UPDLOCK', 'XLOCK', 'HOLDLOCK', 'SERIALIZABLE', 'TABLOCKX']);

function table(source: Extract<Source, { kind: 'table' }>, scope: Scope, t: Translation): string {
  const { name, alias, hints } = source;
  if (hints.some((hint) => locking.has(hint))) t.locks = true;
  const common = name.length === 1 ? scope.common.get((name[0] ?? '').toLowerCase()) : undefined;
  if (common) {
    const own = alias ?? (name[0] as string);
    scope.add({ alias: own, exposed: [own], columns: common });
    return `${quoted(name[0] as string)} AS ${quoted(own)}`;
  }
  const info = t.table(name);
  t.need('SELECT', info);
  const own = alias ?? `${info.schema}.${info.name}`;
  scope.add({ alias: own, exposed: alias === undefined ? [info.schema, info.name] : [alias], columns: info.columns });
  return `${physicalName(info)} AS ${quoted(own)}`;
}

function join({ how, left, right, on }: Join, scope: Scope, t: Translation): string {
  const [a, b] = [translateSource(left, scope, t), translateSource(right, scope, t)];
  const nested = right.kind === 'join' ? `(${b})` : b;
  return `${a} ${how.toUpperCase()} JOIN ${nested}${on ? ` ON ${condition(on, scope, t)}` : ''}`;
}

function rows(source: Extract<Source, { kind: 'values' }>, scope: Scope, t: Translation): string {
  const { alias, columns } = source;
  const values = source.rows.map((row) => row.map((e) => value(e, scope, t)));
  if (values.some((row) => row.length !== columns.length)) {
    throw new SqlError(10_709, 'The number of columns for each row in a table value constructor must be the same.', 15);
  }
  const typed = columns.map((name, i) => ({ name, type: meeting(values.map((row) => row[i] as Typed)) }));
  const lines = values.map((row) => `(${row.map((v, i) => assigned(v, typed[i]?.type as SqlType)).join(', ')})`);
  const list = columns.map((name, i) => `column${i + 1} AS ${quoted(name)}`).join(', ');
  scope.add({ alias, exposed: [alias], columns: typed });
  return `(SELECT ${list} FROM (VALUES ${lines.join(', ')})) AS ${quoted(alias)}`;
}

/** OPENJSON with columns: an object of an array is a row. */
function json(source: Extract<Source, { kind: 'json' }>, scope: Scope, t: Translation): string {
  const of = value(source.of, ungrouped(scope), t);
  const alias = source.alias ?? 'OPENJSON';
  const root = source.path ? value(source.path, scope, t).sql : textLiteral('$');
  const columns: ScopeTable['columns'] = source.columns.map(({ name, type }) => ({ name, type }));
  const list = source.columns.map(({ name, type, path }) => {
    const text = `t_json_value("json".value, ${textLiteral(path ?? `$.${name}`)})`;
    const typed = isText(type) ? text : assigned({ sql: text, type: { name: 'nvarchar', length: 'max' } }, type);
    return `${typed} AS ${quoted(name)}`;
  });
  scope.add({ alias, exposed: [alias], columns });
  return `(SELECT ${list.join(', ')} FROM json_each(t_json_rows(${of.sql}, ${root})) AS "json") AS ${quoted(alias)}`;
}
