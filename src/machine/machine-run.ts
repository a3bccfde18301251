import type { ClientChannel } from 'ssh2';
import type { MachineFailure, PhaseTiming, StartPhase } from '../api/machine.ts';
import { messageOf, UnavailableError } from '../api/errors.ts';
import type { Logger } from '../base/log.ts';
import { deadlineMs, emulationFactor, type DeadlineOverrides } from './deadlines.ts';
import { untilEngineAnswers } from './engine-ping.ts';
import type { GuestReport } from './guest/guest-report.ts';
import { openGuestLink, type GuestLink, type ShellRequest } from './guest-link.ts';
import type { MachineConfig } from './machine-config.ts';
import type { MachinePaths } from './machine-paths.ts';
import { StartProgress } from './start-progress.ts';
import type { RunningVm, VmDriver } from './vm-driver.ts';

const TAIL_LINES = 20;
const HANDSHAKE_MS = 10_000;

/** Why a run failed, ready for `MachineStatus`. */
export class RunFailure extends Error {
  readonly failure: MachineFailure;
  constructor(failure: MachineFailure, options?: { cause?: unknown }) {
    super(failure.message, options);
    this.failure = failure;
  }
}

export interface MachineRunOptions {
  paths: MachinePaths;
  config: MachineConfig;
  driver: VmDriver;
  deadlines: DeadlineOverrides;
  log: Logger;
  /** Called for every change of the phases. */
  onPhases: (timings: PhaseTiming[]) => void;
  /** Called when the process runs, before the guest has said anything. */
  onVm: (vm: RunningVm) => void;
  /** Called when the engine ends (with a reason) and when it answers again, after the start. */
  onEngine: (trouble: string | undefined) => void;
}

/** One life of the machine, from the start to the end of its process. Used once. */
export class MachineRun implements AsyncDisposable {
  readonly #options: MachineRunOptions;
  readonly #progress: StartProgress;
  readonly #abort = new AbortController();
  #vm: RunningVm | undefined;
  #link: GuestLink | undefined;
  #accelerator: string | undefined;
  #started = false;

  constructor(options: MachineRunOptions) {
    this.#options = options;
    this.#progress = new StartProgress({
      phases: options.driver.capabilities.phases,
      deadlineMs: (phase) => deadlineMs(phase, this.#accelerator, options.deadlines),
      onChange: options.onPhases,
      onLate: (phase, error) => { this.#giveUp(phase, error, lateRemedy(phase, this.#accelerator)); },
    });
  }

  get vm(): RunningVm | undefined {
    return this.#vm;
  }

