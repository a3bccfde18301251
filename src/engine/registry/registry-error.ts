import type { Challenge } from './challenge.ts';
import { StrataError } from '../../api/errors.ts';

/**
 * A registry answered, but not with what was asked. `code` is the specification's (`MANIFEST_UNKNOWN`, `DENIED` …) or empty where
 * the reply carried none. The text is docker's: `manifest unknown: manifest unknown`.
 * Source: OCI distribution-spec, "Error Codes".
 */
export class RegistryReplyError extends StrataError {
  override readonly name: string = 'RegistryReplyError';
  /** 502: towards docker's clients this is somebody else's fault, unless a caller says what it means here. */
  override readonly status: number = 500;
  readonly httpStatus: number;
  readonly code: string;
  /** What the registry's Retry-After asks for. */
  readonly retryAfterMs: number | undefined;
  constructor(message: string, details: { httpStatus: number; code: string; retryAfterMs?: number | undefined }) {
    super(message);
    this.httpStatus = details.httpStatus;
    this.code = details.code;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** No answer, or half of one: connection refused, reset, timed out, not HTTP, a certificate that does not hold. */
export class RegistryUnreachableError extends StrataError {
  override readonly name: string = 'RegistryUnreachableError';
  override readonly status: number = 503;
  /** False for what will not change by itself: a bad certificate, a name that does not exist. */
  readonly passing: boolean;
  constructor(message: string, options: { passing: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.passing = options.passing;
  }
}

/** A registry broke the protocol: wrong length, wrong digest, a redirect that leads nowhere. Trying the same registry again cannot help. */
export class RegistryProtocolError extends StrataError {
  override readonly name: string = 'RegistryProtocolError';
  override readonly status: number = 500;
}

const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const LONGEST_WAIT_MS = 120_000;

/** Whether trying again may help, and the least time to wait, for `retry`. */
export function worthRetrying(error: unknown): boolean | number {
  if (error instanceof RegistryUnreachableError) return error.passing;
  if (!(error instanceof RegistryReplyError)) return false;
  if (error.retryAfterMs !== undefined && error.retryAfterMs > LONGEST_WAIT_MS) return false;
  return PASSING_STATUSES.has(error.httpStatus) && (error.retryAfterMs ?? true);
}

/**
 * Seconds or an HTTP date. Source: RFC 9110, section 10.2.3.
 * @returns milliseconds from `now`, undefined for what is neither
 */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const TEXT_LIMIT = 512;

/** The error in a registry's reply. Only JSON of the specification's form is quoted: an HTML page is no message. */
export function replyError(reply: { status: number; body: string; retryAfter: string | undefined; challenges?: readonly Challenge[] }, what: string): RegistryReplyError {
  const { code, message, details } = firstError(reply.body);
  const fallback = FALLBACK[reply.status];
  const known = tokenError(reply.challenges ?? []) ?? (code === '' && fallback !== undefined ? { code: fallback.code, message: details || fallback.message } : { code, message });
  const text = known.code === '' ? `${what}: registry answered with status ${String(reply.status)}` : `${known.code.toLowerCase().replaceAll('_', ' ')}: ${known.message}`;
  return new RegistryReplyError(text, { httpStatus: reply.status, code: known.code, retryAfterMs: parseRetryAfter(reply.retryAfter) });
}

/** What is wrong with a token says the challenge, before the body. Source: RFC 6750, section 3.1. */
function tokenError(challenges: readonly Challenge[]): { code: string; message: string } | undefined {
  const { parameters } = challenges.find(({ scheme, parameters: { error } }) => scheme === 'bearer' && (error === 'insufficient_scope' || error === 'invalid_token')) ?? {};
  if (!parameters) return undefined;
  const { code, message } = parameters['error'] === 'insufficient_scope' ? DENIED : UNAUTHORIZED;
  return { code, message: printable(parameters['error_description'] ?? '') || message };
}

const UNAUTHORIZED = { code: 'UNAUTHORIZED', message: 'authentication required' };
const DENIED = { code: 'DENIED', message: 'requested access to the resource is denied' };
const FALLBACK: Readonly<Partial<Record<number, { code: string; message: string }>>> = {
  401: UNAUTHORIZED,
  403: DENIED,
  429: { code: 'TOOMANYREQUESTS', message: 'too many requests' },
};

/** `details` is what Docker Hub's token server says instead of a list of errors. */
function firstError(body: string): { code: string; message: string; details: string } {
  const none = { code: '', message: '', details: '' };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return none;
  }
  const details = typeof parsed === 'object' && parsed !== null && 'details' in parsed && typeof parsed.details === 'string' ? printable(parsed.details) : '';
  const errors: unknown = typeof parsed === 'object' && parsed !== null && 'errors' in parsed ? parsed.errors : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== 'object' || first === null) return { ...none, details };
  const code = 'code' in first && typeof first.code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(first.code) ? first.code : '';
  const message = 'message' in first && typeof first.message === 'string' ? printable(first.message) : '';
  return { code, message: message === '' ? code.toLowerCase().replaceAll('_', ' ') : message, details };
}

/** Text from outside goes to terminals: control characters and endless lines do not. */
export function printable(text: string): string {
  return text.slice(0, TEXT_LIMIT).replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
}
