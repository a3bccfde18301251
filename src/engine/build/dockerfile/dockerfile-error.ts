import { InvalidArgumentError, messageOf } from '../../../api/errors.ts';
import type { LineRange } from './line-range.ts';

/** A Dockerfile that cannot be built, with the place. */
export class DockerfileError extends InvalidArgumentError {
  /** What is wrong, without the place. */
  readonly reason: string;
  /** The innermost place first; empty when it is nowhere in the file. */
  readonly ranges: readonly LineRange[];

  constructor(reason: string, ranges: readonly LineRange[], { message = reason, cause }: { message?: string; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.ranges = ranges;
  }
}

/** Runs `work`; an error from it that has no place yet gets this one. */
export function locate<T>(range: LineRange, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof DockerfileError && cause.ranges.length > 0) throw cause;
    if (!(cause instanceof InvalidArgumentError)) throw cause;
    throw new DockerfileError(messageOf(cause), [range], { cause });
  }
}
