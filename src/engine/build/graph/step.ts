import type { LineRange } from '../dockerfile/line-range.ts';
import type { CacheSharing, MountKind } from '../instructions/mount.ts';
import type { Device, NetworkMode, SecurityMode } from '../instructions/instruction.ts';
import type { ExternalSource } from './build-options.ts';
import type { GitSource } from './git-source.ts';
import type { ScopeView } from './scope.ts';
import type { ConfigChange } from './stage-config.ts';

/** Where files come from. */
export type Input =
  | { kind: 'context' }
  | { kind: 'scratch' }
  /** A stage of the graph, by its number in the Dockerfile. */
  | { kind: 'stage'; index: number }
  | { kind: 'source'; source: ExternalSource };

export interface StepMount {
  kind: MountKind;
  /** What is mounted; undefined for tmpfs, secrets and agents, and for a cache that begins empty. */
  input: Input | undefined;
  /** Within the input, absolute. */
  source: string;
  /** Absolute; empty where a secret is a variable only. */
  target: string;
  readOnly: boolean;
  /** Of a cache, a secret, an agent. */
  id: string;
  sharing: CacheSharing;
  variable: string;
  required: boolean;
  sizeBytes: number | undefined;
  mode: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
}

export interface RunOp {
  kind: 'run';
  /** With the shell, if it is a text for one. */
  command: readonly string[];
  /** A document with its own `#!`: a file in `/dev/pipes/` that the command names. */
  script: { name: string; data: string } | undefined;
  mounts: readonly StepMount[];
  network: NetworkMode;
  security: SecurityMode;
  devices: readonly Device[];
}

export type TransferSource =
  | {
    kind: 'path';
    /** Within the input, absolute; may hold wildcards. */
    path: string;
    /** With `--parents`: what below `path` is taken, with the directories above it. */
    pattern: string | undefined;
    /** Whether its absence is an error also where wildcards find nothing. */
    isRequired: boolean;
    /** Whether an archive is taken apart. */
    unpack: boolean;
  }
  | { kind: 'url'; url: string; fileName: string; checksum: string; unpack: boolean }
  | GitSource
  | { kind: 'file'; name: string; data: string };

/** ADD and COPY. */
export interface TransferOp {
  kind: 'transfer';
  /** Of sources that are paths. */
  input: Input;
  sources: readonly TransferSource[];
  /** Absolute; a slash at its end says that it is a directory. */
  destination: string;
  /** `user:group` by name or number; empty if not given. */
  chown: string;
  /** Octal, or symbolic such as `u+x`; empty if not given. */
  chmod: string;
  link: boolean;
  parents: boolean;
  exclude: readonly string[];
}

/** What a step does to files. Paths are made with their parents, mode 0755, as `user`. */
export type StepOp = RunOp | TransferOp | { kind: 'mkdir'; path: string; user: string } | { kind: 'none' };

/** One instruction, with variables replaced, ready to be run. */
export interface Step {
  /** Upper case: `RUN`. */
  keyword: string;
  /** The line as written. */
  source: string;
  range: LineRange;
  /** From the ONBUILD of a base. */
  isTrigger: boolean;
  /** For progress: `[build 2/5] RUN make`; undefined for what makes no layer. */
  name: string | undefined;
  /** For the history, in BuildKit's words. */
  createdBy: string;
  op: StepOp;
  /** What it does to the image's config; undefined for nothing. */
  change: ConfigChange | undefined;
  /** Variables that the step sees. */
  scope: ScopeView;
  /** As the step sees them; `/` and empty where none was set. */
  workingDirectory: string;
  user: string;
}
