import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ConflictError, InvalidArgumentError } from '../../api/errors.ts';
import { Cleanup } from '../../base/cleanup.ts';
import type { Logger } from '../../base/log.ts';
import { compressionOf } from '../archive/decompress.ts';
import type { Digest } from '../content/digest.ts';
import { type GrowingFile, Growth } from '../content/growth.ts';
import type { Lease, Leases } from '../gc/leases.ts';
import { SharedWork } from '../registry/shared-work.ts';
import type { Snapshotter } from '../snapshots/snapshotter.ts';
import { chainIds } from './chain-id.ts';
import type { ImageRecords, LayerRecord } from './image-records.ts';
import { MEDIA_TYPES } from './manifest.ts';
import { splitPathOf } from './split/rebuild-layer.ts';
import { inheritDirectories } from './unpack/inherit-directories.ts';
import type { UnpackResult } from './unpack/unpack-layer.ts';
import type { Unpacker } from './unpack/unpack-pool.ts';

/** A layer of an image that is being made: its blob is in the content store, held by the lease. */
export interface LayerBlob {
  blob: Digest;
  size: number;
  diffId: Digest;
}

/** How a layer becomes a snapshot. `read`: bytes of its blob that have been taken so far. */
export type LayerPhase = { phase: 'unpacking'; read: number } | { phase: 'unpacked' | 'exists' };

export interface LayerProgress {
  (layer: LayerBlob, phase: LayerPhase): void;
}

/** A blob on its way into the content store. */
export interface Arrival {
  /** Resolves as soon as its bytes can be read; with undefined where they cannot be before it is whole. Never rejects. */
  begun: Promise<Growth | undefined>;
  /** Resolves when it is in the content store, verified. */
  done: Promise<unknown>;
}

export interface EnsureOptions {
  signal?: AbortSignal;
  onProgress?: LayerProgress;
  /** For a layer whose blob is not in the content store yet. */
  arrivalOf?: (layer: LayerBlob) => Arrival | undefined;
}

/** Keys of snapshots that are being unpacked: what a dead engine left of them is cleared at the start. */
export const UNPACKING_PREFIX = 'unpack-';

/** Turns the layers of an image into committed snapshots, named by chain id. */
export class LayerStore {
  readonly #snapshotter: Snapshotter;
  readonly #unpacker: Unpacker;
  readonly #records: ImageRecords;
  readonly #pathOf: (digest: Digest) => string;
  readonly #leases: Leases;
  readonly #log: Logger;
  readonly #split: boolean;
  readonly #works = new SharedWork<LayerPhase, LayerRecord>();

