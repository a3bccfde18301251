/** A member of an initrd. Directories must come before what they hold. */
export type CpioEntry =
  | { path: string; type: 'directory' }
  | { path: string; type: 'file'; data: Buffer; executable?: boolean }
  | { path: string; type: 'character-device'; major: number; minor: number };

/** Writes a cpio archive in the `newc` form (cpio(5)): owner 0, time 0, inode numbers by position, so that the same members are the same bytes. */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    const data = entry.type === 'file' ? entry.data : Buffer.alloc(0);
    parts.push(header(entry.path, { inode: index + 1, mode: modeOf(entry), bytes: data.length, device: entry.type === 'character-device' ? [entry.major, entry.minor] : [0, 0] }));
    parts.push(data, padding(data.length));
  });
  parts.push(header('TRAILER!!!', { inode: 0, mode: 0, bytes: 0, device: [0, 0] }));
  const archive = Buffer.concat(parts);
  return Buffer.concat([archive, Buffer.alloc((512 - (archive.length % 512)) % 512)]);
}

function modeOf(entry: CpioEntry): number {
  if (entry.type === 'directory') return 0o040755;
  if (entry.type === 'character-device') return 0o020600;
  return entry.executable === true ? 0o100755 : 0o100644;
}

function header(path: string, fields: { inode: number; mode: number; bytes: number; device: readonly [number, number] }): Buffer {
  const name = Buffer.from(`${path}\0`);
  const numbers = [fields.inode, fields.mode, 0, 0, 1, 0, fields.bytes, 0, 0, ...fields.device, name.length, 0];
  const text = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([Buffer.from(text), name, padding(text.length + name.length)]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
