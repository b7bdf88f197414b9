import { refused, SqlError } from '../sqlError';
import { parseDefinition } from './definitions';
import { parseExpression } from './expressions';
import { Cursor } from './parser';
import { parseHints, parseItem, parseQueryAfter, parseSources, parseTop, parseWith } from './queries';
import { parseSecurity } from './security';
import type {
  CommonTable,
  DataStatement,
  Delete,
  Execute,
  Expression,
  Insert,
  Item,
  Query,
  Statement,
  Update,
} from './syntax';

/** The statements of a batch. */
export function parseBatch(sql: string): Statement[] {
  const c = new Cursor(sql);
  const statements: Statement[] = [];
  while (skipSemicolons(c)) statements.push(parseStatement(c));
  return statements;
}

/** An expression alone: a column's default, a check. */
export function parseExpressionText(sql: string): Expression {
  const c = new Cursor(sql);
  const expression = parseExpression(c);
  if (!c.isAtEnd) throw c.unexpected();
  return expression;
}

function skipSemicolons(c: Cursor): boolean {
  while (c.skip(';'));
  return !c.isAtEnd;
}

function parseStatement(c: Cursor): Statement {
  const data = parseData(c);
  if (data) return data;
  const other = parseControl(c) ?? parseTransaction(c) ?? parseDefinition(c) ?? parseSecurity(c);
  if (other) return other;
  throw refusedStatement(c) ?? c.unexpected();
}

const refusedWords: Readonly<Record<string, string | undefined>> = {
  MERGE: 'INSERT ... WHERE NOT EXISTS and UPDATE ... WHERE',
  USE: 'a connection of its own for each database',
  BULK: 'INSERT',
  OPEN: 'a query: there are no cursors',
  TRUNCATE: 'DELETE',
  WAITFOR: 'the client to wait',
  GOTO: 'IF',
  DBCC: undefined,
  BACKUP: undefined,
  KILL: undefined,
};

function refusedStatement({ token }: Cursor): SqlError | undefined {
  if (token.kind !== 'word' || !(token.upper in refusedWords)) return undefined;
  return refused(token.upper, refusedWords[token.upper]);
}

function parseData(c: Cursor): DataStatement | undefined {
  const common = c.is('WITH') ? parseWith(c) : [];
  if (c.skip('INSERT')) {
    if (common.length > 0) throw refused('INSERT after WITH', 'the common table expression in its SELECT');
    return insert(c);
  }
  if (c.skip('UPDATE')) return update(c, common);
  if (c.skip('DELETE')) return remove(c, common);
  if (c.is('SELECT') || (c.is('(') && common.length === 0)) {
    return { kind: 'query', query: parseQueryAfter(c, common) };
  }
  if (common.length > 0) throw c.unexpected();
  return undefined;
}

function insert(c: Cursor): Insert {
  if (c.is('TOP')) throw refused('INSERT TOP');
  c.skip('INTO');
  const table = c.name();
  parseHints(c);
  const columns = c.is('(') ? c.names() : [];
  const output = parseOutput(c);
  const head = { kind: 'insert', table, columns, output } as const;
  if (c.skip('DEFAULT', 'VALUES')) return head;
  if (c.skip('VALUES')) {
    const rows = c.list(() => insertedRow(c));
    if (rows.length > 1000) {
      throw new SqlError(
        10_738,
        'The number of row value expressions in the INSERT statement exceeds the maximum allowed number of 1000 row values.',
        15,
      );
    }
    return { ...head, from: rows };
  }
  if (c.is('EXEC') || c.is('EXECUTE')) throw refused('INSERT ... EXEC');
  return { ...head, from: queryHere(c) };
}

function insertedRow(c: Cursor): (Expression | 'default')[] {
  c.expect('(');
  const row = c.list(() => (c.skip('DEFAULT') ? ('default' as const) : parseExpression(c)));
  c.expect(')');
  return row;
}

function queryHere(c: Cursor): Query {
  return parseQueryAfter(c, c.is('WITH') ? parseWith(c) : []);
}

function parseOutput(c: Cursor): Item[] {
  if (!c.skip('OUTPUT')) return [];
  const items = c.list(() => parseItem(c));
  if (c.is('INTO')) throw refused('OUTPUT ... INTO');
  return items;
}

function update(c: Cursor, common: readonly CommonTable[]): Update {
  const top = c.skip('TOP') ? parseTop(c) : undefined;
  const target = c.name();
  const hints = parseHints(c);
  c.expect('SET');
  const assignments = c.list(() => assignment(c));
  const output = parseOutput(c);
  const from = c.skip('FROM') ? parseSources(c) : [];
  const where = c.skip('WHERE') ? parseExpression(c) : undefined;
  const rest = { ...(where && { where }), ...(top && { top }) };
  return { kind: 'update', target, hints, assignments, output, from, with: common, ...rest };
}

function assignment(c: Cursor): Update['assignments'][number] {
  if (c.token.kind === 'variable') throw refused('assigning variables in UPDATE', 'OUTPUT');
  const name = c.name();
  const operator = c.next().text;
  const column = name.at(-1) ?? '';
  if (operator === '=') return { column, value: c.skip('DEFAULT') ? 'default' : parseExpression(c) };
  if (operator !== '+=' && operator !== '-=') throw refused(`the operator ${operator} in SET`);
  const left: Expression = { kind: 'column', name };
  const sign = operator === '+=' ? '+' : '-';
  return { column, value: { kind: 'operation', operator: sign, left, right: parseExpression(c) } };
}

