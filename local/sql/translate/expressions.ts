import { refused, SqlError } from '../sqlError';
import { isBinary, isInteger, isNumber, isText, isTime, type SqlType, types } from '../sqlType';
import { isCaseSensitive } from '../tsql/definitions';
import type { Case, Cast, Expression, Membership, Operation, Query } from '../tsql/syntax';
import { call } from './calls';
import { asDecimal, assigned, cast, common, commonType, comparable, compared } from './coerce';
import { translateQuery } from './queries';
import { fingerprint, Scope } from './scope';
import { notBoolean, type Translation, type Typed, textLiteral } from './translation';

const conditions = new Set(['compare', 'logic', 'not', 'isNull', 'in', 'between', 'like', 'exists']);

/** A value: what a column holds, what a list shows. */
export function value(e: Expression, scope: Scope, t: Translation): Typed {
  if (scope.grouping?.includes(fingerprint(e))) return value(e, ungrouped(scope), t);
  switch (e.kind) {
    case 'null':
      return { sql: 'NULL', type: types.int, isNull: true };
    case 'number':
      return number(e.text);
    case 'text':
      return {
        sql: textLiteral(e.text),
        type: { name: e.isWide ? 'nvarchar' : 'varchar', length: e.text.length || 1 },
      };
    case 'binary':
      return { sql: `x'${e.hex.length % 2 === 0 ? e.hex : `0${e.hex}`}'`, type: types.varbinaryMax };
    case 'variable':
      return t.variable(e.name);
    case 'column':
      return scope.column(e.name);
    case 'negate': {
      const operand = value(e.operand, scope, t);
      if (!isNumber(operand.type)) throw invalid('minus', operand.type);
      return { sql: `(-${operand.sql})`, type: operand.type };
    }
    case 'operation':
      return operation(e, scope, t);
    case 'call':
      return call(e, scope, t);
    case 'case':
      return caseOf(e, scope, t);
    case 'cast':
      return castOf(e, scope, t);
    case 'collate': {
      const operand = value(e.operand, scope, t);
      const sensitive = isCaseSensitive(e.collation);
      const sql = `(${operand.sql} COLLATE ${sensitive ? 'BINARY' : 'NOCASE'})`;
      return { sql, type: { ...operand.type, isCaseSensitive: sensitive }, isColumn: true };
    }
    case 'subquery':
      return scalar(e.query, scope, t);
    default:
      throw new SqlError(102, `Incorrect syntax: a condition stands where a value has to stand.`, 15);
  }
}

/** The same names, without the restriction to what a query groups by. */
export function ungrouped(scope: Scope): Scope {
  const open = new Scope(scope.parent, scope.common);
  open.tables.push(...scope.tables);
  return open;
}

function number(text: string): Typed {
  if (/[eE]/.test(text)) return { sql: text, type: types.float };
  const [whole = '', fraction] = text.split('.');
  const digits = whole.replace(/^0+(?=\d)/, '');
  if (fraction === undefined) {
    if (Number(digits) <= 2_147_483_647) return { sql: digits, type: types.int };
    if (!Number.isSafeInteger(Number(digits)))
      throw refused(`whole numbers as long as ${digits} in a statement`, 'a parameter');
    return { sql: digits, type: { name: 'decimal', precision: digits.length, scale: 0 } };
  }
  const precision = Math.max(1, digits.length + fraction.length);
  return { sql: `${digits || '0'}.${fraction || '0'}`, type: { name: 'decimal', precision, scale: fraction.length } };
}

function operation({ operator, left, right }: Operation, scope: Scope, t: Translation): Typed {
  const [a, b] = [value(left, scope, t), value(right, scope, t)];
  if (operator === '+' && (isText(a.type) || isText(b.type))) return concatenated(a, b);
  for (const side of [a, b]) if (!side.isNull && !isNumber(side.type)) throw invalid(operator, side.type);
  const type = arithmeticType(operator, a, b);
  if (operator === '^') throw refused('the operator ^');
  const isDivision = operator === '/' || operator === '%';
  // SQLite makes null of a division by zero.
  const divisor = isDivision && !/^\d*[1-9]\d*(\.\d+)?$/.test(b.sql) ? `t_divisor(${b.sql})` : b.sql;
  const dividend = isDivision && !isInteger(type) ? `CAST(${a.sql} AS REAL)` : a.sql;
  if (operator === '%' && !isInteger(type)) throw refused('% of numbers that are not whole');
  const result = `(${dividend} ${operator} ${divisor})`;
  const isRounded = isDivision && type.name === 'decimal';
  return { sql: isRounded ? `round(${result}, ${type.scale ?? 0})` : result, type };
}

function concatenated(a: Typed, b: Typed): Typed {
  if ((a.isNull || isText(a.type)) && (b.isNull || isText(b.type))) {
    const type = common(a, b);
    const sum = Number(a.type.length ?? 1) + Number(b.type.length ?? 1);
    const most = type.name === 'nvarchar' ? 4000 : 8000;
    return {
      sql: `(${a.sql} || ${b.sql})`,
      type: { ...type, length: Number.isNaN(sum) ? 'max' : Math.min(sum, most) },
    };
  }
  throw refused(`+ between ${a.type.name} and ${b.type.name}`, 'CONCAT, or CAST');
}

