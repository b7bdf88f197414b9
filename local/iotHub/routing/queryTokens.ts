export type QueryToken =
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'string'; readonly value: string; readonly at: number }
  /** An identifier or keyword; `braced` when it stood in `{}`. */
  | { readonly kind: 'name'; readonly value: string; readonly braced: boolean; readonly at: number }
  | { readonly kind: 'symbol'; readonly value: string; readonly at: number }
  | { readonly kind: 'end'; readonly value: ''; readonly at: number };

const token =
  /\s*(?:(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<string>'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*")|\{(?<braced>[^{}]+)\}|(?<name>[A-Za-z_$][\w$]*(?:-[A-Za-z_]\w*)*)|(?<symbol><=|>=|!=|<>|[-+*/%=<>()[\],.]))/uy;

/** Splits a routing query into tokens. @throws Error at the first character that begins none. */
export function tokenize(query: string): QueryToken[] {
  const tokens: QueryToken[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < query.trimEnd().length) {
    const at = token.lastIndex;
    const groups = token.exec(query)?.groups;
    if (groups === undefined)
      throw new Error(`"${query.slice(at, at + 20)}" at character ${at + 1} begins nothing known.`);
    tokens.push(toToken(groups, at));
  }
  tokens.push({ kind: 'end', value: '', at: query.length });
  return tokens;
}

function toToken(groups: Record<string, string | undefined>, at: number): QueryToken {
  if (groups.number !== undefined) return { kind: 'number', value: Number(groups.number), at };
  if (groups.string !== undefined) return { kind: 'string', value: unquote(groups.string), at };
  if (groups.braced !== undefined) return { kind: 'name', value: groups.braced, braced: true, at };
  if (groups.name !== undefined) return { kind: 'name', value: groups.name, braced: false, at };
  return { kind: 'symbol', value: groups.symbol ?? '', at };
}

function unquote(literal: string): string {
  const quote = literal[0] as string;
  return literal
    .slice(1, -1)
    .replaceAll(quote + quote, quote)
    .replace(/\\(.)/g, '$1');
}
