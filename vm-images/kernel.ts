import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { isElf, packSegments } from './elf.ts';
import { isLz4Legacy, lz4Legacy } from './lz4.ts';

/**
 * The kernel as the VM loads it: uncompressed, because a guest under emulation decompresses slowly.
 * - x86: the ELF inside the bzImage (Linux boot protocol: setup_sects at 0x1f1, payload_offset and _length at 0x248), without holes and sections;
 *   it carries the PVH note by which QEMU starts it.
 * - arm64: the Image inside the gzip file.
 * A kernel in a form that is not known is returned as it is: it boots too, only later.
 */
export function unpackKernel(file: Buffer): Buffer {
  if (file.toString('latin1', 0x202, 0x206) !== 'HdrS') return isGzip(file) ? gunzipSync(file) : file;
  const setupBytes = ((file[0x1f1] ?? 0) + 1) * 512;
  const start = setupBytes + file.readUInt32LE(0x248);
  const payload = file.subarray(start, start + file.readUInt32LE(0x24c));
  const kernel = decompress(payload);
  return kernel !== undefined && isElf(kernel) ? packSegments('vmlinux', kernel) : file;
}

function decompress(payload: Buffer): Buffer | undefined {
  if (isLz4Legacy(payload)) return lz4Legacy(payload);
  if (isGzip(payload)) return gunzipSync(payload);
  // The kernel appends the uncompressed size to the zstd frame.
  if (payload.readUInt32LE(0) === 0xfd2fb528) return zstdDecompressSync(payload.subarray(0, -4));
  return undefined;
}

function isGzip(data: Buffer): boolean {
  return data[0] === 0x1f && data[1] === 0x8b;
}
