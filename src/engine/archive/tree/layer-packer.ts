import { type DifferenceInput, findDifferences } from './tree-difference.ts';
import { type ByteSink, TreePacker } from './tree-packer.ts';

/**
 * Writes what has changed in a tree as a layer: members for what is there, `.wh.` marks for what is gone. Of a stacked directory everything
 * goes in, also what looks unchanged. The root directory itself is no member. Source: OCI image-spec, layer.md.
 * @returns the bytes of the files, hard links once
 */
export function packLayer(input: Omit<DifferenceInput, 'everything'>, sink: ByteSink): { sizeBytes: number } {
  const packer = new TreePacker(sink);
  const counted = new Set<string>();
  let sizeBytes = 0;
  findDifferences({ ...input, everything: input.layering === 'stacked' }, (_kind, name, found) => {
    if (!found) {
      const slash = name.lastIndexOf('/') + 1;
      packer.mark(`${name.slice(0, slash)}.wh.${name.slice(slash)}`);
      return;
    }
    const { fd, stats } = found;
    packer.entry(fd, stats, name);
    const key = `${stats.dev}:${stats.ino}`;
    if (!stats.isFile() || (stats.nlink > 1n && counted.has(key))) return;
    counted.add(key);
    sizeBytes += Number(stats.size);
  });
  packer.finish();
  return { sizeBytes };
}
