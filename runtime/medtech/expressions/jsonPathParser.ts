import { mayBeDate } from '../instant';
import { PropertyText } from '../tokens';
import { JsonPathCursor } from './jsonPathCursor';
import type { LiteralValue, PathStep, Query, QueryOperator, QuerySide } from './jsonPathSyntax';
import { compileRegexLiteral } from './regexLiteral';

/**
 * Parses JSONPath as Newtonsoft.Json 13 does, which mapping files are written for: leading `$` optional, single
 * quotes only, `@name` without a dot, no negative index, filters without parentheses or operator precedence.
 *
 * @throws JsonPathSyntaxError
 */
export function parseJsonPath(expression: string): readonly PathStep[] {
  return new JsonPathParser(expression).parse();
}

const operators: readonly [string, QueryOperator][] = [
  ['===', '==='],
  ['==', '=='],
  ['=~', '=~'],
  ['!==', '!=='],
  ['!=', '!='],
  ['<>', '!='],
  ['<=', '<='],
  ['<', '<'],
  ['>=', '>='],
  ['>', '>'],
];
const endOfName = '=<!>|&';
const regexLiteral = /^\/(.*)\/([A-Za-z]*)$/s;

class JsonPathParser extends JsonPathCursor {
  parse(): readonly PathStep[] {
    this.skipBlanks();
    if (this.ended()) return [];
    const start = this.index;
    if (this.peek() === '$') {
      if (this.text.slice(start).trim().length === 1) return [];
      const next = this.text[start + 1];
      if (next === '.' || next === '[') this.index++;
    }
    const steps: PathStep[] = [];
    this.path(steps, false);
    this.skipBlanks();
    if (!this.ended()) throw this.unexpected('while parsing path');
    return steps;
  }

  private path(steps: PathStep[], inQuery: boolean): void {
    let start = this.index;
    let scan = false;
    let afterIndexer = false;
    let afterDot = false;
    const takeName = (): boolean => {
      if (this.index <= start) return false;
      steps.push(nameStep(this.text.slice(start, this.index).trimEnd(), scan));
      scan = false;
      return true;
    };
    while (!this.ended()) {
      const character = this.peek();
      if (character === '[' || character === '(') {
        takeName();
        steps.push(this.indexer(character === '[' ? ']' : ')', scan));
        scan = false;
        start = this.index;
        afterIndexer = true;
        afterDot = false;
      } else if (character === ']' || character === ')' || character === ' ') break;
      else if (character === '.') {
        takeName();
        this.index++;
        if (this.peek() === '.') {
          scan = true;
          this.index++;
        }
        start = this.index;
        afterIndexer = false;
        afterDot = true;
      } else if (inQuery && endOfName.includes(character)) break;
      else if (afterIndexer) throw this.unexpected('following indexer');
      else this.index++;
    }
    if (!takeName() && afterDot && (this.ended() || inQuery)) throw this.error('Unexpected end while parsing path');
  }

  private indexer(close: string, scan: boolean): PathStep {
    this.index++;
    this.skipBlanks();
    if (this.ended()) throw this.openIndexer();
    if (this.peek() === "'") return this.quotedNames(close, scan);
    return this.peek() === '?' ? this.query(close, scan) : this.arrayIndexer(close);
  }

  private quotedNames(close: string, scan: boolean): PathStep {
    const names: string[] = [];
    while (!this.ended()) {
      if (this.peek() !== "'") throw this.unexpected('while parsing path indexer');
      names.push(this.quoted());
      this.skipBlanks();
      const character = this.peek();
      if (character === close) {
        this.index++;
        return scan ? { kind: 'scanFields', names } : { kind: 'fields', names };
      }
      if (character !== ',') break;
      this.index++;
      this.skipBlanks();
    }
    throw this.ended() ? this.openIndexer() : this.unexpected('while parsing path indexer');
  }

  private arrayIndexer(close: string): PathStep {
    const end = this.text.indexOf(close, this.index);
    if (end < 0) throw this.openIndexer();
    const inside = this.text.slice(this.index, end).trim();
    if (!/^(?:\*|-?\d+(?: *, *-?\d+)*|(?:-?\d+)? *:(?: *-?\d+)? *(?::(?: *-?\d+)?)?)$/.test(inside)) {
      throw this.error(
        inside === '' ? 'Array index expected' : `An index is a number, numbers, a slice or *, not '${inside}'`,
      );
    }
    this.index = end + 1;
    if (inside === '*') return { kind: 'anyItem' };
    if (!inside.includes(':')) return { kind: 'items', indexes: inside.split(',').map(Number) };
    const [start, stop, step] = inside.split(':').map((part) => (part.trim() === '' ? undefined : Number(part)));
    if (step === 0) throw this.error('The step of a slice cannot be zero');
    return { kind: 'slice', start, end: stop, step };
  }

