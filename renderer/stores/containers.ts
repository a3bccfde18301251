import { computed, reactive, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import { killContainer, listContainers, removeContainer, restartContainer, startContainer, stopContainer } from '../../src/api/client/containers.ts';
import { NotModifiedError } from '../../src/api/errors.ts';
import type { ContainerSummary } from '../../src/api/wire/container.ts';
import type { EventMessage } from '../../src/api/wire/system.ts';
import { containerName } from '../format/container.ts';
import { useHost } from '../transport/host-key.ts';
import { useEngine } from './engine.ts';
import { useNotices } from './notices.ts';

export type ContainerAction = 'start' | 'stop' | 'restart' | 'kill' | 'remove';

/** Changes are gathered for this long before they are read, so that a storm of events costs one request. */
const GATHER_MS = 40;

/** All containers, kept true by the engine's events. */
export const useContainers = defineStore('containers', () => {
  const client = useHost().engine;
  const engine = useEngine();
  const notices = useNotices();
  const byId = shallowRef<ReadonlyMap<string, ContainerSummary>>(new Map());
  const loaded = shallowRef(false);
  /** What was asked of a container and has not been answered yet. */
  const busy = reactive(new Map<string, ContainerAction>());
  const touched = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const all = computed(() => [...byId.value.values()].sort((a, b) => b.Created - a.Created || containerName(a).localeCompare(containerName(b))));
  const running = computed(() => all.value.filter(({ State }) => State === 'running').length);

  async function reload(): Promise<void> {
    touched.clear();
    const list = await listContainers(client, { all: true });
    byId.value = new Map(list.map((container) => [container.Id, container]));
    loaded.value = true;
  }

  function apply(event: EventMessage): void {
    if (event.Type !== 'container' || event.Action.startsWith('exec_')) return;
    touched.add(event.Actor.ID);
    timer ??= setTimeout(() => { timer = undefined; void readTouched(); }, GATHER_MS);
  }

  async function readTouched(): Promise<void> {
    const ids = [...touched];
    touched.clear();
    if (ids.length === 0) return;
    try {
      const list = await listContainers(client, { all: true, filters: { id: ids } });
      const next = new Map(byId.value);
      for (const id of ids) next.delete(id);
      for (const container of list) next.set(container.Id, container);
      byId.value = next;
    } catch {
      // The stream of events fails for the same reason, and its return reloads everything.
    }
  }

  async function act(container: ContainerSummary, action: ContainerAction): Promise<boolean> {
    if (busy.has(container.Id)) return false;
    busy.set(container.Id, action);
    try {
      await calls[action](container);
      return true;
    } catch (error) {
      if (error instanceof NotModifiedError) return true;
      notices.fail({ key: `containers.failed.${action}`, name: containerName(container) }, error);
      return false;
    } finally {
      busy.delete(container.Id);
    }
  }

  const calls: Readonly<Record<ContainerAction, (container: ContainerSummary) => Promise<void>>> = {
    start: ({ Id }) => startContainer(client, Id),
    stop: ({ Id }) => stopContainer(client, Id),
    restart: ({ Id }) => restartContainer(client, Id),
    kill: ({ Id }) => killContainer(client, Id),
    remove: ({ Id, State }) => removeContainer(client, Id, { v: true, force: State === 'running' || State === 'paused' || State === 'restarting' }),
  };

  engine.mirror({ reload, apply });
  return { all, byId, loaded, running, busy, act };
});
