import { refused } from '../sqlError';
import { parseExpression, parseOrder } from './expressions';
import type { Cursor } from './parser';
import type { CommonTable, Expression, Item, Join, JsonColumn, Query, QueryBody, Select, Source } from './syntax';

export function parseQuery(c: Cursor): Query {
  return parseQueryAfter(c, parseWith(c));
}

export function parseWith(c: Cursor): CommonTable[] {
  if (!c.skip('WITH')) return [];
  return c.list(() => {
    const name = c.identifier();
    const columns = c.is('(') ? c.names() : [];
    c.expect('AS', '(');
    const query = parseQuery(c);
    c.expect(')');
    return { name, columns, query };
  });
}

export function parseQueryAfter(c: Cursor, common: readonly CommonTable[]): Query {
  const body = combination(c);
  const orderBy = c.is('ORDER') ? parseOrder(c) : [];
  const paging = c.skip('OFFSET') ? page(c) : {};
  if (c.is('FOR', 'XML') || c.is('FOR', 'JSON')) throw refused(`FOR ${c.ahead().upper}`);
  options(c);
  return { with: common, body, orderBy, ...paging };
}

function page(c: Cursor): { offset: Expression; fetch?: Expression } {
  const offset = parseExpression(c);
  if (!c.skip('ROWS')) c.expect('ROW');
  if (!c.skip('FETCH')) return { offset };
  if (!c.skip('NEXT')) c.expect('FIRST');
  const fetch = parseExpression(c);
  if (!c.skip('ROWS')) c.expect('ROW');
  c.expect('ONLY');
  return { offset, fetch };
}

/** Hints that change how a statement is run and not what it says. */
function options(c: Cursor): void {
  if (!c.skip('OPTION', '(')) return;
  c.list(() => {
    if (c.skip('RECOMPILE')) return;
    if (!c.skip('MAXDOP')) throw refused(`OPTION (${c.token.text})`);
    c.wholeNumber();
  });
  c.expect(')');
}

/** `intersect` binds more than `union` and `except`. */
function combination(c: Cursor): QueryBody {
  let left = intersection(c);
  while (c.is('UNION') || c.is('EXCEPT')) {
    const operator = c.skip('EXCEPT') ? 'except' : c.skip('UNION', 'ALL') ? 'union all' : 'union';
    if (operator === 'union') c.expect('UNION');
    left = { kind: 'combination', operator, left, right: intersection(c) };
  }
  return left;
}

function intersection(c: Cursor): QueryBody {
  let left = term(c);
  while (c.skip('INTERSECT')) left = { kind: 'combination', operator: 'intersect', left, right: term(c) };
  return left;
}

function term(c: Cursor): QueryBody {
  if (!c.skip('(')) return select(c);
  const body = combination(c);
  c.expect(')');
  return body;
}

function select(c: Cursor): Select {
  c.expect('SELECT');
  const isDistinct = c.skip('DISTINCT');
  if (!isDistinct) c.skip('ALL');
  const top = c.skip('TOP') ? parseTop(c) : undefined;
  const items = c.list(() => parseItem(c));
  if (c.is('INTO')) throw refused('SELECT ... INTO', 'CREATE TABLE and INSERT');
  const from = c.skip('FROM') ? parseSources(c) : [];
  const where = c.skip('WHERE') ? parseExpression(c) : undefined;
  const groupBy = c.skip('GROUP', 'BY') ? c.list(() => parseExpression(c)) : [];
  const having = c.skip('HAVING') ? parseExpression(c) : undefined;
  const rest = { ...(top && { top }), ...(where && { where }), ...(having && { having }) };
  return { kind: 'select', isDistinct, items, from, groupBy, ...rest };
}

/** What follows `TOP`. */
export function parseTop(c: Cursor): Expression {
  let top: Expression;
  if (c.skip('(')) {
    top = parseExpression(c);
    c.expect(')');
  } else top = { kind: 'number', text: String(c.wholeNumber()) };
  if (c.is('PERCENT')) throw refused('TOP ... PERCENT');
  if (c.is('WITH', 'TIES')) throw refused('TOP ... WITH TIES');
  return top;
}

export function parseItem(c: Cursor): Item {
  if (c.skip('*')) return { kind: 'all', of: [] };
  const all = c.attempt(() => qualifiedStar(c));
  if (all) return all;
  if (c.token.kind === 'variable' && c.ahead().text === '=') {
    const variable = c.variable();
    c.expect('=');
    return { kind: 'assignment', variable, value: parseExpression(c) };
  }
  if (c.isName() && c.ahead().text === '=' && c.ahead().kind === 'sign') {
    const alias = c.identifier();
    c.expect('=');
    return { kind: 'value', value: parseExpression(c), alias };
  }
  const value = parseExpression(c);
  const alias = parseAlias(c);
  return { kind: 'value', value, ...(alias !== undefined && { alias }) };
}