  /** @param parts `split`: whether layers get a split file, which is what they are put together from without their blob */
  constructor(parts: { split: boolean; snapshotter: Snapshotter; unpacker: Unpacker; records: ImageRecords; leases: Leases; pathOf: (digest: Digest) => string; log: Logger }) {
    this.#snapshotter = parts.snapshotter;
    this.#unpacker = parts.unpacker;
    this.#records = parts.records;
    this.#pathOf = parts.pathOf;
    this.#leases = parts.leases;
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
   * Unpacks what is not there yet, in parallel where the snapshotter can, and verifies every blob against its diffId. A blob that is still on
   * its way is unpacked while it comes; its snapshot is committed once the blob is verified too. What others are unpacking already is
   * waited for. All snapshots are held by the lease. On failure those that were finished stay until the next collection.
   * @throws InvalidArgumentError for a layer that is none or has another diffId
   */
  async ensure(layers: readonly LayerBlob[], lease: Lease, options: EnsureOptions = {}): Promise<LayerRecord[]> {
    const chains = chainIds(layers.map(({ diffId }) => diffId));
    const present = await this.countPresent(layers, lease);
    const abort = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
    const work = layers.map((layer, index) => ({ layer, chainId: chains[index] ?? layer.diffId, parent: chains[index - 1] }));
    const results: Promise<LayerRecord>[] = [];
    let below: Promise<unknown> = Promise.resolve();
    for (const [index, step] of work.entries()) {
      const result = index < present ? this.#reuse(step, signal, options) : this.#share(step, below, lease, signal, options);
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

  /** How many layers, from the bottom, are there already. The lease holds them. */
  async countPresent(layers: readonly LayerBlob[], lease: Lease): Promise<number> {
    const chains = chainIds(layers.map(({ diffId }) => diffId));
    for (let count = chains.length; count > 0; count -= 1) {
      const chainId = chains[count - 1] ?? '';
      // Held before it is looked for: then it cannot go in between, and neither can what it stands on.
      lease.hold('snapshot', chainId);
      if ((await this.#snapshotter.stat(chainId).catch(() => undefined))?.kind === 'committed') return count;
    }
    return 0;
  }

  async #reuse({ layer, chainId }: Step, signal: AbortSignal, { onProgress, arrivalOf }: EnsureOptions): Promise<LayerRecord> {
    await arrivalOf?.(layer)?.done;
    const known = this.#records.findLayer({ chainId });
    const verified = known?.blob === layer.blob || this.#records.findLayer({ blob: layer.blob, diffId: layer.diffId }) !== undefined;
    let sizeBytes = known?.sizeBytes;
    if (!verified || sizeBytes === undefined) {
      const result = await this.#unpacker.unpack({ blob: Growth.ofWhole(this.#pathOf(layer.blob)), directory: undefined, layering: this.#snapshotter.layering }, { signal });
      checkDiffId(layer, result);
      sizeBytes = result.sizeBytes;
    }
    onProgress?.(layer, { phase: 'exists' });
    return this.#record(layer, chainId, sizeBytes);
  }

  /** Makes a layer, or waits for who is making the same from the same blob. */
  async #share(step: Step, below: Promise<unknown>, lease: Lease, signal: AbortSignal, { onProgress, arrivalOf }: EnsureOptions): Promise<LayerRecord> {
    const { layer, chainId } = step;
    lease.hold('snapshot', chainId);
    for (;;) {
      const { joined, result } = this.#works.run(`${chainId} ${layer.blob}`, (report, shared) => this.#make(step, below, { signal: shared, arrival: arrivalOf?.(layer), report }), {
        signal, onProgress: (phase) => onProgress?.(layer, phase),
      });
      try {
        const record = await result;
        // The layers below may be somebody else's works still.
        await below;
        return record;
      } catch (error) {
        // Theirs may have failed for reasons of their own.
        if (!joined || signal.aborted) throw error;
      }
    }
  }

  async #make({ layer, chainId, parent }: Step, below: Promise<unknown>, work: Work): Promise<LayerRecord> {
    using lease = this.#leases.acquire();
    lease.hold('snapshot', chainId);
    await using undo = this.#cleanup(layer);
    const stacked = this.#snapshotter.layering === 'stacked';
    if (!stacked) await below;
    const { key, directory, result } = await this.#unpack(layer, stacked ? undefined : parent, lease, work);
    undo.push(() => this.#snapshotter.remove(key));
    checkDiffId(layer, result);
    await below;
    work.signal.throwIfAborted();
    if (stacked && parent !== undefined) await inheritDirectories(this.#snapshotter, { directory, parent, names: result.impliedDirectories });
    await this.#commit(chainId, key, stacked ? parent : undefined, undo);
    work.report({ phase: 'unpacked' });
    return await this.#record(layer, chainId, result.sizeBytes);
  }

  /** While the blob comes. When its download begins anew, so does this, once it is whole. */
  async #unpack(layer: LayerBlob, parent: Digest | undefined, lease: Lease, work: Work): Promise<Unpacked> {
    const { arrival, signal } = work;
    const growth = await arrival?.begun;
    if (growth && !growth.isBroken()) {
      try {
        return await this.#unpackInto(layer, parent, lease, growth.file, work);
      } catch (error) {
        // If the blob is not what it should be, that is the reason for everything else.
        await arrival?.done;
        if (signal.aborted || !growth.isBroken()) throw error;
      }
    }
    await arrival?.done;
    return this.#unpackInto(layer, parent, lease, Growth.ofWhole(this.#pathOf(layer.blob)), work);
  }

  /** Into a snapshot of its own, which is gone again if this fails. */
  async #unpackInto(layer: LayerBlob, parent: Digest | undefined, lease: Lease, blob: GrowingFile, { signal, report, arrival }: Work): Promise<Unpacked> {
    await using undo = this.#cleanup(layer);
    const key = `${UNPACKING_PREFIX}${randomBytes(8).toString('hex')}`;
    // Tells a check of the store that somebody is at work here.
    lease.hold('snapshot', key);
    await this.#snapshotter.prepare(key, parent);
    undo.push(() => this.#snapshotter.remove(key));
    const { directory, sidecar } = await this.#snapshotter.stat(key);
    report({ phase: 'unpacking', read: 0 });
    const request = { blob, directory, layering: this.#snapshotter.layering, indexPath: sidecar, splitPath: this.#split ? splitPathOf(sidecar) : undefined };
    const result = await this.#unpacker.unpack(request, { signal, onProgress: (read) => { report({ phase: 'unpacking', read }); } });
    await arrival?.done;
    undo.disarm();
    return { key, directory, result };
  }

  #cleanup({ diffId }: LayerBlob): Cleanup {
    return new Cleanup((error) => { this.#log.warn('cannot undo an unpacking', { layer: diffId, error }); });
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

interface Unpacked {
  key: string;
  directory: string;
  result: UnpackResult;
}

interface Work {
  signal: AbortSignal;
  arrival: Arrival | undefined;
  report: (phase: LayerPhase) => void;
}

interface Step {
  layer: LayerBlob;
  chainId: Digest;
  parent: Digest | undefined;
}

function checkDiffId({ diffId }: LayerBlob, result: UnpackResult): void {
  if (result.diffId !== diffId) throw new InvalidArgumentError(`wrong layer: the image names ${diffId}, its content is ${result.diffId}`);
}
