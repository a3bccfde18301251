import { jsonLines } from '../json-lines.ts';
import type { FileDifference, ImageFile, ImageLayers, ImageWaste } from '../wire/explorer.ts';
import type { EngineClient } from './engine-client.ts';

const at = (name: string, what: string): string => `/strata/images/${name.split('/').map(encodeURIComponent).join('/')}/${what}`;

export function imageLayers(client: EngineClient, name: string): Promise<ImageLayers> {
  return client.json('GET', at(name, 'layers'));
}

export interface FilesQuery {
  /** Directory or file; the root when absent. */
  path?: string;
  /** Only what this layer holds and did. */
  layer?: number;
  /** With all that is in directories. */
  recursive?: boolean;
  /** With what is not there any more. */
  removed?: boolean;
}

export async function* imageFiles(client: EngineClient, name: string, query: FilesQuery = {}, signal?: AbortSignal): AsyncGenerator<ImageFile> {
  yield* jsonLines<ImageFile>(await client.stream('GET', at(name, 'files'), { query: { ...query }, ...(signal ? { signal } : {}) }));
}

export async function* imageDifferences(client: EngineClient, query: { from: string; to: string }, signal?: AbortSignal): AsyncGenerator<FileDifference> {
  yield* jsonLines<FileDifference>(await client.stream('GET', '/strata/images/diff', { query, ...(signal ? { signal } : {}) }));
}

/** @param query `limit`: how many paths are listed at most; 100 when absent */
export function imageWaste(client: EngineClient, name: string, query: { limit?: number } = {}): Promise<ImageWaste> {
  return client.json('GET', at(name, 'waste'), { query });
}
