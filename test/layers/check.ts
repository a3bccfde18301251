import type { Import } from './imports.ts';
import { LAYERS, RESERVED, type Layer } from './table.ts';

/** The layer that a file belongs to: the one with the longest matching prefix. */
export function layerOf(file: string): Layer | undefined {
  let best: { layer: Layer; length: number } | undefined;
  for (const layer of LAYERS) {
    for (const prefix of layer.paths) {
      if (file.startsWith(prefix) && prefix.length > (best?.length ?? -1)) best = { layer, length: prefix.length };
    }
  }
  return best?.layer;
}

/** Why this import is refused, with the remedy; undefined when it is allowed. */
export function refusal(found: Import): string | undefined {
  const layer = layerOf(found.from);
  if (layer === undefined) return homeless(found.from);
  return found.target === undefined ? refusedPackage(found, layer) : refusedFile(found, found.target, layer);
}

export function homeless(file: string): string {
  return `${file} is in no layer. Remedy: move it into a folder of ARCHITECTURE §3, or add its folder to test/layers/table.ts`;
}

/** A layer that names itself, a layer that is not there, or one that stands below it in the table, where cycles could hide. */
export function tableFaults(layers: readonly Layer[] = LAYERS): string[] {
  const earlier = new Set<string>();
  const faults: string[] = [];
  for (const layer of layers) {
    for (const name of layer.imports) {
      if (!earlier.has(name)) faults.push(`layer ${layer.name} may import ${name}, which does not stand above it in the table. Remedy: move the layer, or turn the dependency round`);
    }
    earlier.add(layer.name);
  }
  return faults;
}

function refusedFile(found: Import, target: string, layer: Layer): string | undefined {
  const other = layerOf(target);
  if (other === undefined) return target.includes('/') && /\.[cm]?[jt]sx?$|\.vue$/.test(target) ? homeless(target) : undefined;
  if (other === layer) return undefined;
  if (layer.imports.includes(other.name)) return behindDoor(found, target, layer, other);
  return `${found.from} (layer ${layer.name}) imports ${target} (layer ${other.name}). Remedy: ${layer.remedy}`;
}

function behindDoor(found: Import, target: string, layer: Layer, other: Layer): string | undefined {
  if (other.doors === undefined || other.doors.includes(target) || layer.name === 'test') return undefined;
  return `${found.from} (layer ${layer.name}) imports ${target}, which is not a door of layer ${other.name}. Remedy: go through ${other.doors.join(', ')}`;
}

function refusedPackage(found: Import, layer: Layer): string | undefined {
  const isTest = /\.test\.[cm]?[jt]s$/.test(found.from) || layer.name === 'test' || layer.name === 'tooling';
  if (isTest && found.specifier !== 'electron') return undefined;
  const name = packageName(found.specifier);
  const reserved = RESERVED[name];
  if (reserved !== undefined && !reserved.layers.includes(layer.name)) return `${found.from} (layer ${layer.name}) imports ${found.specifier}. Remedy: ${reserved.remedy}`;
  if (layer.node === 'none' && name.startsWith('node:')) return `${found.from} (layer ${layer.name}) imports ${found.specifier}. Remedy: ${layer.remedy}`;
  return undefined;
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
