import type { Duplex } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { InvalidArgumentError, messageOf } from '../../api/errors.ts';
import { BZIP2, decompressByProgram, XZ } from './decompress-program.ts';
import { feed } from './feed.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

/** By the first bytes: names and media types lie. Sources: RFC 1952, RFC 8878, xz and bzip2 file formats. */
export function compressionOf(head: Uint8Array): Compression {
  const hex = Buffer.from(head.subarray(0, 6)).toString('hex');
  if (hex.startsWith('1f8b08')) return 'gzip';
  // A frame, or a skippable frame in front of one.
  if (hex.startsWith('28b52ffd') || /^5.2a4d18/.test(hex)) return 'zstd';
  if (hex === 'fd377a585a00') return 'xz';
  if (hex.startsWith('425a68')) return 'bzip2';
  return 'none';
}

/**
 * The bytes that `source` stands for, whatever it is compressed with. A compressed piece has been used up when the next is asked for.
 * @throws InvalidArgumentError for damaged or truncated data; UnavailableError where the program for xz or bzip2 is missing
 */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  let ended = false;
  while (head.length < 6 && !ended) {
    const next = await iterator.next();
    if (next.done === true) ended = true;
    else head = head.length === 0 && next.value.length >= 6 ? next.value : Buffer.concat([head, next.value]);
  }
  const whole = rejoin(head, iterator, ended);
  const compression = compressionOf(head);
  if (compression === 'none') yield* whole;
  else if (compression === 'xz') yield* decompressByProgram(whole, XZ);
  else if (compression === 'bzip2') yield* decompressByProgram(whole, BZIP2);
  else yield* inflate(whole, compression);
}

async function* rejoin(head: Uint8Array, rest: AsyncIterator<Uint8Array>, ended: boolean): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = ended ? undefined : await rest.next(); next !== undefined && next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* inflate(source: AsyncIterable<Uint8Array>, compression: 'gzip' | 'zstd'): AsyncGenerator<Uint8Array> {
  const inflater = inflaterFor(compression);
  let sourceFailure: { error: unknown } | undefined;
  void feed(source, inflater).then((failure) => {
    sourceFailure = failure;
    if (failure) inflater.destroy(failure.error instanceof Error ? failure.error : new Error(messageOf(failure.error)));
  });
  try {
    for await (const chunk of inflater) yield chunk as Uint8Array;
  } catch (cause) {
    if (sourceFailure) throw sourceFailure.error;
    throw new InvalidArgumentError(`damaged ${compression} data: ${messageOf(cause)}`, { cause });
  } finally {
    inflater.destroy();
  }
}

function inflaterFor(compression: 'gzip' | 'zstd'): Duplex {
  const options = { chunkSize: 1024 * 1024 };
  return compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
}
