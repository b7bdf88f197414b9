import { MedTechError } from '../errors';
import { isArray, isObject, memberOf, type Token } from '../tokens';
import type { Expression } from './expression';
import { parseJsonPath } from './jsonPathParser';
import { compareTokens, matchesRegex } from './jsonPathQuery';
import type { PathStep, Query, QuerySide } from './jsonPathSyntax';

/**
 * The most values that one evaluation may visit. A message of 1 MB has far fewer values; only scans within scans over
 * a hostile message reach it.
 */
const maxVisits = 2_000_000;

type Emit = (token: Token) => void;
type Step = (token: Token, context: Context, emit: Emit) => void;
type Condition = (token: Token, context: Context) => boolean;

interface Context {
  readonly root: Token;
  visits: number;
}

/**
 * Compiles JSONPath in Newtonsoft.Json's dialect.
 *
 * @throws JsonPathSyntaxError
 */
export function compileJsonPath(expression: string): Expression {
  const run = compileSteps(parseJsonPath(expression));
  const selectMany = (document: Token): Token[] => {
    const found: Token[] = [];
    run(document, { root: document, visits: 0 }, (token) => found.push(token));
    return found;
  };
  return {
    numberKinds: false,
    selectMany,
    selectOne(document) {
      const found = selectMany(document);
      if (found.length <= 1) return found[0];
      throw new MedTechError(
        'TemplateExpressionException',
        `The JSONPath '${expression}' found ${found.length} values where one is allowed.`,
      );
    },
  };
}

function compileSteps(steps: readonly PathStep[]): Step {
  let run: Step = (token, _context, emit) => emit(token);
  for (const step of steps.toReversed()) {
    const one = compileStep(step);
    const rest = run;
    run = (token, context, emit) => one(token, context, (found) => rest(found, context, emit));
  }
  return run;
}

function visit(context: Context): void {
  if (++context.visits > maxVisits) {
    throw new MedTechError('TemplateExpressionException', `A JSONPath visited more than ${maxVisits} values.`);
  }
}

function compileStep(step: PathStep): Step {
  switch (step.kind) {
    case 'root':
      return (_token, context, emit) => emit(context.root);
    case 'fields':
      return fields(step.names);
    case 'anyField':
      return (token, context, emit) => {
        if (isObject(token)) eachChild(token, context, emit);
      };
    case 'anyItem':
      return (token, context, emit) => {
        if (isArray(token)) eachChild(token, context, emit);
      };
    case 'scanAll':
      return (token, context, emit) => descend(token, context, emit);
    case 'scanFields':
      return (token, context, emit) => scanFields(token, new Set(step.names), context, emit);
    case 'items':
      return items(step.indexes);
    case 'slice':
      return (token, _context, emit) => {
        if (isArray(token)) slice(token, step, emit);
      };
    case 'query':
      return scanForPath(step) ?? query(compileQuery(step.query), step.scan);
  }
}

function fields(names: readonly string[]): Step {
  return (token, _context, emit) => {
    if (!isObject(token)) return;
    for (const name of names) {
      const value = memberOf(token, name);
      if (value !== undefined) emit(value);
    }
  };
}

function eachChild(token: Token, context: Context, emit: Emit): void {
  if (isArray(token)) {
    for (const item of token) {
      visit(context);
      emit(item);
    }
  } else if (isObject(token)) {
    for (const name in token) {
      visit(context);
      emit(token[name] as Token);
    }
  }
}

/** The token itself and everything below it, each before what it holds. */
function descend(token: Token, context: Context, emit: Emit): void {
  visit(context);
  emit(token);
  if (typeof token !== 'object' || token === null) return;
  if (isArray(token)) for (const item of token) descend(item, context, emit);
  else if (isObject(token)) for (const name in token) descend(token[name] as Token, context, emit);
}

function scanFields(token: Token, names: ReadonlySet<string>, context: Context, emit: Emit): void {
  visit(context);
  if (typeof token !== 'object' || token === null) return;
  if (isArray(token)) {
    for (const item of token) scanFields(item, names, context, emit);
  } else if (isObject(token)) {
    for (const name in token) {
      const value = token[name] as Token;
      if (names.has(name)) emit(value);
      scanFields(value, names, context, emit);
    }
  }
}

