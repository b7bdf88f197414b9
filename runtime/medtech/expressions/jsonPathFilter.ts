import { pathReader, type Token } from '../tokens';
import { compareTokens, matchesRegex, sameNumber } from './jsonPathQuery';
import { type Context, compileSteps } from './jsonPathSteps';
import { type LiteralValue, plainNames, type Query, type QueryOperator, type QuerySide } from './jsonPathSyntax';

export type Condition = (token: Token, context: Context) => boolean;
type Comparison = Extract<Query, { kind: 'compare' }>;

/** The condition of a filter `[?(...)]`. A comparison whose left side finds nothing is false, whatever its operator. */
export function compileQuery(node: Query): Condition {
  if (node.kind === 'exists') return exists(node.side);
  if (node.kind === 'compare') return plainComparison(node) ?? comparison(node);
  const operands = node.operands.map(compileQuery);
  return node.kind === 'and'
    ? (token, context) => operands.every((operand) => operand(token, context))
    : (token, context) => operands.some((operand) => operand(token, context));
}

/** Whether a filter is false, and never fails, for everything but objects: all it looks at are members (`@a.b`). */
export function looksAtObjectsOnly(node: Query): boolean {
  if (node.kind === 'exists') return namesMember(node.side);
  return node.kind === 'compare' ? namesMember(node.left) : node.operands.every(looksAtObjectsOnly);
}

function namesMember(side: QuerySide): boolean {
  return (memberNames(side)?.length ?? 0) > 0;
}

function memberNames(side: QuerySide): readonly string[] | undefined {
  return side.kind === 'path' ? plainNames(side.steps) : undefined;
}

function exists(side: QuerySide): Condition {
  if (side.kind !== 'path') return () => true;
  const names = plainNames(side.steps);
  if (names === undefined) {
    const values = compileSide(side);
    return (token, context) => values(token, context).length > 0;
  }
  const read = pathReader(names);
  return (token) => read(token) !== undefined;
}

function compileSide(side: QuerySide): (token: Token, context: Context) => readonly Token[] {
  if (side.kind === 'regex') return () => [];
  if (side.kind === 'literal') {
    const values = [side.value];
    return () => values;
  }
  const run = compileSteps(side.steps);
  return (token, context) => {
    const found: Token[] = [];
    run(token, context, (value) => found.push(value));
    return found;
  };
}

/** Whether a filter converts a text to the kind of a number beside it, or may: an integer takes no `1.5`, a float does. */
export function tellsNumberKinds(node: Query): boolean {
  if (node.kind === 'exists') return false;
  if (node.kind !== 'compare') return node.operands.some(tellsNumberKinds);
  return /^[<>]/.test(node.operator) && !isNumberLiteral(node.right);
}

function isNumberLiteral(side: QuerySide): boolean {
  return side.kind === 'literal' && (typeof side.value === 'number' || typeof side.value === 'bigint');
}

/** `@a.b == 1` and the like, as comparison does it, without lists. */
function plainComparison({ left, operator, right }: Comparison): Condition | undefined {
  const names = memberNames(left);
  if (names === undefined || right.kind !== 'literal' || operator === '=~') return undefined;
  const compare = literalComparison(operator, right.value);
  const read = pathReader(names);
  return (token) => {
    const value = read(token);
    return value !== undefined && compare(value);
  };
}

function literalComparison(operator: QueryOperator, given: LiteralValue): (value: Token) => boolean {
  // Equal numbers need not be of one kind, and a number is faster than a bigint.
  const exact = typeof given === 'bigint' && Number.isSafeInteger(Number(given)) && /^[=!]/.test(operator);
  const literal = exact ? Number(given) : given;
  if (literal === null && (operator === '==' || operator === '===')) return (value) => value === null;
  if (literal === null && operator === '!=') return (value) => value !== null;
  if (operator === '==' && typeof literal === 'string') {
    return (value) => value === literal || (typeof value !== 'number' && compareTokens(operator, value, literal));
  }
  if (operator === '==' && typeof literal === 'number') {
    return (value) =>
      typeof value === 'number' ? sameNumber(value, literal) : compareTokens(operator, value, literal);
  }
  return (value) => compareTokens(operator, value, literal);
}

function comparison(node: Comparison): Condition {
  const left = compileSide(node.left);
  const { operator, right: side } = node;
  if (side.kind === 'regex') {
    if (operator !== '=~') return () => false;
    return (token, context) =>
      left(token, context).some((value) => matchesRegex(value, side.pattern, context.evaluation));
  }
  if (operator === '=~') return () => false;
  const right = compileSide(side);
  return (token, context) => {
    const values = left(token, context);
    if (values.length === 0) return false;
    const others = right(token, context);
    return values.some((value) => {
      context.evaluation.spend(others.length);
      return others.some((other) => compareTokens(operator, value, other));
    });
  };
}
