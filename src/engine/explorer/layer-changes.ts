import { type ImageTree, walk } from './image-tree.ts';

/** What one layer did to the paths below it. Every path counts, whatever is there; a directory that is only passed through does not. */
export interface LayerChanges {
  added: number;
  overwritten: number;
  removed: number;
}

/** @returns one per layer, lowest first */
export function changesByLayer(tree: ImageTree): LayerChanges[] {
  const changes = Array.from({ length: tree.layers }, (): LayerChanges => ({ added: 0, overwritten: 0, removed: 0 }));
  for (const node of walk(tree.root)) {
    for (const { layer, change } of node.steps) {
      const counts = changes[layer - 1];
      if (counts && change !== 'passed') counts[change] += 1;
    }
  }
  return changes;
}
