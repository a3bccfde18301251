import { InvalidArgumentError } from '../../api/errors.ts';
import { parsePax, paxNumber, type PaxRecords, paxTime, paxXattrs } from './pax.ts';
import { checkSparseMap, gnuSparseParts, leadingSparseMap, paxSparseMap } from './sparse-map.ts';
import type { SparsePart, TarEntry, TarEntryType } from './tar-entry.ts';
import { BLOCK_BYTES, isZeroBlock, number, parseHeader, type RawHeader } from './tar-header.ts';

/** Names and attributes longer than this are an attack, not a file. */
const EXTENSION_LIMIT_BYTES = 1024 * 1024;
const SPARSE_MAP_LIMIT_BYTES = 16 * 1024 * 1024;

/** What a parser finds, in the archive's order. `data` and `end` come for files only. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /** A piece of the file's content and where in the file it belongs. The bytes are a view: valid during the call. */
  data(chunk: Uint8Array, offset: number): void;
  end(): void;
}

type Gathering = 'header' | 'extension' | 'sparse' | 'map';

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file', '\0': 'file', '7': 'file', S: 'file', '1': 'hardlink', '2': 'symlink', '3': 'char', '4': 'block', '5': 'directory', '6': 'fifo',
};

/**
 * Takes an archive apart as its bytes come, without waiting and without keeping more than one header: v7, ustar, pax, GNU and star, long
 * names, extended attributes, sparse files. Tells what is written, judges nothing: names may be absolute, contain `..` or lie.
 * Bytes after the end mark are let pass.
 */
export class TarParser {
  readonly #handler: TarHandler;
  /** Gathers what must be whole before it is understood: `#wanted` bytes of it. */
  #gathered = Buffer.allocUnsafe(BLOCK_BYTES);
  #filled = 0;
  #wanted = BLOCK_BYTES;
  #state: Gathering | 'data' | 'padding' | 'done' = 'header';
  #remaining = 0;
  #offset = 0;
  #parts: SparsePart[] = [];
  #extension: RawHeader | undefined;
  #pax: PaxRecords = new Map();
  #longName: string | undefined;
  #longLink: string | undefined;
  #pending: { entry: TarEntry; storedBytes: number } | undefined;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  /** @throws InvalidArgumentError for what is no tar; whatever the handler throws */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.#state !== 'done') {
      if (this.#state === 'data') at = this.#takeData(chunk, at);
      else if (this.#state === 'padding') at = this.#skip(chunk, at);
      else at = this.#gather(chunk, at);
    }
  }

  /** Says that no more bytes come. @throws InvalidArgumentError when the archive stops within an entry */
  finish(): void {
    const between = this.#state === 'header' && this.#filled === 0 && this.#pax.size === 0 && this.#longName === undefined && this.#longLink === undefined;
    // The last entry's padding may be missing: some writers end right after the data.
    if (this.#state !== 'done' && this.#state !== 'padding' && !between) throw new InvalidArgumentError('unexpected end of the archive: it is truncated');
  }

  #gather(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#wanted - this.#filled, chunk.length - at);
    this.#gathered.set(chunk.subarray(at, at + taken), this.#filled);
    this.#filled += taken;
    if (this.#filled === this.#wanted) this.#understand(this.#gathered.subarray(0, this.#wanted));
    return at + taken;
  }

  #want(state: Gathering, bytes: number, keep = 0): void {
    this.#state = state;
    this.#wanted = bytes;
    this.#filled = keep;
    if (this.#gathered.length < bytes) {
      const larger = Buffer.allocUnsafe(bytes);
      this.#gathered.copy(larger, 0, 0, keep);
      this.#gathered = larger;
    }
  }

