import { parseBody } from '../body';
import { mayBeDate } from '../instant';
import { PropertyText } from '../tokens';
import { functionArity } from './jmesPathFunctions';
import { JmesPathSyntaxError, type Lexeme, lexJmesPath, type Punctuation } from './jmesPathLexer';
import { bindingPower, type JmesNode } from './jmesPathSyntax';

/** What binds less ends a projection. */
const projectionStop = 10;
/** Parentheses, lists and hashes may be nested this deep. */
const maxNesting = 200;

/**
 * Parses JMESPath; names and argument counts of functions are checked, as the original does when a mapping is loaded.
 *
 * @throws JmesPathSyntaxError
 */
export function parseJmesPath(text: string): JmesNode {
  return new JmesPathParser(lexJmesPath(text)).parse();
}

const current: JmesNode = { kind: 'current' };

class JmesPathParser {
  private index = 0;
  private nesting = 0;

  constructor(private readonly lexemes: readonly Lexeme[]) {}

  parse(): JmesNode {
    const node = this.expression(0);
    if (this.next.kind !== 'end') throw this.unexpected();
    return node;
  }

  private get next(): Lexeme {
    return this.lexemes[this.index] as Lexeme;
  }

  private get nextSymbol(): Punctuation | undefined {
    return this.next.kind === 'symbol' ? this.next.symbol : undefined;
  }

  private expression(power: number): JmesNode {
    if (++this.nesting > maxNesting) throw new JmesPathSyntaxError(`nested deeper than ${maxNesting} levels`);
    let left = this.prefix();
    while (power < (bindingPower[this.nextSymbol ?? ')'] ?? 0)) left = this.infix(left);
    this.nesting--;
    return left;
  }

  private prefix(): JmesNode {
    const lexeme = this.next;
    this.index++;
    switch (lexeme.kind) {
      case 'literal':
        return { kind: 'literal', value: parseBody(lexeme.json, true) };
      case 'raw':
        return { kind: 'literal', value: mayBeDate(lexeme.text) ? new PropertyText(lexeme.text) : lexeme.text };
      case 'name':
        if (this.nextSymbol !== '(') return { kind: 'field', name: lexeme.text };
        if (lexeme.quoted) throw this.unexpected();
        return this.call(lexeme.text);
      case 'symbol':
        return this.prefixSymbol(lexeme.symbol);
      default:
        this.index--;
        throw this.unexpected();
    }
  }

  private prefixSymbol(symbol: Punctuation): JmesNode {
    switch (symbol) {
      case '@':
        return current;
      case '!':
        return { kind: 'not', operand: this.expression(45) };
      case '*':
        return { kind: 'valueProjection', left: current, right: this.projected(20) };
      case '[]':
      case '[?':
        this.index--;
        return this.infix(current);
      case '[':
        return this.isIndexing() || this.isStar() ? this.bracket(current) : this.multiList();
      case '{':
        return this.multiHash();
      case '(': {
        const operand = this.expression(0);
        this.expect(')');
        return { kind: 'paren', operand };
      }
      default:
        this.index--;
        throw this.unexpected();
    }
  }

  private infix(left: JmesNode): JmesNode {
    const symbol = this.nextSymbol;
    this.index++;
    switch (symbol) {
      case '.':
        if (this.nextSymbol === '*') {
          this.index++;
          return { kind: 'valueProjection', left, right: this.projected(40) };
        }
        return { kind: 'chain', left, right: this.afterDot(40) };
      case '|':
        return { kind: 'pipe', left, right: this.expression(1) };
      case '||':
        return { kind: 'or', left, right: this.expression(2) };
      case '&&':
        return { kind: 'and', left, right: this.expression(3) };
      case '[]':
        return { kind: 'listProjection', left: { kind: 'flatten', operand: left }, right: this.projected(9) };
      case '[?': {
        const condition = this.expression(0);
        this.expect(']');
        const right = this.nextSymbol === '[]' ? current : this.projected(21);
        return { kind: 'filter', left, right, condition };
      }
      case '[':
        if (this.isIndexing() || this.isStar()) return this.bracket(left);
        break;
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return { kind: 'compare', comparator: symbol, left, right: this.expression(5) };
      default:
        break;
    }
    this.index--;
    throw this.unexpected();
  }

