/**
 * Every error that crosses a process boundary in Strata: one class per HTTP status of the Docker Engine API.
 * The server turns them into `{"message": …}` with their status; the client turns such a reply back into the same class,
 * so `catch (e) { if (e instanceof NotFoundError) … }` works on both sides of a socket.
 *
 * Texts are lower-case, end without a full stop and name the object: `no such container: web`.
 */
export class StrataError extends Error {
  /** HTTP status that stands for this class on the wire. */
  readonly status: number = 500;
  override readonly name: string = 'StrataError';
}

/** 304: the object is already in the state that was asked for. Carries no body on the wire. */
export class NotModifiedError extends StrataError {
  override readonly status: number = 304;
  override readonly name: string = 'NotModifiedError';
}
/** 400: the request itself is wrong; sending it again cannot help. */
export class InvalidArgumentError extends StrataError {
  override readonly status: number = 400;
  override readonly name: string = 'InvalidArgumentError';
}
/** 401: credentials are missing or wrong. */
export class UnauthorizedError extends StrataError {
  override readonly status: number = 401;
  override readonly name: string = 'UnauthorizedError';
}
/** 403: understood, and refused. */
export class PermissionDeniedError extends StrataError {
  override readonly status: number = 403;
  override readonly name: string = 'PermissionDeniedError';
}
/** 404: no such object. */
export class NotFoundError extends StrataError {
  override readonly status: number = 404;
  override readonly name: string = 'NotFoundError';
}
/** 409: the object is in a state that does not allow this, or its name is taken. */
export class ConflictError extends StrataError {
  override readonly status: number = 409;
  override readonly name: string = 'ConflictError';
}
/** 413: larger than what is taken. */
export class PayloadTooLargeError extends StrataError {
  override readonly status: number = 413;
  override readonly name: string = 'PayloadTooLargeError';
}
/** 501: Strata does not have this. */
export class NotImplementedError extends StrataError {
  override readonly status: number = 501;
  override readonly name: string = 'NotImplementedError';
}
/** 503: something that this needs is not there now; trying again may help. */
export class UnavailableError extends StrataError {
  override readonly status: number = 503;
  override readonly name: string = 'UnavailableError';
}
/** 500: a fault of the engine or of the machine under it. */
export class InternalError extends StrataError {
  override readonly status: number = 500;
  override readonly name: string = 'InternalError';
}

const classByStatus: ReadonlyMap<number, new (message: string, options?: { cause?: unknown }) => StrataError> = new Map([
  [304, NotModifiedError],
  [400, InvalidArgumentError],
  [401, UnauthorizedError],
  [403, PermissionDeniedError],
  [404, NotFoundError],
  [409, ConflictError],
  [413, PayloadTooLargeError],
  [501, NotImplementedError],
  [503, UnavailableError],
]);

const replies = new WeakSet();

/** The error that a reply with `status` and `message` stands for. Unknown statuses become `InternalError`. */
export function errorFromStatus(status: number, message: string): StrataError {
  const known = classByStatus.get(status);
  const error = known ? new known(message) : new InternalError(message);
  replies.add(error);
  return error;
}

/** Whether the other side said this, rather than something on this side of the socket. */
export function isReply(error: unknown): boolean {
  return error instanceof StrataError && replies.has(error);
}

/** The status for any thrown value: its own for a `StrataError`, otherwise 500. */
export function statusOf(error: unknown): number {
  return error instanceof StrataError ? error.status : 500;
}

/** The text of any thrown value, for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
