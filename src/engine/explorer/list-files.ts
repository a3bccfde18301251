import { type Change, type ImageTree, type TreeNode, childrenOf, walk } from './image-tree.ts';
import type { LayerFile } from './layer-index.ts';
import { directorySizes, findPath } from './tree-path.ts';

export interface ListRequest {
  /** A byte string. */
  path: string;
  /** Only what this layer did. */
  layer: number | undefined;
  /** With all that is in directories; else only a directory's own entries. */
  recursive: boolean;
  /** With what is not there any more. */
  removed: boolean;
}

export interface ListedFile {
  node: TreeNode;
  /** What is there; what was there, where it is removed. */
  file: LayerFile;
  /** The layer that put it there; 0 for a root directory that no layer tells of. */
  layer: number;
  /** What the asked layer did. */
  change: Change | undefined;
  /** Bytes of a file, of a directory those of all files in it. */
  bytes: number;
}

/** A directory's entries, or the file itself; undefined when the path leads nowhere. In the order of paths, directories before their contents. */
export function listFiles(tree: ImageTree, request: ListRequest): Iterable<ListedFile> | undefined {
  const { layer } = request;
  const look = layer === undefined ? (node: TreeNode) => inImage(node, request.removed) : (node: TreeNode) => inLayer(node, layer);
  const start = findPath(tree, request.path);
  const found = start && look(start);
  // A layer need not say anything of the root.
  if (!start || (!found && start !== tree.root)) return undefined;
  return list(start, found, request, look);
}

type Look = (node: TreeNode) => Omit<ListedFile, 'bytes'> | undefined;

function* list(start: TreeNode, found: Omit<ListedFile, 'bytes'> | undefined, { recursive, layer }: ListRequest, look: Look): Generator<ListedFile> {
  const sizes = directorySizes(start, (node) => (layer === undefined ? node.file : versionOf(node, layer)));
  const withBytes = (listed: Omit<ListedFile, 'bytes'>): ListedFile => ({ ...listed, bytes: listed.file.kind === 'directory' ? (sizes.get(listed.node) ?? 0) : listed.file.size });
  if (found && found.file.kind !== 'directory') yield withBytes(found);
  for (const node of recursive ? walk(start) : childrenOf(start)) {
    const listed = node === start ? undefined : look(node);
    if (listed) yield withBytes(listed);
  }
}

/** What a layer put there. */
function versionOf(node: TreeNode, layer: number): LayerFile | undefined {
  return node.versions.find((version) => version.layer === layer)?.file;
}

function inImage(node: TreeNode, removed: boolean): Omit<ListedFile, 'bytes'> | undefined {
  const last = node.versions.at(-1);
  const file = node.file ?? (removed ? last?.file : undefined);
  return file && { node, file, layer: last?.layer ?? 0, change: undefined };
}

function inLayer(node: TreeNode, layer: number): Omit<ListedFile, 'bytes'> | undefined {
  const step = node.steps.find((each) => each.layer === layer);
  const version = step && node.versions.findLast((each) => each.layer <= layer);
  return version && { node, file: version.file, layer: version.layer, change: step.change };
}
