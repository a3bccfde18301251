import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientChannel } from 'ssh2';
import type { DriverName, MachineFailure, MachineStatus } from '../api/machine.ts';
import { ConflictError, messageOf, UnavailableError } from '../api/errors.ts';
import type { Logger } from '../base/log.ts';
import { chooseDriver } from './choose-driver.ts';
import type { DeadlineOverrides } from './deadlines.ts';
import { occupiedBytes } from './disks/data-disk.ts';
import type { ShellRequest } from './guest-link.ts';
import type { MachineConfig } from './machine-config.ts';
import type { MachinePaths } from './machine-paths.ts';
import { MachineRun, RunFailure } from './machine-run.ts';
import { endOrphan } from './orphan.ts';
import { startTimeOf, type ProcessIdentity } from './process-identity.ts';
import { loadState, saveState, type SavedState } from './state-file.ts';
import type { StatusBoard } from './status-board.ts';
import type { RunningVm, VmDriver } from './vm-driver.ts';

/** Longest that a start waits for the welcome image; it goes on arriving afterwards. */
const WELCOME_LIMIT_MS = 15_000;

export interface AgentOptions {
  paths: MachinePaths;
  config: MachineConfig;
  drivers: Readonly<Partial<Record<DriverName, VmDriver>>>;
  board: StatusBoard;
  deadlines: DeadlineOverrides;
  log: Logger;
  /** Runs once the engine answers, before the machine counts as running; returns a warning for the status, if any. */
  whenReady: (signal: AbortSignal) => Promise<string | undefined>;
}

/**
 * The life of one machine: starting -> running -> stopping -> stopped, or error. Ends (`finished`) with the machine, whichever way:
 * an agent without a machine has nothing to do.
 */
export class Agent {
  readonly #options: AgentOptions;
  readonly #finished = Promise.withResolvers<undefined>();
  #run: MachineRun | undefined;
  /** The machine of this start has gone by itself. */
  #ended = false;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #vm: ProcessIdentity | undefined;
  #stopAsked = false;
  /** Saves follow each other, so that the last one stays. */
  #saves: Promise<void> = Promise.resolve();

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Resolves when the machine is down for good and its state is saved. */
  get finished(): Promise<undefined> {
    return this.#finished.promise;
  }

