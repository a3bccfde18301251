import type { Duplex } from 'node:stream';
import type { OciResources, OciSpec } from './oci-spec.ts';

/**
 * Makes processes in isolation and keeps them alive without us: a process started here goes on, its output is kept and its exit
 * status is recorded, whether or not the engine lives. One small shim process (strata-shim, C) stands behind each.
 */
export interface Runtime {
  /** `runc` or `crun`. */
  readonly name: string;
  readonly path: string;
  /**
   * Starts the container's process and resolves when it runs. Until then `attachments` are connected, so no output is missed.
   * @throws InvalidArgumentError with the runtime's own words when the spec cannot be carried out (command not found …); nothing is left.
   */
  start(request: StartRequest): Promise<RunningProcess>;
  /** Starts one more process in a running container. */
  exec(request: ExecRequest): Promise<RunningProcess>;
  /**
   * Finds a process again after the engine was restarted: its running process, its recorded exit, or undefined if nothing is known
   * (never started, or shim and process both killed).
   */
  recover(processDirectory: string): Promise<RunningProcess | ExitStatus | undefined>;
  /**
   * Ends and clears away what an engine that has gone left in a process directory without ever having said that it runs: a start that
   * was under way, a process that nobody knows, an end that was not cleared. Nothing there is fine.
   */
  discard(processDirectory: string): Promise<void>;
  /** Changes limits of a container that runs; what is absent stays. @throws InvalidArgumentError with the runtime's own words */
  update(containerId: string, resources: Omit<OciResources, 'devices'>): Promise<void>;
  pause(containerId: string): Promise<void>;
  resume(containerId: string): Promise<void>;
  /** Removes what the runtime keeps of a stopped container (state, cgroups). Idempotent. */
  delete(containerId: string): Promise<void>;
}

export interface StdioOptions {
  tty: boolean;
  /** Keep a standard input for the process; otherwise it reads from /dev/null. */
  openStdin: boolean;
  /** Standard input ends when the first client that is attached to it goes. */
  stdinOnce: boolean;
  /** Size of the TTY at the start. */
  consoleSize?: { columns: number; rows: number };
}

export interface LogFileOptions {
  path: string;
  /** A file is rotated away when it is this large; 0: never. */
  maxBytes: number;
  /** With the newest. */
  maxFiles: number;
  /** gzip what has been rotated away. */
  compress?: boolean;
  /** Docker's json-file instead of our own records; `attributes`: a JSON object for every line. */
  json?: { attributes?: string };
}

export interface StartRequest {
  containerId: string;
  /** OCI bundle: `config.json` is written here. Its `root.path` is already mounted. */
  bundle: string;
  /** Short-lived files of the process: socket, pid, exit record. Must be on a local file system; kept until `recover` has been answered. */
  processDirectory: string;
  spec: OciSpec;
  stdio: StdioOptions;
  /** Absent: output goes to attached clients only. */
  logFile?: LogFileOptions;
  /** Called when the shim listens and before the process starts: connect early clients now. */
  beforeStart?: (process: ProcessStreams) => Promise<void>;
}

export interface ExecRequest {
  containerId: string;
  processDirectory: string;
  process: OciSpec['process'];
  stdio: StdioOptions;
  beforeStart?: (process: ProcessStreams) => Promise<void>;
}

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

export interface ProcessStreams {
  /**
   * A new client of the process's streams. Reading gives output from now on: in docker's multiplexed frames, or raw bytes for a
   * TTY; it ends when the process has ended and everything has been delivered. Writing goes to standard input; `end()` is EOF there.
   * A client that does not read holds the process back (as a pipe would), never other clients' data.
   */
  attach(options: AttachOptions): Promise<Duplex>;
  /** TTY only; no effect otherwise. */
  resize(columns: number, rows: number): Promise<void>;
}

export interface RunningProcess extends ProcessStreams {
  readonly pid: number;
  readonly exited: Promise<ExitStatus>;
  /** Sends a signal to this process, or, by its negative, to its process group. False when it has already gone. */
  signal(signal: number): boolean;
}

export interface ExitStatus {
  /** Exit code; 128 + signal when a signal ended it; 255 when it could not be learnt. */
  code: number;
  /** Moment of the end, milliseconds since the epoch. */
  at: number;
  /** Set when the kernel's OOM killer has struck in the container's cgroup. */
  oomKilled: boolean;
  /** Set when the status could not be learnt (the shim itself was killed). */
  unknown?: true;
}
