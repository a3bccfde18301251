import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, type BackoffPolicy } from '../../base/retry.ts';
import type { HttpReply } from './http-exchange.ts';
import type { Descriptor } from '../images/manifest.ts';
import { RegistryProtocolError, RegistryReplyError, RegistryUnreachableError, worthRetrying } from './registry-error.ts';

export interface DownloadOptions {
  blob: Descriptor;
  offset: number;
  /** One request, for the bytes from `offset` on; its reply has status 200, 206 or 416. */
  request(offset: number): Promise<HttpReply>;
  policy: BackoffPolicy;
  signal?: AbortSignal | undefined;
  onResume?: (at: number, error: unknown) => void;
  /** Told once a second before a new attempt, counting down to 1. */
  onRetry?: ((seconds: number) => void) | undefined;
}

/** A connection that has brought this much has earned a fresh set of attempts. */
const PROGRESS_BYTES = 64 * 1024;

/**
 * The bytes of a blob from an offset to its end, over as many connections as it takes. Never more bytes than the descriptor says.
 * @throws RegistryProtocolError for a length that is not the descriptor's; otherwise what the last attempt failed with
 */
export async function* downloadBlob(options: DownloadOptions): AsyncGenerator<Uint8Array, void, undefined> {
  const { blob, policy, signal } = options;
  let offset = options.offset;
  for (let failures = 0; offset < blob.size;) {
    const start = offset;
    try {
      for await (const chunk of bytesFrom(await options.request(offset), blob, offset)) {
        offset += chunk.byteLength;
        yield chunk;
      }
      return;
    } catch (error) {
      failures = offset - start >= PROGRESS_BYTES ? 1 : failures + 1;
      const verdict = signal?.aborted !== true && failures < policy.attempts && worthRetrying(error);
      if (verdict === false) throw error;
      options.onResume?.(offset, error);
      await countDown(Math.max(backoffMs(failures - 1, policy), verdict === true ? 0 : verdict), options);
    }
  }
}

/** The odd part of a second comes first, so that the last count lasts a whole one. */
async function countDown(waitMs: number, { onRetry, signal }: DownloadOptions): Promise<void> {
  for (let left = waitMs; left > 0;) {
    const seconds = Math.ceil(left / 1000);
    onRetry?.(seconds);
    const part = left - (seconds - 1) * 1000;
    await sleep(part, undefined, signal ? { signal } : {});
    left = (seconds - 1) * 1000;
  }
}

async function* bytesFrom(reply: HttpReply, blob: Descriptor, offset: number): AsyncGenerator<Uint8Array, void, undefined> {
  let skip = positionOf(reply, blob, offset);
  let left = blob.size - offset;
  try {
    for await (const chunk of reply.bytes()) {
      const wanted = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.byteLength));
      skip -= chunk.byteLength - wanted.byteLength;
      if (wanted.byteLength > left) throw new RegistryProtocolError(`registry ${reply.url.host} sends more than the ${blob.size} bytes announced for ${blob.digest}`);
      left -= wanted.byteLength;
      if (wanted.byteLength > 0) yield wanted;
    }
  } catch (error) {
    reply.discard();
    throw error;
  }
  if (left > 0 && reply.headers['content-length'] !== undefined) throw new RegistryProtocolError(`registry ${reply.url.host} sends ${blob.size - left} of the ${blob.size} bytes announced for ${blob.digest}`);
  // Without a length, an early end cannot be told from a broken connection.
  if (left > 0) throw new RegistryUnreachableError(`registry ${reply.url.host} broke off ${blob.digest} after ${blob.size - left} of ${blob.size} bytes`, { passing: true });
}

/** How many of the reply's bytes come before the ones that were asked for: a registry may not know ranges. */
function positionOf(reply: HttpReply, blob: Descriptor, offset: number): number {
  const fail = (why: string): RegistryProtocolError => {
    reply.discard();
    return new RegistryProtocolError(`registry ${reply.url.host} ${why} for ${blob.digest}`);
  };
  if (reply.status === 416) {
    reply.discard();
    throw new RegistryReplyError(`registry ${reply.url.host} has no bytes from ${offset} on of ${blob.digest}`, { httpStatus: 416, code: 'SIZE_INVALID' });
  }
  const length = reply.headers['content-length'] === undefined ? undefined : Number(reply.headers['content-length']);
  if (reply.status === 200) {
    if (length !== undefined && length !== blob.size) throw fail(`announces ${length} instead of ${blob.size} bytes`);
    return offset;
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(reply.headers['content-range'] ?? '');
  if (range?.[1] === undefined || Number(range[1]) > offset || (range[3] !== '*' && Number(range[3]) !== blob.size)) throw fail('sends another range than the one asked');
  return offset - Number(range[1]);
}
