/**
 * The control API of the machine agent (`strata-host`): HTTP + JSON on `<machine dir>/control.sock` (a named pipe on Windows).
 * Used by the command, the desktop app and `strata gui`.
 *
 *   GET  /v1/status            -> MachineStatus
 *   GET  /v1/status?watch=1    -> MachineStatus, one JSON line at once and one per change, until the client goes
 *   POST /v1/stop[?force=1]    -> 204 when the VM is down and the agent is about to end
 *   POST /v1/restart           -> 202; watch the status (409 unless the machine runs)
 *   GET  /v1/console?tail=N    -> text: the last N lines of the guest's console (400 at most are kept)
 *   POST /v1/shell             -> Upgrade: shell in the guest (`strata machine ssh`), or `cmd` run by it; `?cmd=…&tty=1&cols&rows&term`.
 *                                 With `tty=1` the stream is raw; without, output is in docker's frames (see `api/stdcopy.ts`).
 *                                 The reply's header `strata-shell-id` names the shell for the two calls below.
 *   POST /v1/shell/{id}/resize?cols&rows -> 204
 *   GET  /v1/shell/{id}/exit   -> ShellExit, when the shell has ended (an ended shell is remembered for a minute)
 * Errors are `{"message"}` with the status of their class in `api/errors.ts`. Everything else on that socket is 404 `{"message"}`. The engine is on its own socket, `<machine dir>/engine.sock`, unchanged.
 */

/** What the machine is doing, in words that people see. */
export type MachineState = 'stopped' | 'starting' | 'running' | 'stopping' | 'error';

/** The named steps of a start, in order. Each has a deadline; a failure names its phase. */
export const START_PHASES = ['probe', 'disk', 'boot', 'kernel', 'init', 'data-disk', 'network', 'ssh', 'engine', 'forward'] as const;
export type StartPhase = (typeof START_PHASES)[number];

export interface PhaseTiming {
  phase: StartPhase;
  /** Milliseconds since the start was asked for. */
  startedMs: number;
  /** Absent while the phase runs. */
  endedMs?: number;
}

export interface MachineFailure {
  phase: StartPhase | 'running' | 'stop';
  /** What happened, for people; lower case, no full stop. */
  message: string;
  /** What to do about it, if known. */
  remedy?: string;
  /** Last lines of the guest's console (or of the driver's stderr). */
  consoleTail: string[];
}

export type DriverName = 'qemu' | 'native' | 'vfkit' | 'wsl2';

export interface MachineStatus {
  name: string;
  state: MachineState;
  driver: DriverName;
  /** What runs the guest's instructions: `kvm`, `hvf`, `whpx`, `tcg`, or `none` for native. Absent before it is known. */
  accelerator?: string;
  /** Why something works less well than it could, e.g. emulation instead of virtualisation. */
  warnings: string[];
  phases: PhaseTiming[];
  failure?: MachineFailure;
  /** Endpoint of the engine on this host, e.g. `unix:///home/me/.strata/machines/default/engine.sock`. */
  engineEndpoint?: string;
  agentPid?: number;
  vmPid?: number;
  cpus: number;
  memoryMiB: number;
  /** Capacity of the data disk, and what it occupies on the host now. */
  diskGiB: number;
  diskUsedBytes?: number;
  /** Version of the guest image that runs. */
  image?: string;
  /** Seconds since the engine answered. */
  uptimeSeconds?: number;
}

/** How a shell or command in the guest ended. */
export interface ShellExit {
  /** Null when it was ended by a signal, or when the connection broke first. */
  exitCode: number | null;
  /** Name without `SIG`, e.g. `TERM`. */
  signal?: string;
}
