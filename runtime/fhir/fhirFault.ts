/**
 * A FHIR service that did not do what it was asked for, in the form that `runtime/stream/transient.ts` reads: status and
 * headers where there was an answer, `retryable` where there was none.
 */
export class FhirFault extends Error {
  override readonly name = 'FhirFault';
  readonly retryable: boolean;
  readonly response: { readonly status?: number; readonly headers: Headers };

  constructor(
    readonly status: number | undefined,
    headers: Headers = new Headers(),
    options?: ErrorOptions,
  ) {
    super(status === undefined ? 'The FHIR service gave no answer.' : `The FHIR service answered ${status}.`, options);
    this.retryable = status === undefined;
    this.response = { status, headers };
  }
}

/**
 * Whether an answer is about the caller or the service's state, and not about what was sent: 401 and 403 (a role
 * assignment that is not effective yet), 408, 429 and 5xx.
 */
export function isTransientStatus(status: number): boolean {
  return [401, 403, 408, 429].includes(status) || status >= 500;
}

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;
