import { existsSync } from 'node:fs';
import type { ContentStore } from '../content/content-store.ts';
import { type Digest, digestOf } from '../content/digest.ts';
import type { ImageRecord, ImageRecords } from '../images/image-records.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import { pullCommands } from './pull-commands.ts';
import type { CheckStep, Finding, StepContext } from './finding.ts';

export interface ImageStepParts {
  records: ImageRecords;
  content: ContentStore;
  snapshotter: Snapshotter;
}

/** Every image has its config, its manifests and its layers, as blobs and as snapshots that stand on each other. */
export class ImageStep implements CheckStep {
  readonly name = 'images';
  readonly #parts: ImageStepParts;

  constructor(parts: ImageStepParts) {
    this.#parts = parts;
  }

  async *run({ signal, progress }: StepContext): AsyncIterable<Finding> {
    const { records } = this.#parts;
    const ids = records.ids();
    for (const [index, id] of ids.entries()) {
      signal.throwIfAborted();
      progress(index, ids.length);
      const faults = await this.#faults(id);
      // One that was removed meanwhile has no faults any more; a removal shows in the records first.
      if (faults.length === 0 || records.configBytes(id) === undefined) continue;
      const remedy = pullCommands(records, id);
      for (const { kind, text } of faults) yield { kind, subject: id, text, remedy };
    }
    progress(ids.length, ids.length);
  }

  async #faults(id: string): Promise<Pick<Finding, 'kind' | 'text'>[]> {
    const { records } = this.#parts;
    const config = records.configBytes(id);
    if (!config) return [];
    if (digestOf(config) !== id) return [{ kind: 'damaged', text: 'the config does not hold what the id says' }];
    const record = readable(records, id);
    if (!record) return [{ kind: 'damaged', text: 'the config cannot be read' }];
    const faults: Pick<Finding, 'kind' | 'text'>[] = [];
    const layers = records.layers(id);
    if (layers.map(({ diffId }) => diffId).join() !== record.config.diffIds.join()) faults.push({ kind: 'damaged', text: 'the layers that are recorded are not those of the config' });
    for (const manifest of records.manifests(id)) {
      if (!(await this.#parts.content.has(manifest.digest))) faults.push({ kind: 'missing', text: `the manifest ${manifest.digest} is not there` });
    }
    let parent: Digest | undefined;
    for (const layer of layers) {
      if (!(await this.#parts.content.has(layer.blob))) faults.push({ kind: 'missing', text: `the layer ${layer.blob} is not there` });
      const wrong = await this.#snapshotFault(layer.chainId, parent);
      if (wrong !== undefined) faults.push({ kind: 'missing', text: wrong });
      parent = layer.chainId;
    }
    return faults;
  }

  async #snapshotFault(chainId: Digest, parent: Digest | undefined): Promise<string | undefined> {
    const found = await this.#parts.snapshotter.stat(chainId).catch(() => undefined);
    if (found?.kind !== 'committed' || !existsSync(found.directory)) return `the unpacked layer ${chainId} is not there`;
    return found.parent === parent ? undefined : `the unpacked layer ${chainId} stands on ${found.parent ?? 'nothing'}, not on ${parent ?? 'nothing'}`;
  }
}

function readable(records: ImageRecords, id: string): ImageRecord | undefined {
  try {
    return records.find(id);
  } catch {
    return undefined;
  }
}
