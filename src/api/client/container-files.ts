import { InternalError } from '../errors.ts';
import type { ContainerConfig } from '../wire/container.ts';
import { type EngineClient, text } from './engine-client.ts';

/** What a file in a container is. `mode` is Go's os.FileMode. Source: Engine API, ContainerArchiveInfo. */
export interface ContainerPathStat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  /** Of a symlink: where it leads, inside the container. */
  linkTarget: string;
}

const at = (id: string, verb: string): string => `/containers/${encodeURIComponent(id)}${verb}`;

export async function statContainerPath(client: EngineClient, id: string, path: string): Promise<ContainerPathStat> {
  const response = await client.send('HEAD', at(id, '/archive'), { query: { path } });
  await text(response.body);
  return parseStat(response.headers);
}

/** A tar of what the path names. */
export async function readContainerArchive(client: EngineClient, id: string, path: string): Promise<{ stat: ContainerPathStat; archive: AsyncIterable<Uint8Array> }> {
  const response = await client.send('GET', at(id, '/archive'), { query: { path } });
  return { stat: parseStat(response.headers), archive: response.body };
}

/** Lays a tar down in a directory of a container. */
export function writeContainerArchive(
  client: EngineClient, id: string, query: { path: string; noOverwriteDirNonDir?: boolean; copyUIDGID?: boolean }, archive: AsyncIterable<Uint8Array>,
): Promise<void> {
  return client.call('PUT', at(id, '/archive'), { query, body: archive, contentType: 'application/x-tar' });
}

/** `Kind`: 0 changed, 1 added, 2 deleted. */
export async function containerChanges(client: EngineClient, id: string): Promise<{ Path: string; Kind: number }[]> {
  return (await client.json<{ Path: string; Kind: number }[] | null>('GET', at(id, '/changes'))) ?? [];
}

export function exportContainer(client: EngineClient, id: string): Promise<AsyncIterable<Uint8Array>> {
  return client.stream('GET', at(id, '/export'));
}

export interface CommitQuery { container: string; repo?: string; tag?: string; comment?: string; author?: string; pause?: boolean; changes?: readonly string[] }

/** Makes an image of a container. */
export function commitContainer(client: EngineClient, { changes = [], pause, ...query }: CommitQuery, config?: ContainerConfig): Promise<{ Id: string }> {
  const repeated = changes.map((change) => `&changes=${encodeURIComponent(change)}`).join('');
  // Left out, false would mean yes.
  const flags = new URLSearchParams({ ...query, ...(pause === false ? { pause: '0' } : {}) });
  return client.json('POST', `/commit?${flags.toString()}${repeated}`, config === undefined ? {} : { json: config });
}

function parseStat(headers: Readonly<Record<string, string>>): ContainerPathStat {
  const header = headers['x-docker-container-path-stat'];
  if (header === undefined) throw new InternalError('the engine told nothing of the path');
  const parsed: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(header), (character) => character.charCodeAt(0))));
  if (typeof parsed !== 'object' || parsed === null || !('mode' in parsed) || typeof parsed.mode !== 'number') throw new InternalError('the engine told nothing of the path');
  const { name = '', size = 0, mtime = '', linkTarget = '' } = parsed as Partial<ContainerPathStat>;
  return { name, size, mode: parsed.mode, mtime, linkTarget };
}
