import { InvalidArgumentError } from '../../api/errors.ts';
import type { BridgeRequest, PeerName } from '../../api/desktop.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'] as const;
const PEERS: readonly PeerName[] = ['engine', 'machine'];
const MAX_PATH = 64 * 1024;
const MAX_HEADERS = 32;
const MAX_HEADER_VALUE = 16 * 1024;
/** A body that is sent whole; more has to be streamed. */
const MAX_WHOLE_BODY = 16 * 1024 * 1024;
/** The transport sets these from what it does; a window that could set them could confuse the peer about where a request ends. */
const OWN_HEADERS = new Set(['host', 'connection', 'upgrade', 'transfer-encoding', 'content-length', 'te', 'trailer', 'expect']);

/**
 * Reads what a window has sent to `strata:open`. The window is ours, and is treated as if it were not.
 * @throws InvalidArgumentError that names the field
 */
export function parseBridgeRequest(value: unknown): BridgeRequest {
  const record = asRecord(value, 'request');
  const method = METHODS.find((known) => known === record['method']);
  const peer = PEERS.find((known) => known === record['peer']);
  if (method === undefined) throw new InvalidArgumentError('bridge request: unknown method');
  if (peer === undefined) throw new InvalidArgumentError('bridge request: unknown peer');
  return {
    id: parseId(record['id']), peer, method, path: parsePath(record['path']), headers: parseHeaders(record['headers']),
    upgrade: record['upgrade'] === true, body: parseBody(record['body']),
  };
}

/** @throws InvalidArgumentError */
export function parseId(value: unknown): string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9-]{1,64}$/.test(value)) throw new InvalidArgumentError('bridge request: bad connection id');
  return value;
}

/** A piece of a body, or null for its end. @throws InvalidArgumentError */
export function parseChunk(value: unknown): Uint8Array | null {
  if (value === null) return null;
  if (!(value instanceof Uint8Array)) throw new InvalidArgumentError('bridge request: a chunk is bytes or null');
  return value;
}

/** @throws InvalidArgumentError */
export function parseCredit(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('bridge request: credit is a number of bytes');
  return value;
}

function parsePath(value: unknown): string {
  // Printable ASCII without space: what may stand in a request line.
  if (typeof value !== 'string' || value.length > MAX_PATH || !/^\/[\x21-\x7e]*$/.test(value)) throw new InvalidArgumentError('bridge request: bad path');
  return value;
}

function parseHeaders(value: unknown): Record<string, string> {
  const entries = Object.entries(asRecord(value, 'headers'));
  if (entries.length > MAX_HEADERS) throw new InvalidArgumentError('bridge request: too many headers');
  return Object.fromEntries(entries.map(([name, text]) => {
    const lower = name.toLowerCase();
    if (!/^[a-z0-9-]{1,64}$/.test(lower) || OWN_HEADERS.has(lower)) throw new InvalidArgumentError(`bridge request: header ${JSON.stringify(name.slice(0, 64))} is not allowed`);
    if (typeof text !== 'string' || text.length > MAX_HEADER_VALUE || !/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) throw new InvalidArgumentError(`bridge request: bad value of header ${lower}`);
    return [lower, text];
  }));
}

function parseBody(value: unknown): BridgeRequest['body'] {
  if (value === 'none' || value === 'stream') return value;
  if (value instanceof Uint8Array && value.length <= MAX_WHOLE_BODY) return value;
  throw new InvalidArgumentError('bridge request: bad body');
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidArgumentError(`bridge request: ${what} is not an object`);
  return value as Record<string, unknown>;
}
