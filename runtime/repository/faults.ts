/**
 * The repository could not be asked: a server that is away, pauses or is busy, a login or a user that is not there yet, a schema
 * that is missing or older. In the form that runtime/stream/transient.ts reads.
 */
export class RepositoryFault extends Error {
  override readonly name = 'RepositoryFault';
  readonly retryable = true;

  /** @param code number of SQL Server's error, or what the driver or the network calls it */
  constructor(
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(`The repository cannot be written or read now (${code}).`, options);
  }
}

/** A unique index kept a second row out: somebody else was first. */
const duplicateKey = new Set([2601, 2627]);

/**
 * What is wrong with a row alone: a value that is too long, out of a number's or a date's range, of no such type, null where
 * none may be, or against a constraint.
 */
const ofOneRow = new Set([220, 232, 241, 242, 245, 295, 515, 547, 2628, 8114, 8115, 8152]);

export type Failing = 'duplicate' | 'row' | 'fault';

/** Which of the three an error is. What is not known to concern one row never makes a dead letter. */
export function failingOf(error: unknown): Failing {
  const numbers = numbersOf(error);
  if (numbers.some((number) => duplicateKey.has(number))) return 'duplicate';
  if (numbers.some((number) => ofOneRow.has(number)) || codeOf(error) === 'EPARAM') return 'row';
  return 'fault';
}

/** What the database said of a row, without its values: SQL Server's texts quote them. */
export function refusalOf(error: unknown): string {
  const [number] = numbersOf(error);
  return number === undefined
    ? 'A value has no form that the repository takes.'
    : `The repository refuses the row (SQL Server's error ${number}).`;
}

/** Does the work; what fails is a `RepositoryFault`. */
export async function asFault<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw faultOf(error);
  }
}

export function faultOf(error: unknown): RepositoryFault {
  if (error instanceof RepositoryFault) return error;
  return new RepositoryFault(String(numbersOf(error)[0] ?? codeOf(error) ?? (error as Error)?.name ?? 'unknown'), {
    cause: error,
  });
}

/** Numbers of SQL Server's errors, the last ones first: a list of errors comes where a batch has several. */
export function numbersOf(error: unknown): readonly number[] {
  if (Array.isArray(error)) return error.flatMap(numbersOf).reverse();
  if (typeof error !== 'object' || error === null) return [];
  const { number, errors, cause } = error as { number?: unknown; errors?: unknown; cause?: unknown };
  return [...(typeof number === 'number' ? [number] : []), ...numbersOf(errors), ...numbersOf(cause)];
}

function codeOf(error: unknown): string | undefined {
  if (Array.isArray(error)) return error.map(codeOf).find((code) => code !== undefined);
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}
