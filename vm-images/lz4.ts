const LEGACY_MAGIC = 0x184c2102;

/** Whether the data starts as `lz4 -l` writes (the kernel's form of lz4). */
export function isLz4Legacy(data: Buffer): boolean {
  return data.length >= 4 && data.readUInt32LE(0) === LEGACY_MAGIC;
}

/**
 * Decompresses the legacy frame: the magic, then blocks of a 32-bit length and that many bytes, each at most 8 MiB when decompressed.
 * What follows the last whole block (the kernel appends the size) is ignored. Source: lz4_Frame_format.md, "Legacy frame".
 */
export function lz4Legacy(data: Buffer): Buffer {
  if (!isLz4Legacy(data)) throw new Error('not an lz4 legacy frame');
  const blocks: Buffer[] = [];
  let at = 4;
  while (at + 4 <= data.length) {
    const size = data.readUInt32LE(at);
    if (size === 0 || at + 4 + size > data.length) break;
    blocks.push(lz4Block(data.subarray(at + 4, at + 4 + size), 8 << 20));
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}

/** Source: lz4_Block_format.md. @throws Error when the block is damaged or larger than `limit`. */
function lz4Block(block: Buffer, limit: number): Buffer {
  const out = Buffer.alloc(limit);
  let from = 0;
  let to = 0;
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble !== 15) return total;
    for (let byte = 255; byte === 255; total += byte) byte = block[from++] ?? bad();
    return total;
  };
  while (from < block.length) {
    const token = block[from++] ?? bad();
    const literals = length(token >> 4);
    if (from + literals > block.length || to + literals > limit) bad();
    block.copy(out, to, from, from + literals);
    from += literals;
    to += literals;
    if (from >= block.length) break;
    const distance = block.readUInt16LE(from);
    from += 2;
    const match = length(token & 15) + 4;
    if (distance === 0 || distance > to || to + match > limit) bad();
    if (distance >= match) out.copyWithin(to, to - distance, to - distance + match);
    else for (let i = 0; i < match; i++) out[to + i] = out[to + i - distance] ?? 0;
    to += match;
  }
  return out.subarray(0, to);
}

function bad(): never {
  throw new Error('damaged lz4 block');
}
