import { MedTechError } from '../errors';
import { pathReader, type Token } from '../tokens';
import type { Expression } from './expression';
import { compileQuery, looksAtObjectsOnly, tellsNumberKinds } from './jsonPathFilter';
import { parseJsonPath } from './jsonPathParser';
import { compileSteps, type Step } from './jsonPathSteps';
import { type PathStep, plainNames } from './jsonPathSyntax';

/**
 * Compiles JSONPath in Newtonsoft.Json's dialect.
 *
 * @throws JsonPathSyntaxError
 */
export function compileJsonPath(expression: string): Expression {
  const steps = parseJsonPath(expression);
  const names = plainNames(steps);
  if (names !== undefined) return plainPath(names);
  const selectMany = objectScan(steps) ?? selectAll(compileSteps(steps));
  return {
    numberKinds: steps.some((step) => step.kind === 'query' && tellsNumberKinds(step.query)),
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

type SelectMany = Expression['selectMany'];

function selectAll(run: Step): SelectMany {
  return (document, evaluation) => {
    const found: Token[] = [];
    run(document, { root: document, evaluation }, (token) => found.push(token));
    return found;
  };
}

const nothing: readonly Token[] = [];

/** `$..[?(@a.b)]` and the like, what nearly every template matches its type with: as selectAll, without detours. */
function objectScan(steps: readonly PathStep[]): SelectMany | undefined {
  const [step] = steps;
  if (steps.length !== 1 || step?.kind !== 'query' || !step.scan || !looksAtObjectsOnly(step.query)) return undefined;
  const condition = compileQuery(step.query);
  return (document, evaluation) => {
    let found: Token[] | undefined;
    const context = { root: document, evaluation };
    for (const object of evaluation.objectsIn(document)) {
      if (!condition(object, context)) continue;
      if (found === undefined) found = [object];
      else found.push(object);
    }
    return found ?? nothing;
  };
}

/** `$.a.b`, by far the most frequent kind. */
function plainPath(names: readonly string[]): Expression {
  const read = pathReader(names);
  return {
    numberKinds: false,
    selectMany(document) {
      const value = read(document);
      return value === undefined ? [] : [value];
    },
    selectOne: read,
  };
}
