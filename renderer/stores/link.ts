import { readonly, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { toFailure, type Failure } from './failure.ts';

export type LinkState = 'connecting' | 'live' | 'lost';

/** A connection that is kept up: what it is doing now, why it was lost, and when it will be tried again. */
export interface Link {
  state: Readonly<Ref<LinkState>>;
  failure: Readonly<ShallowRef<Failure | undefined>>;
  /** Milliseconds since the epoch; undefined while not waiting. */
  retryAt: Readonly<Ref<number | undefined>>;
  /** Ends a wait, or starts a connection that is live anew. */
  retryNow: () => void;
  /** Ends it for good. */
  stop: () => void;
}

/**
 * Runs `session` over and over. A session connects, calls `live()` when it is up, and resolves or rejects when it is lost;
 * it must end when `signal` aborts. Waits 0.3 s before the second try and twice as long before each next one, 8 s at most; being live resets that.
 */
export function keepUp(session: (signal: AbortSignal, live: () => void) => Promise<void>): Link {
  const state = ref<LinkState>('connecting');
  const failure = shallowRef<Failure>();
  const retryAt = ref<number>();
  let attempt = 0;
  let stopped = false;
  let current = new AbortController();

  const isStopped = (): boolean => stopped;
  const run = async (): Promise<void> => {
    while (!isStopped()) {
      current = new AbortController();
      const { signal } = current;
      try {
        await session(signal, () => { attempt = 0; state.value = 'live'; failure.value = undefined; });
      } catch (error) {
        if (!signal.aborted) failure.value = toFailure(error);
      }
      if (isStopped()) return;
      state.value = failure.value === undefined ? 'connecting' : 'lost';
      if (!signal.aborted) await pause(delayMs(attempt));
      attempt += 1;
    }
  };

  let wake: () => void = () => undefined;
  const pause = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    wake = () => resolve(undefined);
    const timer = setTimeout(wake, ms);
    retryAt.value = Date.now() + ms;
    await promise;
    clearTimeout(timer);
    retryAt.value = undefined;
  };

  void run();
  return {
    state: readonly(state), failure, retryAt: readonly(retryAt),
    retryNow: () => { attempt = 0; current.abort(); wake(); },
    stop: () => { stopped = true; current.abort(); wake(); },
  };
}

/** @param attempt 0 for the first wait */
export function delayMs(attempt: number): number {
  return Math.min(8000, 300 * 2 ** attempt);
}
