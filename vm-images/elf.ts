/** A program header of an ELF64 file; offsets and sizes in bytes. */
export interface Segment {
  type: number;
  offset: number;
  fileBytes: number;
  memoryBytes: number;
  /** Where its header starts in the file. */
  at: number;
}

const LOAD = 1;

function check(path: string, file: Buffer): void {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) throw new Error(`${path}: not a little-endian ELF64 file`);
}

export function isElf(file: Buffer): boolean {
  return file.length >= 64 && file.readUInt32BE(0) === 0x7f454c46;
}

/** The content of the named section, or undefined. @throws Error when it is no little-endian ELF64 file. */
export function elfSection(path: string, file: Buffer, wanted: string): Buffer | undefined {
  check(path, file);
  const table = Number(file.readBigUInt64LE(40));
  const entryBytes = file.readUInt16LE(58);
  const section = (index: number): { name: number; offset: number; size: number } => {
    const at = table + index * entryBytes;
    return { name: file.readUInt32LE(at), offset: Number(file.readBigUInt64LE(at + 24)), size: Number(file.readBigUInt64LE(at + 32)) };
  };
  const names = section(file.readUInt16LE(62));
  for (let index = 0; index < file.readUInt16LE(60); index++) {
    const { name, offset, size } = section(index);
    const start = names.offset + name;
    if (file.toString('latin1', start, file.indexOf(0, start)) === wanted) return file.subarray(offset, offset + size);
  }
  return undefined;
}

/** The libraries that a dynamic program or library asks for (DT_NEEDED). */
export function neededLibraries(path: string, file: Buffer): string[] {
  const dynamic = elfSection(path, file, '.dynamic');
  const names = elfSection(path, file, '.dynstr');
  if (dynamic === undefined || names === undefined) return [];
  const needed: string[] = [];
  for (let at = 0; at + 16 <= dynamic.length; at += 16) {
    if (dynamic.readBigUInt64LE(at) !== 1n) continue;
    const start = Number(dynamic.readBigUInt64LE(at + 8));
    needed.push(names.toString('latin1', start, names.indexOf(0, start)));
  }
  return needed;
}

export function segments(path: string, file: Buffer): Segment[] {
  check(path, file);
  const table = Number(file.readBigUInt64LE(32));
  const entryBytes = file.readUInt16LE(54);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = table + index * entryBytes;
    return { type: file.readUInt32LE(at), offset: Number(file.readBigUInt64LE(at + 8)), fileBytes: Number(file.readBigUInt64LE(at + 32)), memoryBytes: Number(file.readBigUInt64LE(at + 40)), at };
  });
}

/**
 * The same program without sections and without the holes between its segments, for loaders that read program headers only (QEMU's `-kernel`).
 * Trailing zeros of a segment become memory that the loader clears.
 */
export function packSegments(path: string, file: Buffer): Buffer {
  const all = segments(path, file);
  const header = Buffer.from(file.subarray(0, 64 + all.length * 56));
  if (file.readBigUInt64LE(32) !== 64n || file.readUInt16LE(54) !== 56) throw new Error(`${path}: unusual ELF header`);
  header.writeBigUInt64LE(0n, 40);
  header.fill(0, 58, 64);
  const parts: Buffer[] = [header];
  let end = header.length;
  const moved = new Map<Segment, number>();
  for (const segment of all.filter(({ type }) => type === LOAD)) {
    let bytes = segment.fileBytes;
    while (bytes > 0 && file[segment.offset + bytes - 1] === 0) bytes--;
    moved.set(segment, end);
    header.writeBigUInt64LE(BigInt(end), segment.at + 8);
    header.writeBigUInt64LE(BigInt(bytes), segment.at + 32);
    parts.push(file.subarray(segment.offset, segment.offset + bytes));
    end += bytes;
  }
  for (const segment of all.filter(({ type }) => type !== LOAD)) {
    const [around, start] = [...moved].find(([load]) => segment.offset >= load.offset && segment.offset + segment.fileBytes <= load.offset + load.fileBytes) ?? [];
    if (around === undefined || start === undefined) throw new Error(`${path}: a segment lies outside what is loaded`);
    header.writeBigUInt64LE(BigInt(start + segment.offset - around.offset), segment.at + 8);
  }
  return Buffer.concat(parts);
}
