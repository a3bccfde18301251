import { spawn, type ChildProcess } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineReach, RunningVm, VmEnd } from '../vm-driver.ts';
import type { GuestReport } from '../guest/guest-report.ts';
import type { Logger } from '../../base/log.ts';
import { InternalError } from '../../api/errors.ts';
import { GuestConsole } from '../guest/guest-console.ts';
import { GuestControlPort } from '../guest/control-port.ts';
import { forwardedPort, QmpClient } from './qmp-client.ts';

/** File numbers under which QEMU inherits its channels. */
export const MONITOR_FD = 3;
export const CONTROL_FD = 4;

const COMPLAINT_LIMIT = 8 * 1024;

/** How long each step of a stop may take before the next, harder one. */
export interface StopLadder {
  readonly guestMs: number;
  readonly buttonMs: number;
  readonly quitMs: number;
}

export interface QemuLaunch {
  program: string;
  args: readonly string[];
  accelerator: string;
  warnings: readonly string[];
  image: string;
  /** The reach without its port, which QEMU chooses. */
  reach: (port: number) => EngineReach;
  consoleLog: string;
  stopLadder: StopLadder;
  onReport: (report: GuestReport) => void;
  log: Logger;
  signal: AbortSignal;
}

/** A QEMU process and its three channels: monitor, control port, console. */
export class QemuProcess implements RunningVm {
  readonly pid: number;
  readonly accelerator: string;
  readonly warnings: readonly string[];
  readonly image: string;
  readonly ended: Promise<VmEnd>;
  readonly #child: ChildProcess;
  readonly #monitor: QmpClient;
  readonly #control: GuestControlPort;
  readonly #console: GuestConsole;
  readonly #ladder: StopLadder;
  readonly #log: Logger;
  #reach: EngineReach | undefined;
  #complaint = '';
  #endExpected = false;
  #stopping: Promise<void> | undefined;

  private constructor(launch: QemuLaunch, child: ChildProcess, pid: number) {
    this.pid = pid;
    this.accelerator = launch.accelerator;
    this.warnings = launch.warnings;
    this.image = launch.image;
    this.#child = child;
    this.#ladder = launch.stopLadder;
    this.#log = launch.log;
    this.#console = new GuestConsole(launch.consoleLog);
    this.#monitor = new QmpClient(child.stdio[MONITOR_FD] as Duplex);
    const onReport = (report: GuestReport): void => {
      if (report.kind === 'poweroff') this.#endExpected = true;
      launch.onReport(report);
    };
    this.#control = new GuestControlPort({ stream: child.stdio[CONTROL_FD] as Duplex, onReport, log: launch.log });
    (child.stdout as Readable).on('data', (chunk: Buffer) => { this.#console.push(chunk); });
    (child.stderr as Readable).on('data', (chunk: Buffer) => { this.#complaint = (this.#complaint + chunk.toString()).slice(-COMPLAINT_LIMIT); });
    this.ended = this.#watch();
  }

  /**
   * Starts QEMU and resolves when its monitor answers. On failure or abort the process is gone before this rejects.
   * @throws InternalError with QEMU's own words.
   */
  static async launch(launch: QemuLaunch): Promise<QemuProcess> {
    const child = spawn(launch.program, launch.args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] });
    const { pid } = child;
    if (pid === undefined) {
      const { promise, reject } = Promise.withResolvers<never>();
      child.once('error', (error) => { reject(new InternalError(`cannot run ${launch.program}: ${error.message}`, { cause: error })); });
      return promise;
    }
    const process = new QemuProcess(launch, child, pid);
    launch.signal.addEventListener('abort', () => { void process.kill(); }, { once: true });
    try {
      await process.#open(launch);
      return process;
    } catch (error) {
      await process.kill();
      throw launch.signal.aborted ? launch.signal.reason : new InternalError(`qemu did not start: ${process.#firstComplaint() ?? (error as Error).message}`, { cause: error });
    }
  }

  get reach(): EngineReach {
    if (this.#reach === undefined) throw new InternalError('qemu has not told its ports yet');
    return this.#reach;
  }

  consoleTail(lines: number): string[] {
    const complaints = this.#complaint.trim().split('\n').filter((line) => line !== '').slice(-5).map((line) => `qemu: ${line}`);
    return [...this.#console.tail(lines), ...complaints].slice(-lines);
  }

  stop(): Promise<void> {
    this.#endExpected = true;
    this.#stopping ??= this.#climbDown();
    return this.#stopping;
  }

  async kill(): Promise<void> {
    this.#endExpected = true;
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  async #open(launch: QemuLaunch): Promise<void> {
    await this.#monitor.connect(launch.signal);
    const table = await this.#monitor.execute('human-monitor-command', { 'command-line': 'info usernet' }, launch.signal);
    const port = forwardedPort(String(table));
    if (port === undefined) throw new InternalError('qemu does not forward the ssh port');
    this.#reach = launch.reach(port);
  }

  async #climbDown(): Promise<void> {
    const steps: { name: string; ms: number; act: () => void }[] = [
      { name: 'guest', ms: this.#ladder.guestMs, act: () => { this.#control.send({ command: 'poweroff' }); } },
      { name: 'power button', ms: this.#ladder.buttonMs, act: () => { this.#tell('system_powerdown'); } },
      { name: 'monitor', ms: this.#ladder.quitMs, act: () => { this.#tell('quit'); } },
    ];
    for (const step of steps) {
      const startedAt = performance.now();
      step.act();
      if (await this.#endsWithin(step.ms)) {
        this.#log.info('machine powered off', { by: step.name, ms: Math.round(performance.now() - startedAt) });
        return;
      }
      this.#log.warn('machine did not power off', { by: step.name, ms: step.ms });
    }
    await this.kill();
  }

  #tell(command: string): void {
    this.#monitor.execute(command).catch((error: unknown) => { this.#log.debug('monitor command failed', { command, error }); });
  }

  async #endsWithin(milliseconds: number): Promise<boolean> {
    const timer = new AbortController();
    try {
      return await Promise.race([this.ended.then(() => true), sleep(milliseconds, false, { signal: timer.signal })]);
    } finally {
      timer.abort();
    }
  }

  #watch(): Promise<VmEnd> {
    const { promise, resolve } = Promise.withResolvers<VmEnd>();
    this.#child.on('error', (error) => { this.#log.warn('qemu process failed', { error }); });
    // 'exit', not 'close': the end is told at once, whoever still holds the pipes.
    this.#child.on('exit', (code, killedBy) => {
      this.#console.close();
      const reason = this.#firstComplaint();
      const how = killedBy === null ? `ended with status ${String(code)}${code === 0 || reason === undefined ? '' : ` (${reason})`}` : `was killed by ${killedBy}`;
      resolve({ expected: this.#endExpected, how });
    });
    return promise;
  }

  #firstComplaint(): string | undefined {
    const lines = this.#complaint.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.includes('warning:'));
    return lines[0];
  }
}
