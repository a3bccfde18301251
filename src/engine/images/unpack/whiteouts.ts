import { lstatSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { textOfName } from '../../archive/tar-entry.ts';
import { makeNode, setXattr } from '../../linux/file-attributes.ts';
import type { LayerTree } from './layer-tree.ts';

/**
 * How a layer's removals are carried out. They concern the layers below only, never what this layer itself holds, in whatever order the
 * entries come. Source: OCI image-spec, layer.md, "Whiteouts".
 */
export interface WhiteoutWriter {
  /** @param rest what follows `.wh.`: a name, or `.wh..opq` for the directory itself */
  whiteout(directory: string, rest: string): void;
  /** An entry of this layer is about to be made. */
  created(path: string): void;
  /** A directory has been made where none was. */
  madeDirectory(path: string): void;
  /** Whether what lies here is the mark of a removal, and no file. */
  isRemoved(path: string): boolean;
}

const OPAQUE = '.wh..opq';
const CHAR_DEVICE = 0o020000;
const YES = Buffer.from('y');

/** A name to remove, `opaque`, or `nothing` for the marks of aufs. @throws InvalidArgumentError for names that would mean a directory itself or its parent */
export function meaningOf(directory: string, rest: string): { remove: string } | 'opaque' | 'nothing' {
  if (rest === OPAQUE) return 'opaque';
  if (rest.startsWith('.wh.')) return 'nothing';
  if (rest === '' || rest === '.' || rest === '..') throw new InvalidArgumentError(`invalid layer: whiteout ${JSON.stringify(textOfName(`${directory}/.wh.${rest}`))} names no file`);
  return { remove: rest };
}

/** overlayfs' marks: a character device 0/0 in a file's place, an attribute on an opaque directory. Source: Documentation/filesystems/overlayfs.rst. */
export class OverlayWhiteouts implements WhiteoutWriter {
  readonly #tree: LayerTree;
  readonly #whiteouts = new Set<string>();

  constructor(tree: LayerTree) {
    this.#tree = tree;
  }

  whiteout(directory: string, rest: string): void {
    const meaning = meaningOf(directory, rest);
    if (meaning === 'nothing') return;
    if (meaning === 'opaque') { this.#hide(directory); return; }
    const path = this.#tree.join(directory, meaning.remove);
    const there = lstatSync(this.#tree.path(path), { throwIfNoEntry: false });
    if (!there) {
      makeNode(this.#tree.bytes(path), CHAR_DEVICE);
      this.#whiteouts.add(path);
    } else if (there.isDirectory()) this.#hide(path);
    // A file of this layer in its place hides what is below already.
  }

  #hide(directory: string): void {
    setXattr(this.#tree.bytes(directory), 'trusted.overlay.opaque', YES);
  }

  created(): void {
    // The mark itself is replaced like any file in the way.
  }

  isRemoved(path: string): boolean {
    return this.#whiteouts.has(path) && lstatSync(this.#tree.path(path), { throwIfNoEntry: false })?.isCharacterDevice() === true;
  }

  madeDirectory(path: string): void {
    if (this.#whiteouts.delete(path)) this.#hide(path);
  }
}

/** For a tree that already holds the layers below: removes from it what this layer has not made. */
export class MergingWhiteouts implements WhiteoutWriter {
  readonly #tree: LayerTree;
  /** Everything that this layer has made, and all directories on the way. */
  readonly #made = new Set<string>();

  constructor(tree: LayerTree) {
    this.#tree = tree;
  }

  whiteout(directory: string, rest: string): void {
    const meaning = meaningOf(directory, rest);
    if (meaning === 'nothing') return;
    if (meaning === 'opaque') this.#removeBelow(directory);
    else this.#remove(this.#tree.join(directory, meaning.remove));
  }

  #remove(path: string): void {
    const there: Stats | undefined = lstatSync(this.#tree.path(path), { throwIfNoEntry: false });
    if (!there) return;
    if (this.#made.has(path)) {
      if (there.isDirectory()) this.#removeBelow(path);
      return;
    }
    rmSync(this.#tree.path(path), { recursive: true, force: true });
    this.#tree.forget(path);
  }

  #removeBelow(directory: string): void {
    for (const name of readdirSync(this.#tree.path(directory), { encoding: 'latin1' })) this.#remove(this.#tree.join(directory, name));
  }

  created(path: string): void {
    for (let name = path; name !== '' && !this.#made.has(name); name = name.slice(0, Math.max(name.lastIndexOf('/'), 0))) this.#made.add(name);
  }

  madeDirectory(): void {
    // Known from `created`.
  }

  isRemoved(): boolean {
    // Nothing is left in the place of what is removed.
    return false;
  }
}
