import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ConflictError, InvalidArgumentError } from '../../api/errors.ts';
import { Cleanup } from '../../base/cleanup.ts';
import type { Logger } from '../../base/log.ts';
import { compressionOf } from '../archive/decompress.ts';
import type { Digest } from '../content/digest.ts';
import type { Lease } from '../gc/leases.ts';
import { copyDirectoryAttributes } from '../snapshots/snapshot-files.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import { chainIds } from './chain-id.ts';
import type { ImageRecords, LayerRecord } from './image-records.ts';
import { MEDIA_TYPES } from './manifest.ts';
import { splitPathOf } from './split/rebuild-layer.ts';
import type { UnpackResult } from './unpack/unpack-layer.ts';
import type { Unpacker } from './unpack/unpack-pool.ts';

/** A layer of an image that is being made: its blob is in the content store, held by the lease. */
export interface LayerBlob {
  blob: Digest;
  size: number;
  diffId: Digest;
}

export interface LayerProgress {
  /** Called when a layer's unpacking begins and when it is done; never for one that is there already. */
  (layer: LayerBlob, phase: 'unpacking' | 'unpacked' | 'exists'): void;
}

export interface EnsureOptions {
  signal?: AbortSignal;
  onProgress?: LayerProgress;
  /** Resolves when the layer's blob is in the content store. Without it all of them are. */
  arrived?: (layer: LayerBlob) => Promise<unknown>;
}

/** Keys of snapshots that are being unpacked: what a dead engine left of them is cleared at the start. */
export const UNPACKING_PREFIX = 'unpack-';

/** Turns the layers of an image into committed snapshots, named by chain id. */
export class LayerStore {
  readonly #snapshotter: Snapshotter;
  readonly #unpacker: Unpacker;
  readonly #records: ImageRecords;
  readonly #pathOf: (digest: Digest) => string;
  readonly #log: Logger;
  readonly #split: boolean;

  /** @param parts `split`: whether layers get a split file, which is what they are put together from without their blob */
  constructor(parts: { split: boolean; snapshotter: Snapshotter; unpacker: Unpacker; records: ImageRecords; pathOf: (digest: Digest) => string; log: Logger }) {
    this.#snapshotter = parts.snapshotter;
    this.#unpacker = parts.unpacker;
    this.#records = parts.records;
    this.#pathOf = parts.pathOf;
    this.#log = parts.log;
    this.#split = parts.split;
  }

  /** Clears what unpacking a dead engine left. Call once, before anything else. */
  async recover(): Promise<void> {
    for await (const { key, kind } of this.#snapshotter.list()) {
      if (kind === 'active' && key.startsWith(UNPACKING_PREFIX)) await this.#snapshotter.remove(key);
    }
  }

