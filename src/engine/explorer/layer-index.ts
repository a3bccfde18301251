/**
 * What a layer holds: its paths and what is there, as the layer leaves it. Paths are byte strings (see archive/tar-entry.ts) relative to
 * the root, which is the empty one; a directory comes before what is in it. Names of one file (hard links) have the same `LayerFile` object.
 */
export type LayerIndex = ReadonlyMap<string, LayerFile>;

export interface LayerFile {
  kind: LayerFileKind;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of a regular file; 0 for all else. */
  size: number;
  /** Target of a symlink, `major:minor` of a device, path of the file that a `link` names; empty otherwise. */
  link: string;
  /** 64 hexadecimal digits: sha256 of a regular file's content. Empty where it is not known, and for all else. */
  digest: string;
  /** A directory that hides what the layers below have in it. */
  opaque: boolean;
  /** A directory that the layer only passes through: one that is there below keeps its mode and owner. */
  implied: boolean;
}

/**
 * `whiteout`: nothing, whatever the layers below have there. `link`: one more name of a file of the layers below, which only layers have that
 * were unpacked onto those.
 */
export type LayerFileKind = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo' | 'whiteout' | 'link';
