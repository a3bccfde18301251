import type { FileDifference, FileFacts, ImageDeletion, ImageFile, ImageLayer, ImageLayers, ImageStep, ImageWaste } from '../../../api/wire/explorer.ts';
import { textOfName } from '../../archive/tar-entry.ts';
import type { Difference } from '../../explorer/image-diff.ts';
import type { Waste } from '../../explorer/image-waste.ts';
import type { LayerFile } from '../../explorer/layer-index.ts';
import type { ListedFile } from '../../explorer/list-files.ts';
import type { HistoryEntry } from '../../images/image-config.ts';
import type { Deletion } from '../../images/explore/image-deletion.ts';
import type { ExploredImage, ExploredLayer } from '../../images/explore/image-explorer.ts';

export function wireLayers({ record, repoTags, layers, deletion }: ExploredImage): ImageLayers {
  const { history } = record.config;
  // A history that does not fit the layers tells nothing about any of them.
  const fits = history.filter(({ emptyLayer }) => !emptyLayer).length === layers.length;
  const steps = wireSteps(history, fits);
  const makers = new Map(steps.map((step) => [step.Layer, step]));
  const counted = new Set<string>();
  return {
    Id: record.id, RepoTags: [...repoTags], Steps: steps, Deletion: wireDeletion(deletion),
    Layers: layers.map((explored, index) => wireLayer(explored, { number: index + 1, parent: layers[index - 1]?.layer.chainId, maker: makers.get(index + 1), freed: freedWith(explored, deletion, counted) })),
  };
}

function wireSteps(history: readonly HistoryEntry[], fits: boolean): ImageStep[] {
  let layer = 0;
  return history.map(({ created, createdBy, comment, emptyLayer }) => {
    if (!emptyLayer) layer += 1;
    return { Created: created, CreatedBy: createdBy, Comment: comment, ...(fits && !emptyLayer ? { Layer: layer } : {}) };
  });
}

/** A blob that several layers are made of comes back once. */
function freedWith({ layer }: ExploredLayer, deletion: Deletion, counted: Set<string>): number {
  const blob = counted.has(layer.blob) ? 0 : (deletion.blobs.get(layer.blob) ?? 0);
  counted.add(layer.blob);
  return (deletion.layers.get(layer.chainId) ?? 0) + blob;
}

function wireLayer({ layer, changes, sharedWith }: ExploredLayer, facts: { number: number; parent: string | undefined; maker: ImageStep | undefined; freed: number }): ImageLayer {
  return {
    Number: facts.number, DiffId: layer.diffId, ChainId: layer.chainId, ...(facts.parent === undefined ? {} : { Parent: facts.parent }),
    Blob: layer.blob, MediaType: layer.mediaType, BlobBytes: layer.blobBytes, Bytes: layer.sizeBytes,
    Added: changes.added, Overwritten: changes.overwritten, Removed: changes.removed,
    ...(facts.maker ? { CreatedBy: facts.maker.CreatedBy, Comment: facts.maker.Comment } : {}),
    SharedWith: sharedWith.map(({ id, repoTags }) => ({ Id: id, RepoTags: [...repoTags] })), FreedBytes: facts.freed,
  };
}

function wireDeletion({ layers, blobs, alsoDeleted, users, children, blocked }: Deletion): ImageDeletion {
  const [layerBytes, blobBytes] = [sum(layers), sum(blobs)];
  return {
    FreedBytes: layerBytes + blobBytes, LayerBytes: layerBytes, BlobBytes: blobBytes, AlsoDeleted: [...alsoDeleted],
    Containers: users.map(({ containerId, running }) => ({ Id: containerId, Running: running })), Children: [...children], Blocked: blocked,
  };
}

const sum = (bytes: ReadonlyMap<string, number>): number => bytes.values().reduce((total, each) => total + each, 0);

export function wireFile({ node, file, layer, change, bytes }: ListedFile): ImageFile {
  return {
    ...wirePath(node.path), ...wireFacts(file), Size: bytes, Layer: layer,
    Steps: node.steps.flatMap((step) => (step.change === 'passed' ? [] : [{ Layer: step.layer, Change: step.change }])),
    ...(change === undefined ? {} : { Change: change === 'passed' ? 'none' : change }),
  };
}

export function wireDifference({ path, change, from, to, what }: Difference): FileDifference {
  return { ...wirePath(path), Change: change, ...(from ? { From: wireFacts(from) } : {}), ...(to ? { To: wireFacts(to) } : {}), Differs: [...what] };
}

export function wireWaste(id: string, { storedBytes, wastedBytes, paths }: Waste, limit: number): ImageWaste {
  return {
    Id: id, StoredBytes: storedBytes, WastedBytes: wastedBytes, Efficiency: storedBytes === 0 ? 1 : (storedBytes - wastedBytes) / storedBytes, PathCount: paths.length,
    Paths: paths.slice(0, limit).map(({ node, bytes, versions }) => ({
      ...wirePath(node.path), WastedBytes: bytes, Versions: versions.map((version) => ({ Layer: version.layer, Bytes: version.bytes, HiddenBy: version.hiddenBy, How: version.how })),
    })),
  };
}

function wireFacts(file: LayerFile): FileFacts {
  const { kind, mode, uid, gid, size, link, digest } = file;
  const device = kind === 'char' || kind === 'block';
  return {
    // What leads to no file of the layers below is an empty one.
    Kind: kind === 'link' || kind === 'whiteout' ? 'file' : kind, Mode: mode, Uid: uid, Gid: gid, Size: size,
    ...(kind === 'symlink' ? { Target: textOfName(link) } : {}), ...(device ? { Device: link } : {}), ...(digest === '' ? {} : { Digest: `sha256:${digest}` }),
  };
}

/** JSON is text: what is none comes as bytes too. */
function wirePath(path: string): { Path: string; PathBytes?: string } {
  const text = `/${textOfName(path)}`;
  return text.includes('\ufffd') ? { Path: text, PathBytes: Buffer.from(`/${path}`, 'latin1').toString('base64') } : { Path: text };
}
