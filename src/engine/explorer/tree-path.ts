import { type ImageTree, type TreeNode, walk } from './image-tree.ts';
import type { LayerFile } from './layer-index.ts';

const SYMLINKS_LIMIT = 40;

/**
 * Finds a path as a process in a container would: `.` and `..`, symlinks on the way followed, the last one only before a slash. What has been
 * removed is found too.
 * @param path a byte string; relative ones start at the root
 */
export function findPath(tree: ImageTree, path: string): TreeNode | undefined {
  let node: TreeNode = tree.root;
  let symlinks = 0;
  const rest = path.split('/').reverse();
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (name === '..') node = node.parent ?? node;
    if (name === '' || name === '.' || name === '..') continue;
    const next = node.children.get(name);
    if (!next) return undefined;
    const target = rest.length === 0 ? undefined : symlinkOf(next);
    if (target === undefined) { node = next; continue; }
    symlinks += 1;
    if (symlinks > SYMLINKS_LIMIT) return undefined;
    if (target.startsWith('/')) node = tree.root;
    rest.push(...target.split('/').reverse());
  }
  return node;
}

function symlinkOf(node: TreeNode): string | undefined {
  const file = node.file ?? node.versions.at(-1)?.file;
  return file?.kind === 'symlink' ? file.link : undefined;
}

/** Bytes in every directory: of all regular files below it, each stored file where it comes first. */
export function directorySizes(root: TreeNode, fileAt: (node: TreeNode) => LayerFile | undefined): Map<TreeNode, number> {
  const sizes = new Map<TreeNode, number>();
  const counted = new Set<LayerFile>();
  for (const node of walk(root)) {
    const file = fileAt(node);
    if (file?.kind !== 'file' || file.size === 0 || counted.has(file)) continue;
    counted.add(file);
    for (let parent = node.parent; parent !== undefined; parent = parent.parent) sizes.set(parent, (sizes.get(parent) ?? 0) + file.size);
  }
  return sizes;
}
