import type { Token } from '../tokens';
import type { Punctuation } from './jmesPathLexer';

export type Comparator = '==' | '!=' | '<' | '<=' | '>' | '>=';

export type JmesNode =
  | { readonly kind: 'current' }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: Token }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly bounds: readonly (number | undefined)[] }
  | { readonly kind: 'flatten' | 'not' | 'reference' | 'paren'; readonly operand: JmesNode }
  | { readonly kind: 'chain' | 'pipe' | 'and' | 'or'; readonly left: JmesNode; readonly right: JmesNode }
  | { readonly kind: 'compare'; readonly comparator: Comparator; readonly left: JmesNode; readonly right: JmesNode }
  | { readonly kind: 'listProjection' | 'valueProjection'; readonly left: JmesNode; readonly right: JmesNode }
  | { readonly kind: 'filter'; readonly left: JmesNode; readonly right: JmesNode; readonly condition: JmesNode }
  | { readonly kind: 'list'; readonly items: readonly JmesNode[] }
  | { readonly kind: 'hash'; readonly entries: readonly (readonly [string, JmesNode])[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly JmesNode[] };

/** How strongly an operator binds what stands before it; what is not here ends an expression. */
export const bindingPower: Partial<Record<Punctuation, number>> = {
  '|': 1,
  '||': 2,
  '&&': 3,
  '==': 5,
  '!=': 5,
  '<': 5,
  '<=': 5,
  '>': 5,
  '>=': 5,
  '[]': 9,
  '*': 20,
  '[?': 21,
  '.': 40,
  '!': 45,
  '{': 50,
  '[': 55,
  '(': 60,
};
