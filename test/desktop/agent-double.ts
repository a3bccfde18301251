import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { MachineStatus } from '../../src/api/machine.ts';

/**
 * A double of the machine agent: serves the control API of `src/api/machine.ts` on a real socket in a machine directory, with a status that
 * the test sets. There is no machine behind it: what a real one does is proved by test/machine.
 */
export class AgentDouble implements AsyncDisposable {
  /** Every call but those of the status, as `POST /v1/stop`. */
  readonly calls: string[] = [];
  consoleText = '[    0.000000] Linux version 6.1.0\n[    1.204113] EXT4-fs (vdb): mounted filesystem\ninit: engine started\n';
  readonly #server: Server;
  readonly #watchers = new Set<ServerResponse>();
  #status: MachineStatus;

  private constructor(status: MachineStatus) {
    this.#status = status;
    this.#server = createServer((request, response) => { this.#answer(`${request.method ?? ''} ${request.url ?? ''}`, response); });
  }

  /** @param home `STRATA_HOME` of the program under test */
  static async start(home: string, status: MachineStatus): Promise<AgentDouble> {
    const directory = join(home, 'machines', status.name);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(join(directory, 'machine.json'), JSON.stringify({ driver: 'auto', cpus: 2, memoryMiB: 2048, diskGiB: 64 }));
    const agent = new AgentDouble(status);
    await new Promise<void>((resolve) => { agent.#server.listen(join(directory, 'control.sock'), resolve); });
    return agent;
  }

  set(status: MachineStatus): void {
    this.#status = status;
    for (const watcher of this.#watchers) watcher.write(`${JSON.stringify(status)}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => { this.#server.close(() => { resolve(); }); });
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(call: string, response: ServerResponse): void {
    if (call === 'GET /v1/status?watch=1') {
      response.write(`${JSON.stringify(this.#status)}\n`);
      this.#watchers.add(response);
      response.on('close', () => { this.#watchers.delete(response); });
      return;
    }
    if (call === 'GET /v1/status') {
      response.end(JSON.stringify(this.#status));
      return;
    }
    this.calls.push(call);
    if (call.startsWith('GET /v1/console')) response.end(this.consoleText);
    else if (call.startsWith('POST /v1/stop')) response.writeHead(204).end();
    else if (call.startsWith('POST /v1/restart')) response.writeHead(202).end();
    else response.writeHead(404).end(JSON.stringify({ message: `no ${call}` }));
  }
}

/** A machine that runs, under emulation, with the times of a start. */
export const RUNNING: MachineStatus = {
  name: 'default', state: 'running', driver: 'qemu', accelerator: 'tcg',
  warnings: ['no hardware acceleration: a guest hangs on /dev/kvm; every instruction is emulated, which is several times slower'],
  phases: [
    { phase: 'probe', startedMs: 0, endedMs: 310 }, { phase: 'disk', startedMs: 310, endedMs: 420 }, { phase: 'boot', startedMs: 420, endedMs: 560 },
    { phase: 'kernel', startedMs: 560, endedMs: 2100 }, { phase: 'init', startedMs: 2100, endedMs: 2300 }, { phase: 'data-disk', startedMs: 2300, endedMs: 2750 },
    { phase: 'network', startedMs: 2750, endedMs: 2900 }, { phase: 'ssh', startedMs: 2900, endedMs: 3900 }, { phase: 'engine', startedMs: 2900, endedMs: 4700 },
    { phase: 'forward', startedMs: 4700, endedMs: 4760 },
  ],
  cpus: 2, memoryMiB: 2048, diskGiB: 64, diskUsedBytes: 412_000_000, image: 'a1b2c3d4e5f6', uptimeSeconds: 125, agentPid: 4242, vmPid: 4243,
};

export const STARTING: MachineStatus = { ...withoutLife(RUNNING), state: 'starting', phases: [...RUNNING.phases.slice(0, 4), { phase: 'init', startedMs: 2100 }] };
export const STOPPED: MachineStatus = { ...withoutLife(RUNNING), state: 'stopped', warnings: [], phases: [] };
export const FAILED: MachineStatus = {
  ...withoutLife(RUNNING), state: 'error', phases: [...RUNNING.phases.slice(0, 5), { phase: 'data-disk', startedMs: 2300 }],
  failure: {
    phase: 'data-disk', message: 'the guest did not mount its data disk within 20 s', remedy: 'free some space on the disk that holds ~/.strata, then start the machine again',
    consoleTail: ['[    2.310442] init: checking /dev/vdb', '[    2.402230] EXT4-fs error (device vdb): ext4_find_entry:1682: inode #2: comm init: reading directory lblock 0', '[    2.402551] init: cannot mount /dev/vdb: Input/output error'],
  },
};

function withoutLife(status: MachineStatus): MachineStatus {
  const { uptimeSeconds: _uptime, vmPid: _vm, agentPid: _agent, ...rest } = status;
  return rest;
}
