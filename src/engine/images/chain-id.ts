import { type Digest, digestOf } from '../content/digest.ts';

/** The names of a stack of layers, one per height. Source: OCI image-spec, config.md, "Layer ChainID". */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const result: Digest[] = [];
  for (const diffId of diffIds) {
    const below = result.at(-1);
    result.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return result;
}
