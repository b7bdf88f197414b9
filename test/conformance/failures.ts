import { MedTechError } from '../../runtime/medtech/errors';
import { type MappingProblem, problemText } from '../../runtime/medtech/mapping/source';

export interface Failure {
  readonly class: string;
  readonly message: string;
}

/** What the conformance runner calls an error; anything that is no finding about the input is thrown on. */
export function failure(error: unknown): Failure {
  if (error instanceof MedTechError) return { class: error.errorName, message: error.message };
  throw error;
}

export function mappingText(mapping: unknown): string {
  return typeof mapping === 'string' ? mapping : JSON.stringify(mapping, null, 2);
}

/** What keeps a mapping from being loaded; warnings do not. */
export function errorsOf(problems: readonly MappingProblem[]): string[] {
  return problems.filter((problem) => problem.level === 'error').map(problemText);
}
