import { createHash } from 'node:crypto';
import type { Arch } from './recipe.ts';
import type { ManifestPackage } from './system.ts';

/** `manifest.json` beside the image. */
export interface Manifest {
  /** Of the image: the first 16 hex digits of a digest over its files. Same version, same bytes. */
  version: string;
  arch: Arch;
  /** What it was made of; equal inputs need no new build. */
  inputs: string;
  /** By name; sha256 in lower-case hex. */
  files: Record<string, { sha256: string; bytes: number }>;
  /** Those of which something is in the image. */
  packages: readonly ManifestPackage[];
  node: { version: string };
}

/** The text of `manifest.json`; the same content gives the same text. */
export function manifest(content: { arch: Arch; inputs: string; files: Manifest['files']; packages: readonly ManifestPackage[]; nodeVersion: string }): string {
  const names = Object.keys(content.files).sort();
  const version = createHash('sha256').update(names.map((name) => `${name} ${content.files[name]?.sha256 ?? ''}\n`).join('')).digest('hex').slice(0, 16);
  const text: Manifest = {
    version, arch: content.arch, inputs: content.inputs,
    files: Object.fromEntries(names.map((name) => [name, content.files[name] ?? { sha256: '', bytes: 0 }])),
    packages: content.packages, node: { version: content.nodeVersion },
  };
  return `${JSON.stringify(text, undefined, 2)}\n`;
}