  private query(close: string, scan: boolean): PathStep {
    this.index++;
    if (this.peek() !== '(') throw this.ended() ? this.openIndexer() : this.unexpected('while parsing path indexer');
    this.index++;
    const query = this.expression();
    this.index++;
    this.skipBlanks();
    if (this.peek() !== close) {
      throw this.ended() ? this.openIndexer() : this.unexpected('while parsing path indexer');
    }
    this.index++;
    return { kind: 'query', scan, query };
  }

  /** `&&` and `||` have no precedence: a change of operator opens a group with everything to its right. */
  private expression(): Query {
    const comparison = this.comparison();
    const character = this.peek();
    if (character === ')') return comparison;
    const kind = character === '&' ? 'and' : 'or';
    return this.group(kind, [comparison]);
  }

  private group(kind: 'and' | 'or', operands: Query[]): Query {
    const symbol = kind === 'and' ? '&&' : '||';
    while (this.text.startsWith(symbol, this.index)) {
      this.index += 2;
      const next = this.comparison();
      const character = this.peek();
      if (character === ')' || symbol.startsWith(character)) operands.push(next);
      else operands.push(this.group(kind === 'and' ? 'or' : 'and', [next]));
      if (this.peek() === ')') return { kind, operands };
    }
    throw this.ended() ? this.openQuery() : this.unexpected('while parsing path query');
  }

  private comparison(): Query {
    const left = this.side();
    const character = this.peek();
    if (character === ')' || character === '|' || character === '&') return { kind: 'exists', side: left };
    const operator = operators.find(([spelling]) => this.text.startsWith(spelling, this.index));
    if (operator === undefined) throw this.error('Could not read query operator');
    this.index += operator[0].length;
    const right = this.side();
    if (!')|&'.includes(this.peek())) throw this.unexpected('while parsing path query');
    return { kind: 'compare', operator: operator[1], left, right: this.asCompared(operator[1], right) };
  }

  /** A regular expression may be given as a text, and is a text to every operator but its own. */
  private asCompared(operator: QueryOperator, side: QuerySide): QuerySide {
    if (side.kind === 'regex' && operator !== '=~') return { kind: 'literal', value: side.text };
    if (side.kind !== 'literal' || operator !== '=~' || typeof side.value !== 'string') return side;
    return regexLiteral.test(side.value) ? this.regexOf(side.value) : side;
  }

  private side(): QuerySide {
    this.skipBlanks();
    const character = this.peek();
    let side: QuerySide;
    if (character === '$' || character === '@') {
      this.index++;
      const steps: PathStep[] = character === '$' ? [{ kind: 'root' }] : [];
      this.path(steps, true);
      side = { kind: 'path', steps };
    } else if (character === '/') side = this.regex();
    else side = { kind: 'literal', value: this.literal() };
    this.skipBlanks();
    if (this.ended()) throw this.openQuery();
    return side;
  }

  private literal(): LiteralValue {
    if (this.peek() === "'") {
      const text = this.quoted();
      return mayBeDate(text) ? new PropertyText(text) : text;
    }
    const rest = this.text.slice(this.index);
    const word = /^(?:true|false|null)/.exec(rest)?.[0];
    if (word !== undefined) {
      this.index += word.length;
      return JSON.parse(word) as boolean | null;
    }
    const number = /^(?:-?\d+(?:\.\d*)?|-\.\d+)(?:[eE][+-]?\d+)?(?=[ )])/.exec(rest)?.[0];
    const integer = number !== undefined && !/[.eE]/.test(number) ? BigInt(number) : undefined;
    if (number === undefined || (integer !== undefined && BigInt.asIntN(64, integer) !== integer)) {
      throw this.ended() ? this.openQuery() : this.unexpected('while parsing path query');
    }
    this.index += number.length;
    return integer ?? Number(number);
  }

  private regex(): QuerySide {
    const literal = /^\/(?:[^\\/]|\\.)*\/[A-Za-z]*/s.exec(this.text.slice(this.index))?.[0];
    if (literal === undefined) throw this.error('Path ended with an open regex');
    this.index += literal.length;
    return this.regexOf(literal);
  }

  private regexOf(text: string): QuerySide {
    const [, pattern = '', flags = ''] = regexLiteral.exec(text) ?? [];
    try {
      return { kind: 'regex', text, pattern: compileRegexLiteral(pattern, flags) };
    } catch (error) {
      throw this.error((error as Error).message);
    }
  }
}

function nameStep(name: string, scan: boolean): PathStep {
  if (name === '*') return scan ? { kind: 'scanAll' } : { kind: 'anyField' };
  return scan ? { kind: 'scanFields', names: [name] } : { kind: 'fields', names: [name] };
}
