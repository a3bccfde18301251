import { existsSync, readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { attachShim } from './shim-socket.ts';
import type { AttachOptions, ExitStatus, RunningProcess } from './runtime.ts';

const LOST_POLL_MS = 500;

/** A process behind a shim. Made with the watcher's connection, over which the shim tells its end. */
export class ShimProcess implements RunningProcess {
  readonly pid: number;
  readonly exited: Promise<ExitStatus>;
  readonly #directory: string;
  readonly #watcher: Socket;
  #gone = false;

  /** @param oomKilled asked once, when the process has ended */
  constructor(details: { pid: number; directory: string; watcher: Socket; oomKilled: () => boolean }) {
    this.pid = details.pid;
    this.#directory = details.directory;
    this.#watcher = details.watcher;
    this.exited = watchEnd(details.watcher)
      .then(async (line) => parseExit(line) ?? readExit(details.directory) ?? (await lostExit(details.pid)))
      .then((exit) => {
        this.#gone = true;
        details.watcher.destroy();
        return { ...exit, oomKilled: details.oomKilled() };
      });
  }

  attach(options: AttachOptions): Promise<Duplex> {
    return attachShim(this.#directory, options);
  }

  resize(columns: number, rows: number): Promise<void> {
    this.#watcher.write(`R ${String(columns)} ${String(rows)}\n`);
    return Promise.resolve();
  }

  signal(signal: number): boolean {
    if (this.#gone) return false;
    // The shim sends it: until it has reaped the process, the pid cannot belong to another.
    if (!this.#watcher.destroyed) return this.#watcher.write(`S ${String(signal)}\n`) || true;
    return process.kill(signal < 0 ? -this.pid : this.pid, Math.abs(signal));
  }
}

type BareExit = Omit<ExitStatus, 'oomKilled'>;

/** The exit record that a shim has left, if it has. */
export function readExit(directory: string): BareExit | undefined {
  const path = `${directory}/exit`;
  return existsSync(path) ? parseExit(`exit ${readFileSync(path, 'utf8')}`) : undefined;
}

function parseExit(line: string): BareExit | undefined {
  const match = /^exit (\d+) (\d+)\s*$/m.exec(line);
  return match ? { code: Number(match[1]), at: Number(match[2]) } : undefined;
}

/** What the shim said before it closed the connection. */
function watchEnd(watcher: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let said = '';
  watcher.setEncoding('utf8');
  watcher.on('data', (text: string) => {
    said += text;
    if (said.includes('\n')) resolve(said);
  });
  watcher.on('error', () => undefined);
  watcher.on('close', () => { resolve(said); });
  watcher.on('end', () => { watcher.destroy(); });
  return promise;
}

/** The shim itself was killed: nobody can learn the status any more, only that the process has ended. */
async function lostExit(pid: number): Promise<BareExit & { unknown: true }> {
  while (isAlive(pid)) await sleep(LOST_POLL_MS, undefined, { ref: false });
  return { code: 255, at: Date.now(), unknown: true };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
