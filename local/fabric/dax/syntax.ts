/** The part of DAX that the dashboard's model uses. */
export type Dax =
  | { readonly kind: 'value'; readonly value: DaxValue }
  | { readonly kind: 'table'; readonly table: string }
  | { readonly kind: 'column'; readonly table: string; readonly column: string }
  | { readonly kind: 'measure'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Dax[] }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Dax; readonly right: Dax };

/** BLANK is null. */
export type DaxValue = string | number | boolean | Date | null;

/** Functions that are known, with the numbers of arguments that they take. */
export const functions: Readonly<Record<string, readonly [least: number, most: number]>> = {
  BLANK: [0, 0],
  CALCULATE: [1, 20],
  COUNTROWS: [1, 1],
  DIVIDE: [2, 2],
  FALSE: [0, 0],
  IF: [2, 3],
  INT: [1, 1],
  ISBLANK: [1, 1],
  MAX: [1, 1],
  MIN: [1, 1],
  NOT: [1, 1],
  SWITCH: [3, 41],
  TRUE: [0, 0],
  USEROBJECTID: [0, 0],
};

/** From weak to strong; all of one level are taken from left to right. */
const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['=', '<>', '<=', '>=', '<', '>'],
  ['&'],
  ['+', '-'],
  ['*', '/'],
];

const tokens =
  /\s*(?:("(?:[^"]|"")*")|('(?:[^']|'')*')|\[([^\]]*)\]|(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(\|\||&&|<>|<=|>=|[=<>&+*/(),-]))/y;

interface Token {
  readonly kind: 'text' | 'table' | 'brackets' | 'number' | 'word' | 'sign' | 'end';
  readonly text: string;
}

function tokensOf(source: string): Token[] {
  const found: Token[] = [];
  tokens.lastIndex = 0;
  while (source.slice(tokens.lastIndex).trim() !== '') {
    const at = tokens.lastIndex;
    const match = tokens.exec(source);
    if (!match) throw new Error(`DAX is not understood from '${source.slice(at, at + 20).trim()}' on.`);
    const kinds = ['text', 'table', 'brackets', 'number', 'word', 'sign'] as const;
    const index = match.slice(1).findIndex((part) => part !== undefined);
    found.push({ kind: kinds[index] ?? 'sign', text: match[index + 1] ?? '' });
  }
  return [...found, { kind: 'end', text: 'the end' }];
}

/** @throws Error in one sentence for what is no DAX, or none that the local cloud knows */
export function parseDax(source: string): Dax {
  const parser = new Parser(tokensOf(source));
  const parsed = parser.expression(0);
  parser.expect('end');
  return parsed;
}

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  private peek(): Token {
    return this.tokens[this.at] ?? { kind: 'end', text: 'the end' };
  }

  private next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  expect(kind: Token['kind'], text?: string): Token {
    const token = this.next();
    if (token.kind === kind && (text === undefined || token.text === text)) return token;
    throw new Error(`DAX: ${text ?? kind} is expected instead of '${token.text}'.`);
  }

  private takes(text: string): boolean {
    if (this.peek().kind !== 'sign' || this.peek().text !== text) return false;
    this.at++;
    return true;
  }

  expression(level: number): Dax {
    const operators = levels[level];
    if (!operators) return this.primary();
    let left = this.expression(level + 1);
    for (;;) {
      const operator = operators.find((one) => this.takes(one));
      if (operator === undefined) return left;
      left = { kind: 'binary', operator, left, right: this.expression(level + 1) };
    }
  }

  private primary(): Dax {
    const token = this.next();
    if (token.kind === 'text') return { kind: 'value', value: token.text.slice(1, -1).replaceAll('""', '"') };
    if (token.kind === 'number') return { kind: 'value', value: Number(token.text) };
    if (token.kind === 'brackets') return { kind: 'measure', name: token.text };
    if (token.kind === 'table') return this.columnOf(token.text.slice(1, -1).replaceAll("''", "'"));
    if (token.kind === 'word') return this.call(token.text.toUpperCase());
    if (token.kind === 'sign' && token.text === '(') {
      const inner = this.expression(0);
      this.expect('sign', ')');
      return inner;
    }
    throw new Error(`DAX is not understood at '${token.text}'.`);
  }

  private columnOf(table: string): Dax {
    if (this.peek().kind !== 'brackets') return { kind: 'table', table };
    return { kind: 'column', table, column: this.next().text };
  }

  private call(name: string): Dax {
    const bounds = functions[name];
    if (!bounds) throw new Error(`DAX: the function ${name} is not among ${Object.keys(functions).join(', ')}.`);
    this.expect('sign', '(');
    const args: Dax[] = [];
    if (!this.takes(')')) {
      do args.push(this.expression(0));
      while (this.takes(','));
      this.expect('sign', ')');
    }
    const [least, most] = bounds;
    if (args.length < least || args.length > most) {
      throw new Error(
        `DAX: ${name} has ${args.length} argument(s); it takes ${least === most ? least : `${least} to ${most}`}.`,
      );
    }
    return { kind: 'call', name, args };
  }
}

/** An expression and all within it. */
export function* within(dax: Dax): Generator<Dax> {
  yield dax;
  if (dax.kind === 'call') for (const arg of dax.args) yield* within(arg);
  if (dax.kind === 'binary') {
    yield* within(dax.left);
    yield* within(dax.right);
  }
}
