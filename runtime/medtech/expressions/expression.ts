import type { Token } from '../tokens';
import type { Evaluation } from './evaluation';

export type ExpressionLanguage = 'JsonPath' | 'JmesPath';

/** A compiled expression. Both functions throw a MedTechError when the expression fails on this document. */
export interface Expression {
  /** Every match, in document order. */
  selectMany(document: Token, evaluation: Evaluation): readonly Token[];
  /** The one match; undefined when there is none. More than one is an error. */
  selectOne(document: Token, evaluation: Evaluation): Token | undefined;
  /** Whether the result depends on the difference between 1 and 1.0. */
  readonly numberKinds: boolean;
}
