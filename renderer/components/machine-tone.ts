import type { MachineState } from '../../src/api/machine.ts';
import type { Tone } from './StateBadge.vue';

/** Colour of a machine's state. */
export function machineTone(state: MachineState | undefined): Tone {
  switch (state) {
    case 'running': return 'good';
    case 'starting': case 'stopping': return 'info';
    case 'error': return 'bad';
    case 'stopped': case undefined: return 'quiet';
  }
}
