import { onBeforeUnmount, readonly, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { containerLogs, inspectContainer } from '../../src/api/client/containers.ts';
import { useContainers } from '../stores/containers.ts';
import { useEngine } from '../stores/engine.ts';
import { toFailure, type Failure } from '../stores/failure.ts';
import { useHost } from '../transport/host-key.ts';
import { LogBuffer } from './log-buffer.ts';
import { readLines } from './line-reader.ts';

export type LogPhase = 'loading' | 'following' | 'ended' | 'lost';

export interface ContainerLog {
  buffer: LogBuffer;
  /** Changes when the buffer has. At most every `SHOW_MS`. */
  version: Readonly<Ref<number>>;
  phase: Readonly<Ref<LogPhase>>;
  failure: Readonly<ShallowRef<Failure | undefined>>;
}

/** Lines read when a log is opened. */
const FIRST_LINES = 100_000;
const SHOW_MS = 50;
const SETTLE_MS = 300;

/**
 * The log of a container for as long as the component lives: follows it, goes on where it stopped when the container is started
 * again or the engine is back, and shows no line twice (lines carry the engine's time stamps).
 */
export function useContainerLog(id: string): ContainerLog {
  const client = useHost().engine;
  const engine = useEngine();
  const containers = useContainers();
  const buffer = new LogBuffer();
  const version = ref(0);
  const phase = ref<LogPhase>('loading');
  const failure = shallowRef<Failure>();
  const lifetime = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ended = (): boolean => lifetime.signal.aborted;
  const show = (): void => {
    timer ??= setTimeout(() => { timer = undefined; version.value += 1; }, SHOW_MS);
  };

  async function follow(): Promise<void> {
    const { Config } = await inspectContainer(client, id);
    const last = buffer.last?.at ?? '';
    if (last === '') buffer.clear();
    const position = last === '' ? { tail: String(FIRST_LINES) } : { since: toUnix(last) };
    const bytes = await containerLogs(client, id, { follow: true, stdout: true, stderr: true, timestamps: true, ...position }, lifetime.signal);
    phase.value = 'following';
    for await (const lines of readLines(bytes, Config.Tty === true)) {
      for (const line of lines) if (line.at === '' || line.at > last) buffer.append(line.stream, line.at, line.text);
      show();
    }
  }

  async function run(): Promise<void> {
    while (!ended()) {
      try {
        failure.value = undefined;
        await follow();
        phase.value = 'ended';
      } catch (error) {
        if (ended()) return;
        failure.value = toFailure(error);
        phase.value = 'lost';
      }
      show();
      await settled(SETTLE_MS);
      await becomes(() => engine.connected && containers.byId.get(id)?.State === 'running');
    }
  }

  /** Resolves when `condition` holds, and when the component goes. */
  function becomes(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const unwatch = watch(condition, (holds) => { if (holds) resolve(undefined); }, { immediate: true });
    lifetime.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    return promise.finally(unwatch).then(() => undefined);
  }

  onBeforeUnmount(() => {
    lifetime.abort();
    clearTimeout(timer);
  });
  void run();
  return { buffer, version: readonly(version), phase: readonly(phase), failure };
}

function settled(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Seconds since the epoch with the nanoseconds that the stamp has, as docker's `since` takes it. */
export function toUnix(stamp: string): string {
  const fraction = /\.(\d+)/.exec(stamp)?.[1] ?? '';
  return `${Math.floor(Date.parse(stamp) / 1000)}${fraction === '' ? '' : `.${fraction.slice(0, 9)}`}`;
}
