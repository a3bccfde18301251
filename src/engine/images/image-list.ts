import { InvalidArgumentError } from '../../api/errors.ts';
import { type FilterValues, filterBoolean, matchesLabels } from '../filters.ts';
import { type ImageFinder, repoNames } from './image-finder.ts';
import type { ImageOverview, ImageRecords } from './image-records.ts';
import { globToPattern } from './reference-pattern.ts';

export interface ListedImage {
  record: ImageOverview;
  /** Those that the filter lets through. */
  repoTags: readonly string[];
  repoDigests: readonly string[];
  /** Bytes in layers that other images have too. */
  sharedBytes: number | undefined;
  /** That use it, where it was asked for. */
  containers?: number;
}

export interface ListOptions {
  filters: FilterValues;
  /** With the untagged parents of others. */
  all: boolean;
  sharedSize?: boolean;
  containers?: boolean;
}

export const IMAGE_FILTERS = ['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until'] as const;

/** Newest first. Three queries for any number of images. @throws InvalidArgumentError for a bad filter, NotFoundError for an unknown image in one */
export function listImages(records: ImageRecords, finder: ImageFinder, { filters, all, sharedSize = false }: ListOptions): ListedImage[] {
  const dangling = filterBoolean(filters, 'dangling');
  const patterns = (filters.get('reference') ?? []).map(globToPattern);
  const namesOf = Map.groupBy(records.allReferences(), ({ image }) => image);
  const parents = records.parents();
  const isInTime = timeFilter(filters, finder);
  const shared = sharedSize ? records.sharedLayers() : undefined;
  return records.list().flatMap((record) => {
    if (!isInTime(record.createdAt) || !matchesLabels(filters, record.labels)) return [];
    const { repoTags, repoDigests } = repoNames(namesOf.get(record.id) ?? []);
    const named = repoTags.length + repoDigests.length > 0;
    // A name with a digest alone counts as none, as in dockerd.
    if (dangling === true && (repoTags.length > 0 || parents.has(record.id))) return [];
    if (dangling === false && !named) return [];
    if (!named && !all && parents.has(record.id)) return [];
    const tags = patterns.length === 0 ? repoTags : repoTags.filter((name) => matches(patterns, name));
    const digests = patterns.length === 0 ? repoDigests : repoDigests.filter((name) => matches(patterns, name));
    if (patterns.length > 0 && tags.length + digests.length === 0) return [];
    const sharedBytes = shared && records.layers(record.id).reduce((sum, { chainId }) => sum + (shared.get(chainId) ?? 0), 0);
    return [{ record, repoTags: tags, repoDigests: digests, sharedBytes }];
  }).toSorted((a, b) => b.record.createdAt - a.record.createdAt);
}

/** A pattern may mean the whole name or the repository alone. */
function matches(patterns: readonly RegExp[], name: string): boolean {
  const repository = name.replace(/(@sha256:[0-9a-f]{64}|:[^:/]+)$/, '');
  return patterns.some((pattern) => pattern.test(name) || pattern.test(repository));
}

function timeFilter(filters: FilterValues, finder: ImageFinder): (createdAt: number) => boolean {
  const createdOf = (name: string): number => finder.getRecord(name).createdAt;
  const before = (filters.get('before') ?? []).map(createdOf);
  const since = (filters.get('since') ?? []).map(createdOf);
  const until = (filters.get('until') ?? []).map((text) => parseUntil(text));
  return (createdAt) => before.every((time) => createdAt < time) && since.every((time) => createdAt > time) && until.every((time) => createdAt < time);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Seconds since the epoch, a date, or how long ago (`24h`, `1h30m`). */
export function parseUntil(text: string, now = Date.now()): number {
  if (/^\d{1,12}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return now - [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ''] ?? 0), 0);
  const date = Date.parse(text);
  if (Number.isNaN(date)) throw new InvalidArgumentError(`invalid filter 'until=${text}'`);
  return date;
}
