import { libc } from './libc.ts';

/** Gives back to the kernel what the C library keeps for later: after a burst of work that can be tens of megabytes. Takes a few milliseconds. Source: malloc_trim(3). */
export function giveBackFreeMemory(): void {
  libc.malloc_trim(0);
}
