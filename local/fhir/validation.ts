import { OperationOutcomeError, validateResource } from '@medplum/core';
import type { OperationOutcomeIssue, Resource, RiskAssessment } from '@medplum/fhirtypes';

/**
 * Whether a resource is one of R4, as @medplum/core sees it; but for ras-2, a probability is at most 100, which it also misses
 * where there is no probability.
 *
 * @throws OperationOutcomeError with all that is wrong
 */
export function validate(resource: Resource): void {
  try {
    validateResource(resource);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    const issue = error.outcome.issue.filter((one) => !isMisread(resource, one));
    if (issue.some(({ severity }) => severity === 'error')) {
      throw new OperationOutcomeError({ ...error.outcome, issue });
    }
  }
}

function isMisread(resource: Resource, { details, expression }: OperationOutcomeIssue): boolean {
  if (resource.resourceType !== 'RiskAssessment' || !details?.text?.startsWith('Constraint ras-2 ')) return false;
  const index = Number(/^RiskAssessment\.prediction\[(\d+)\]$/.exec(expression?.[0] ?? '')?.[1]);
  return (resource as RiskAssessment).prediction?.[index]?.probabilityDecimal === undefined;
}
