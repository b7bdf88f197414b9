import { setTimeout as delay } from 'node:timers/promises';
import type { RpcRetryContext, RpcRetryOptions } from './rpc';

const defaultMinimumSeconds = 2;
const defaultMaximumSeconds = 15 * 60;

/**
 * Runs until it succeeds or the function's retry policy is used up, as the host does for triggers without retries of
 * their own (Learn: "Azure Functions error handling and retries", retry policies).
 * @param attempt is handed the context of a retry, undefined at the first time
 * @throws the last error, and at once when `signal` is aborted
 */
export async function withRetries(
  policy: RpcRetryOptions | undefined,
  signal: AbortSignal,
  attempt: (retry: RpcRetryContext | undefined) => Promise<unknown>,
): Promise<void> {
  let retry: RpcRetryContext | undefined;
  for (let retryCount = 1; ; retryCount += 1) {
    try {
      await attempt(retry);
      return;
    } catch (error) {
      const max = policy?.maxRetryCount ?? 0;
      if (policy === undefined || signal.aborted || (max !== -1 && retryCount > max)) throw error;
      await delay(waitMs(policy, retryCount), undefined, { signal, ref: true });
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      const exception = { message, source: 'FunctionHandler', stackTrace: stack ?? '' };
      retry = { retryCount, maxRetryCount: max, exception };
    }
  }
}

function waitMs(policy: RpcRetryOptions, retryCount: number): number {
  if (policy.retryStrategy === 'fixedDelay') return (policy.delayInterval?.seconds ?? 0) * 1000;
  const minimum = policy.minimumInterval?.seconds ?? defaultMinimumSeconds;
  const maximum = policy.maximumInterval?.seconds ?? defaultMaximumSeconds;
  return Math.min(maximum, minimum * 2 ** Math.min(retryCount - 1, 30)) * 1000;
}
