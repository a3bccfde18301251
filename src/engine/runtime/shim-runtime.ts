import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cleanup } from '../../base/cleanup.ts';
import { InvalidArgumentError, messageOf } from '../../api/errors.ts';
import { exec, ExecError } from '../../base/exec.ts';
import type { Logger } from '../../base/log.ts';
import { removeCgroup } from '../linux/remove-cgroup.ts';
import { oomKilled } from './oom.ts';
import { runtimeError } from './runtime-error.ts';
import type { ExecRequest, ExitStatus, LogFileOptions, ProcessStreams, RunningProcess, Runtime, StartRequest, StdioOptions } from './runtime.ts';
import { launchShim } from './shim-launch.ts';
import { readExit, ShimProcess } from './shim-process.ts';
import { attachShim, watchShim } from './shim-socket.ts';

export interface ShimRuntimeOptions {
  /** `runc` or `crun`, and where it is. */
  name: string;
  path: string;
  /** The strata-shim binary. */
  shim: string;
  /** Where the runtime keeps its state; on tmpfs, so that it goes with the machine. */
  stateDirectory: string;
  log: Logger;
}

/** What a process directory tells about its process after a restart of the engine. */
interface ProcessRecord {
  containerId: string;
  cgroupPath: string;
}

const SIGKILL = 9;
const SETTLE_ATTEMPTS = 50;
const SETTLE_PAUSE_MS = 100;

/** `Runtime` by an OCI runtime (runc, crun) behind strata-shim. */
export class ShimRuntime implements Runtime {
  readonly name: string;
  readonly path: string;
  readonly #options: ShimRuntimeOptions;
  /** Of containers that were started or found again and not yet deleted. */
  readonly #cgroups = new Map<string, string>();

  constructor(options: ShimRuntimeOptions) {
    this.name = options.name;
    this.path = options.path;
    this.#options = options;
  }

