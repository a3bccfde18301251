import { type ImageTree, type TreeNode, childrenOf } from './image-tree.ts';
import type { LayerFile } from './layer-index.ts';

export interface Difference {
  /** A byte string relative to the root. */
  path: string;
  change: 'added' | 'removed' | 'changed';
  from: LayerFile | undefined;
  to: LayerFile | undefined;
  /** What is different where something is there on both sides. */
  what: ('kind' | 'content' | 'target' | 'mode' | 'owner')[];
}

/** How `to` differs from `from` as containers see them; in the order of paths. Times and extended attributes are not compared. */
export function* differences(from: ImageTree, to: ImageTree): Generator<Difference> {
  const pending: { path: string; from: TreeNode | undefined; to: TreeNode | undefined }[] = [{ path: '', from: from.root, to: to.root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const before = next.from?.file;
    const after = next.to?.file;
    if (before === undefined && after === undefined) continue;
    const what = before && after ? whatDiffers(before, after) : [];
    if (!before || !after) yield { path: next.path, change: before ? 'removed' : 'added', from: before, to: after, what };
    else if (what.length > 0) yield { path: next.path, change: 'changed', from: before, to: after, what };
    const prefix = next.path === '' ? '' : `${next.path}/`;
    for (const name of names(next.from, next.to).reverse()) pending.push({ path: prefix + name, from: next.from?.children.get(name), to: next.to?.children.get(name) });
  }
}

function names(a: TreeNode | undefined, b: TreeNode | undefined): string[] {
  const all = new Set<string>();
  for (const node of [a, b]) if (node) for (const { name } of childrenOf(node)) all.add(name);
  return [...all].sort((x, y) => (x < y ? -1 : 1));
}

function whatDiffers(a: LayerFile, b: LayerFile): Difference['what'] {
  if (a === b) return [];
  const what: Difference['what'] = [];
  if (a.kind !== b.kind) what.push('kind');
  else if (a.kind === 'file' && (a.size !== b.size || a.digest === '' || a.digest !== b.digest)) what.push('content');
  else if (a.link !== b.link) what.push('target');
  if (a.mode !== b.mode) what.push('mode');
  if (a.uid !== b.uid || a.gid !== b.gid) what.push('owner');
  return what;
}
