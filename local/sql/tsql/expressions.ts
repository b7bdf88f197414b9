import { errors, refused } from '../sqlError';
import type { Cursor } from './parser';
import { parseQuery } from './queries';
import type { Arithmetic, Case, Comparison, Expression, Order, Over } from './syntax';

const comparisons: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
  '!<': '>=',
  '!>': '<=',
};

/** Functions that are called without parentheses. */
const bare = new Set(['CURRENT_TIMESTAMP', 'CURRENT_USER', 'SESSION_USER', 'SYSTEM_USER']);

/** A value or a condition: `or` binds least. */
export function parseExpression(c: Cursor): Expression {
  let left = conjunction(c);
  while (c.skip('OR')) left = { kind: 'logic', operator: 'or', left, right: conjunction(c) };
  return left;
}

function conjunction(c: Cursor): Expression {
  let left = negation(c);
  while (c.skip('AND')) left = { kind: 'logic', operator: 'and', left, right: negation(c) };
  return left;
}

function negation(c: Cursor): Expression {
  return c.skip('NOT') ? { kind: 'not', operand: negation(c) } : predicate(c);
}

function predicate(c: Cursor): Expression {
  if (c.is('EXISTS') && c.skip('EXISTS', '(')) {
    const query = parseQuery(c);
    c.expect(')');
    return { kind: 'exists', query };
  }
  const operand = sum(c);
  const operator = c.token.kind === 'sign' ? comparisons[c.token.text] : undefined;
  if (operator) {
    c.next();
    if (c.is('ALL', '(') || c.is('ANY', '(') || c.is('SOME', '(')) throw refused(`comparing with ${c.token.upper}`);
    return { kind: 'compare', operator, left: operand, right: sum(c) };
  }
  if (c.skip('IS')) {
    const isNegated = c.skip('NOT');
    if (c.is('DISTINCT')) throw refused('IS DISTINCT FROM');
    c.expect('NULL');
    return { kind: 'isNull', operand, isNegated };
  }
  const isNegated = c.is('NOT', 'IN') || c.is('NOT', 'BETWEEN') || c.is('NOT', 'LIKE') ? c.skip('NOT') : false;
  if (c.skip('IN')) return membership(c, operand, isNegated);
  if (c.skip('BETWEEN')) {
    const low = sum(c);
    c.expect('AND');
    return { kind: 'between', operand, low, high: sum(c), isNegated };
  }
  if (c.skip('LIKE')) {
    const pattern = sum(c);
    return { kind: 'like', operand, pattern, isNegated, ...(c.skip('ESCAPE') ? { escape: sum(c) } : {}) };
  }
  return operand;
}

function membership(c: Cursor, operand: Expression, isNegated: boolean): Expression {
  c.expect('(');
  const among = c.is('SELECT') || c.is('WITH') ? parseQuery(c) : c.list(() => parseExpression(c));
  c.expect(')');
  return { kind: 'in', operand, among, isNegated };
}

function sum(c: Cursor): Expression {
  let left = product(c);
  for (let sign = c.token; ['+', '-', '&', '|', '^'].includes(sign.text) && sign.kind === 'sign'; sign = c.token) {
    c.next();
    left = { kind: 'operation', operator: sign.text as Arithmetic, left, right: product(c) };
  }
  return left;
}

function product(c: Cursor): Expression {
  let left = signed(c);
  for (let sign = c.token; ['*', '/', '%'].includes(sign.text) && sign.kind === 'sign'; sign = c.token) {
    c.next();
    left = { kind: 'operation', operator: sign.text as Arithmetic, left, right: signed(c) };
  }
  return left;
}

function signed(c: Cursor): Expression {
  if (c.skip('-')) return { kind: 'negate', operand: signed(c) };
  if (c.skip('+')) return signed(c);
  if (c.is('~')) throw refused('the operator ~');
  let operand = primary(c);
  while (c.skip('COLLATE')) operand = { kind: 'collate', operand, collation: c.next().text };
  return operand;
}

function primary(c: Cursor): Expression {
  const { token } = c;
  switch (token.kind) {
    case 'number':
      return { kind: 'number', text: c.next().text };
    case 'text':
      return { kind: 'text', text: c.next().text, isWide: token.isWide === true };
    case 'binary':
      return { kind: 'binary', hex: c.next().text.slice(2) };
    case 'variable':
      return { kind: 'variable', name: c.variable() };
    case 'sign':
      if (c.is('(')) return inParentheses(c);
      throw c.unexpected();
    default:
      return word(c);
  }
}

function inParentheses(c: Cursor): Expression {
  c.expect('(');
  const inner: Expression =
    c.is('SELECT') || c.is('WITH') ? { kind: 'subquery', query: parseQuery(c) } : parseExpression(c);
  c.expect(')');
  return inner;
}

