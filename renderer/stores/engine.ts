import { computed, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import { version as askVersion } from '../../src/api/client/system.ts';
import { jsonLines } from '../../src/api/json-lines.ts';
import type { EventMessage, VersionResponse } from '../../src/api/wire/system.ts';
import { useHost } from '../transport/host-key.ts';
import { keepUp } from './link.ts';

/** A part of the interface that mirrors something of the engine. */
export interface Mirror {
  /** Read everything anew: the events of the time before were not seen. */
  reload(): Promise<void>;
  /** Something has happened since `reload` began. Must not throw. */
  apply(event: EventMessage): void;
}

/** The connection to the engine: its version, and the one stream of events that all lists live on. */
export const useEngine = defineStore('engine', () => {
  const client = useHost().engine;
  const version = shallowRef<VersionResponse>();
  const mirrors = new Set<Mirror>();

  // The order matters: events are subscribed to before the lists are read, so nothing falls between the two.
  const link = keepUp(async (signal, live) => {
    const stream = jsonLines<EventMessage>(await client.stream('GET', '/events', { signal }));
    version.value = await askVersion(client);
    await Promise.all([...mirrors].map((mirror) => mirror.reload()));
    live();
    for await (const event of stream) {
      for (const mirror of mirrors) mirror.apply(event);
    }
    throw new Error('the engine ended the stream of events');
  });

  function mirror(added: Mirror): void {
    mirrors.add(added);
    // A reload that fails here fails in the session too, which shows it and tries again.
    if (link.state.value === 'live') added.reload().catch(() => link.retryNow());
  }

  return { version, link: link.state, failure: link.failure, retryAt: link.retryAt, retryNow: link.retryNow, connected: computed(() => link.state.value === 'live'), mirror };
});
