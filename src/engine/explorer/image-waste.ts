import { type ImageTree, type TreeNode, walk } from './image-tree.ts';
import type { LayerFile } from './layer-index.ts';

/** Bytes that an image stores and nobody sees. A file with several names in a layer is stored once, and seen if one name shows it. */
export interface Waste {
  /** Of all files of all layers. */
  storedBytes: number;
  wastedBytes: number;
  /** Worst first. */
  paths: WastedPath[];
}

export interface WastedPath {
  node: TreeNode;
  /** Of the versions below. */
  bytes: number;
  versions: WastedVersion[];
}

/** A file that a layer stores in vain. */
export interface WastedVersion {
  layer: number;
  bytes: number;
  /** The layer that hid it, and how. */
  hiddenBy: number;
  how: 'overwritten' | 'removed';
}

export function wasteOf(tree: ImageTree): Waste {
  const seen = new Set<LayerFile>();
  for (const { file } of walk(tree.root)) if (file) seen.add(file);
  const counted = new Set<LayerFile>();
  const waste: Waste = { storedBytes: 0, wastedBytes: 0, paths: [] };
  for (const node of walk(tree.root)) {
    const versions: WastedVersion[] = [];
    for (const { layer, file } of node.versions) {
      if (file.kind !== 'file' || counted.has(file)) continue;
      counted.add(file);
      waste.storedBytes += file.size;
      if (!seen.has(file) && file.size > 0) versions.push({ layer, bytes: file.size, ...endOf(node, layer) });
    }
    if (versions.length === 0) continue;
    const bytes = versions.reduce((sum, version) => sum + version.bytes, 0);
    waste.wastedBytes += bytes;
    waste.paths.push({ node, bytes, versions });
  }
  waste.paths.sort((a, b) => b.bytes - a.bytes);
  return waste;
}

/** What came after the version that `layer` put there. */
function endOf(node: TreeNode, layer: number): { hiddenBy: number; how: 'overwritten' | 'removed' } {
  const next = node.steps.find((step) => step.layer > layer && step.change !== 'passed');
  return { hiddenBy: next?.layer ?? layer, how: next?.change === 'removed' ? 'removed' : 'overwritten' };
}