function remove(c: Cursor, common: readonly CommonTable[]): Delete {
  const top = c.skip('TOP') ? parseTop(c) : undefined;
  c.skip('FROM');
  const target = c.name();
  parseHints(c);
  const output = parseOutput(c);
  const from = c.skip('FROM') ? parseSources(c) : [];
  const where = c.skip('WHERE') ? parseExpression(c) : undefined;
  return { kind: 'delete', target, output, from, with: common, ...(where && { where }), ...(top && { top }) };
}

function parseControl(c: Cursor): Statement | undefined {
  if (c.skip('DECLARE')) return declare(c);
  if (c.is('SET')) return set(c);
  if (c.skip('IF')) {
    const condition = parseExpression(c);
    const body = parseStatement(c);
    // A semicolon may stand before the ELSE.
    const hasElse = c.is(';', 'ELSE') ? c.skip(';', 'ELSE') : c.skip('ELSE');
    return { kind: 'if', condition, body, ...(hasElse && { otherwise: parseStatement(c) }) };
  }
  if (c.skip('WHILE')) return { kind: 'while', condition: parseExpression(c), body: parseStatement(c) };
  if (c.skip('BEGIN', 'TRY')) return tryOf(c);
  if (c.is('BEGIN') && !c.is('BEGIN', 'TRAN') && !c.is('BEGIN', 'TRANSACTION')) {
    c.skip('BEGIN');
    return { kind: 'block', statements: statementsTo(c, 'END') };
  }
  if (c.skip('PRINT')) return { kind: 'print', value: parseExpression(c) };
  if (c.skip('THROW')) {
    return { kind: 'throw', args: c.is(';') || c.isAtEnd || c.is('END') ? [] : c.list(() => parseExpression(c)) };
  }
  if (c.skip('RAISERROR')) {
    c.expect('(');
    const args = c.list(() => parseExpression(c));
    c.expect(')');
    if (c.is('WITH')) throw refused('RAISERROR ... WITH', 'THROW');
    return { kind: 'raise', args };
  }
  if (c.skip('RETURN')) return { kind: 'return' };
  if (c.skip('EXEC') || c.skip('EXECUTE')) return execute(c);
  return undefined;
}

function tryOf(c: Cursor): Statement {
  const body = statementsTo(c, 'END', 'TRY');
  c.skip(';');
  c.expect('BEGIN', 'CATCH');
  return { kind: 'try', body, handler: statementsTo(c, 'END', 'CATCH') };
}

function statementsTo(c: Cursor, ...end: readonly string[]): Statement[] {
  const statements: Statement[] = [];
  while (skipSemicolons(c) && !c.is(...end)) statements.push(parseStatement(c));
  c.expect(...end);
  return statements;
}

function declare(c: Cursor): Statement {
  const variables = c.list(() => {
    const name = c.variable();
    c.skip('AS');
    if (c.is('TABLE')) throw refused('table variables');
    const type = c.type();
    return { name, type, ...(c.skip('=') && { value: parseExpression(c) }) };
  });
  return { kind: 'declare', variables };
}

function set(c: Cursor): Statement {
  c.expect('SET');
  if (c.token.kind === 'variable') {
    const variable = c.variable();
    c.expect('=');
    return { kind: 'set', variable, value: parseExpression(c) };
  }
  if (c.skip('TRANSACTION', 'ISOLATION', 'LEVEL')) {
    const level = [c.next().upper];
    if (c.is('READ') || c.is('COMMITTED') || c.is('UNCOMMITTED')) level.push(c.next().upper);
    return { kind: 'option', name: 'TRANSACTION ISOLATION LEVEL', value: level.join(' ') };
  }
  const name = c.next().upper;
  if (name === 'IDENTITY_INSERT') throw refused('SET IDENTITY_INSERT');
  const sign = c.skip('-') ? '-' : '';
  return { kind: 'option', name, value: `${sign}${c.next().text.toUpperCase()}` };
}

function execute(c: Cursor): Statement {
  if (c.skip('(')) {
    const sql = parseExpression(c);
    c.expect(')');
    return { kind: 'executeText', sql };
  }
  if (c.is('AS')) throw refused('EXECUTE AS');
  const into = c.token.kind === 'variable' ? c.variable() : undefined;
  if (into !== undefined) c.expect('=');
  const procedure = c.name();
  const startsArgument = ['variable', 'text', 'number', 'binary'].includes(c.token.kind) || c.is('NULL');
  const args: Execute['args'] = startsArgument || c.is('-') ? c.list(() => executeArgument(c)) : [];
  return { kind: 'execute', procedure, args, ...(into !== undefined && { into }) };
}

function executeArgument(c: Cursor): Execute['args'][number] {
  const isNamed = c.token.kind === 'variable' && c.ahead().text === '=';
  const name = isNamed ? c.variable() : undefined;
  if (isNamed) c.expect('=');
  // A word that stands alone is a text here.
  const isWord = c.token.kind === 'word' && !c.is('NULL') && !c.is('DEFAULT');
  const value: Expression | 'default' = c.skip('DEFAULT')
    ? 'default'
    : isWord
      ? { kind: 'text', text: c.next().text, isWide: false }
      : parseExpression(c);
  const isOutput = c.skip('OUTPUT') || c.skip('OUT');
  return { value, isOutput, ...(name !== undefined && { name }) };
}

function parseTransaction(c: Cursor): Statement | undefined {
  for (const [word, action] of [
    ['BEGIN', 'begin'],
    ['COMMIT', 'commit'],
    ['ROLLBACK', 'rollback'],
    ['SAVE', 'save'],
  ] as const) {
    if (!c.skip(word)) continue;
    const isNamed = c.skip('TRANSACTION') || c.skip('TRAN');
    if (!isNamed) c.skip('WORK');
    const name = isNamed && c.isName() ? c.identifier() : undefined;
    return { kind: 'transaction', action, ...(name !== undefined && { name }) };
  }
  return undefined;
}