  async status(): Promise<MachineStatus> {
    const diskUsedBytes = await occupiedBytes(this.#options.paths.dataDisk);
    return { ...this.#options.board.get(), ...(diskUsedBytes === undefined ? {} : { diskUsedBytes }) };
  }

  /** Resolves when the machine runs or has failed; the status says which. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => { this.#starting = undefined; });
    return this.#starting;
  }

  /** Resolves when the machine is down. Joins a stop that is under way. */
  stop(options: { force: boolean }): Promise<void> {
    if (options.force) void this.#run?.vm?.kill();
    this.#stopping ??= this.#stop().then(() => this.#finish({ state: 'stopped' }));
    return this.#stopping;
  }

  /** Returns at once; the status tells the rest. @throws ConflictError while the machine starts or stops. */
  restart(): void {
    const { state } = this.#options.board.get();
    if (state !== 'running' || this.#stopping !== undefined) throw new ConflictError(`cannot restart a machine that is ${state}`);
    void this.#stop().then(() => {
      this.#stopAsked = false;
      return this.start();
    });
  }

  consoleTail(lines: number): string[] {
    return this.#run?.consoleTail(lines) ?? [];
  }

  openShell(request: ShellRequest): Promise<ClientChannel> {
    if (this.#run === undefined) return Promise.reject(new UnavailableError('the machine is not running'));
    return this.#run.openShell(request);
  }

  async #start(): Promise<void> {
    const { board, log, paths, config } = this.#options;
    this.#ended = false;
    board.update({ state: 'starting', phases: [], warnings: [], failure: undefined, engineEndpoint: undefined, vmPid: undefined });
    try {
      const former = await loadState(paths.stateFile);
      if (former?.vm !== undefined) await endOrphan(former.vm, log);
      const driver = await chooseDriver(config.driver, this.#options.drivers);
      board.update({ driver: driver.name });
      const run = new MachineRun({
        paths, config, driver, deadlines: this.#options.deadlines, log,
        onPhases: (phases) => { board.update({ phases }); },
        onVm: (vm) => { this.#onVm(vm); },
        onEngine: (trouble) => { this.#onEngine(trouble); },
      });
      this.#run = run;
      await run.start();
      void run.vm?.ended.then(({ expected, how }) => this.#onEnd(run, expected, how));
      // Before anybody is told that it runs: the first thing that people try is the welcome image.
      await Promise.race([this.#afterReady(), sleep(WELCOME_LIMIT_MS, undefined, { ref: false })]);
      if (this.#isOver()) return;
      log.info('machine runs', { phases: board.get().phases });
      board.update({ state: 'running', engineEndpoint: paths.engineEndpoint });
      await this.#save();
    } catch (error) {
      if (!this.#stopAsked) await this.#fail(error instanceof RunFailure ? error.failure : { phase: 'probe', message: messageOf(error), consoleTail: [] });
    }
  }

  #isOver(): boolean {
    return this.#stopAsked || this.#ended;
  }

  async #stop(): Promise<void> {
    this.#stopAsked = true;
    this.#options.board.update({ state: 'stopping' });
    if (this.#starting !== undefined) {
      this.#run?.cancel('the start was given up');
      await this.#starting;
    }
    await this.#run?.stop();
    this.#run = undefined;
    this.#vm = undefined;
  }

  #onVm(vm: RunningVm): void {
    this.#options.board.update({
      vmPid: vm.pid, accelerator: vm.accelerator, image: vm.image, warnings: [...vm.warnings],
    });
    void startTimeOf(vm.pid).then((startTime) => {
      if (startTime === undefined || this.#run?.vm !== vm) return undefined;
      this.#vm = { pid: vm.pid, startTime };
      return this.#save();
    });
  }

  #onEngine(trouble: string | undefined): void {
    const warnings = this.#options.board.get().warnings.filter((warning) => !warning.startsWith(ENGINE_WARNING));
    this.#options.board.update({ warnings: trouble === undefined ? warnings : [...warnings, `${ENGINE_WARNING}${trouble}`] });
  }

  async #onEnd(run: MachineRun, expected: boolean, how: string): Promise<void> {
    if (this.#stopAsked || this.#run !== run) return;
    this.#ended = true;
    const consoleTail = run.consoleTail();
    const message = run.describeEnd(how);
    await run[Symbol.asyncDispose]();
    if (expected) await this.#finish({ state: 'stopped' });
    else await this.#fail({ phase: 'running', message, remedy: 'start it again with: strata machine start', consoleTail });
  }

  async #afterReady(): Promise<void> {
    const over = new AbortController();
    void this.#run?.vm?.ended.then(() => { over.abort(); });
    const warning = await this.#options.whenReady(over.signal);
    if (warning !== undefined && !over.signal.aborted) this.#options.board.update({ warnings: [...this.#options.board.get().warnings, warning] });
  }

  async #fail(failure: MachineFailure): Promise<void> {
    this.#options.log.error('machine failed', { phase: failure.phase, message: failure.message });
    await this.#finish({ state: 'error', failure });
  }

  async #finish(outcome: { state: 'stopped' | 'error'; failure?: MachineFailure }): Promise<void> {
    this.#vm = undefined;
    const last = { ...this.#options.board.get(), ...outcome };
    // Saved before it is told: who hears of it may look at the file next.
    await this.#write({ status: withoutLiveFields(last) });
    this.#options.board.update({ ...outcome, vmPid: undefined, engineEndpoint: undefined });
    this.#finished.resolve(undefined);
  }

  #save(): Promise<void> {
    return this.#write({ status: this.#options.board.get(), ...(this.#vm === undefined ? {} : { vm: this.#vm }) });
  }

  #write(state: SavedState): Promise<void> {
    this.#saves = this.#saves
      .then(() => saveState(this.#options.paths.stateFile, state))
      .catch((error: unknown) => { this.#options.log.warn('state not saved', { error }); });
    return this.#saves;
  }
}

const ENGINE_WARNING = 'engine: ';

function withoutLiveFields(status: MachineStatus): MachineStatus {
  const { vmPid: _vm, agentPid: _agent, engineEndpoint: _endpoint, uptimeSeconds: _uptime, ...rest } = status;
  return rest;
}
