import { createHash } from 'node:crypto';
import type { RawEntry } from '../test/fixtures/raw-tar.ts';

export interface LayerShape {
  /** The same seed gives the same bytes. */
  seed: string;
  /** Of all files together, about. */
  bytes: number;
  files: number;
}

const POOL_BYTES = 8 * 1024 * 1024;
const FILES_PER_DIRECTORY = 15;

/** Files as a distribution has them: nine in ten are small, the rest holds most of the bytes; text and machine code, gzip halves it. */
export class FileMaker {
  readonly #seed: string;
  readonly #next: () => number;

  constructor(seed: string) {
    this.#seed = seed;
    this.#next = numbers(seed);
  }

  * entries({ bytes, files }: LayerShape): Generator<RawEntry, void, undefined> {
    const small = Math.floor(files * 0.9);
    const smallBytes = Math.min(6000, Math.floor(bytes / files / 2));
    const largeBytes = Math.floor((bytes - small * smallBytes) / (files - small));
    for (let index = 0; index < files; index++) {
      const directory = `${this.#seed}/d${String(Math.floor(index / FILES_PER_DIRECTORY))}/`;
      if (index === 0) yield { name: `${this.#seed}/`, type: '5' };
      if (index % FILES_PER_DIRECTORY === 0) yield { name: directory, type: '5' };
      // Spread over the layer, as sorted by name.
      const isLarge = Math.floor(((index + 1) * (files - small)) / files) > Math.floor((index * (files - small)) / files);
      const size = Math.max(1, Math.round((isLarge ? largeBytes : smallBytes) * (0.5 + this.#next())));
      yield { name: `${directory}f${String(index)}`, body: this.#content(size), mode: index % 20 === 0 ? 0o755 : 0o644 };
    }
  }

  /** Pieces of the pool, which is far longer than what a compressor remembers. */
  #content(size: number): Buffer {
    const content = Buffer.allocUnsafe(size);
    for (let at = 0; at < size;) {
      const from = Math.floor(this.#next() * (POOL_BYTES - 65_536));
      at += pool().copy(content, at, from, from + Math.min(size - at, 4096 + Math.floor(this.#next() * 60_000)));
    }
    return content;
  }
}

let made: Buffer | undefined;

/** Words of a vocabulary, with stretches of bytes that nothing compresses. */
function pool(): Buffer {
  if (made) return made;
  const next = numbers('pool');
  const vocabulary = Array.from({ length: 4000 }, () => Buffer.from(Array.from({ length: 3 + Math.floor(next() * 9) }, () => 97 + Math.floor(next() ** 2 * 26))));
  const bytes = Buffer.alloc(POOL_BYTES, ' ');
  for (let at = 0; at < POOL_BYTES;) {
    if (next() < 0.01) {
      for (const end = Math.min(POOL_BYTES, at + 120); at < end; at++) bytes[at] = Math.floor(next() * 256);
    } else at += (vocabulary[Math.floor(next() ** 2 * 4000)]?.copy(bytes, at) ?? 0) + 1;
  }
  made = bytes;
  return bytes;
}

/** Numbers from 0 to 1, always the same for a seed. Source: "mulberry32" by Tommy Ettinger, public domain. */
function numbers(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
