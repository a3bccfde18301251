/** What Strata's engine tells about the layers and files of images, below `/strata/`. Described in docs/strata-api.md. */

/** `GET /strata/images/{name}/layers`. */
export interface ImageLayers {
  Id: string;
  RepoTags: string[];
  /** From the bottom up. */
  Layers: ImageLayer[];
  /** All steps that made the image, oldest first, also those that changed no file. Empty when the image tells nothing. */
  Steps: ImageStep[];
  Deletion: ImageDeletion;
}

export interface ImageLayer {
  /** 1 is the lowest. */
  Number: number;
  DiffId: string;
  ChainId: string;
  /** Chain id of the layer below; absent in the lowest. */
  Parent?: string;
  /** The layer as it was received. */
  Blob: string;
  MediaType: string;
  BlobBytes: number;
  /** Of its files. */
  Bytes: number;
  /** Paths, of whatever kind. */
  Added: number;
  Overwritten: number;
  Removed: number;
  /** Absent when the image does not tell how the layer was made. */
  CreatedBy?: string;
  Comment?: string;
  /** Other images that stand on the same layer. */
  SharedWith: ImageName[];
  /** What the disk gets back from this layer when the image is deleted: files and blob. */
  FreedBytes: number;
}

export interface ImageName {
  Id: string;
  /** Empty for an image without a name. */
  RepoTags: string[];
}

export interface ImageStep {
  /** RFC 3339. */
  Created: string;
  CreatedBy: string;
  Comment: string;
  /** Number of the layer that it made; absent when it changed no file. */
  Layer?: number;
}

/** What `docker rmi --force` of all names of an image would do. */
export interface ImageDeletion {
  /** What the disk gets back, as it counts: whole blocks. 0 when the image cannot be deleted. */
  FreedBytes: number;
  /** Of these, unpacked layers. */
  LayerBytes: number;
  /** Of these, layers and manifests as they were received. */
  BlobBytes: number;
  /** Images that go with it: parents without a name. */
  AlsoDeleted: string[];
  /** Containers that stand on its layers, which therefore stay. */
  Containers: { Id: string; Running: boolean }[];
  /** Images that were made from it. */
  Children: string[];
  /** Not even `--force` deletes it: a container runs, or there are children. */
  Blocked: boolean;
}

export type FileKind = 'file' | 'directory' | 'symlink' | 'char' | 'block' | 'fifo';

/** What is at a path. */
export interface FileFacts {
  Kind: FileKind;
  /** Permission bits, with setuid (0o4000), setgid and sticky. */
  Mode: number;
  Uid: number;
  Gid: number;
  /** Bytes of a regular file, of a directory those of all files in it; 0 for all else. */
  Size: number;
  /** Target of a symlink. */
  Target?: string;
  /** `major:minor`. */
  Device?: string;
  /** `sha256:…` of a regular file's content. */
  Digest?: string;
}

/** A line of `GET /strata/images/{name}/files`. */
export interface ImageFile extends FileFacts {
  /** Absolute. What is no UTF-8 has U+FFFD in its place. */
  Path: string;
  /** The bytes of the path in base64, where it is no UTF-8. */
  PathBytes?: string;
  /** Number of the layer that put there what is seen. */
  Layer: number;
  /** All that layers did to the path, lowest first. */
  Steps: { Layer: number; Change: 'added' | 'overwritten' | 'removed' }[];
  /** What the asked layer did to it. `none`: a directory that leads to what it changed. Absent in the view of all layers. */
  Change?: 'added' | 'overwritten' | 'removed' | 'none';
}

/** A line of `GET /strata/images/diff`. */
export interface FileDifference {
  Path: string;
  PathBytes?: string;
  Change: 'added' | 'removed' | 'changed';
  From?: FileFacts;
  To?: FileFacts;
  /** What is different of something that is there on both sides. */
  Differs: ('kind' | 'content' | 'target' | 'mode' | 'owner')[];
}

/** `GET /strata/images/{name}/waste`. */
export interface ImageWaste {
  Id: string;
  /** Of all files of all layers. */
  StoredBytes: number;
  /** Of these, what nobody sees. Every stored byte counts once. */
  WastedBytes: number;
  /** Seen bytes per stored byte, 0 to 1; 1 for an image without files. */
  Efficiency: number;
  /** How many paths waste something. */
  PathCount: number;
  /** The worst, most bytes first. */
  Paths: WastedPath[];
}

export interface WastedPath {
  Path: string;
  PathBytes?: string;
  WastedBytes: number;
  /** Versions that nobody sees, lowest layer first. */
  Versions: { Layer: number; Bytes: number; HiddenBy: number; How: 'overwritten' | 'removed' }[];
}
