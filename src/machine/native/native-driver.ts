import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { InternalError, PermissionDeniedError, messageOf } from '../../api/errors.ts';
import type { Logger } from '../../base/log.ts';
import { assertRoom } from '../disks/disk-room.ts';
import { untilEngineAnswers } from '../engine-ping.ts';
import { GuestConsole } from '../guest/guest-console.ts';
import type { MachinePaths } from '../machine-paths.ts';
import type { DriverCapabilities, EngineReach, RunningVm, VmDriver, VmEnd, VmStartRequest } from '../vm-driver.ts';

const STOP_GRACE_MS = 30_000;

export interface NativeDriverOptions {
  paths: MachinePaths;
  /** The engine's program: command and first arguments, e.g. `[node, stratad.mjs]`. */
  engineCommand: readonly [string, ...string[]];
  dataRoot: string;
  execRoot: string;
  log: Logger;
  neededBytes?: number;
}

/** No machine at all: the engine runs on this Linux host, as a child of the agent, on the same socket path as it would be forwarded to. */
export class NativeDriver implements VmDriver {
  readonly name = 'native';
  readonly capabilities: DriverCapabilities = { guest: false, shell: false, phases: ['probe', 'disk', 'boot', 'engine', 'forward'] };
  readonly #options: NativeDriverOptions;

  constructor(options: NativeDriverOptions) {
    this.#options = options;
  }

  async unavailable(): Promise<string | undefined> {
    if (process.platform !== 'linux') return 'the native driver runs the engine on this host and needs Linux (use --driver qemu)';
    if (process.getuid?.() !== 0) return 'the native driver makes containers on this host and needs root (use sudo, or --driver qemu)';
    return undefined;
  }

  async start(request: VmStartRequest): Promise<RunningVm> {
    const { paths, dataRoot, execRoot, engineCommand, log } = this.#options;
    request.beginPhase('probe');
    const reason = await this.unavailable();
    if (reason !== undefined) throw new PermissionDeniedError(reason);
    request.onAccelerator('none');
    request.endPhase('probe');

    request.beginPhase('disk');
    await assertRoom(paths.directory, this.#options.neededBytes);
    await mkdir(dataRoot, { recursive: true, mode: 0o711 });
    await mkdir(execRoot, { recursive: true, mode: 0o711 });
    request.endPhase('disk');

    request.beginPhase('boot');
    request.signal.throwIfAborted();
    const [program, ...args] = engineCommand;
    const engine = await EngineProcess.launch({ program, args: [...args, '--data-root', dataRoot, '--exec-root', execRoot, '--host', `unix://${paths.engineSocket}`], paths, log });
    request.signal.addEventListener('abort', () => { void engine.kill(); }, { once: true });
    request.endPhase('boot');

    request.onReport({ kind: 'phase', phase: 'engine', state: 'begin' });
    engine.watchReadiness(request);
    return engine;
  }
}

/** The engine as the agent's child. */
class EngineProcess implements RunningVm {
  readonly pid: number;
  readonly accelerator = 'none';
  readonly warnings: readonly string[] = [];
  readonly image = undefined;
  readonly reach: EngineReach;
  readonly ended: Promise<VmEnd>;
  readonly #child: ChildProcess;
  readonly #output: GuestConsole;
  readonly #log: Logger;
  #endExpected = false;
  #stopping: Promise<void> | undefined;

  private constructor(child: ChildProcess, pid: number, paths: MachinePaths, log: Logger) {
    this.pid = pid;
    this.#child = child;
    this.#log = log;
    this.reach = { kind: 'local', engineSocket: paths.engineSocket };
    this.#output = new GuestConsole(paths.consoleLog);
    (child.stdout as Readable).on('data', (chunk: Buffer) => { this.#output.push(chunk); });
    (child.stderr as Readable).on('data', (chunk: Buffer) => { this.#output.push(chunk); });
    const { promise, resolve } = Promise.withResolvers<VmEnd>();
    child.on('exit', (code, killedBy) => {
      resolve({ expected: this.#endExpected, how: killedBy === null ? `ended with status ${String(code)}` : `was killed by ${killedBy}` });
    });
    child.on('close', () => { this.#output.close(); });
    this.ended = promise;
  }

  static async launch(launch: { program: string; args: readonly string[]; paths: MachinePaths; log: Logger }): Promise<EngineProcess> {
    const child = spawn(launch.program, launch.args, { stdio: ['ignore', 'pipe', 'pipe'] });
    if (child.pid !== undefined) return new EngineProcess(child, child.pid, launch.paths, launch.log);
    const { promise, reject } = Promise.withResolvers<never>();
    child.once('error', (error) => { reject(new InternalError(`cannot run ${launch.program}: ${error.message}`, { cause: error })); });
    return promise;
  }

  /** Reports the phase `engine` when the engine answers, in place of the guest's own report. */
  watchReadiness(request: VmStartRequest): void {
    const over = new AbortController();
    void this.ended.then(() => { over.abort(); });
    untilEngineAnswers(this.reach.engineSocket, AbortSignal.any([request.signal, over.signal])).then(
      () => { request.onReport({ kind: 'phase', phase: 'engine', state: 'end' }); },
      (error: unknown) => { this.#log.debug('engine not awaited any more', { error: messageOf(error) }); },
    );
  }

  consoleTail(lines: number): string[] {
    return this.#output.tail(lines);
  }

  stop(): Promise<void> {
    this.#endExpected = true;
    this.#stopping ??= this.#terminate();
    return this.#stopping;
  }

  async kill(): Promise<void> {
    this.#endExpected = true;
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  async #terminate(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = new AbortController();
    const inTime = await Promise.race([this.ended.then(() => true), sleep(STOP_GRACE_MS, false, { signal: timer.signal })]);
    timer.abort();
    if (inTime) return;
    this.#log.warn('engine did not end on SIGTERM', { ms: STOP_GRACE_MS });
    await this.kill();
  }
}
