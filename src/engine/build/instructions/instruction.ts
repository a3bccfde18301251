import type { HealthConfig } from '../../../api/wire/container.ts';
import type { Heredoc } from '../dockerfile/heredoc.ts';
import type { LineRange } from '../dockerfile/line-range.ts';

/** What every instruction keeps of its text. */
export interface Written {
  /** As written: `RUN`, `run`. */
  keyword: string;
  /** The line, continuations joined, without documents and without white space around it. */
  source: string;
  range: LineRange;
  /** Comments directly above it. */
  comments: readonly string[];
}

export interface NameValue {
  name: string;
  value: string;
  /** The old form with a blank instead of an equals sign. */
  isLegacy: boolean;
}

export interface Argument {
  name: string;
  /** Not yet expanded; undefined where the argument is only declared. */
  value: string | undefined;
  /** What a comment above says of it: `# name description`. */
  description: string;
}

/** A command as JSON list, or a text for the shell. */
export interface CommandLine {
  words: readonly string[];
  isShell: boolean;
}

/** Text within the Dockerfile that becomes a file. */
export interface InlineFile {
  name: string;
  data: string;
  /** Whether variables in it are replaced. */
  expands: boolean;
}

export interface Transfer {
  /** Paths and addresses; not the documents. */
  sources: readonly string[];
  files: readonly InlineFile[];
  destination: string;
  /** Empty if not given, as the flags below. */
  chown: string;
  chmod: string;
  link: boolean;
  exclude: readonly string[];
}

export interface Device {
  name: string;
  required: boolean;
}

export type NetworkMode = 'default' | 'none' | 'host';
export type SecurityMode = 'sandbox' | 'insecure';

export interface AddInstruction extends Transfer {
  kind: 'add';
  checksum: string;
  /** Undefined if not given. */
  keepGitDir: boolean | undefined;
  unpack: boolean | undefined;
}

export interface CopyInstruction extends Transfer {
  kind: 'copy';
  /** A stage by name or number, an image or a named context; empty for the build context. */
  from: string;
  parents: boolean;
}

export interface RunInstruction extends CommandLine {
  kind: 'run';
  heredocs: readonly Heredoc[];
  /** As written; `parseMount` reads them once variables are known. */
  mounts: readonly string[];
  network: NetworkMode;
  security: SecurityMode;
  devices: readonly Device[];
}

export interface FromInstruction {
  kind: 'from';
  base: string;
  /** Lower case; empty if the stage has no name. */
  name: string;
  /** As written, both; empty if the stage has no name. */
  as: string;
  writtenName: string;
  platform: string;
}

export type Body =
  | AddInstruction | CopyInstruction | RunInstruction | FromInstruction
  | { kind: 'arg'; arguments: readonly Argument[] }
  | ({ kind: 'cmd' } & CommandLine)
  | ({ kind: 'entrypoint' } & CommandLine)
  | { kind: 'env'; pairs: readonly NameValue[] }
  | { kind: 'label'; pairs: readonly NameValue[] }
  | { kind: 'expose'; ports: readonly string[] }
  | { kind: 'healthcheck'; health: HealthConfig }
  | { kind: 'maintainer'; author: string }
  | { kind: 'onbuild'; expression: string }
  | { kind: 'shell'; words: readonly string[] }
  | { kind: 'stopsignal'; signal: string }
  | { kind: 'user'; user: string }
  | { kind: 'volume'; paths: readonly string[] }
  | { kind: 'workdir'; path: string };

/** One instruction of a Dockerfile, understood; variables are still in it. */
export type Instruction = Written & Body;
export type InstructionOf<Kind extends Body['kind']> = Written & Extract<Body, { kind: Kind }>;

/** What follows a FROM, up to the next. */
export interface Stage {
  from: InstructionOf<'from'>;
  instructions: readonly Instruction[];
}