function word(c: Cursor): Expression {
  if (c.skip('NULL')) return { kind: 'null' };
  if (c.is('CASE')) return caseOf(c);
  const { upper, kind } = c.token;
  if (kind === 'word' && bare.has(upper)) {
    c.next();
    return { kind: 'call', name: upper, args: [] };
  }
  const isCall = c.ahead().kind === 'sign' && c.ahead().text === '(';
  if (kind === 'word' && isCall) return call(c, upper);
  if (kind === 'word' && upper === 'NEXT' && c.is('NEXT', 'VALUE')) throw refused('sequences');
  return { kind: 'column', name: c.name() };
}

function caseOf(c: Cursor): Case {
  c.expect('CASE');
  const operand = c.is('WHEN') ? undefined : parseExpression(c);
  const branches: { when: Expression; result: Expression }[] = [];
  while (c.skip('WHEN')) {
    const when = parseExpression(c);
    c.expect('THEN');
    branches.push({ when, result: parseExpression(c) });
  }
  if (branches.length === 0) throw c.unexpected();
  const otherwise = c.skip('ELSE') ? parseExpression(c) : undefined;
  c.expect('END');
  return { kind: 'case', branches, ...(operand && { operand }), ...(otherwise && { otherwise }) };
}

function call(c: Cursor, name: string): Expression {
  c.next();
  c.expect('(');
  if (name === 'CAST' || name === 'TRY_CAST') return cast(c, name === 'TRY_CAST');
  if (name === 'CONVERT' || name === 'TRY_CONVERT') return convert(c, name === 'TRY_CONVERT');
  if (c.skip('*', ')')) return withOver(c, { kind: 'call', name, args: [], isOfAll: true });
  const isDistinct = c.skip('DISTINCT');
  if (name === 'TRIM' && (c.is('LEADING') || c.is('TRAILING') || c.is('BOTH'))) throw refused('TRIM of one side');
  const args = c.is(')') ? [] : c.list(() => argument(c, name));
  c.expect(')');
  return withOver(c, { kind: 'call', name, args, ...(isDistinct && { isDistinct }) });
}

const dateParts = new Set(['DATEADD', 'DATEDIFF', 'DATEDIFF_BIG', 'DATEPART', 'DATENAME', 'DATETRUNC']);

/** The first argument of the functions of time is a word, not a column. */
function argument(c: Cursor, name: string): Expression {
  const isPart = dateParts.has(name) && c.token.kind === 'word' && c.ahead().text === ',';
  return isPart ? { kind: 'text', text: c.next().text.toLowerCase(), isWide: false } : parseExpression(c);
}

function cast(c: Cursor, tries: boolean): Expression {
  const operand = parseExpression(c);
  c.expect('AS');
  const type = c.type();
  c.expect(')');
  return { kind: 'cast', operand, type, tries };
}

function convert(c: Cursor, tries: boolean): Expression {
  const type = c.type();
  c.expect(',');
  const operand = parseExpression(c);
  const style = c.skip(',') ? parseExpression(c) : undefined;
  c.expect(')');
  return { kind: 'cast', operand, type, tries, ...(style && { style }) };
}

function withOver(c: Cursor, made: Extract<Expression, { kind: 'call' }>): Expression {
  let call = made;
  if (c.skip('WITHIN', 'GROUP', '(')) {
    call = { ...call, within: parseOrder(c) };
    c.expect(')');
  }
  if (c.is('IGNORE', 'NULLS') || c.is('RESPECT', 'NULLS')) throw refused(`${c.token.upper} NULLS`);
  if (!c.skip('OVER')) return call;
  c.expect('(');
  const over: Over = {
    partitionBy: c.skip('PARTITION', 'BY') ? c.list(() => parseExpression(c)) : [],
    orderBy: c.is('ORDER') ? parseOrder(c) : [],
    ...(c.is('ROWS') || c.is('RANGE') ? { frame: frame(c) } : {}),
  };
  c.expect(')');
  return { ...call, over };
}

const frameWords = new Set([
  'ROWS',
  'RANGE',
  'BETWEEN',
  'AND',
  'UNBOUNDED',
  'PRECEDING',
  'FOLLOWING',
  'CURRENT',
  'ROW',
]);

function frame(c: Cursor): string {
  const words: string[] = [];
  while (!c.is(')')) {
    const { kind, upper, text } = c.next();
    if (!(kind === 'word' && frameWords.has(upper)) && kind !== 'number') throw errors.syntax(text);
    words.push(text);
  }
  return words.join(' ');
}

/** `ORDER BY` and what follows. */
export function parseOrder(c: Cursor): Order[] {
  c.expect('ORDER', 'BY');
  return c.list(() => {
    const by = parseExpression(c);
    const isDescending = c.skip('DESC');
    if (!isDescending) c.skip('ASC');
    return { by, isDescending };
  });
}
