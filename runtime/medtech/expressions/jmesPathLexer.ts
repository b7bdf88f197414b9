/** What is wrong with a JMESPath expression and where. */
export class JmesPathSyntaxError extends Error {}

export type Punctuation =
  | '.'
  | '*'
  | '['
  | ']'
  | '[]'
  | '[?'
  | '{'
  | '}'
  | '('
  | ')'
  | ','
  | ':'
  | '@'
  | '&'
  | '&&'
  | '|'
  | '||'
  | '!'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>=';

export type Lexeme =
  | { readonly kind: 'symbol'; readonly symbol: Punctuation; readonly at: number }
  | { readonly kind: 'name'; readonly text: string; readonly quoted: boolean; readonly at: number }
  | { readonly kind: 'index'; readonly value: number; readonly at: number }
  | { readonly kind: 'raw'; readonly text: string; readonly at: number }
  | { readonly kind: 'literal'; readonly json: string; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };

const lexemePattern = new RegExp(
  [
    String.raw`(?<blank>[ \t\r\n]+)`,
    '(?<name>[A-Za-z_][A-Za-z0-9_]*)',
    String.raw`(?<quoted>"(?:[^"\\]|\\.)*")`,
    String.raw`(?<index>-?\d+)`,
    String.raw`(?<raw>'(?:[^'\\]|\\.)*')`,
    '(?<literal>`(?:[^`\\\\]|\\\\.)*`)',
    String.raw`(?<symbol>\[\?|\[\]|&&|\|\||==|!=|<=|>=|[.*\[\]{}(),:@&|!<>])`,
  ].join('|'),
  'sy',
);

/** @throws JmesPathSyntaxError */
export function lexJmesPath(text: string): readonly Lexeme[] {
  const lexemes: Lexeme[] = [];
  let at = 0;
  while (at < text.length) {
    lexemePattern.lastIndex = at;
    const groups = lexemePattern.exec(text)?.groups;
    if (groups === undefined) throw new JmesPathSyntaxError(`unexpected character ${text[at]} at ${at + 1}`);
    const lexeme = lexemeOf(groups, at);
    if (lexeme !== undefined) lexemes.push(lexeme);
    at = lexemePattern.lastIndex;
  }
  lexemes.push({ kind: 'end', at: text.length });
  return lexemes;
}

function lexemeOf(groups: Record<string, string | undefined>, at: number): Lexeme | undefined {
  const { name, quoted, index, raw, literal, symbol } = groups;
  if (symbol !== undefined) return { kind: 'symbol', symbol: symbol as Punctuation, at };
  if (name !== undefined) return { kind: 'name', text: name, quoted: false, at };
  if (index !== undefined) return { kind: 'index', value: Number(index), at };
  if (raw !== undefined) return { kind: 'raw', text: raw.slice(1, -1).replaceAll("\\'", "'"), at };
  if (literal !== undefined) return { kind: 'literal', json: checkedJson(literal.slice(1, -1), at), at };
  if (quoted !== undefined)
    return { kind: 'name', text: JSON.parse(checkedJson(quoted, at)) as string, quoted: true, at };
  return undefined;
}

function checkedJson(text: string, at: number): string {
  const json = text.replaceAll('\\`', '`').trim();
  try {
    JSON.parse(json);
    return json;
  } catch {
    throw new JmesPathSyntaxError(
      `the literal at ${at + 1} is not valid JSON (a text needs double quotes inside the backticks: \`"text"\`)`,
    );
  }
}
