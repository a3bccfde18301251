import type { TarEntry } from './tar-entry.ts';
import { TarParser } from './tar-parser.ts';

export interface TarMember {
  entry: TarEntry;
  /** The content of a file, holes filled with zeros. What is not read is skipped when the next member is asked for. */
  body: AsyncIterable<Uint8Array>;
}

type Piece = { kind: 'entry'; entry: TarEntry } | { kind: 'data'; chunk: Uint8Array; offset: number } | { kind: 'end' };

/**
 * Reads an archive member by member, with back-pressure: `source` is read only as fast as bodies are.
 * @throws InvalidArgumentError when it is no tar or is truncated
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const pieces = readPieces(source);
  try {
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
      if (next.value.kind !== 'entry') continue;
      const { entry } = next.value;
      yield { entry, body: entry.type === 'file' ? readBody(entry, pieces) : nothing() };
    }
  } finally {
    await pieces.return(undefined);
  }
}

async function* readPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let found: Piece[] = [];
  const parser = new TarParser({
    entry: (entry) => found.push({ kind: 'entry', entry }),
    data: (chunk, offset) => found.push({ kind: 'data', chunk, offset }),
    end: () => found.push({ kind: 'end' }),
  });
  for await (const chunk of source) {
    parser.push(chunk);
    const now = found;
    found = [];
    yield* now;
  }
  parser.finish();
}

const ZEROS = new Uint8Array(64 * 1024);

async function* readBody(entry: TarEntry, pieces: AsyncGenerator<Piece>): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (let next = await pieces.next(); next.done !== true && next.value.kind !== 'end'; next = await pieces.next()) {
    if (next.value.kind !== 'data') continue;
    yield* zeros(next.value.offset - position);
    yield next.value.chunk;
    position = next.value.offset + next.value.chunk.length;
  }
  yield* zeros(entry.size - position);
}

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= ZEROS.length) yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS;
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // A member without content.
}
