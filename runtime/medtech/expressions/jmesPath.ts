import { MedTechError } from '../errors';
import { isArray, isObject, memberReader, type Token } from '../tokens';
import type { Evaluation } from './evaluation';
import type { Expression } from './expression';
import { functionNamed } from './jmesPathFunctions';
import { compare, isTrue, slice } from './jmesPathOperators';
import { parseJmesPath } from './jmesPathParser';
import type { JmesNode } from './jmesPathSyntax';
import type { Argument } from './jmesPathValues';

type Run = (value: Token, evaluation: Evaluation) => Token;
type NodeOf<K extends JmesNode['kind']> = Extract<JmesNode, { kind: K }>;

/**
 * Compiles JMESPath with the functions of the connector.
 *
 * @throws JmesPathSyntaxError
 */
export function compileJmesPath(text: string): Expression {
  const node = parseJmesPath(text);
  const run = compileResult(node);
  return {
    numberKinds: tellsNumberKinds(node),
    selectMany(document, evaluation) {
      const value = run(document, evaluation);
      if (evaluation.projection && isArray(value)) return value;
      return value === null ? [] : [value];
    },
    selectOne(document, evaluation) {
      const value = run(document, evaluation);
      if (value === null) return undefined;
      if (!evaluation.projection || !isArray(value) || value.length <= 1) return value;
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

/** As compileValue; evaluation.projection says afterwards whether the value comes from a projection. */
function compileResult(node: JmesNode): Run {
  switch (node.kind) {
    case 'listProjection':
    case 'valueProjection':
    case 'filter':
      return marked(compileValue(node), true);
    case 'pipe': {
      const left = compileValue(node.left);
      const right = compileResult(node.right);
      return (value, evaluation) => right(left(value, evaluation), evaluation);
    }
    case 'or':
    case 'and': {
      const left = compileResult(node.left);
      const right = compileResult(node.right);
      const goOn = node.kind === 'and';
      return (value, evaluation) => {
        const first = left(value, evaluation);
        return isTrue(first) === goOn ? right(value, evaluation) : first;
      };
    }
    default:
      return marked(compileValue(node), false);
  }
}

function marked(run: Run, projection: boolean): Run {
  return (value, evaluation) => {
    const result = run(value, evaluation);
    evaluation.projection = projection;
    return result;
  };
}

function compileValue(node: JmesNode): Run {
  switch (node.kind) {
    case 'current':
      return (value) => value;
    case 'field': {
      const read = memberReader(node.name);
      return (value) => read(value) ?? null;
    }
    case 'literal':
      return () => node.value;
    case 'index':
      return (value) => (isArray(value) ? (value.at(node.index) ?? null) : null);
    case 'slice':
      return (value, evaluation) => (isArray(value) ? slice(value, node.bounds, evaluation) : null);
    case 'paren':
      return compileValue(node.operand);
    case 'not': {
      const operand = compileValue(node.operand);
      return (value, evaluation) => !isTrue(operand(value, evaluation));
    }
    case 'flatten': {
      const operand = compileValue(node.operand);
      return (value, evaluation) => flatten(operand(value, evaluation), evaluation);
    }
    case 'chain':
      return chain(compileValue(node.left), compileValue(node.right));
    case 'compare': {
      const left = compileValue(node.left);
      const right = compileValue(node.right);
      return (value, evaluation) =>
        compare(node.comparator, left(value, evaluation), right(value, evaluation), evaluation);
    }
    case 'listProjection':
    case 'valueProjection':
    case 'filter':
      return compileProjection(node);
    case 'list':
    case 'hash':
      return compileMulti(node);
    case 'call':
      return compileCall(node);
    case 'reference':
      return () => {
        throw new MedTechError('TemplateExpressionException', 'An expression (&...) can only be an argument.');
      };
    default:
      return compileResult(node);
  }
}

function chain(left: Run, right: Run): Run {
  return (value, evaluation) => {
    const found = left(value, evaluation);
    return found === null ? null : right(found, evaluation);
  };
}

function compileMulti(node: NodeOf<'list'> | NodeOf<'hash'>): Run {
  if (node.kind === 'list') {
    const items = node.items.map(compileValue);
    return (value, evaluation) => {
      evaluation.spend(items.length);
      return value === null ? null : items.map((item) => item(value, evaluation));
    };
  }
  const entries = node.entries.map(([name, entry]) => [name, compileValue(entry)] as const);
  return (value, evaluation) => {
    evaluation.spend(entries.length);
    if (value === null) return null;
    return Object.fromEntries(entries.map(([name, entry]) => [name, entry(value, evaluation)]));
  };
}

function compileCall(node: NodeOf<'call'>): Run {
  const definition = functionNamed(node.name);
  const args = node.args.map((arg) => ({
    reference: arg.kind === 'reference',
    run: compileValue(arg.kind === 'reference' ? arg.operand : arg),
  }));
  return (value, evaluation) => {
    const given = args.map(({ reference, run }) =>
      reference
        ? (item: Token) => {
            evaluation.spend(1);
            return run(item, evaluation);
          }
        : run(value, evaluation),
    );
    for (const argument of given) spendFor(argument, evaluation);
    return definition.call(given, node.name, evaluation);
  };
}

/** A function walks through its arguments at most a few times; what it makes beyond that it counts itself. */
function spendFor(argument: Argument, evaluation: Evaluation): void {
  if (typeof argument === 'string') evaluation.spendText(argument.length);
  else if (typeof argument !== 'object' || argument === null) evaluation.spend(1);
  else if (isArray(argument)) evaluation.spend(1 + 4 * argument.length);
  else if (isObject(argument)) evaluation.spend(1 + Object.keys(argument).length);
}

function compileProjection(node: NodeOf<'listProjection' | 'valueProjection' | 'filter'>): Run {
  const left = compileValue(node.left);
  const right = compileValue(node.right);
  const condition = node.kind === 'filter' ? compileValue(node.condition) : undefined;
  const ofValues = node.kind === 'valueProjection';
  const bare = node.right.kind === 'current';
  return (value, evaluation) => {
    const source = left(value, evaluation);
    const list = ofValues ? (isObject(source) ? Object.values(source) : null) : source;
    if (list === null || !isArray(list)) return null;
    evaluation.spend(1 + list.length);
    const found: Token[] = [];
    for (const item of list) {
      if (condition !== undefined && !isTrue(condition(item, evaluation))) continue;
      const result = right(item, evaluation);
      // The original leaves out what an expression does not find; the elements themselves it keeps, null or not.
      if (result !== null || (bare && evaluation.compatibility === 'medtech')) found.push(result);
    }
    return found;
  };
}

function flatten(value: Token, evaluation: Evaluation): Token {
  if (!isArray(value)) return null;
  return value.flatMap((item) => {
    evaluation.spend(isArray(item) ? 1 + item.length : 1);
    return isArray(item) ? item : [item];
  });
}
