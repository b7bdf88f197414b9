import { refused, type SqlError } from '../sqlError';
import { parseData } from './data';
import { parseDefinition } from './definitions';
import { parseExpression } from './expressions';
import { Cursor } from './parser';
import { parseSecurity } from './security';
import type { Execute, Expression, Statement } from './syntax';

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
