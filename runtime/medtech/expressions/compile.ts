import type { Expression, ExpressionLanguage } from './expression';
import { compileJmesPath } from './jmesPath';
import { compileJsonPath } from './jsonPath';

/**
 * Compiles an expression of a mapping.
 *
 * @throws Error that says what is wrong and where.
 */
export function compileExpression(language: ExpressionLanguage, text: string): Expression {
  if (language === 'JsonPath') return compileJsonPath(text);
  try {
    return compileJmesPath(text);
  } catch (error) {
    throw new Error(`The following JmesPath expression could not be parsed: '${text}': ${(error as Error).message}.`);
  }
}
