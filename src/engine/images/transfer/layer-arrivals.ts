import type { ContentStore } from '../../content/content-store.ts';
import type { Digest } from '../../content/digest.ts';
import type { Growth } from '../../content/growth.ts';
import type { Lease } from '../../gc/leases.ts';
import type { BlobFetcher, FetchProgress } from '../../registry/blob-fetcher.ts';
import type { Repository } from '../../registry/repository.ts';
import type { Arrival, LayerBlob, LayerPhase } from '../layer-store.ts';
import type { Descriptor } from '../manifest.ts';
import type { LayerArrival } from './transfer-progress.ts';

export interface LayerArrivalsParts {
  fetcher: BlobFetcher;
  content: Pick<ContentStore, 'has'>;
  repository: Repository;
  lease: Lease;
  report: (digest: Digest, arrival: LayerArrival) => void;
  signal: AbortSignal;
}

/**
 * The layers of one image on their way in, and what is told of each: first how it is downloaded, then how it is unpacked. Unpacking begins
 * while the download runs; nothing is said of it before the download is over, for a layer is shown in one state at a time.
 */
export class LayerArrivals {
  readonly #parts: LayerArrivalsParts;
  readonly #arrivals = new Map<Digest, Arrival>();
  /** Layers that are here, of which all has been said. */
  readonly #told = new Set<Digest>();
  readonly #downloading = new Map<Digest, LayerPhase | undefined>();

  constructor(parts: LayerArrivalsParts) {
    this.#parts = parts;
  }

  /**
   * One fetch per blob that is not here, all begun now; the fetcher's limit sees to it that not too many run.
   * @param here `present`: how many of the layers, from the bottom, are unpacked; `silent`: nothing is told of those that are here whole
   */
  async start(layers: readonly Descriptor[], here: { present: number; silent: boolean }): Promise<void> {
    const { content, lease, report } = this.#parts;
    for (const [index, layer] of layers.entries()) {
      if (this.#arrivals.has(layer.digest) || this.#told.has(layer.digest)) continue;
      lease.hold('blob', layer.digest);
      if (await content.has(layer.digest)) {
        if (index >= here.present) continue;
        this.#told.add(layer.digest);
        if (!here.silent) report(layer.digest, { phase: 'exists' });
        continue;
      }
      report(layer.digest, { phase: 'queued' });
      this.#arrivals.set(layer.digest, this.#fetch(layer));
    }
  }

  of(digest: Digest): Arrival | undefined {
    return this.#arrivals.get(digest);
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#arrivals.values()].map(({ done }) => done));
  }

  #fetch(layer: Descriptor): Arrival {
    const { fetcher, repository, lease, signal } = this.#parts;
    const begun = Promise.withResolvers<Growth | undefined>();
    this.#downloading.set(layer.digest, undefined);
    const onProgress = (progress: FetchProgress): void => {
      if (progress.phase === 'downloading' && progress.growth) begun.resolve(progress.growth);
      this.#parts.report(layer.digest, progress);
    };
    const done = fetcher.fetch(repository, layer, { hold: ({ digest }) => { lease.hold('blob', digest); }, signal, onProgress }).then(() => { this.#downloaded(layer); });
    done.catch(() => undefined).finally(() => { begun.resolve(undefined); });
    return { begun: begun.promise, done };
  }

  #downloaded(layer: Descriptor): void {
    this.#parts.report(layer.digest, { phase: 'downloaded' });
    const held = this.#downloading.get(layer.digest);
    this.#downloading.delete(layer.digest);
    if (held) this.unpacking({ blob: layer.digest, size: layer.size }, held);
  }

  /** What the layer store tells of a layer. */
  unpacking({ blob, size }: Pick<LayerBlob, 'blob' | 'size'>, phase: LayerPhase): void {
    if (this.#downloading.has(blob)) {
      this.#downloading.set(blob, phase);
      return;
    }
    const { report } = this.#parts;
    if (this.#told.has(blob)) return;
    if (phase.phase === 'exists') report(blob, { phase: 'exists' });
    else if (phase.phase === 'unpacking') report(blob, { phase: 'extracting', current: Math.min(phase.read, size), total: size });
    else {
      report(blob, { phase: 'extracting', current: size, total: size });
      report(blob, { phase: 'complete' });
    }
  }
}
