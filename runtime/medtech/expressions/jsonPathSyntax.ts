import type { PropertyText } from '../tokens';
import type { BoundedPattern } from './regexLiteral';

/** Comparisons of a JSONPath filter, as Newtonsoft.Json spells them (`<>` is `!=`). */
export type QueryOperator = '==' | '===' | '!=' | '!==' | '<' | '<=' | '>' | '>=' | '=~';

export type PathStep =
  | { readonly kind: 'root' }
  | { readonly kind: 'fields'; readonly names: readonly string[] }
  | { readonly kind: 'anyField' }
  | { readonly kind: 'scanFields'; readonly names: readonly string[] }
  | { readonly kind: 'scanAll' }
  | { readonly kind: 'anyItem' }
  | { readonly kind: 'items'; readonly indexes: readonly number[] }
  | { readonly kind: 'slice'; readonly start?: number; readonly end?: number; readonly step?: number }
  | { readonly kind: 'query'; readonly scan: boolean; readonly query: Query };

/** A text that looks like a date is none (PropertyText): only a message's body has dates. */
export type LiteralValue = string | number | bigint | boolean | null | PropertyText;
export type QuerySide =
  | { readonly kind: 'path'; readonly steps: readonly PathStep[] }
  | { readonly kind: 'literal'; readonly value: LiteralValue }
  | { readonly kind: 'regex'; readonly text: string; readonly pattern: BoundedPattern };

export type Query =
  | { readonly kind: 'exists'; readonly side: QuerySide }
  | { readonly kind: 'compare'; readonly operator: QueryOperator; readonly left: QuerySide; readonly right: QuerySide }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Query[] };

/** The names of a path such as `a.b`, by far the most frequent kind; undefined for every other path. */
export function plainNames(steps: readonly PathStep[]): readonly string[] | undefined {
  const names = steps.map((step) => (step.kind === 'fields' && step.names.length === 1 ? step.names[0] : undefined));
  return names.every((name) => name !== undefined) ? names : undefined;
}