  /**
   * Takes the machine through its phases until the engine answers on this host.
   * @throws RunFailure; the process and the sockets are gone then.
   */
  async start(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const vm = await this.#boot();
      const ended = vm.ended.then(({ how }) => { throw new UnavailableError(this.describeEnd(how)); });
      const aborted = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => { aborted.reject(signal.reason as Error); }, { once: true });
      if (signal.aborted) throw signal.reason;
      const work = this.#connect(vm);
      work.catch(() => undefined);
      await Promise.race([work, ended, aborted.promise]);
      this.#started = true;
    } catch (error) {
      const failure = this.#describe(signal.aborted ? signal.reason : error);
      this.#abort.abort(error);
      await this[Symbol.asyncDispose]();
      throw failure;
    } finally {
      this.#progress.dispose();
    }
  }

  /** Gives up a start that is under way; `start` then rejects. */
  cancel(reason: string): void {
    this.#giveUp(this.#progress.current, new UnavailableError(reason));
  }

  consoleTail(lines: number = TAIL_LINES): string[] {
    return this.#vm?.consoleTail(lines) ?? [];
  }

  /** What the end of the process means, for people: a kernel that panicked has said why. */
  describeEnd(how: string): string {
    const panic = this.consoleTail(Number.POSITIVE_INFINITY).map((line) => /Kernel panic - not syncing: (.*)/.exec(line)?.[1]).findLast((reason) => reason !== undefined);
    const subject = this.#options.driver.capabilities.guest ? 'the virtual machine' : 'the engine';
    return panic === undefined ? `${subject} ${how}` : `the guest kernel panicked: ${panic}`;
  }

  async openShell(request: ShellRequest): Promise<ClientChannel> {
    if (this.#link === undefined) throw new UnavailableError('the machine is not up yet');
    return this.#link.openShell(request);
  }

  /** Powers off in order. Resolves when nothing of the run is left. */
  async stop(): Promise<void> {
    await this.#vm?.stop();
    await this[Symbol.asyncDispose]();
  }

  /** Ends whatever is left, at once. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#progress.dispose();
    await this.#link?.[Symbol.asyncDispose]();
    await this.#vm?.kill();
  }

  async #boot(): Promise<RunningVm> {
    const { config, driver } = this.#options;
    this.#vm = await driver.start({
      ...config,
      beginPhase: (phase) => { this.#progress.begin(phase); },
      endPhase: (phase) => { this.#progress.end(phase); },
      onAccelerator: (accelerator) => { this.#accelerator = accelerator; },
      onReport: (report) => { this.#onReport(report); },
      signal: this.#abort.signal,
    });
    this.#options.onVm(this.#vm);
    if (this.#sshUp) this.#openLink();
    return this.#vm;
  }

  async #connect(vm: RunningVm): Promise<void> {
    const { engineSocket } = this.#options.paths;
    if (vm.reach.kind === 'local') this.#openLink();
    else await this.#progress.reached('ssh');
    await this.#progress.reached('engine');
    this.#progress.begin('forward');
    await this.#link?.publishEngine(engineSocket);
    await untilEngineAnswers(engineSocket, this.#abort.signal);
    this.#progress.end('forward');
  }

  #sshUp = false;

  #onReport(report: GuestReport): void {
    if (report.kind !== 'phase') return;
    if (this.#started) {
      if (report.phase === 'engine') this.#options.onEngine(report.state === 'failed' ? (report.message ?? 'the engine ended') : report.state === 'end' ? undefined : 'the engine is starting again');
      return;
    }
    if (report.state === 'begin') this.#progress.begin(report.phase);
    else if (report.state === 'failed') this.#giveUp(report.phase, new UnavailableError(report.message ?? 'the guest gave no reason'));
    // The guest says that its sshd listens; the phase ends when the connection is made.
    else if (report.phase === 'ssh') this.#onSshUp();
    else this.#progress.end(report.phase);
  }

  #onSshUp(): void {
    if (this.#sshUp) return;
    this.#sshUp = true;
    if (this.#vm !== undefined) this.#openLink();
  }

  #openLink(): void {
    const vm = this.#vm;
    if (vm === undefined || this.#link !== undefined) return;
    const link = openGuestLink(vm.reach, { handshakeMs: HANDSHAKE_MS * emulationFactor(vm.accelerator), log: this.#options.log });
    this.#link = link;
    link.connected().then(() => { this.#progress.end('ssh'); }, (error: unknown) => { this.#options.log.debug('link given up', { error }); });
  }

  #giveUp(phase: StartPhase, error: Error, remedy?: string): void {
    const message = messageOf(error);
    this.#abort.abort(new RunFailure({ phase, message, consoleTail: this.consoleTail(), ...(remedy === undefined ? {} : { remedy }) }, { cause: error }));
  }

  #describe(error: unknown): RunFailure {
    if (error instanceof RunFailure) return error;
    return new RunFailure({ phase: this.#progress.current, message: messageOf(error), consoleTail: this.consoleTail() }, { cause: error });
  }
}

function lateRemedy(phase: StartPhase, accelerator: string | undefined): string {
  const slow = accelerator === 'tcg' ? ' The machine is emulated here, which is slow: try again when the host is less busy.' : '';
  if (phase === 'engine') return `look at console.log in the machine's directory; the engine's own log is /var/lib/strata/log/engine.log in the guest.${slow}`;
  return `look at console.log and agent.log in the machine's directory.${slow}`;
}
