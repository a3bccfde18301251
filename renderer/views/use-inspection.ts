import { onBeforeUnmount, shallowRef, watch, type ShallowRef } from 'vue';
import { inspectContainer } from '../../src/api/client/containers.ts';
import type { ContainerInspect, ContainerSummary } from '../../src/api/wire/container.ts';
import { toFailure, type Failure } from '../stores/failure.ts';
import { useHost } from '../transport/host-key.ts';

export interface Inspection {
  value: Readonly<ShallowRef<ContainerInspect | undefined>>;
  failure: Readonly<ShallowRef<Failure | undefined>>;
}

/** What the engine knows of a container, read anew whenever its summary changes. */
export function useInspection(container: () => ContainerSummary): Inspection {
  const client = useHost().engine;
  const value = shallowRef<ContainerInspect>();
  const failure = shallowRef<Failure>();
  let latest = 0;
  watch(container, async ({ Id }) => {
    latest += 1;
    const mine = latest;
    try {
      const read = await inspectContainer(client, Id);
      if (mine !== latest) return;
      value.value = read;
      failure.value = undefined;
    } catch (error) {
      if (mine === latest) failure.value = toFailure(error);
    }
  }, { immediate: true });
  onBeforeUnmount(() => { latest += 1; });
  return { value, failure };
}
