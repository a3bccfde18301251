import type { MachineStatus, StartPhase } from '../../../api/machine.ts';
import { ExitError } from '../../exit.ts';

const WORDS: Readonly<Record<StartPhase, string>> = {
  probe: 'Looking for virtualisation', disk: 'Preparing the disk', boot: 'Starting the virtual machine', kernel: 'Booting the kernel', init: 'Starting the guest',
  'data-disk': 'Mounting the data disk', network: 'Setting up the network', ssh: 'Connecting', engine: 'Starting the engine', forward: 'Forwarding the engine',
};

/** Shows the phases of a start: one line per phase with its time; on a terminal the running one is seen while it runs. */
export class StartProgress {
  readonly #stream: NodeJS.WriteStream;
  readonly #told = new Set<string>();
  readonly #warned = new Set<string>();
  #open = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(status: MachineStatus): void {
    for (const warning of status.warnings) {
      if (this.#warned.has(warning)) continue;
      this.#warned.add(warning);
      this.#clear();
      this.#stream.write(`warning: ${warning}\n`);
    }
    for (const { phase, startedMs, endedMs } of status.phases) {
      if (this.#told.has(phase)) continue;
      if (endedMs === undefined) {
        this.#clear();
        if (this.#stream.isTTY) {
          this.#stream.write(`${WORDS[phase]}…`);
          this.#open = true;
        }
        continue;
      }
      this.#told.add(phase);
      this.#clear();
      this.#stream.write(`${WORDS[phase].padEnd(30)} ${((endedMs - startedMs) / 1000).toFixed(2)} s\n`);
    }
  }

  end(): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#open) this.#stream.write('\r\u001b[2K');
    this.#open = false;
  }
}

/** What a start has come to, as an error where it failed. @throws ExitError */
export function assertRunning(status: MachineStatus): void {
  if (status.state === 'running') return;
  const { failure } = status;
  if (failure === undefined) throw new ExitError(1, `machine ${status.name} is ${status.state}`);
  const lines = [`machine ${status.name} failed in phase ${failure.phase}: ${failure.message}`];
  if (failure.remedy !== undefined) lines.push(failure.remedy);
  if (failure.consoleTail.length > 0) lines.push('', 'Last lines of its console:', ...failure.consoleTail.map((line) => `  ${line}`));
  throw new ExitError(1, lines.join('\n'));
}