  /**
   * Unpacks what is not there yet, in parallel where the snapshotter can, and verifies every blob against its diffId. All snapshots are
   * held by the lease. A blob that is still on its way is waited for by `arrived`, layer by layer. On failure those that were finished stay until the next collection.
   * @throws InvalidArgumentError for a layer that is none or has another diffId
   */
  async ensure(layers: readonly LayerBlob[], lease: Lease, options: EnsureOptions = {}): Promise<LayerRecord[]> {
    const chains = chainIds(layers.map(({ diffId }) => diffId));
    const present = await this.#countPresent(chains, lease);
    const abort = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
    const work = layers.map((layer, index) => ({ layer, chainId: chains[index] ?? layer.diffId, parent: chains[index - 1] }));
    const results: Promise<LayerRecord>[] = [];
    let below: Promise<unknown> = Promise.resolve();
    for (const [index, step] of work.entries()) {
      const result = index < present ? this.#reuse(step, signal, options) : this.#make(step, below, lease, signal, options);
      // The first failure ends the others: nobody needs them any more.
      result.catch((error: unknown) => { abort.abort(error); });
      below = result;
      results.push(result);
    }
    const settled = await Promise.allSettled(results);
    const failed = settled.find((result) => result.status === 'rejected');
    if (failed) throw abort.signal.aborted ? abort.signal.reason : failed.reason;
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Whether a stack of layers is there: its top one stands on all others. True for an image without layers. */
  async has(top: string | undefined): Promise<boolean> {
    return top === undefined || this.#snapshotter.stat(top).then(({ kind }) => kind === 'committed', () => false);
  }

  /** How many layers, from the bottom, are there already. */
  async #countPresent(chains: readonly Digest[], lease: Lease): Promise<number> {
    for (let count = chains.length; count > 0; count -= 1) {
      const chainId = chains[count - 1] ?? '';
      // Held before it is looked for: then it cannot go in between, and neither can what it stands on.
      lease.hold('snapshot', chainId);
      if ((await this.#snapshotter.stat(chainId).catch(() => undefined))?.kind === 'committed') return count;
    }
    return 0;
  }

  async #reuse({ layer, chainId }: Step, signal: AbortSignal, { onProgress, arrived }: EnsureOptions): Promise<LayerRecord> {
    await arrived?.(layer);
    const known = this.#records.findLayer({ chainId });
    const verified = known?.blob === layer.blob || this.#records.findLayer({ blob: layer.blob, diffId: layer.diffId }) !== undefined;
    let sizeBytes = known?.sizeBytes;
    if (!verified || sizeBytes === undefined) {
      const result = await this.#unpacker.unpack({ blobPath: this.#pathOf(layer.blob), directory: undefined, layering: this.#snapshotter.layering }, signal);
      checkDiffId(layer, result);
      sizeBytes = result.sizeBytes;
    }
    onProgress?.(layer, 'exists');
    return this.#record(layer, chainId, sizeBytes);
  }

  async #make(step: Step, below: Promise<unknown>, lease: Lease, signal: AbortSignal, { onProgress, arrived }: EnsureOptions): Promise<LayerRecord> {
    const { layer, chainId, parent } = step;
    await using undo = new Cleanup((error) => { this.#log.warn('cannot undo an unpacking', { layer: layer.diffId, error }); });
    const key = `${UNPACKING_PREFIX}${randomBytes(8).toString('hex')}`;
    // Tells a check of the store that somebody is at work here.
    lease.hold('snapshot', key);
    const stacked = this.#snapshotter.layering === 'stacked';
    if (!stacked) await below;
    await this.#snapshotter.prepare(key, stacked ? undefined : parent);
    undo.push(() => this.#snapshotter.remove(key));
    await arrived?.(layer);
    onProgress?.(layer, 'unpacking');
    const { directory, sidecar } = await this.#snapshotter.stat(key);
    const result = await this.#unpacker.unpack({ blobPath: this.#pathOf(layer.blob), directory, layering: this.#snapshotter.layering, indexPath: sidecar, splitPath: this.#split ? splitPathOf(sidecar) : undefined }, signal);
    checkDiffId(layer, result);
    await below;
    if (stacked && parent !== undefined && !result.rootSeen) copyDirectoryAttributes((await this.#snapshotter.stat(parent)).directory, directory);
    lease.hold('snapshot', chainId);
    await this.#commit(chainId, key, stacked ? parent : undefined, undo);
    onProgress?.(layer, 'unpacked');
    return await this.#record(layer, chainId, result.sizeBytes);
  }

  async #commit(chainId: Digest, key: string, parent: Digest | undefined, undo: Cleanup): Promise<void> {
    try {
      await this.#snapshotter.commit(chainId, key, parent === undefined ? undefined : { parent });
      undo.disarm();
      this.#records.clearSplit(chainId);
    } catch (error) {
      // Somebody else has made the same layer meanwhile: theirs is as good, ours goes.
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  async #record(layer: LayerBlob, chainId: Digest, sizeBytes: number): Promise<LayerRecord> {
    const known = this.#records.findLayer({ chainId });
    // Of a layer that is kept unpacked only, no blob can be looked at.
    const mediaType = known?.blob === layer.blob ? known.mediaType : await this.#mediaTypeOf(layer.blob);
    return { diffId: layer.diffId, chainId, blob: layer.blob, mediaType, blobBytes: layer.size, sizeBytes };
  }

  /** By what the blob holds: media types lie. */
  async #mediaTypeOf(blob: Digest): Promise<string> {
    for await (const head of createReadStream(this.#pathOf(blob), { end: 15 })) {
      const compression = compressionOf(head as Buffer);
      return compression === 'none' ? MEDIA_TYPES.ociLayer : `${MEDIA_TYPES.ociLayer}+${compression}`;
    }
    return MEDIA_TYPES.ociLayer;
  }
}

interface Step {
  layer: LayerBlob;
  chainId: Digest;
  parent: Digest | undefined;
}

function checkDiffId({ diffId }: LayerBlob, result: UnpackResult): void {
  if (result.diffId !== diffId) throw new InvalidArgumentError(`wrong layer: the image names ${diffId}, its content is ${result.diffId}`);
}
