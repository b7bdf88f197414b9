import { MedTechError } from '../errors';
import { isArray, isObject, type Token } from '../tokens';
import type { Expression } from './expression';
import { callFunction, fieldOf } from './jmesPathFunctions';
import { parseJmesPath } from './jmesPathParser';
import type { JmesNode } from './jmesPathSyntax';
import { plainText, sameToken } from './jmesPathValues';

/** The most values that one evaluation may visit; only projections within projections over a hostile message reach it. */
const maxVisits = 2_000_000;

interface Result {
  readonly value: Token;
  /** Whether the value comes from a projection: then each of its elements is a match. */
  readonly projection: boolean;
}

/**
 * Compiles JMESPath with the functions of the connector.
 *
 * @throws JmesPathSyntaxError
 */
export function compileJmesPath(text: string): Expression {
  const node = parseJmesPath(text);
  const run = (document: Token) => new Evaluation().result(node, document);
  return {
    numberKinds: tellsNumberKinds(node),
    selectMany(document) {
      const { value, projection } = run(document);
      if (projection && isArray(value)) return value;
      return value === null ? [] : [value];
    },
    selectOne(document) {
      const { value, projection } = run(document);
      if (value === null) return undefined;
      if (!projection || !isArray(value) || value.length <= 1) return value;
      throw new MedTechError(
        'TemplateExpressionException',
        `The JMESPath '${text}' found ${value.length} values where one is allowed.`,
      );
    },
  };
}

/** Fields, indexes, projections and truth are the same for 1 and 1.0; functions, literals and comparisons are not. */
function tellsNumberKinds(node: JmesNode): boolean {
  switch (node.kind) {
    case 'call':
    case 'compare':
    case 'literal':
      return true;
    case 'flatten':
    case 'not':
    case 'reference':
    case 'paren':
      return tellsNumberKinds(node.operand);
    case 'filter':
      return [node.left, node.right, node.condition].some(tellsNumberKinds);
    case 'list':
      return node.items.some(tellsNumberKinds);
    case 'hash':
      return node.entries.some(([, value]) => tellsNumberKinds(value));
    case 'chain':
    case 'pipe':
    case 'and':
    case 'or':
    case 'listProjection':
    case 'valueProjection':
      return tellsNumberKinds(node.left) || tellsNumberKinds(node.right);
    default:
      return false;
  }
}

class Evaluation {
  private visits = 0;

  result(node: JmesNode, value: Token): Result {
    switch (node.kind) {
      case 'listProjection':
      case 'valueProjection':
      case 'filter':
        return { value: this.value(node, value), projection: true };
      case 'pipe':
        return this.result(node.right, this.value(node.left, value));
      case 'or': {
        const left = this.result(node.left, value);
        return isTrue(left.value) ? left : this.result(node.right, value);
      }
      case 'and': {
        const left = this.result(node.left, value);
        return isTrue(left.value) ? this.result(node.right, value) : left;
      }
      default:
        return { value: this.value(node, value), projection: false };
    }
  }

  private value(node: JmesNode, value: Token): Token {
    switch (node.kind) {
      case 'current':
        return value;
      case 'field':
        return fieldOf(value, node.name);
      case 'literal':
        return node.value;
      case 'index':
        return isArray(value) ? (value.at(node.index) ?? null) : null;
      case 'slice':
        return isArray(value) ? slice(value, node.bounds) : null;
      case 'paren':
        return this.value(node.operand, value);
      case 'not':
        return !isTrue(this.value(node.operand, value));
      case 'flatten':
        return this.flatten(this.value(node.operand, value));
      case 'chain': {
        const left = this.value(node.left, value);
        return left === null ? null : this.value(node.right, left);
      }
      case 'compare':
        return compare(node.comparator, this.value(node.left, value), this.value(node.right, value));
      case 'listProjection':
      case 'valueProjection':
      case 'filter':
        return this.projection(node, this.value(node.left, value));
      case 'list':
        return value === null ? null : node.items.map((item) => this.value(item, value));
      case 'hash':
        if (value === null) return null;
        return Object.fromEntries(node.entries.map(([name, entry]) => [name, this.value(entry, value)]));
      case 'call':
        return this.call(node, value);
      case 'reference':
        throw new MedTechError('TemplateExpressionException', 'An expression (&...) can only be an argument.');
      default:
        return this.result(node, value).value;
    }
  }

  private call(node: Extract<JmesNode, { kind: 'call' }>, value: Token): Token {
    const args = node.args.map((arg) =>
      arg.kind === 'reference'
        ? (item: Token) => {
            this.visit();
            return this.value(arg.operand, item);
          }
        : this.value(arg, value),
    );
    return callFunction(node.name, args);
  }

  private projection(
    node: Extract<JmesNode, { kind: 'listProjection' | 'valueProjection' | 'filter' }>,
    source: Token,
  ): Token {
    const list = node.kind === 'valueProjection' ? (isObject(source) ? Object.values(source) : null) : source;
    if (list === null || !isArray(list)) return null;
    const found: Token[] = [];
    for (const item of list) {
      this.visit();
      if (node.kind === 'filter' && !isTrue(this.value(node.condition, item))) continue;
      const value = this.value(node.right, item);
      if (value !== null) found.push(value);
    }
    return found;
  }

  private flatten(value: Token): Token {
    if (!isArray(value)) return null;
    return value.flatMap((item) => {
      this.visit();
      return isArray(item) ? item : [item];
    });
  }

  private visit(): void {
    if (++this.visits > maxVisits) {
      throw new MedTechError('TemplateExpressionException', `A JMESPath visited more than ${maxVisits} values.`);
    }
  }
}

/** null, false, and an empty string, array or object are false; 0 is true. */
function isTrue(token: Token): boolean {
  if (token === null || token === false || token === '') return false;
  if (isArray(token)) return token.length > 0;
  return !isObject(token) || Object.keys(token).length > 0;
}

function compare(comparator: string, left: Token, right: Token): Token {
  if (comparator === '==') return sameToken(left, right);
  if (comparator === '!=') return !sameToken(left, right);
  const a = orderable(left);
  const b = orderable(right);
  if (a === undefined || b === undefined || (typeof a === 'string') !== (typeof b === 'string')) return null;
  if (comparator === '<') return a < b;
  if (comparator === '<=') return a <= b;
  return comparator === '>' ? a > b : a >= b;
}

function orderable(token: Token): string | number | bigint | undefined {
  return typeof token === 'number' || typeof token === 'bigint' ? token : plainText(token);
}

function slice(list: readonly Token[], [from, to, by]: readonly (number | undefined)[]): Token[] {
  const step = by ?? 1;
  const limit = (bound: number) => {
    const low = step < 0 ? -1 : 0;
    const high = step < 0 ? list.length - 1 : list.length;
    return Math.min(Math.max(bound < 0 ? bound + list.length : bound, low), high);
  };
  const start = from === undefined ? (step < 0 ? list.length - 1 : 0) : limit(from);
  const end = to === undefined ? (step < 0 ? -1 : list.length) : limit(to);
  const found: Token[] = [];
  for (let index = start; step < 0 ? index > end : index < end; index += step) found.push(list[index] as Token);
  return found;
}
