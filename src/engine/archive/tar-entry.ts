/**
 * One member of a tar archive. Names are *byte strings*: each character stands for one byte (latin1), because a name need not be UTF-8 and
 * must survive as it is. `Buffer.from(name, 'latin1')` gives the bytes for a system call, `textOfName` the text for people.
 */
export interface TarEntry {
  type: TarEntryType;
  name: string;
  /** Target of a symlink or hard link; empty otherwise. */
  linkName: string;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes that the file has when it is laid out: of a sparse file more than the archive carries. 0 for all but files. */
  size: number;
  /** Whole seconds since the epoch, rounded down. */
  mtime: number;
  /** What comes on top of `mtime`, below a thousand million; absent for none. */
  mtimeNanoseconds?: number;
  deviceMajor: number;
  deviceMinor: number;
  /** Extended attributes; names as the kernel spells them. */
  xattrs: ReadonlyMap<string, Buffer>;
  /** The parts of a sparse file that hold data, ascending; absent for a file that is all data. */
  sparse?: readonly SparsePart[];
}

export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

export interface SparsePart {
  offset: number;
  size: number;
}

export function textOfName(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

/** Text to a byte string. */
export function nameOfText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
