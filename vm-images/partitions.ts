const SECTOR = 512;
/** Partitions start at multiples of this many bytes. */
const ALIGNMENT = 64 * 1024;

export interface Partition {
  /** From the start of the disk, in bytes. */
  start: number;
  /** A multiple of the sector size. */
  bytes: number;
}

/** Lays the partitions out one after the other. Sizes in bytes, at most 4. */
export function layOut(sizes: readonly number[]): Partition[] {
  let end = ALIGNMENT;
  return sizes.map((size) => {
    const start = end;
    const bytes = Math.ceil(size / SECTOR) * SECTOR;
    end = Math.ceil((start + bytes) / ALIGNMENT) * ALIGNMENT;
    return { start, bytes };
  });
}

/** The master boot record of a disk with these partitions (type 0x83, no boot code, no CHS addresses), ALIGNMENT bytes long. */
export function partitionTable(partitions: readonly Partition[]): Buffer {
  const table = Buffer.alloc(ALIGNMENT);
  partitions.forEach(({ start, bytes }, index) => {
    const at = 446 + index * 16;
    table.writeUInt8(0x83, at + 4);
    table.writeUInt32LE(start / SECTOR, at + 8);
    table.writeUInt32LE(bytes / SECTOR, at + 12);
  });
  table.writeUInt16BE(0x55aa, 510);
  return table;
}
