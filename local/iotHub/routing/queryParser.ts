import { type QueryValue, queryFunctions } from './queryFunctions';
import { type QueryToken, tokenize } from './queryTokens';

export type Expression<S> = (subject: S) => QueryValue;
export type Path = readonly (string | number)[];

/** What a name, with the path behind it, stands for. @throws Error when it is unknown. */
export type Resolve<S> = (name: string, path: Path) => Expression<S>;

/**
 * Reads an expression in the IoT Hub query language: OR, AND, NOT, comparisons, IN, arithmetic, functions, literals,
 * names with paths. @throws Error that says what was expected where.
 */
export function parseExpression<S>(text: string, resolve: Resolve<S>): Expression<S> {
  return new QueryParser(tokenize(text), resolve).parse();
}

class QueryParser<S> {
  private position = 0;

  constructor(
    private readonly tokens: readonly QueryToken[],
    private readonly resolve: Resolve<S>,
  ) {}

  parse(): Expression<S> {
    const expression = this.or();
    if (this.peek().kind !== 'end') throw this.unexpected('the end');
    return expression;
  }

  private or(): Expression<S> {
    let left = this.and();
    while (this.keyword('OR')) left = either(left, this.and(), true);
    return left;
  }

  private and(): Expression<S> {
    let left = this.not();
    while (this.keyword('AND')) left = either(left, this.not(), false);
    return left;
  }

  private not(): Expression<S> {
    if (!this.keyword('NOT')) return this.comparison();
    const operand = this.not();
    return (subject) => {
      const value = operand(subject);
      return typeof value === 'boolean' ? !value : undefined;
    };
  }

  private comparison(): Expression<S> {
    const left = this.sum();
    for (const operator of ['=', '!=', '<>', '<=', '>=', '<', '>']) {
      if (this.symbol(operator)) return compared(operator, left, this.sum());
    }
    if (!this.keyword('IN')) return left;
    const candidates = this.listOf('[', ']');
    return (subject) => {
      const value = left(subject);
      return value === undefined ? undefined : candidates.some((candidate) => candidate(subject) === value);
    };
  }

  private sum(): Expression<S> {
    let left = this.product();
    for (;;) {
      if (this.symbol('+')) left = calculated(left, this.product(), (a, b) => a + b);
      else if (this.symbol('-')) left = calculated(left, this.product(), (a, b) => a - b);
      else return left;
    }
  }

  private product(): Expression<S> {
    let left = this.factor();
    for (;;) {
      if (this.symbol('*')) left = calculated(left, this.factor(), (a, b) => a * b);
      else if (this.symbol('/')) left = calculated(left, this.factor(), (a, b) => a / b);
      else if (this.symbol('%')) left = calculated(left, this.factor(), (a, b) => a % b);
      else return left;
    }
  }

  private factor(): Expression<S> {
    if (this.symbol('-')) {
      const operand = this.factor();
      return calculated(
        () => 0,
        operand,
        (zero, value) => zero - value,
      );
    }
    if (this.symbol('(')) {
      const inner = this.or();
      this.expect(')');
      return inner;
    }
    const token = this.take();
    if (token.kind === 'number' || token.kind === 'string') return () => token.value;
    if (token.kind === 'name') return this.named(token.value, token.braced);
    this.position--;
    throw this.unexpected('a value');
  }

  private named(name: string, braced: boolean): Expression<S> {
    if (braced) return this.resolve(name, []);
    const literal = { true: true, false: false, null: null }[name.toLowerCase()];
    if (literal !== undefined) return () => literal;
    if (this.peek().value === '(' && this.peek().kind === 'symbol') return this.call(name);
    return this.resolve(name, this.path());
  }

  private call(name: string): Expression<S> {
    const called = queryFunctions[name.toUpperCase()];
    if (called === undefined) {
      throw new Error(`"${name}" is no function; known are ${Object.keys(queryFunctions).join(', ')}.`);
    }
    const values = this.listOf('(', ')');
    const [least, most] = called.parameters;
    if (values.length < least || values.length > most) {
      throw new Error(
        `${name.toUpperCase()} takes ${least === most ? least : `${least} to ${most}`} values, not ${values.length}.`,
      );
    }
    return (subject) => called.apply(...values.map((value) => value(subject)));
  }

  /** `.name`, `.{name}` and `[index]`, as often as they follow. */
  private path(): Path {
    const path: (string | number)[] = [];
    for (;;) {
      if (this.symbol('.')) {
        const token = this.take();
        if (token.kind !== 'name') throw new Error(`A name must follow the dot at character ${token.at + 1}.`);
        path.push(token.value);
      } else if (this.symbol('[')) {
        const token = this.take();
        if (token.kind !== 'number') throw new Error(`A number must follow "[" at character ${token.at + 1}.`);
        path.push(token.value);
        this.expect(']');
      } else return path;
    }
  }

  private listOf(open: string, close: string): Expression<S>[] {
    this.expect(open);
    const values: Expression<S>[] = [];
    if (this.symbol(close)) return values;
    do values.push(this.or());
    while (this.symbol(','));
    this.expect(close);
    return values;
  }

  private peek(): QueryToken {
    return this.tokens[this.position] as QueryToken;
  }

  private take(): QueryToken {
    const token = this.peek();
    if (token.kind !== 'end') this.position++;
    return token;
  }

  private symbol(value: string): boolean {
    const found = this.peek().kind === 'symbol' && this.peek().value === value;
    if (found) this.position++;
    return found;
  }

  private keyword(word: string): boolean {
    const token = this.peek();
    const found = token.kind === 'name' && !token.braced && token.value.toUpperCase() === word;
    if (found) this.position++;
    return found;
  }

  private expect(symbol: string): void {
    if (!this.symbol(symbol)) throw this.unexpected(`"${symbol}"`);
  }

  private unexpected(wanted: string): Error {
    const { kind, value, at } = this.peek();
    return new Error(
      `${wanted} was expected at character ${at + 1}, not ${kind === 'end' ? 'the end' : `"${value}"`}.`,
    );
  }
}

/** OR (`decisive` true) and AND (`decisive` false) with three values: what decides wins over what is undefined. */
function either<S>(left: Expression<S>, right: Expression<S>, decisive: boolean): Expression<S> {
  return (subject) => {
    const first = left(subject);
    if (first === decisive) return decisive;
    const second = right(subject);
    if (second === decisive) return decisive;
    return typeof first === 'boolean' && typeof second === 'boolean' ? !decisive : undefined;
  };
}

function compared<S>(operator: string, left: Expression<S>, right: Expression<S>): Expression<S> {
  return (subject) => {
    const a = left(subject);
    const b = right(subject);
    if (a === undefined || b === undefined || typeof a !== typeof b) return undefined;
    if (operator === '=') return a === b;
    if (operator === '!=' || operator === '<>') return a !== b;
    if (!isOrdered(a) || !isOrdered(b)) return undefined;
    if (operator === '<') return a < b;
    if (operator === '<=') return a <= b;
    return operator === '>' ? a > b : a >= b;
  };
}

function isOrdered(value: QueryValue): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function calculated<S>(
  left: Expression<S>,
  right: Expression<S>,
  apply: (a: number, b: number) => number,
): Expression<S> {
  return (subject) => {
    const a = left(subject);
    const b = right(subject);
    return typeof a === 'number' && typeof b === 'number' ? apply(a, b) : undefined;
  };
}

/** The value at the path; undefined where it ends. */
export function follow(start: QueryValue, path: Path): QueryValue {
  let value = start;
  for (const step of path) value = own(value, step);
  return value;
}

export function own(value: QueryValue, key: string | number): QueryValue {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}
