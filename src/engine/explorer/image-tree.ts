import type { LayerFile, LayerIndex } from './layer-index.ts';

/** What a layer did to a path: 1 is the lowest layer. */
export interface Step {
  layer: number;
  change: Change;
}

/** `passed`: the layer has the directory only because of what is in it. */
export type Change = 'added' | 'overwritten' | 'removed' | 'passed';

/** One path of an image, with all that its layers did to it, also when nothing is there any more. */
export class TreeNode {
  readonly name: string;
  readonly parent: TreeNode | undefined;
  readonly children = new Map<string, TreeNode>();
  /** What the layers have put here, lowest first; the last one may have been removed again. */
  readonly versions: { layer: number; file: LayerFile }[] = [];
  readonly steps: Step[] = [];
  /** What a container sees here; undefined when it is not there (any more). */
  file: LayerFile | undefined;

  constructor(name: string, parent: TreeNode | undefined) {
    this.name = name;
    this.parent = parent;
  }

  /** A byte string relative to the root. */
  get path(): string {
    return this.parent === undefined || this.parent.parent === undefined ? this.name : `${this.parent.path}/${this.name}`;
  }
}

const ROOT: LayerFile = { kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0, link: '', digest: '', opaque: false, implied: true };

/**
 * The layers of an image laid over each other as overlayfs shows them, and who did what. Layers are added from the bottom up; a tree with
 * some of them is what a container of an image with only those would see. Source: OCI image-spec, layer.md, "Applying Changesets".
 */
export class ImageTree {
  readonly root = new TreeNode('', undefined);
  #layers = 0;

  constructor() {
    this.root.file = ROOT;
  }

  get layers(): number {
    return this.#layers;
  }

  add(index: LayerIndex): void {
    const layer = this.#layers += 1;
    // Removals concern the layers below only: so they come first.
    for (const [path, file] of index) {
      if (file.kind === 'whiteout') this.#remove(this.find(path), layer);
      else if (file.opaque) for (const child of this.find(path)?.children.values() ?? []) this.#remove(child, layer);
    }
    for (const [path, file] of index) {
      if (file.kind === 'whiteout') continue;
      const below = file.kind === 'link' ? this.find(file.link)?.file : undefined;
      this.#put(this.#make(path), below ?? file, layer);
    }
  }

  /** @param path a byte string relative to the root; names that are not clean lead nowhere */
  find(path: string): TreeNode | undefined {
    let node: TreeNode | undefined = this.root;
    if (path === '') return node;
    for (const name of path.split('/')) node = node?.children.get(name);
    return node;
  }

  #make(path: string): TreeNode {
    let node = this.root;
    if (path === '') return node;
    for (const name of path.split('/')) {
      let child = node.children.get(name);
      if (!child) {
        child = new TreeNode(name, node);
        node.children.set(name, child);
      }
      node = child;
    }
    return node;
  }

  #put(node: TreeNode, file: LayerFile, layer: number): void {
    // The root is there before any layer.
    const before = node.steps.length === 0 ? undefined : node.file;
    if (before?.kind === 'directory' && file.kind === 'directory') {
      if (file.implied || isSameDirectory(before, file)) { node.steps.push({ layer, change: 'passed' }); return; }
    } else if (before?.kind === 'directory') for (const child of node.children.values()) this.#remove(child, layer);
    node.file = file;
    node.versions.push({ layer, file });
    // Removed and made again by one layer is one step.
    const replaced = node.steps.at(-1)?.layer === layer;
    if (replaced) node.steps.pop();
    node.steps.push({ layer, change: before !== undefined || replaced ? 'overwritten' : 'added' });
  }

  #remove(node: TreeNode | undefined, layer: number): void {
    if (node?.file === undefined) return;
    const pending = [node];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next.file === undefined) continue;
      next.file = undefined;
      next.steps.push({ layer, change: 'removed' });
      pending.push(...next.children.values());
    }
  }
}

function isSameDirectory(a: LayerFile, b: LayerFile): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

/** A node and all below it, each directory before what is in it, in the order of their bytes. */
export function* walk(node: TreeNode): Generator<TreeNode> {
  const pending = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next;
    if (next.children.size > 0) pending.push(...childrenOf(next).reverse());
  }
}

export function childrenOf(node: TreeNode): TreeNode[] {
  return [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
