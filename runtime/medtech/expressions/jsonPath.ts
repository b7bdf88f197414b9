import { MedTechError } from '../errors';
import type { Token } from '../tokens';
import type { Evaluation } from './evaluation';
import type { Expression } from './expression';
import { parseJsonPath } from './jsonPathParser';
import { compileSteps, reach } from './jsonPathSteps';
import { plainNames } from './jsonPathSyntax';

/**
 * Compiles JSONPath in Newtonsoft.Json's dialect.
 *
 * @throws JsonPathSyntaxError
 */
export function compileJsonPath(expression: string): Expression {
  const steps = parseJsonPath(expression);
  const names = plainNames(steps);
  if (names !== undefined) return plainPath(names);
  const run = compileSteps(steps);
  const selectMany = (document: Token, evaluation: Evaluation): Token[] => {
    const found: Token[] = [];
    run(document, { root: document, evaluation }, (token) => found.push(token));
    return found;
  };
  return {
    numberKinds: false,
    selectMany,
    selectOne(document, evaluation) {
      const found = selectMany(document, evaluation);
      if (found.length <= 1) return found[0];
      throw new MedTechError(
        'TemplateExpressionException',
        `The JSONPath '${expression}' found ${found.length} values where one is allowed.`,
      );
    },
  };
}

/** `$.a.b`, by far the most frequent kind. */
function plainPath(names: readonly string[]): Expression {
  return {
    numberKinds: false,
    selectMany(document) {
      const value = reach(document, names);
      return value === undefined ? [] : [value];
    },
    selectOne: (document) => reach(document, names),
  };
}
