import { type BackoffPolicy, retry } from '../../base/retry.ts';
import type { HttpReply } from './http-exchange.ts';
import type { Descriptor } from '../images/manifest.ts';
import type { RegistryClient } from './registry-client.ts';
import { RegistryProtocolError, RegistryReplyError, RegistryUnreachableError, worthRetrying } from './registry-error.ts';
import type { OpenContent, PushOutcome } from './repository.ts';

export interface UploadOptions {
  client: RegistryClient;
  /** Path of the repository, `library/busybox`. */
  path: string;
  blob: Descriptor;
  open: OpenContent;
  mountFrom: readonly string[];
  /** The most bytes in one PATCH; undefined sends what is left in one, which every registry understands. */
  chunkBytes: number | undefined;
  policy: BackoffPolicy;
  signal?: AbortSignal | undefined;
  onBytes: (sent: number) => void;
}

/** Blobs up to this size go with the closing PUT: one request less. */
const MONOLITHIC_BYTES = 256 * 1024;
/** Repositories that are asked to lend a blob. Each costs one request when it does not. */
const MOST_MOUNTS = 2;

interface Session {
  location: URL;
  /** Bytes that the registry has. */
  offset: number;
}

/**
 * Puts one blob into a repository: asks whether it is there, tries to have it mounted from a neighbour, and uploads it otherwise.
 * An upload that breaks off goes on where the registry says it stands; where the registry has forgotten it, it begins anew.
 * Source: OCI distribution-spec, "Pushing Blobs".
 */
export async function uploadBlob(options: UploadOptions): Promise<PushOutcome> {
  if (await isThere(options)) return 'exists';
  const opening = await openSession(options);
  if ('mountedFrom' in opening) return opening;
  let session: Session | undefined = opening;
  return retry(async (attempt): Promise<PushOutcome> => {
    // The closing reply alone may have been lost.
    if (session === undefined && await isThere(options)) return 'pushed';
    if (session === undefined) session = await begin(options);
    else if (attempt > 0) session = await standOf(options, session);
    await sendRest(options, session);
    return 'pushed';
  }, {
    policy: options.policy, signal: options.signal,
    worthwhile: (error) => {
      // What the registry calls an unknown or invalid upload is gone: only a new one helps.
      const lost = error instanceof RegistryReplyError && (error.httpStatus === 404 || error.httpStatus === 416 || error.code === 'BLOB_UPLOAD_UNKNOWN' || error.code === 'BLOB_UPLOAD_INVALID');
      if (lost) session = undefined;
      return lost || worthRetrying(error);
    },
  });
}

const scopes = (path: string, from?: string): string[] => [`repository:${path}:pull,push`, ...(from === undefined ? [] : [`repository:${from}:pull`])];

async function isThere({ client, path, blob, signal }: UploadOptions): Promise<boolean> {
  const reply = await client.send({ method: 'HEAD', target: `${path}/blobs/${blob.digest}`, scopes: scopes(path), accept: [200, 404], what: `blob ${blob.digest}`, signal });
  reply.discard();
  return reply.status === 200;
}

async function openSession(options: UploadOptions): Promise<Session | { mountedFrom: string }> {
  const { client, path, blob, signal } = options;
  let opened: Session | undefined;
  for (const from of options.mountFrom.slice(0, MOST_MOUNTS)) {
    const query = new URLSearchParams({ mount: blob.digest, from });
    const reply = await client.send({ method: 'POST', target: `${path}/blobs/uploads/?${query.toString()}`, scopes: scopes(path, from), accept: [201, 202, 400, 401, 403, 404, 405], what: `mount of ${blob.digest}`, signal });
    reply.discard();
    if (reply.status === 201) return { mountedFrom: from };
    // Not mounted, but the registry has opened an upload instead.
    if (reply.status === 202) opened = sessionOf(client, reply, 0);
  }
  return opened ?? begin(options);
}