  #understand(block: Buffer): void {
    switch (this.#state) {
      case 'header': this.#understandHeader(block); break;
      case 'extension': this.#understandExtension(block); break;
      case 'sparse': this.#understandSparse(block); break;
      default: this.#understandMap(block);
    }
  }

  #understandHeader(block: Buffer): void {
    // One zero block is the end here, as for other readers; the second is bytes after the end.
    if (isZeroBlock(block)) {
      this.#state = 'done';
      return;
    }
    const header = parseHeader(block);
    if ('xgLK'.includes(header.type)) {
      if (header.size > EXTENSION_LIMIT_BYTES) throw new InvalidArgumentError(`invalid tar header: an extended header of ${header.size} bytes`);
      this.#extension = header;
      if (header.size === 0) this.#want('header', BLOCK_BYTES);
      else this.#want('extension', padded(header.size));
      return;
    }
    this.#startEntry(header, block);
  }

  #understandExtension(block: Buffer): void {
    const header = this.#extension;
    const data = block.subarray(0, header?.size ?? 0);
    if (header?.type === 'x') this.#pax = parsePax(data);
    else if (header?.type === 'L') this.#longName = cString(data);
    else if (header?.type === 'K') this.#longLink = cString(data);
    this.#want('header', BLOCK_BYTES);
  }

  #startEntry(header: RawHeader, block: Buffer): void {
    const entry = toEntry(header, this.#pax, this.#longName, this.#longLink);
    const pax = this.#pax;
    this.#pax = new Map();
    this.#longName = undefined;
    this.#longLink = undefined;
    const storedBytes = entry.type === 'file' ? entry.size : 0;
    this.#parts = [];
    this.#pending = { entry, storedBytes };
    if (entry.type !== 'file') return this.#announce(undefined);
    if (header.type === 'S' && header.format === 'gnu') {
      entry.size = number(block, 483, 12, 'size');
      this.#parts = gnuSparseParts(block, 386, 4);
      if (block[482] === 0) this.#announce(this.#parts);
      else this.#want('sparse', BLOCK_BYTES);
      return;
    }
    const realSize = paxNumber(pax, 'GNU.sparse.realsize') ?? paxNumber(pax, 'GNU.sparse.size');
    if (realSize === undefined) return this.#announce(undefined);
    entry.size = realSize;
    if (pax.get('GNU.sparse.major') === '1') this.#want('map', BLOCK_BYTES);
    else this.#announce(paxSparseMap(pax));
  }

  /** One more block of an old GNU sparse map: 21 parts, and whether another block follows. */
  #understandSparse(block: Buffer): void {
    this.#parts.push(...gnuSparseParts(block, 0, 21));
    if (this.#parts.length * 24 > SPARSE_MAP_LIMIT_BYTES) throw new InvalidArgumentError('invalid tar header: the sparse map is too long');
    if (block[504] === 0) this.#announce(this.#parts);
    else this.#want('sparse', BLOCK_BYTES);
  }

  #understandMap(block: Buffer): void {
    const parts = leadingSparseMap(block);
    if (!parts) {
      if (block.length >= SPARSE_MAP_LIMIT_BYTES) throw new InvalidArgumentError('invalid tar header: the sparse map is too long');
      this.#want('map', block.length + BLOCK_BYTES, block.length);
      return;
    }
    if (this.#pending) this.#pending.storedBytes -= block.length;
    if ((this.#pending?.storedBytes ?? -1) < 0) throw new InvalidArgumentError('invalid tar header: the sparse map does not fit its data');
    this.#announce(parts);
  }

  #announce(sparse: SparsePart[] | undefined): void {
    const pending = this.#pending;
    if (!pending) return;
    const { entry, storedBytes } = pending;
    if (sparse) {
      checkSparseMap(sparse, entry.size, storedBytes);
      entry.sparse = sparse;
    }
    this.#parts = sparse ?? [{ offset: 0, size: storedBytes }];
    this.#remaining = storedBytes;
    this.#offset = 0;
    this.#handler.entry(entry);
    if (entry.type === 'file') this.#nextPart(storedBytes);
    else this.#want('header', BLOCK_BYTES);
  }

  #nextPart(storedBytes: number): void {
    while (this.#parts[0]?.size === 0) this.#parts.shift();
    this.#offset = this.#parts[0]?.offset ?? 0;
    if (this.#remaining > 0) {
      this.#state = 'data';
      return;
    }
    this.#handler.end();
    this.#remaining = padded(storedBytes) - storedBytes;
    if (this.#remaining > 0) this.#state = 'padding';
    else this.#want('header', BLOCK_BYTES);
  }

  #takeData(chunk: Uint8Array, at: number): number {
    const part = this.#parts[0];
    const partLeft = part ? part.offset + part.size - this.#offset : this.#remaining;
    const taken = Math.min(partLeft, this.#remaining, chunk.length - at);
    this.#handler.data(chunk.subarray(at, at + taken), this.#offset);
    this.#offset += taken;
    this.#remaining -= taken;
    if (taken === partLeft || this.#remaining === 0) {
      this.#parts.shift();
      this.#nextPart(this.#pending?.storedBytes ?? 0);
    }
    return at + taken;
  }

  #skip(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#remaining, chunk.length - at);
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#want('header', BLOCK_BYTES);
    return at + taken;
  }
}

const padded = (size: number): number => Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;

function cString(data: Buffer): string {
  const end = data.indexOf(0);
  return data.toString('latin1', 0, end === -1 ? data.length : end);
}

function toEntry(header: RawHeader, pax: PaxRecords, longName: string | undefined, longLink: string | undefined): TarEntry {
  const name = pax.get('GNU.sparse.name') ?? pax.get('path') ?? longName ?? header.name;
  const written = TYPES[header.type];
  if (written === undefined) throw new InvalidArgumentError(`unsupported kind of tar entry ${JSON.stringify(header.type)}: ${JSON.stringify(Buffer.from(name, 'latin1').toString('utf8'))}`);
  const mtime = paxTime(pax, 'mtime');
  // Archives from before directories had a type of their own mark them by the slash.
  const type = written === 'file' && header.type !== 'S' && name.endsWith('/') ? 'directory' : written;
  return {
    type, name,
    linkName: type === 'symlink' || type === 'hardlink' ? (pax.get('linkpath') ?? longLink ?? header.linkName) : '',
    mode: header.mode,
    uid: paxNumber(pax, 'uid') ?? header.uid,
    gid: paxNumber(pax, 'gid') ?? header.gid,
    size: type === 'file' ? (paxNumber(pax, 'size') ?? header.size) : 0,
    mtime: mtime?.seconds ?? header.mtime,
    ...(mtime === undefined || mtime.nanoseconds === 0 ? {} : { mtimeNanoseconds: mtime.nanoseconds }),
    deviceMajor: header.deviceMajor,
    deviceMinor: header.deviceMinor,
    xattrs: pax.size === 0 ? NO_XATTRS : paxXattrs(pax),
  };
}

const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();
