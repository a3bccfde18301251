import { setTimeout as sleep } from 'node:timers/promises';

export interface BackoffPolicy {
  /** How often the work may be tried in all. */
  attempts: number;
  baseMs: number;
  capMs: number;
}

/**
 * Exponential backoff with full jitter: evenly distributed between 0 and min(cap, base × 2^attempt), so that callers who failed
 * together do not come back together. Source: M. Brooker, "Exponential Backoff And Jitter", AWS architecture blog, 2015.
 * @param attempt 0 after the first failure
 */
export function backoffMs(attempt: number, policy: BackoffPolicy, random: () => number = Math.random): number {
  return random() * Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempt, 30));
}

/**
 * Tries `work` until it succeeds, `policy.attempts` are used up, or `worthwhile` says that trying again cannot help.
 * `worthwhile` may also give the least time to wait, in milliseconds (a server's Retry-After). An abort ends the waiting at once.
 * @throws what the last attempt threw, or the signal's reason
 */
export async function retry<T>(
  work: (attempt: number) => Promise<T>,
  options: { policy: BackoffPolicy; worthwhile: (error: unknown) => boolean | number; signal?: AbortSignal | undefined; onRetry?: (error: unknown, waitMs: number) => void },
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      const verdict = attempt + 1 < options.policy.attempts && options.signal?.aborted !== true && options.worthwhile(error);
      if (verdict === false) throw error;
      const waitMs = Math.max(backoffMs(attempt, options.policy), verdict === true ? 0 : verdict);
      options.onRetry?.(error, waitMs);
      await sleep(waitMs, undefined, options.signal ? { signal: options.signal } : {});
    }
  }
}
