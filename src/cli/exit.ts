/** Ends the command with `code`; `message`, if there is one, goes to standard error as it is. */
export class ExitError extends Error {
  readonly code: number;
  constructor(code: number, message = '') {
    super(message);
    this.code = code;
  }
}

/** Statuses of `run` for a failure of the engine or of the container's start, as docker has them. */
export const ENGINE_FAILED = 125;
export const NOT_EXECUTABLE = 126;
export const NOT_FOUND = 127;