  async start(request: StartRequest): Promise<RunningProcess> {
    const { processDirectory: directory, spec } = request;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const record: ProcessRecord = { containerId: request.containerId, cgroupPath: spec.linux.cgroupsPath };
    await Promise.all([
      mkdir(request.bundle, { recursive: true, mode: 0o700 }).then(() => writeFile(join(request.bundle, 'config.json'), JSON.stringify(spec))),
      writeFile(join(directory, 'process.json'), JSON.stringify(record)),
    ]);
    await using undo = new Cleanup();
    undo.push(() => this.delete(request.containerId));
    const process = await this.#run({
      ...request, directory, cgroupPath: record.cgroupPath, action: 'create',
      command: (log) => [...log, 'run', '--bundle', request.bundle, ...detached(directory, request.stdio), request.containerId],
    });
    undo.disarm();
    this.#cgroups.set(request.containerId, record.cgroupPath);
    return process;
  }

  async exec(request: ExecRequest): Promise<RunningProcess> {
    const directory = request.processDirectory;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const spec = join(directory, 'exec.json');
    await writeFile(spec, JSON.stringify(request.process));
    return this.#run({
      ...request, directory, cgroupPath: undefined, action: 'exec',
      command: (log) => [...log, 'exec', '--process', spec, ...detached(directory, request.stdio), request.containerId],
    });
  }

  async recover(directory: string): Promise<RunningProcess | ExitStatus | undefined> {
    const record = await readRecord(directory);
    if (record) this.#cgroups.set(record.containerId, record.cgroupPath);
    const watcher = await watchShim(directory).catch(() => undefined);
    const exit = readExit(directory);
    if (exit) {
      watcher?.destroy();
      return { ...exit, oomKilled: record !== undefined && oomKilled(record.cgroupPath) };
    }
    const pid = Number(await readFile(join(directory, 'pid'), 'utf8').catch(() => ''));
    if (!(pid > 0)) {
      watcher?.destroy();
      return undefined;
    }
    if (watcher) return new ShimProcess({ pid, directory, watcher, oomKilled: () => record !== undefined && oomKilled(record.cgroupPath) });
    return undefined;
  }

  async discard(directory: string): Promise<void> {
    const record = await readRecord(directory);
    if (!record) return;
    const found = await this.#settled(directory);
    if (found && 'exited' in found) {
      found.signal(SIGKILL);
      await found.exited;
    }
    await this.delete(record.containerId);
  }

  /** As `recover`, but a shim whose runtime is still at work is waited for. */
  async #settled(directory: string): Promise<RunningProcess | ExitStatus | undefined> {
    for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt += 1) {
      const found = await this.recover(directory);
      if (found) return found;
      const watcher = await watchShim(directory).catch(() => undefined);
      if (!watcher) return undefined;
      watcher.destroy();
      await sleep(SETTLE_PAUSE_MS);
    }
    return undefined;
  }

  async update(containerId: string, resources: Parameters<Runtime['update']>[1]): Promise<void> {
    // Beside the runtime's own state: crun takes no standard input here.
    const path = join(this.#options.stateDirectory, containerId, 'update.json');
    try {
      await writeFile(path, JSON.stringify(resources), { mode: 0o600 });
      await this.#runtime(['update', '--resources', path, containerId]);
    } catch (cause) {
      const said = cause instanceof ExecError && cause.stderr.trim() !== '' ? cause.stderr.trim() : messageOf(cause);
      throw new InvalidArgumentError(`${this.name} did not change the limits: ${said}`, { cause });
    } finally {
      await rm(path, { force: true });
    }
  }

  async pause(containerId: string): Promise<void> {
    await this.#runtime(['pause', containerId]);
  }

  async resume(containerId: string): Promise<void> {
    await this.#runtime(['resume', containerId]);
  }

  async delete(containerId: string): Promise<void> {
    // What `runtime delete` does for a container that has ended, without the 40 ms of a process: its cgroups and its state.
    const cgroupPath = this.#cgroups.get(containerId);
    this.#cgroups.delete(containerId);
    if (cgroupPath !== undefined && removeCgroup(cgroupPath)) {
      await rm(join(this.#options.stateDirectory, containerId), { recursive: true, force: true });
      return;
    }
    // --force: a container that is not there is fine, one that still has processes (the shim was killed) loses them.
    await this.#runtime(['delete', '--force', containerId]).catch((error: unknown) => {
      this.#options.log.debug('runtime delete failed', { containerId, error });
    });
  }

  async #run(request: {
    directory: string; stdio: StdioOptions; logFile?: LogFileOptions; cgroupPath: string | undefined; action: 'create' | 'exec';
    command: (log: string[]) => string[]; beforeStart?: (streams: ProcessStreams) => Promise<void>;
  }): Promise<RunningProcess> {
    const { directory, cgroupPath } = request;
    const logPath = join(directory, 'runtime.log');
    await Promise.all(['exit', 'pid'].map((name) => rm(join(directory, name), { force: true })));
    const startedAt = performance.now();
    const shim = await launchShim({
      shim: this.#options.shim, directory, stdio: request.stdio, ...(request.logFile ? { logFile: request.logFile } : {}),
      command: [this.path, '--root', this.#options.stateDirectory, ...request.command(['--log', logPath, '--log-format', 'json'])],
    });
    await using undo = new Cleanup();
    undo.push(() => { shim.abandon(); });
    const watcher = await watchShim(directory);
    undo.push(() => { watcher.destroy(); });
    await request.beforeStart?.({
      attach: (options) => attachShim(directory, options),
      resize: (columns, rows) => { watcher.write(`R ${String(columns)} ${String(rows)}\n`); return Promise.resolve(); },
    });
    const result = await shim.start();
    this.#options.log.debug('runtime ended', { action: request.action, directory, ms: Math.round(performance.now() - startedAt) });
    if (!('pid' in result)) throw runtimeError({ ...result, action: request.action, runtime: this.name, logPath });
    undo.disarm();
    return new ShimProcess({ pid: result.pid, directory, watcher, oomKilled: () => cgroupPath !== undefined && oomKilled(cgroupPath) });
  }

  async #runtime(args: readonly string[]): Promise<void> {
    await exec(this.path, ['--root', this.#options.stateDirectory, ...args], { log: this.#options.log, timeoutMs: 30_000 });
  }
}

function detached(directory: string, stdio: StdioOptions): string[] {
  return ['--detach', '--pid-file', join(directory, 'pid'), ...(stdio.tty ? ['--console-socket', '@console'] : [])];
}

async function readRecord(directory: string): Promise<ProcessRecord | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(directory, 'process.json'), 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && 'cgroupPath' in parsed && typeof parsed.cgroupPath === 'string' && 'containerId' in parsed && typeof parsed.containerId === 'string') {
      return { containerId: parsed.containerId, cgroupPath: parsed.cgroupPath };
    }
  } catch {
    // An exec has no record; a half-written one tells nothing.
  }
  return undefined;
}
