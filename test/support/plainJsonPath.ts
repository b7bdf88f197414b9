/**
 * JSONPath in Newtonsoft.Json's dialect, evaluated in the plainest way: a list of nodes goes from step to step, and
 * every filter is asked about every node. What the engine's shortcuts are tested against.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

export type PlainStep =
  | { readonly kind: 'names'; readonly scan: boolean; readonly names: readonly string[] }
  | { readonly kind: 'everyMember' | 'everything' | 'everyItem' }
  | { readonly kind: 'items'; readonly indexes: readonly number[] }
  | { readonly kind: 'filter'; readonly scan: boolean; readonly filter: PlainFilter };

export type PlainSide = { readonly from: '@' | '$'; readonly names: readonly string[] } | { readonly value: Json };

export type PlainFilter =
  | { readonly exists: PlainSide }
  | { readonly left: PlainSide; readonly operator: string; readonly right: PlainSide }
  | { readonly all: readonly PlainFilter[] }
  | { readonly any: readonly PlainFilter[] };

/** The path as a mapping has it. */
export function textOfPath(steps: readonly PlainStep[]): string {
  return `$${steps.map(textOfStep).join('')}`;
}

function textOfStep(step: PlainStep): string {
  switch (step.kind) {
    case 'names':
      return `${step.scan ? '..' : ''}[${step.names.map(quoted).join(', ')}]`;
    case 'everyMember':
      return '.*';
    case 'everything':
      return '..*';
    case 'everyItem':
      return '[*]';
    case 'items':
      return `[${step.indexes.join(',')}]`;
    default:
      return `${step.scan ? '..' : ''}[?(${textOfFilter(step.filter)} )]`;
  }
}

function textOfFilter(filter: PlainFilter): string {
  if ('exists' in filter) return textOfSide(filter.exists);
  if ('left' in filter) return `${textOfSide(filter.left)} ${filter.operator} ${textOfSide(filter.right)}`;
  return 'all' in filter ? filter.all.map(textOfFilter).join(' && ') : filter.any.map(textOfFilter).join(' || ');
}

function textOfSide(side: PlainSide): string {
  if ('from' in side) return `${side.from}${side.names.map((name) => `[${quoted(name)}]`).join('')}`;
  return typeof side.value === 'string' ? quoted(side.value) : String(side.value);
}

function quoted(name: string): string {
  return `'${name}'`;
}

/** @throws Error of the name that the engine's error has. */
export function plainSelect(root: Json, steps: readonly PlainStep[]): readonly Json[] {
  return steps.reduce<readonly Json[]>((nodes, step) => nodes.flatMap((node) => take(node, step, root)), [root]);
}

function take(node: Json, step: PlainStep, root: Json): readonly Json[] {
  switch (step.kind) {
    case 'names':
      if (!step.scan) return step.names.flatMap((name) => memberOf(node, name));
      return below(node).flatMap(([key, value]) => step.names.filter((name) => name === key).map(() => value));
    case 'everyMember':
      return isObject(node) ? Object.values(node) : [];
    case 'everything':
      return [node, ...below(node).map(([, value]) => value)];
    case 'everyItem':
      return isList(node) ? node : [];
    case 'items':
      return isList(node) ? step.indexes.flatMap((index) => node.slice(index, index + 1)) : [];
    default: {
      const candidates = step.scan ? [node, ...below(node).map(([, value]) => value)] : isList(node) ? node : [];
      return candidates.filter((candidate) => holds(candidate, step.filter, root));
    }
  }
}

/** Everything below a node, in document order, with the name that it has. */
function below(node: Json): readonly (readonly [string | undefined, Json])[] {
  const children: (readonly [string | undefined, Json])[] = isList(node)
    ? node.map((item) => [undefined, item] as const)
    : isObject(node)
      ? Object.entries(node)
      : [];
  return children.flatMap((child) => [child, ...below(child[1])]);
}

function holds(node: Json, filter: PlainFilter, root: Json): boolean {
  if ('exists' in filter) return valuesOf(node, filter.exists, root).length > 0;
  if ('all' in filter) return filter.all.every((part) => holds(node, part, root));
  if ('any' in filter) return filter.any.some((part) => holds(node, part, root));
  const [right] = valuesOf(node, filter.right, root);
  return valuesOf(node, filter.left, root).some(
    (left) => right !== undefined && compares(left, filter.operator, right),
  );
}

function valuesOf(node: Json, side: PlainSide, root: Json): readonly Json[] {
  if (!('from' in side)) return [side.value];
  return side.names.reduce<readonly Json[]>(
    (nodes, name) => nodes.flatMap((one) => memberOf(one, name)),
    [side.from === '$' ? root : node],
  );
}

function compares(left: Json, operator: string, right: Json): boolean {
  if (isList(left) || isObject(left) || isList(right) || isObject(right)) return /^(?:!=|<>)$/.test(operator);
  if (operator.startsWith('=')) return left === right;
  if (operator.startsWith('!') || operator === '<>') return left !== right;
  const order = orderOf(left, right);
  return (operator.includes('=') && order === 0) || (operator.startsWith('<') ? order < 0 : order > 0);
}

type Scalar = null | boolean | number | string;

function orderOf(left: Scalar, right: Scalar): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? -1 : 1;
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  if (typeof left === 'boolean' || (typeof left === 'string' && typeof right === 'boolean')) {
    return Number(truth(left)) - Number(truth(right));
  }
  return numberBeside(left, right) - numberBeside(right, left);
}

function truth(value: string | number | boolean): boolean {
  if (typeof value !== 'string') return Boolean(value);
  if (value === 'true' || value === 'false') return value === 'true';
  throw new Error('FormatException');
}

function numberBeside(value: string | number | boolean, other: string | number | boolean): number {
  if (typeof value !== 'string') return Number(value);
  const wanted = Number.isInteger(other) ? /^\d+$/ : /^\d+(?:\.\d+)?$/;
  if (wanted.test(value)) return Number(value);
  throw new Error('FormatException');
}

function memberOf(node: Json, name: string): readonly Json[] {
  if (!isObject(node) || !Object.hasOwn(node, name)) return [];
  return [node[name] as Json];
}

function isList(node: Json): node is readonly Json[] {
  return Array.isArray(node);
}

function isObject(node: Json): node is { readonly [name: string]: Json } {
  return typeof node === 'object' && node !== null && !Array.isArray(node);
}