async function begin({ client, path, blob, signal, onBytes }: UploadOptions): Promise<Session> {
  onBytes(0);
  const reply = await client.send({ method: 'POST', target: `${path}/blobs/uploads/`, scopes: scopes(path), accept: [202], what: `upload of ${blob.digest}`, signal });
  reply.discard();
  return sessionOf(client, reply, 0);
}

/** Where an upload stands, asked only after it has broken off. */
async function standOf(options: UploadOptions, session: Session): Promise<Session> {
  const reply = await options.client.send({ method: 'GET', target: session.location, scopes: scopes(options.path), accept: [204], what: `state of the upload of ${options.blob.digest}`, signal: options.signal });
  reply.discard();
  const location = reply.headers.location === undefined ? session.location : options.client.locate(reply.url, reply.headers.location);
  return { location, offset: rangeEnd(reply) ?? 0 };
}

async function sendRest(options: UploadOptions, session: Session): Promise<void> {
  const { blob, onBytes } = options;
  if (session.offset > blob.size) throw new RegistryReplyError('blob upload invalid: registry has more bytes than were sent', { httpStatus: 416, code: 'BLOB_UPLOAD_INVALID' });
  const inOne = session.offset === 0 && blob.size <= MONOLITHIC_BYTES;
  while (!inOne && session.offset < blob.size) await sendChunk(options, session);
  const target = new URL(session.location);
  target.searchParams.set('digest', blob.digest);
  const content = inOne && blob.size > 0 ? await collect(options.open(0), blob.size) : undefined;
  const reply = await options.client.sendOnce({
    method: 'PUT', target, scopes: scopes(options.path), accept: [201, 204], what: `upload of ${blob.digest}`, signal: options.signal,
    ...(content === undefined ? {} : { body: content, headers: { 'content-type': 'application/octet-stream' } }),
  });
  reply.discard();
  onBytes(blob.size);
}

async function sendChunk(options: UploadOptions, session: Session): Promise<void> {
  const { client, blob, open, onBytes } = options;
  const start = session.offset;
  const length = Math.min(blob.size - start, options.chunkBytes ?? Infinity);
  // Registries of today refuse a Content-Range on a whole upload no more than they need it.
  const ranged = start > 0 || length < blob.size;
  const reply = await client.sendOnce({
    method: 'PATCH', target: session.location, scopes: scopes(options.path), accept: [202, 204], what: `upload of ${blob.digest}`, signal: options.signal,
    headers: { 'content-type': 'application/octet-stream', ...(ranged ? { 'content-range': `${start}-${start + length - 1}` } : {}) },
    body: { bytes: length, open: () => counted(open(start), start, length, onBytes) },
  });
  reply.discard();
  const next = sessionOf(client, reply, start + length);
  const end = rangeEnd(reply);
  if (end !== undefined && end !== next.offset) throw new RegistryUnreachableError(`registry ${reply.url.host} has taken ${end} of ${next.offset} bytes of ${blob.digest}`, { passing: true });
  session.location = next.location;
  session.offset = next.offset;
}

/** Exactly `length` bytes of `source`, reporting each once the connection has asked for the next. */
async function* counted(source: AsyncIterable<Uint8Array>, start: number, length: number, onBytes: (sent: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
  let sent = 0;
  for await (const chunk of source) {
    const part = chunk.subarray(0, length - sent);
    yield part;
    sent += part.byteLength;
    onBytes(start + sent);
    if (sent === length) return;
  }
  throw new RegistryProtocolError(`content ends after ${start + sent} of ${start + length} bytes`);
}

async function collect(source: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of counted(source, 0, size, () => undefined)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sessionOf(client: RegistryClient, reply: HttpReply, offset: number): Session {
  return { location: client.locate(reply.url, reply.headers.location), offset };
}

/** `Range: 0-99` (or `bytes=0-99`) means 100 bytes; docker's registry says `0-0` for none as well as for one. */
function rangeEnd(reply: HttpReply): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(reply.headers['range'] ?? '')?.[1];
  return last === undefined ? undefined : last === '0' ? 0 : Number(last) + 1;
}
