import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { InternalError } from '../../api/errors.ts';
import type { LayerFile, LayerFileKind, LayerIndex } from './layer-index.ts';

const MAGIC = 'strata layer index 1';
const FIELDS = 8;
const LETTERS: Readonly<Record<LayerFileKind, string>> = { file: 'f', directory: 'd', symlink: 'l', char: 'c', block: 'b', fifo: 'p', whiteout: 'w', link: 'n' };
const KINDS = new Map((Object.keys(LETTERS) as LayerFileKind[]).map((kind) => [LETTERS[kind], kind]));
/** One more name of a file whose record came before. */
const SAME = 'h';

/**
 * The index as it is kept: fields that end with NUL, which no path can hold, one byte per character; zstd with a checksum around it.
 * A record is a letter (with `o` for opaque, `i` for implied), mode (octal), uid, gid, size, link, digest, path.
 */
export function encodeLayerIndex(index: LayerIndex): Buffer {
  const first = new Map<LayerFile, string>();
  const fields = [MAGIC];
  for (const [path, file] of index) {
    const other = first.get(file);
    if (other !== undefined) { fields.push(SAME, '', '', '', '', other, '', path); continue; }
    if (file.kind === 'file') first.set(file, path);
    fields.push(LETTERS[file.kind] + (file.opaque ? 'o' : '') + (file.implied ? 'i' : ''), file.mode.toString(8), String(file.uid), String(file.gid), String(file.size), file.link, file.digest, path);
  }
  fields.push('');
  return zstdCompressSync(Buffer.from(fields.join('\0'), 'latin1'), { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } });
}

/** @throws InternalError for what is damaged or of another version: the index is to be made anew */
export function decodeLayerIndex(bytes: Uint8Array): LayerIndex {
  const fields = inflate(bytes).split('\0');
  if (fields[0] !== MAGIC || (fields.length - 2) % FIELDS !== 0) throw new InternalError('a layer index cannot be read: it is damaged or of another version');
  const index = new Map<string, LayerFile>();
  for (let at = 1; at < fields.length - 1; at += FIELDS) {
    const [letter = '', mode = '', uid, gid, size, link = '', digest = '', path = ''] = fields.slice(at, at + FIELDS);
    const same = letter === SAME ? index.get(link) : undefined;
    const kind = KINDS.get(letter[0] ?? '');
    if (same) index.set(path, same);
    else if (kind === undefined) throw new InternalError(`a layer index cannot be read: there is no kind ${JSON.stringify(letter)}`);
    else index.set(path, { kind, mode: Number.parseInt(mode, 8), uid: Number(uid), gid: Number(gid), size: Number(size), link, digest, opaque: letter.includes('o', 1), implied: letter.includes('i', 1) });
  }
  return index;
}

function inflate(bytes: Uint8Array): string {
  try {
    return zstdDecompressSync(bytes).toString('latin1');
  } catch (cause) {
    throw new InternalError('a layer index cannot be read: it is damaged', { cause });
  }
}
