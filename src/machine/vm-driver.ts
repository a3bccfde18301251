import type { DriverName, StartPhase } from '../api/machine.ts';
import type { GuestReport } from './guest/guest-report.ts';

/** What a driver can do, as data: callers ask these, never the driver's name. */
export interface DriverCapabilities {
  /** There is a guest with its own kernel; false means that the engine runs on this host. */
  readonly guest: boolean;
  /** A shell can be opened in the guest. */
  readonly shell: boolean;
  /** The phases of a start, in order. */
  readonly phases: readonly StartPhase[];
}

/**
 * A way to run the engine's machine. One instance serves one machine.
 * Call order: `unavailable`, `start`, then the `RunningVm` until `ended` resolves; after that `start` may be called again.
 */
export interface VmDriver {
  readonly name: DriverName;
  readonly capabilities: DriverCapabilities;

  /** Why this driver cannot work on this host, for people, with the remedy; undefined when it can. Changes nothing, never throws. */
  unavailable(): Promise<string | undefined>;

  /**
   * Makes what the machine needs (disks, keys) where it is missing and starts its process. Resolves as soon as the process runs;
   * what the guest does then arrives at `onReport`. Never touches data that exists, except to grow the data disk.
   * A start that fails or is aborted leaves no process and no half-made file.
   * @throws StrataError; the phase that was begun last is the one that failed.
   */
  start(request: VmStartRequest): Promise<RunningVm>;
}

export interface VmStartRequest {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
  /** The driver calls these for the phases that it does itself (those before the guest speaks). */
  readonly beginPhase: (phase: StartPhase) => void;
  readonly endPhase: (phase: StartPhase) => void;
  /** Called once, before the phase `boot` begins: what will run the guest decides how long the rest may take. */
  readonly onAccelerator: (accelerator: string) => void;
  /** Called for each thing that the guest says, in order, until `ended` resolves. Must not throw. */
  readonly onReport: (report: GuestReport) => void;
  /** Aborting gives up the start, before or after `start` has resolved: the process is killed. */
  readonly signal: AbortSignal;
}

/** How the engine inside is reached. */
export type EngineReach =
  | { readonly kind: 'ssh'; readonly host: string; readonly port: number; readonly username: string; readonly privateKey: string; readonly hostKey: string; readonly engineSocket: string }
  | { readonly kind: 'local'; readonly engineSocket: string };

export interface VmEnd {
  /** True when somebody asked for it (`stop`, `kill`, or the guest powered itself off). */
  readonly expected: boolean;
  /** For people: `ended with status 0`, `was killed by SIGKILL`. */
  readonly how: string;
}

export interface RunningVm {
  readonly pid: number;
  /** `kvm`, `hvf`, `whpx`, `tcg`, or `none`. */
  readonly accelerator: string;
  readonly warnings: readonly string[];
  /** Version of the guest image, if there is one. */
  readonly image: string | undefined;
  readonly reach: EngineReach;
  /** Resolves once, when the process is gone. Never rejects. */
  readonly ended: Promise<VmEnd>;

  /** Last lines of the guest's console, or of the process's standard error where there is none; oldest first. */
  consoleTail(lines: number): string[];

  /**
   * Powers off in order: asks the guest, and takes harder steps when a step's time is over. Resolves when the process is gone.
   * May be called more than once; later calls join the first.
   */
  stop(): Promise<void>;

  /** Ends the process at once, like a power cut. Resolves when it is gone. Idempotent. */
  kill(): Promise<void>;
}