function items(indexes: readonly number[]): Step {
  return (token, _context, emit) => {
    if (!isArray(token)) return;
    for (const index of indexes) {
      if (index < 0) throw new MedTechError('ArgumentOutOfRangeException', 'A JSONPath index may not be negative.');
      const item = token[index];
      if (item !== undefined) emit(item);
    }
  };
}

function slice(
  token: readonly Token[],
  bounds: { readonly start?: number; readonly end?: number; readonly step?: number },
  emit: Emit,
): void {
  const count = token.length;
  const step = bounds.step ?? 1;
  const forward = step > 0;
  const fromEnd = (index: number) => (index < 0 ? count + index : index);
  const start = fromEnd(bounds.start ?? (forward ? 0 : count - 1));
  const end = bounds.end === undefined ? (forward ? count : -1) : fromEnd(bounds.end);
  const first = forward ? Math.max(start, 0) : Math.min(start, count - 1);
  const last = Math.min(Math.max(end, -1), count);
  for (let index = first; forward ? index < last : index > last; index += step) emit(token[index] as Token);
}

function query(condition: Condition, scan: boolean): Step {
  return (token, context, emit) => {
    const test: Emit = (candidate) => {
      if (condition(candidate, context)) emit(candidate);
    };
    if (scan) descend(token, context, test);
    else if (isArray(token)) eachChild(token, context, test);
  };
}

/** `..[?(@a.b)]`, what nearly every template matches its type with: as query does, in half the time. */
function scanForPath(step: Extract<PathStep, { kind: 'query' }>): Step | undefined {
  const { query: node } = step;
  const names =
    step.scan && node.kind === 'exists' && node.side.kind === 'path' ? plainNames(node.side.steps) : undefined;
  const first = names?.[0];
  if (names === undefined || first === undefined) return undefined;
  const scan: Step = (token, context, emit) => {
    visit(context);
    if (isArray(token)) {
      for (const item of token) if (typeof item === 'object' && item !== null) scan(item, context, emit);
    } else if (isObject(token)) {
      if (Object.hasOwn(token, first) && (names.length === 1 || reaches(token, names))) emit(token);
      for (const name in token) {
        const value = token[name] as Token;
        if (typeof value === 'object' && value !== null) scan(value, context, emit);
      }
    }
  };
  return scan;
}

function compileQuery(node: Query): Condition {
  if (node.kind === 'exists') return exists(node.side);
  if (node.kind === 'compare') return comparison(node);
  const operands = node.operands.map(compileQuery);
  return node.kind === 'and'
    ? (token, context) => operands.every((operand) => operand(token, context))
    : (token, context) => operands.some((operand) => operand(token, context));
}

function exists(side: QuerySide): Condition {
  if (side.kind !== 'path') return () => true;
  const names = plainNames(side.steps);
  if (names !== undefined) return (token) => reaches(token, names);
  const values = compileSide(side);
  return (token, context) => values(token, context).length > 0;
}

/** The names of a path such as `@a.b`, by far the most frequent; undefined for every other path. */
function plainNames(steps: readonly PathStep[]): readonly string[] | undefined {
  const names = steps.map((step) => (step.kind === 'fields' && step.names.length === 1 ? step.names[0] : undefined));
  return names.every((name) => name !== undefined) ? names : undefined;
}

function reaches(token: Token, names: readonly string[]): boolean {
  let current: Token | undefined = token;
  for (const name of names) {
    current = isObject(current) ? memberOf(current, name) : undefined;
    if (current === undefined) return false;
  }
  return true;
}

function compileSide(side: QuerySide): (token: Token, context: Context) => readonly Token[] {
  if (side.kind === 'literal') return () => [side.value];
  if (side.kind === 'regex') return () => [];
  const run = compileSteps(side.steps);
  return (token, context) => {
    const found: Token[] = [];
    run(token, context, (value) => found.push(value));
    return found;
  };
}

function comparison(node: Extract<Query, { kind: 'compare' }>): Condition {
  const left = compileSide(node.left);
  const { operator } = node;
  const side = node.right;
  if (side.kind === 'regex') {
    if (operator !== '=~') return () => false;
    return (token, context) => left(token, context).some((value) => matchesRegex(value, side.pattern));
  }
  if (operator === '=~') return () => false;
  const right = compileSide(side);
  return (token, context) => {
    const values = left(token, context);
    if (values.length === 0) return false;
    const others = right(token, context);
    return values.some((value) => others.some((other) => compareTokens(operator, value, other)));
  };
}
