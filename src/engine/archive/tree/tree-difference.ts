import type { BigIntStats } from 'node:fs';
import { openDirectory, statDescriptor, withDescriptor } from '../../linux/descriptor.ts';
import { xattrsOfDescriptor } from '../../linux/file-attributes.ts';
import { listNames, openIfThere } from './tree-packer.ts';

export type ChangeKind = 'added' | 'modified' | 'deleted';

/** One file of a tree that differs, and how to get at it: `fd` names it (O_PATH) for the time of the call; a deleted one has none. */
export type OnChange = (kind: ChangeKind, name: string, found: { fd: number; stats: BigIntStats } | undefined) => void;

export interface DifferenceInput {
  /** A directory: what there is now. */
  upper: number;
  /** A directory: the whole tree as it was before; absent when there was none. */
  lower: number | undefined;
  /** `stacked`: `upper` holds only what was touched, with overlayfs' marks for what was removed. `merged`: it holds everything. */
  layering: 'stacked' | 'merged';
  /** Also tell, as modified, of what a stacked upper directory holds though it looks as it did before. */
  everything?: boolean;
  /** What is to be passed over as if it were the same in both; `name` has no leading slash. */
  omit?: (name: string, fd: number, stats: BigIntStats) => boolean;
}

/**
 * What has changed in a tree, in the order of names, a directory before what is in it. A directory counts as modified when its owner or
 * mode is another or something in it has changed, as in docker's comparison of trees; its time does not matter. Names are byte strings without
 * leading slash. Synchronous: it runs in a thread of its own.
 */
export function findDifferences(input: DifferenceInput, onChange: OnChange): void {
  new Difference(input, onChange).directory(input.upper, input.lower, '', { announce: () => undefined, hides: false });
}

interface Place {
  /** Tells of the directory itself, unless that has been done. */
  announce: () => void;
  /** Nothing of the lower directory shows through. */
  hides: boolean;
}

class Difference {
  readonly #input: DifferenceInput;
  readonly #onChange: OnChange;

  constructor(input: DifferenceInput, onChange: OnChange) {
    this.#input = input;
    this.#onChange = onChange;
  }

  directory(upper: number, lower: number | undefined, name: string, place: Place): void {
    withDescriptor(openDirectory(upper), (above) => {
      if (lower === undefined) this.#children(above, undefined, name, place);
      else withDescriptor(openDirectory(lower), (below) => { this.#children(above, below, name, place); });
    });
  }

  #children(above: number, below: number | undefined, name: string, place: Place): void {
    const own = listNames(above);
    const seesAll = place.hides || this.#input.layering === 'merged';
    // What the lower directory alone has is gone if nothing shows through.
    const names = seesAll && below !== undefined ? [...new Set([...own, ...listNames(below)])].sort() : own;
    for (const child of names) {
      const path = name === '' ? child : `${name}/${child}`;
      const [now, before] = [openIfThere(above, child), below === undefined ? undefined : openIfThere(below, child)];
      const visit = (): void => { this.#child(now, before, path, place); };
      const visitBefore = before === undefined ? visit : (): void => { withDescriptor(before, visit); };
      if (now === undefined) visitBefore();
      else withDescriptor(now, visitBefore);
    }
  }

  #child(now: number | undefined, before: number | undefined, name: string, place: Place): void {
    const stats = now === undefined ? undefined : statDescriptor(now);
    if (now === undefined || stats === undefined || (this.#input.layering === 'stacked' && isWhiteout(stats))) {
      if (before === undefined) return;
      place.announce();
      this.#onChange('deleted', name, undefined);
      return;
    }
    if (this.#input.omit?.(name, now, stats) === true) return;
    const old = before === undefined ? undefined : statDescriptor(before);
    const kind = old === undefined ? 'added' : 'modified';
    let told = false;
    const tell = (): void => {
      if (told) return;
      told = true;
      place.announce();
      this.#onChange(kind, name, { fd: now, stats });
    };
    if (old === undefined || this.#input.everything === true || differs(stats, old)) tell();
    if (!stats.isDirectory()) return;
    const hides = this.#input.layering === 'stacked' && xattrsOfDescriptor(now).get('trusted.overlay.opaque')?.toString() === 'y';
    this.directory(now, old?.isDirectory() === true ? before : undefined, name, { announce: tell, hides });
  }
}

/** overlayfs' mark for a removed file. Source: Documentation/filesystems/overlayfs.rst. */
function isWhiteout(stats: BigIntStats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0n;
}

function differs(now: BigIntStats, before: BigIntStats): boolean {
  if (now.mode !== before.mode || now.uid !== before.uid || now.gid !== before.gid || now.rdev !== before.rdev) return true;
  return !now.isDirectory() && (now.size !== before.size || now.mtimeNs !== before.mtimeNs);
}
