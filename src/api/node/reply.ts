import type { IncomingMessage } from 'node:http';
import { errorFromStatus, UnavailableError } from '../errors.ts';

export function flattenHeaders(reply: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]])));
}

/** Errors of the connection, told once: who is not there and why. An abort stays what it is. */
export function toUnavailable(error: NodeJS.ErrnoException, endpoint: string): Error {
  if (error.name === 'AbortError') return error;
  return new UnavailableError(describe(error, endpoint), { cause: error });
}

function describe(error: NodeJS.ErrnoException, endpoint: string): string {
  switch (error.code) {
    case 'ENOENT': return `cannot connect to the engine at ${endpoint}: nothing is there`;
    case 'ECONNREFUSED': return `cannot connect to the engine at ${endpoint}: nobody listens there`;
    case 'EACCES':
    case 'EPERM': return `cannot connect to the engine at ${endpoint}: permission denied`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN': return `cannot connect to the engine at ${endpoint}: the name does not resolve`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE': return `the connection to the engine at ${endpoint} was lost`;
    default: return `the connection to the engine at ${endpoint} failed: ${error.message}`;
  }
}

const MESSAGE_LIMIT_BYTES = 64 * 1024;

/** The error that a reply to an upgrade stands for, when it is not the connection. */
export async function upgradeRefused(reply: IncomingMessage): Promise<Error> {
  let raw = '';
  reply.setEncoding('utf8');
  for await (const chunk of reply as AsyncIterable<string>) {
    raw += chunk;
    if (raw.length > MESSAGE_LIMIT_BYTES) break;
  }
  return errorFromStatus(reply.statusCode ?? 500, messageIn(raw) ?? `engine answered an upgrade with status ${reply.statusCode}`);
}

function messageIn(raw: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(raw);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string') return parsed.message;
  } catch {
    // Old daemons and proxies answer in plain text.
  }
  return raw.trim() === '' ? undefined : raw.trim();
}