function qualifiedStar(c: Cursor): Item {
  const of = [c.identifier()];
  for (c.expect('.'); !c.skip('*'); c.expect('.')) of.push(c.identifier());
  return { kind: 'all', of };
}

function parseAlias(c: Cursor): string | undefined {
  if (c.skip('AS')) return c.token.kind === 'text' ? c.text() : c.identifier();
  return c.isName() ? c.identifier() : undefined;
}

export function parseSources(c: Cursor): Source[] {
  return c.list(() => joined(c));
}

function joined(c: Cursor): Source {
  let left = source(c);
  for (let how = joinKind(c); how; how = joinKind(c)) {
    const right = source(c);
    if (how === 'cross') left = { kind: 'join', how, left, right };
    else {
      c.expect('ON');
      left = { kind: 'join', how, left, right, on: parseExpression(c) };
    }
  }
  return left;
}

function joinKind(c: Cursor): Join['how'] | undefined {
  if (c.is('CROSS', 'APPLY') || c.is('OUTER', 'APPLY')) {
    throw refused(`${c.token.upper} APPLY`, 'a join with ROW_NUMBER() OVER (...) or a scalar subquery');
  }
  if (c.skip('CROSS', 'JOIN')) return 'cross';
  if (c.skip('JOIN') || c.skip('INNER', 'JOIN')) return 'inner';
  for (const how of ['left', 'right', 'full'] as const) {
    const word = how.toUpperCase();
    if (c.skip(word, 'JOIN') || c.skip(word, 'OUTER', 'JOIN')) return how;
  }
  if (c.is('INNER') || c.is('LEFT') || c.is('RIGHT') || c.is('FULL')) throw refused(`${c.ahead().upper} joins`);
  return undefined;
}

function source(c: Cursor): Source {
  if (c.is('(')) return inParentheses(c);
  if (c.is('OPENJSON', '(')) return json(c);
  const name = c.name();
  if (c.is('(')) throw refused(`the table function ${name.join('.')}`);
  if (c.is('FOR', 'SYSTEM_TIME')) throw refused('FOR SYSTEM_TIME');
  const alias = parseAlias(c);
  return { kind: 'table', name, hints: parseHints(c), ...(alias !== undefined && { alias }) };
}

/** Hints on locks: those that a reader asks for. */
export function parseHints(c: Cursor): string[] {
  if (!c.skip('WITH', '(')) return [];
  const hints = [c.next().upper];
  while (!c.skip(')')) {
    c.skip(',');
    hints.push(c.next().upper);
  }
  const known = ['UPDLOCK', 'HOLDLOCK', 'SERIALIZABLE', 'XLOCK', 'ROWLOCK', 'PAGLOCK', 'TABLOCK', 'TABLOCKX'];
  for (const hint of hints) {
    if (![...known, 'READCOMMITTED', 'READCOMMITTEDLOCK'].includes(hint)) throw refused(`the table hint ${hint}`);
  }
  return hints;
}

function inParentheses(c: Cursor): Source {
  c.expect('(');
  if (c.skip('VALUES')) {
    const rows = c.list(() => parseRow(c));
    c.expect(')');
    c.skip('AS');
    return { kind: 'values', rows, alias: c.identifier(), columns: c.names() };
  }
  if (!c.is('SELECT') && !c.is('WITH') && !c.is('(')) {
    const inner = joined(c);
    c.expect(')');
    return inner;
  }
  const query = parseQuery(c);
  c.expect(')');
  c.skip('AS');
  const alias = c.identifier();
  return { kind: 'derived', query, alias, columns: c.is('(') ? c.names() : [] };
}

export function parseRow(c: Cursor): Expression[] {
  c.expect('(');
  const row = c.list(() => parseExpression(c));
  c.expect(')');
  return row;
}

function json(c: Cursor): Source {
  c.expect('OPENJSON', '(');
  const of = parseExpression(c);
  const path = c.skip(',') ? parseExpression(c) : undefined;
  c.expect(')');
  if (!c.skip('WITH', '(')) throw refused('OPENJSON without a WITH list of columns');
  const columns = c.list((): JsonColumn => {
    const name = c.identifier();
    const type = c.type();
    const at = c.token.kind === 'text' ? c.text() : undefined;
    if (c.is('AS', 'JSON')) throw refused('AS JSON in OPENJSON');
    return { name, type, ...(at !== undefined && { path: at }) };
  });
  c.expect(')');
  const alias = parseAlias(c);
  return { kind: 'json', of, columns, ...(path && { path }), ...(alias !== undefined && { alias }) };
}
