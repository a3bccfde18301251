import { computed, ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import { text } from '../../src/api/client/engine-client.ts';
import { NotFoundError, NotImplementedError } from '../../src/api/errors.ts';
import { jsonLines } from '../../src/api/json-lines.ts';
import type { MachineStatus } from '../../src/api/machine.ts';
import { useHost } from '../transport/host-key.ts';
import { useEngine } from './engine.ts';
import { toFailure, type Failure } from './failure.ts';
import { keepUp } from './link.ts';

export type MachineAction = 'start' | 'stop' | 'restart';

/** The machine as its agent reports it, and what can be done to it. */
export const useMachine = defineStore('machine', () => {
  const client = useHost().machine;
  const engine = useEngine();
  const status = shallowRef<MachineStatus>();
  /** When `status` arrived: ages in it count from here. */
  const receivedAt = ref(0);
  /** The interface stands before an engine that no machine of ours runs. */
  const absent = ref(false);
  const pending = ref<MachineAction>();
  const actionFailure = shallowRef<Failure>();

  const link = keepUp(async (signal, live) => {
    try {
      const lines = jsonLines<MachineStatus>(await client.stream('GET', '/v1/status', { query: { watch: true }, signal }));
      for await (const next of lines) {
        accept(next);
        live();
      }
    } catch (error) {
      absent.value = error instanceof NotFoundError || error instanceof NotImplementedError;
      throw error;
    }
    throw new Error('the machine agent ended the stream of its status');
  });

  function accept(next: MachineStatus): void {
    const before = status.value?.state;
    status.value = next;
    receivedAt.value = Date.now();
    absent.value = false;
    if (next.state !== 'stopped' && next.state !== 'error') pending.value = undefined;
    if (next.state === 'running' && before !== 'running' && !engine.connected) engine.retryNow();
  }

  async function act(action: MachineAction): Promise<void> {
    pending.value = action;
    actionFailure.value = undefined;
    try {
      await client.call('POST', `/v1/${action}`);
    } catch (error) {
      actionFailure.value = toFailure(error);
    } finally {
      pending.value = undefined;
    }
  }

  /** The last `lines` lines of the guest's console. */
  async function consoleTail(lines: number): Promise<string> {
    return text(await client.stream('GET', '/v1/console', { query: { tail: lines } }));
  }

  return {
    status, receivedAt, absent, pending, actionFailure, link: link.state, failure: link.failure, retryNow: link.retryNow,
    state: computed(() => status.value?.state), act, consoleTail,
  };
});