  private isIndexing(): boolean {
    return this.next.kind === 'index' || this.nextSymbol === ':';
  }

  private isStar(): boolean {
    const after = this.lexemes[this.index + 1];
    return this.nextSymbol === '*' && after?.kind === 'symbol' && after.symbol === ']';
  }

  /** An index, a slice or `*`, after the opening bracket. */
  private bracket(left: JmesNode): JmesNode {
    if (this.nextSymbol === '*') {
      this.index += 2;
      return { kind: 'listProjection', left, right: this.projected(20) };
    }
    const bounds: (number | undefined)[] = [undefined];
    while (this.nextSymbol !== ']') {
      if (this.nextSymbol === ':' && bounds.length < 3) bounds.push(undefined);
      else if (this.next.kind === 'index' && bounds.at(-1) === undefined) bounds[bounds.length - 1] = this.next.value;
      else throw this.unexpected();
      this.index++;
    }
    this.index++;
    if (bounds.length === 1) return chained(left, { kind: 'index', index: bounds[0] ?? 0 });
    if (bounds[2] === 0) throw new JmesPathSyntaxError('the step of a slice cannot be 0');
    return { kind: 'listProjection', left: chained(left, { kind: 'slice', bounds }), right: this.projected(20) };
  }

  private projected(power: number): JmesNode {
    const symbol = this.nextSymbol;
    if (this.next.kind === 'end' || (symbol !== undefined && (bindingPower[symbol] ?? 0) < projectionStop))
      return current;
    if (symbol === '[' || symbol === '[?') return this.expression(power);
    if (symbol !== '.') throw this.unexpected();
    this.index++;
    return this.afterDot(power);
  }

  private afterDot(power: number): JmesNode {
    const symbol = this.nextSymbol;
    if (this.next.kind === 'name' || symbol === '*') return this.expression(power);
    if (symbol !== '[' && symbol !== '{') throw this.unexpected();
    this.index++;
    const node = symbol === '[' ? this.multiList() : this.multiHash();
    return this.continued(node, power);
  }

  private continued(node: JmesNode, power: number): JmesNode {
    let left = node;
    while (power < (bindingPower[this.nextSymbol ?? ')'] ?? 0)) left = this.infix(left);
    return left;
  }

  private multiList(): JmesNode {
    return { kind: 'list', items: this.separated(']', () => this.expression(0)) };
  }

  private multiHash(): JmesNode {
    const entry = (): readonly [string, JmesNode] => {
      const key = this.next;
      if (key.kind !== 'name') throw this.unexpected();
      this.index++;
      this.expect(':');
      return [key.text, this.expression(0)];
    };
    return { kind: 'hash', entries: this.separated('}', entry) };
  }

  private call(name: string): JmesNode {
    this.index++;
    const argument = (): JmesNode => {
      if (this.nextSymbol !== '&') return this.expression(0);
      this.index++;
      return { kind: 'reference', operand: this.expression(0) };
    };
    const none = this.nextSymbol === ')';
    if (none) this.index++;
    const args = none ? [] : this.separated(')', argument);
    const arity = functionArity(name);
    if (arity === undefined) throw new JmesPathSyntaxError(`unknown function ${name}`);
    if (args.length < arity.min || args.length > arity.max) {
      const allowed = arity.max === arity.min ? `${arity.min}` : `at least ${arity.min}`;
      throw new JmesPathSyntaxError(`function ${name} takes ${allowed} arguments, given ${args.length}`);
    }
    return { kind: 'call', name, args };
  }

  private separated<T>(close: Punctuation, one: () => T): T[] {
    const all = [one()];
    while (this.nextSymbol === ',') {
      this.index++;
      all.push(one());
    }
    this.expect(close);
    return all;
  }

  private expect(symbol: Punctuation): void {
    if (this.nextSymbol !== symbol) throw this.unexpected();
    this.index++;
  }

  private unexpected(): JmesPathSyntaxError {
    const { next } = this;
    if (next.kind === 'end') return new JmesPathSyntaxError('unexpected end');
    const shown = next.kind === 'symbol' ? next.symbol : next.kind;
    return new JmesPathSyntaxError(`unexpected ${shown} at ${next.at + 1}`);
  }
}

function chained(left: JmesNode, right: JmesNode): JmesNode {
  return left.kind === 'current' ? right : { kind: 'chain', left, right };
}
