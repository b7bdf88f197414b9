import { getStatus, isOk, OperationOutcomeError } from '@medplum/core';
import type { OperationOutcome } from '@medplum/fhirtypes';

type IssueCode = OperationOutcome['issue'][0]['code'];

/** The HTTP status of outcomes whose ids the router does not know. */
const statuses: Readonly<Record<string, number>> = {
  'too-large': 413,
  'media-type': 415,
  internal: 500,
  unavailable: 503,
};

/** What FHIR answers in place of a resource. Its id says the HTTP status. */
export function outcome(id: string, code: IssueCode, text: string): OperationOutcome {
  return { resourceType: 'OperationOutcome', id, issue: [{ severity: 'error', code, diagnostics: text }] };
}

export function refused(id: string, code: IssueCode, text: string): OperationOutcomeError {
  return new OperationOutcomeError(outcome(id, code, text));
}

export function statusOf(result: OperationOutcome): number {
  return isOk(result) ? getStatus(result) : (statuses[result.id ?? ''] ?? getStatus(result));
}

export const notFound = (what: string) => refused('not-found', 'not-found', `${what} does not exist.`);
export const gone = (what: string) => refused('gone', 'deleted', `${what} has been deleted.`);
export const preconditionFailed = (text: string) => refused('precondition-failed', 'conflict', text);
export const invalid = (text: string) => refused('bad-request', 'invalid', text);

/** Azure can do it, and the local cloud cannot. */
export const notHere = (what: string) =>
  refused('not-here', 'not-supported', `The local FHIR service does not support ${what}.`);
