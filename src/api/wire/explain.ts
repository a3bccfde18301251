/** `GET /strata/containers/{id}/explain`. Sizes in bytes, times in milliseconds, moments in RFC 3339. */
export interface ContainerExplanation {
  id: string;
  name: string;
  status: string;
  image: { name: string; id: string };
  /** Every line of the OCI spec: of the run that is on, or of the next one. */
  spec: SpecReason[];
  /** Why there is no spec: what the next start would fail with. */
  specError?: string;
  namespaces: NamespaceFact[];
  limits: LimitFact[];
  throttling: { periods: number; throttledPeriods: number; throttledMs: number } | null;
  mounts: MountFact[];
  security: { privileged: boolean; noNewPrivileges: boolean; capabilities: string[]; added: string[]; dropped: string[]; seccomp: { profile: string; why: string } };
  processes: { pid: number; parent: number; memory: number; command: string }[];
  networks: NetworkFact[];
  /** Of the last start that succeeded. */
  start: StartFact | null;
  end: EndFact | null;
}

export interface SpecReason {
  /** `process.env PATH`, `mounts /proc`, `linux.resources.memory.limit`. */
  path: string;
  value: string;
  from: 'flag' | 'image' | 'default' | 'daemon' | 'engine';
  why: string;
}

export interface NamespaceFact {
  type: string;
  /** Inode number, as in `/proc/PID/ns`; null while nothing runs. */
  id: number | null;
  /** `host`, or names of containers. */
  sharedWith: string[];
  why: string;
}

export interface LimitFact {
  name: 'memory' | 'cpu' | 'pids';
  unit: 'bytes' | 'cpus' | 'processes';
  /** null: none. */
  limit: number | null;
  /** null while nothing runs. For `cpu` the average since the start. */
  used: number | null;
  why: string;
}

export interface MountFact {
  destination: string;
  type: string;
  source: string;
  readOnly: boolean;
  why: string;
}

export interface NetworkFact {
  name: string;
  interface: string | null;
  hostInterface: string | null;
  address: string | null;
  gateway: string | null;
  mac: string | null;
  /** The way of each published port: where it is taken, the element that leads on, where it arrives. */
  ports: { host: string; rule: string; container: string }[];
}

export interface StartFact {
  at: string;
  rootfsMs: number;
  networkMs: number;
  specMs: number;
  runtimeMs: number;
  totalMs: number;
  /** From the beginning of the start; null: no output, or no longer kept. */
  firstOutputMs: number | null;
}

export interface EndFact {
  at: string | null;
  exitCode: number;
  signal: string | null;
  /** `docker stop`, `docker kill`, `kernel (out of memory)`, … */
  sentBy: string | null;
  oomKilled: boolean;
  text: string;
}
