import type { Heredoc } from './heredoc.ts';
import type { LineRange } from './line-range.ts';

/** An instruction taken apart, not yet understood. */
export interface DockerfileNode {
  /** As written: `RUN`, `run`. */
  keyword: string;
  /** `--name=value` words before the arguments, without their quotes. */
  flags: readonly string[];
  /**
   * By keyword: words; one text for the shell; the items of a JSON list; for ENV and LABEL three per variable, name, value and `=` or,
   * in the old form with a blank, nothing; for HEALTHCHECK its kind and its command.
   */
  words: readonly string[];
  /** Whether the words come from a JSON list. */
  isJson: boolean;
  heredocs: readonly Heredoc[];
  /** The line with continuations joined, without the documents. */
  original: string;
  range: LineRange;
  comments: readonly string[];
  /** The instruction within ONBUILD. */
  trigger?: DockerfileNode;
}
