import { MedTechError } from '../errors';
import { isArray, isObject, memberOf, type Token } from '../tokens';
import type { Evaluation } from './evaluation';
import { type Condition, compileQuery, looksAtObjectsOnly } from './jsonPathFilter';
import type { PathStep } from './jsonPathSyntax';

export type Emit = (token: Token) => void;
export type Step = (token: Token, context: Context, emit: Emit) => void;

export interface Context {
  /** What `$` is. */
  readonly root: Token;
  readonly evaluation: Evaluation;
}

export function compileSteps(steps: readonly PathStep[]): Step {
  let run: Step = (token, _context, emit) => emit(token);
  for (const [index, step] of [...steps.entries()].reverse()) {
    const one = compileStep(step);
    if (index === steps.length - 1) run = one;
    else {
      const rest = run;
      run = (token, context, emit) => one(token, context, (found) => rest(found, context, emit));
    }
  }
  return run;
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
      return descend;
    case 'scanFields':
      return (token, context, emit) => scanFields(token, step.names, context, emit);
    case 'items':
      return items(step.indexes);
    case 'slice':
      return (token, context, emit) => {
        if (isArray(token)) slice(token, step, context, emit);
      };
    case 'query': {
      const condition = compileQuery(step.query);
      return step.scan && looksAtObjectsOnly(step.query) ? scanObjects(condition) : query(condition, step.scan);
    }
  }
}

function fields(names: readonly string[]): Step {
  return (token, context, emit) => {
    if (!isObject(token)) return;
    context.evaluation.spend(names.length);
    for (const name of names) {
      const value = memberOf(token, name);
      if (value !== undefined) emit(value);
    }
  };
}

function eachChild(token: Token, context: Context, emit: Emit): void {
  if (isArray(token)) {
    context.evaluation.spend(token.length);
    for (const item of token) emit(item);
  } else if (isObject(token)) {
    for (const name in token) {
      context.evaluation.spend(1);
      emit(token[name] as Token);
    }
  }
}

/** The token itself and everything below it, each before what it holds. */
function descend(token: Token, context: Context, emit: Emit): void {
  context.evaluation.spend(1);
  emit(token);
  if (typeof token !== 'object' || token === null) return;
  if (isArray(token)) for (const item of token) descend(item, context, emit);
  else if (isObject(token)) for (const name in token) descend(token[name] as Token, context, emit);
}

/** A name that is given twice finds its values twice. */
function scanFields(token: Token, names: readonly string[], context: Context, emit: Emit): void {
  context.evaluation.spend(1);
  if (typeof token !== 'object' || token === null) return;
  if (isArray(token)) {
    for (const item of token) scanFields(item, names, context, emit);
  } else if (isObject(token)) {
    for (const name in token) {
      const value = token[name] as Token;
      for (const wanted of names) if (wanted === name) emit(value);
      scanFields(value, names, context, emit);
    }
  }
}

function items(indexes: readonly number[]): Step {
  return (token, context, emit) => {
    if (!isArray(token)) return;
    context.evaluation.spend(indexes.length);
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
  context: Context,
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
  for (let index = first; forward ? index < last : index > last; index += step) {
    context.evaluation.spend(1);
    emit(token[index] as Token);
  }
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

/** As query with scan, for a condition that only an object can meet: templates share the walk through a message. */
function scanObjects(condition: Condition): Step {
  return (token, context, emit) => {
    for (const object of context.evaluation.objectsIn(token)) if (condition(object, context)) emit(object);
  };
}
