import { inject, type InjectionKey } from 'vue';
import type { Host } from './host.ts';

export const hostKey: InjectionKey<Host> = Symbol('host');

/** The host that `main.ts` has provided. @throws Error outside of the app. */
export function useHost(): Host {
  const host = inject(hostKey);
  if (!host) throw new Error('no host: main.ts provides it before anything else');
  return host;
}
