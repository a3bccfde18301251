import type { FileFacts } from '../../api/wire/explorer.ts';
import { goQuote } from './short-text.ts';
import { humanSize } from './units.ts';

const LETTERS: Readonly<Record<FileFacts['Kind'], string>> = { file: '-', directory: 'd', symlink: 'l', char: 'c', block: 'b', fifo: 'p' };

/** As `ls -l` writes it: `-rwsr-xr-x`. */
export function modeText({ Kind, Mode }: FileFacts): string {
  const triple = (shift: number, special: boolean, letters: string): string => {
    const bits = Mode >> shift;
    const execute = (bits & 1) !== 0;
    return `${(bits & 4) === 0 ? '-' : 'r'}${(bits & 2) === 0 ? '-' : 'w'}${special ? (letters[execute ? 0 : 1] ?? '') : execute ? 'x' : '-'}`;
  };
  return LETTERS[Kind] + triple(6, (Mode & 0o4000) !== 0, 'sS') + triple(3, (Mode & 0o2000) !== 0, 'sS') + triple(0, (Mode & 0o1000) !== 0, 'tT');
}

/** What has a size shows it, a device its numbers. */
export function sizeText({ Kind, Size, Device }: FileFacts): string {
  if (Device !== undefined) return Device;
  return Kind === 'file' || Kind === 'directory' ? humanSize(Size, 3) : '-';
}

/** A path with a slash behind directories and the target of symlinks. Names of an image never command the terminal. */
export function pathText(path: string, { Kind, Target }: FileFacts): string {
  const name = safeText(path);
  if (Kind === 'directory') return name.endsWith('/') ? name : `${name}/`;
  return Target === undefined ? name : `${name} -> ${safeText(Target)}`;
}

export function safeText(text: string): string {
  return /[\x00-\x1f\x7f-\x9f]/.test(text) ? goQuote(text.replace(/[\x80-\x9f]/g, '\ufffd')) : text;
}
