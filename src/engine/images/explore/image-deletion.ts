import { lstat } from 'node:fs/promises';
import type { Digest } from '../../content/digest.ts';
import type { Snapshotter } from '../../snapshots/snapshotter.ts';
import type { ImageRecord, ImageRecords, LayerRecord } from '../image-records.ts';
import type { ImageUser, ImageUsers } from '../image.ts';

/** What deleting an image, with all its names and by force, would do. */
export interface Deletion {
  /** Disk bytes that come back, by chain id and by blob; what stays is not in here. */
  layers: ReadonlyMap<Digest, number>;
  blobs: ReadonlyMap<Digest, number>;
  /** Ids of parents without a name, which go with it. */
  alsoDeleted: readonly string[];
  users: readonly ImageUser[];
  /** Ids of images that were made from it. */
  children: readonly string[];
  /** It cannot be deleted, so nothing comes back. */
  blocked: boolean;
}

export interface DeletionParts {
  records: ImageRecords;
  snapshotter: Snapshotter;
  users: ImageUsers;
  pathOf: (digest: Digest) => string;
}

/** Follows the rules of `ImageRemover` and `GarbageCollector` without doing anything. */
export async function deletionOf(image: ImageRecord, parts: DeletionParts): Promise<Deletion> {
  const { records, users, snapshotter, pathOf } = parts;
  const standing = users(image.id);
  const children = records.children(image.id);
  const blocked = children.length > 0 || standing.some(({ running }) => running);
  const parents = parentsToGo(image, parts);
  const facts = { alsoDeleted: parents, users: standing, children, blocked };
  if (blocked) return { ...facts, layers: new Map(), blobs: new Map() };
  const deleted = new Set([image.id, ...parents]);
  const needed = (kind: 'blob' | 'snapshot', key: string): boolean => records.imagesOf(kind, key).some((id) => !deleted.has(id));
  const stored = [...deleted].flatMap((id) => records.layers(id));
  const chains = await chainsToGo(stored, snapshotter, (chainId) => needed('snapshot', chainId));
  const blobs = new Set([...stored.map(({ blob }) => blob), ...[...deleted].flatMap((id) => records.manifestBlobs(id))].filter((blob) => !needed('blob', blob)));
  return {
    ...facts,
    layers: new Map(await Promise.all(chains.map(async (chainId) => [chainId, (await snapshotter.usage(chainId)).bytes] as const))),
    blobs: new Map(await Promise.all([...blobs].map(async (blob) => [blob, await diskBytes(pathOf(blob))] as const))),
  };
}

/** Nearest first. */
function parentsToGo(image: ImageRecord, { records, users }: DeletionParts): string[] {
  const result: string[] = [];
  for (let child = image; child.parent !== undefined;) {
    const parent = records.find(child.parent);
    if (!parent || records.referencesOf(parent.id).length > 0 || users(parent.id).length > 0 || records.children(parent.id).length > 1) break;
    result.push(parent.id);
    child = parent;
  }
  return result;
}

/** A snapshot goes when no image needs it and everything that stands on it goes too. */
async function chainsToGo(layers: readonly LayerRecord[], snapshotter: Snapshotter, isNeeded: (chainId: Digest) => boolean): Promise<Digest[]> {
  const standingOn = new Map<string, string[]>();
  for await (const { key, parent } of snapshotter.list()) if (parent !== undefined) standingOn.set(parent, [...(standingOn.get(parent) ?? []), key]);
  const goes = new Set<string>();
  const left = new Set(layers.map(({ chainId }) => chainId).reverse());
  // From the top down; further rounds are for the layers of parents.
  for (let before = -1; before !== goes.size;) {
    before = goes.size;
    for (const chainId of left) {
      if (isNeeded(chainId)) left.delete(chainId);
      else if ((standingOn.get(chainId) ?? []).every((key) => goes.has(key))) { goes.add(chainId); left.delete(chainId); }
    }
  }
  return layers.map(({ chainId }) => chainId).filter((chainId, index, all) => goes.has(chainId) && all.indexOf(chainId) === index);
}

async function diskBytes(path: string): Promise<number> {
  return ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * 512;
}
