import { errors, SqlError } from '../sqlError';

export type TokenKind = 'word' | 'quoted' | 'text' | 'number' | 'binary' | 'variable' | 'sign' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Of quoted names and texts, what is between the quotes. */
  readonly text: string;
  /** Words in upper case, for keywords. */
  readonly upper: string;
  readonly at: number;
  /** Where the next character stands. */
  readonly to: number;
  /** A text with N before it. */
  readonly isWide?: boolean;
}

const wordPattern = /[\p{L}_#][\p{L}\p{N}_@#$]*/uy;
const variablePattern = /@{1,2}[\p{L}\p{N}_@#$]+/uy;
const numberPattern = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const binaryPattern = /0[xX][0-9a-fA-F]*/y;
const signPattern = /<>|!=|<=|>=|!<|!>|\+=|-=|::|[-+*/%=<>(),.;&|^~:]/y;
const blankPattern = /(?:\s+|--[^\n]*)+/uy;

/** The words of a T-SQL batch. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = skipBlank(sql, 0); at < sql.length; ) {
    const token = tokenAt(sql, at);
    tokens.push(token);
    at = skipBlank(sql, token.to);
  }
  tokens.push({ kind: 'end', text: '', upper: '', at: sql.length, to: sql.length });
  return tokens;
}

function tokenAt(sql: string, at: number): Token {
  const first = sql[at] ?? '';
  if (first === "'") return quoted(sql, at, at, 'text', "'");
  if ((first === 'N' || first === 'n') && sql[at + 1] === "'") return quoted(sql, at, at + 1, 'text', "'");
  if (first === '[') return quoted(sql, at, at, 'quoted', ']');
  if (first === '"') return quoted(sql, at, at, 'quoted', '"');
  const plain =
    matched(sql, at, binaryPattern, 'binary') ??
    matched(sql, at, numberPattern, 'number') ??
    matched(sql, at, variablePattern, 'variable') ??
    matched(sql, at, wordPattern, 'word') ??
    matched(sql, at, signPattern, 'sign');
  if (!plain) throw errors.syntax(first);
  return plain;
}

function matched(sql: string, at: number, pattern: RegExp, kind: TokenKind): Token | undefined {
  pattern.lastIndex = at;
  const text = pattern.exec(sql)?.[0];
  return text === undefined ? undefined : { kind, text, upper: text.toUpperCase(), at, to: at + text.length };
}

function quoted(sql: string, at: number, from: number, kind: TokenKind, close: string): Token {
  let text = '';
  for (let i = from + 1; i < sql.length; i++) {
    if (sql[i] !== close) text += sql[i];
    else if (sql[i + 1] === close) {
      text += close;
      i++;
    } else return { kind, text, upper: '', at, to: i + 1, isWide: from > at };
  }
  throw new SqlError(
    105,
    `Unclosed quotation mark after the character string '${sql.slice(from + 1, from + 21)}'.`,
    15,
  );
}

function skipBlank(sql: string, from: number): number {
  for (let at = from; ; ) {
    blankPattern.lastIndex = at;
    at += blankPattern.exec(sql)?.[0].length ?? 0;
    if (!sql.startsWith('/*', at)) return at;
    at = afterComment(sql, at);
  }
}

/** Comments of this kind may hold others. */
function afterComment(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length; ) {
    if (sql.startsWith('/*', at)) depth++;
    else if (sql.startsWith('*/', at)) depth--;
    else {
      at++;
      continue;
    }
    at += 2;
    if (depth === 0) return at;
  }
  throw new SqlError(113, 'Missing end comment mark.', 15);
}
