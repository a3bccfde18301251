import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { decompress } from '../../archive/decompress.ts';
import { release } from '../../archive/release.ts';
import type { TarEntry } from '../../archive/tar-entry.ts';
import { type TarHandler, TarParser } from '../../archive/tar-parser.ts';
import { type GrowingFile, readGrowing } from '../../content/growth.ts';
import { LayerIndexBuilder } from '../../explorer/layer-index-builder.ts';
import { encodeLayerIndex } from '../../explorer/layer-index-format.ts';
import { LayerExtractor, type LayerObserver } from './layer-extractor.ts';
import { SplitWriter } from '../split/split-writer.ts';
import { LayerTree } from './layer-tree.ts';
import { MergingWhiteouts, OverlayWhiteouts } from './whiteouts.ts';

export interface UnpackRequest {
  /** The layer as it was received, or as it is being received: a tar, compressed or not. */
  blob: GrowingFile;
  /** An empty directory (`stacked`) or a copy of the layers below (`merged`), touched by nobody else; undefined only to look the layer over. */
  directory: string | undefined;
  layering: 'stacked' | 'merged';
  /** Where the index of the layer's files is written, a new file; absent for none. */
  indexPath?: string;
  /** Where the layer's split file is written, a new file; undefined for none. */
  splitPath?: string | undefined;
}

export interface UnpackResult {
  /** Digest of the uncompressed archive. */
  diffId: string;
  /** Bytes of the files, hard links once: what docker calls the size of a layer. */
  sizeBytes: number;
  entries: number;
  /** Directories that the layer has something in and says nothing of, as byte strings: they are to look as they do below. */
  impliedDirectories: readonly string[];
}

/**
 * Unpacks one layer and hashes it on the way, as fast as its bytes come. On failure the directory holds a part of it: the caller throws it away.
 * @param onRead told how many bytes of the blob have been taken so far
 * @throws GrowthBrokenError when the download is given up; InvalidArgumentError for what is no proper layer; file system errors as they are
 */
export async function unpackLayer({ blob, directory, layering, indexPath, splitPath }: UnpackRequest, onRead: (bytes: number) => void = () => undefined): Promise<UnpackResult> {
  const builder = indexPath === undefined ? undefined : new LayerIndexBuilder(layering);
  const split = splitPath === undefined ? undefined : new SplitWriter(splitPath);
  const target = directory === undefined ? new LayerMeter() : makeExtractor(directory, layering, split ? alsoSplit(builder, split) : builder);
  const parser = new TarParser(target);
  const hash = createHash('sha256');
  try {
    for await (const chunk of decompress(counted(readGrowing(blob), onRead))) {
      hash.update(chunk);
      split?.begin(chunk);
      parser.push(chunk);
      split?.flush();
      release(chunk);
    }
    parser.finish();
    target.finish();
    split?.finish();
    if (indexPath !== undefined && builder) writeFileSync(indexPath, encodeLayerIndex(builder.index), { flag: 'wx', mode: 0o600 });
  } finally {
    target.close();
    split?.close();
  }
  return { diffId: `sha256:${hash.digest('hex')}`, sizeBytes: target.sizeBytes, entries: target.entries, impliedDirectories: target.impliedDirectories };
}

async function* counted(source: AsyncIterable<Uint8Array>, onRead: (bytes: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    yield chunk;
    release(chunk);
    onRead(bytes);
  }
}

function makeExtractor(directory: string, layering: UnpackRequest['layering'], observer: LayerObserver | undefined): LayerExtractor {
  const tree = new LayerTree(directory);
  return new LayerExtractor(tree, layering === 'stacked' ? new OverlayWhiteouts(tree) : new MergingWhiteouts(tree), observer);
}

/** Content passes both: the index counts it, the split file says where it lies. */
function alsoSplit(observer: LayerObserver | undefined, split: SplitWriter): LayerObserver {
  return {
    made: (path, entry, target) => {
      if (entry.type === 'file') split.file(path);
      observer?.made(path, entry, target);
    },
    removed: (path) => { observer?.removed(path); },
    emptied: (directory) => { observer?.emptied(directory); },
    data: (chunk, offset) => {
      split.content(chunk, offset);
      observer?.data(chunk, offset);
    },
    end: () => { observer?.end(); },
  };
}

/** Counts, and lays nothing down. */
class LayerMeter implements TarHandler {
  sizeBytes = 0;
  entries = 0;
  readonly impliedDirectories: readonly string[] = [];

  entry(entry: TarEntry): void {
    this.entries += 1;
    this.sizeBytes += entry.size;
  }

  data(): void {
    // Hashed already.
  }

  end(): void {
    // Nothing is open.
  }

  finish(): void {
    // Nothing is left to do.
  }

  close(): void {
    // Nothing is open.
  }
}