function arithmeticType(operator: Operation['operator'], a: Typed, b: Typed): SqlType {
  const type = common(a, b);
  if (type.name === 'bit') return types.int;
  if (type.name !== 'decimal') return type;
  const [x, y] = [asDecimal(a.isNull ? type : a.type), asDecimal(b.isNull ? type : b.type)];
  // Learn: "Precision, scale, and length (Transact-SQL)".
  let scale = Math.max(x.scale, y.scale);
  let precision = scale + Math.max(x.precision - x.scale, y.precision - y.scale) + 1;
  if (operator === '*') {
    scale = x.scale + y.scale;
    precision = x.precision + y.precision + 1;
  } else if (operator === '/') {
    scale = Math.max(6, x.scale + y.precision + 1);
    precision = x.precision - x.scale + y.scale + scale;
  }
  if (precision > 38) {
    scale = Math.max(Math.min(scale, 38 - (precision - scale)), Math.min(scale, 6));
    precision = 38;
  }
  return { name: 'decimal', precision, scale };
}

function invalid(operator: string, { name }: SqlType): SqlError {
  if (isTime({ name })) return refused(`the operator ${operator} on ${name}`, 'DATEADD or DATEDIFF');
  return new SqlError(8117, `Operand data type ${name} is invalid for ${operator} operator.`);
}

function caseOf({ operand, branches, otherwise }: Case, scope: Scope, t: Translation): Typed {
  const results = [...branches.map(({ result }) => result), ...(otherwise ? [otherwise] : [])].map((e) =>
    value(e, scope, t),
  );
  const type = meeting(results);
  const whens = branches.map(({ when }) =>
    operand
      ? condition({ kind: 'compare', operator: '=', left: operand, right: when }, scope, t)
      : condition(when, scope, t),
  );
  const words = whens.map((when, i) => `WHEN ${when} THEN ${assigned(results[i] as Typed, type)}`);
  const last = otherwise ? ` ELSE ${assigned(results.at(-1) as Typed, type)}` : '';
  return { sql: `(CASE ${words.join(' ')}${last} END)`, type };
}

/** The type that several values meet in. */
export function meeting(values: readonly Typed[]): SqlType {
  const known = values.filter(({ isNull }) => !isNull).map(({ type }) => type);
  const [first = types.int, ...others] = known;
  return others.reduce(commonType, first);
}

function castOf({ operand, type, tries, style }: Cast, scope: Scope, t: Translation): Typed {
  const inner = value(operand, scope, t);
  const number = style === undefined ? undefined : Number(value(style, scope, t).sql);
  if (number !== undefined && Number.isNaN(number)) throw refused('styles of CONVERT that are not a number');
  // Without a length a cast takes 30 characters or bytes.
  const sized = (isText(type) || isBinary(type)) && type.length === 1 ? { ...type, length: 30 } : type;
  return { sql: cast(inner, sized, tries, number), type: sized };
}

function scalar(query: Query, scope: Scope, t: Translation): Typed {
  const { sql, columns } = translateQuery(query, scope, t, { isNested: true });
  const [only, another] = columns;
  if (!only || another) {
    throw new SqlError(
      116,
      'Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.',
    );
  }
  return { sql: `(${sql})`, type: only.type };
}

/** What is true, false or unknown. */
export function condition(e: Expression, scope: Scope, t: Translation): string {
  if (!conditions.has(e.kind)) throw notBoolean();
  switch (e.kind) {
    case 'compare': {
      const [left, right] = compared(value(e.left, scope, t), value(e.right, scope, t));
      return `(${left} ${e.operator} ${right})`;
    }
    case 'logic':
      return `(${condition(e.left, scope, t)} ${e.operator.toUpperCase()} ${condition(e.right, scope, t)})`;
    case 'not':
      return `(NOT ${condition(e.operand, scope, t)})`;
    case 'isNull':
      return `(${value(e.operand, scope, t).sql} IS ${e.isNegated ? 'NOT ' : ''}NULL)`;
    case 'in':
      return membership(e, scope, t);
    case 'between': {
      const operand = value(e.operand, scope, t);
      const [low, from] = compared(operand, value(e.low, scope, t));
      const [high, to] = compared(operand, value(e.high, scope, t));
      return `(${e.isNegated ? 'NOT ' : ''}(${low} >= ${from} AND ${high} <= ${to}))`;
    }
    case 'like': {
      const operand = value(e.operand, scope, t);
      const pattern = value(e.pattern, scope, t);
      const except = e.escape ? value(e.escape, scope, t).sql : 'NULL';
      if (!isText(operand.type)) throw refused(`LIKE on ${operand.type.name}`, 'CAST');
      const sensitive = operand.type.isCaseSensitive === true ? 1 : 0;
      return `(${e.isNegated ? 'NOT ' : ''}t_like(${operand.sql}, ${pattern.sql}, ${except}, ${sensitive}))`;
    }
    case 'exists':
      return `EXISTS (${translateQuery(e.query, scope, t, { isNested: true }).sql})`;
    default:
      throw notBoolean();
  }
}

function membership({ operand, among, isNegated }: Membership, scope: Scope, t: Translation): string {
  const left = value(operand, scope, t);
  const not = isNegated ? 'NOT ' : '';
  if (Array.isArray(among)) {
    const values = (among as readonly Expression[]).map((e) => value(e, scope, t));
    const type = meeting([left, ...values]);
    const [compare] = isText(type) ? compared(left, { sql: '', type }) : [comparable(left, type)];
    return `(${compare} ${not}IN (${values.map((v) => comparable(v, type)).join(', ')}))`;
  }
  const { sql, columns } = translateQuery(among as Query, scope, t, { isNested: true });
  const [only, another] = columns;
  if (!only || another)
    throw new SqlError(
      116,
      'Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.',
    );
  const [compare] = compared(left, { sql: '', type: only.type });
  if (isText(left.type) !== isText(only.type))
    throw refused(`IN between ${left.type.name} and ${only.type.name}`, 'CAST');
  return `(${compare} ${not}IN (${sql}))`;
}
