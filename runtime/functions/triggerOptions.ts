import type { RetryOptions } from '@azure/functions';

/** Bodies come as bytes. The library's types do not know it, but it is handed on to the host, which else decodes text. */
export const binaryBodies = { dataType: 'binary' } as const;

/**
 * A second line of defence: a handler holds its partition itself, so it fails only where the code is wrong. Without a
 * retry policy the host would then checkpoint the batch and go on.
 */
export const endlessRetry: RetryOptions = {
  strategy: 'exponentialBackoff',
  maxRetryCount: -1,
  minimumInterval: { seconds: 1 },
  maximumInterval: { minutes: 1 },
};
