import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createDeflateRaw, createGzip } from 'node:zlib';
import { InvalidArgumentError } from '../../../api/errors.ts';
import type { FileFacts, TreeChange } from '../../archive/tree/tree-work.ts';
import type { ContainerRegistry } from '../../containers/container-registry.ts';
import type { Container } from '../../containers/container.ts';
import type { ContainerCommitter } from '../../containers/files/container-committer.ts';
import type { ContainerFiles } from '../../containers/files/container-files.ts';
import { queryBoolean } from '../query.ts';
import type { Route, RouteContext } from '../route.ts';
import { decodeContainerConfig } from './container-request.ts';

const STAT_HEADER = 'x-docker-container-path-stat';
const CHANGE_KINDS: Readonly<Record<TreeChange['kind'], number>> = { modified: 0, added: 1, deleted: 2 };

/** Files of containers: archive, changes, export, commit. */
export function containerFileRoutes({ registry, files, committer }: { registry: ContainerRegistry; files: ContainerFiles; committer: ContainerCommitter }): Route[] {
  const named = (context: RouteContext): Container => registry.get(context.params['id'] ?? '');
  return [
    {
      method: 'HEAD', path: '/containers/{id}/archive',
      handler: async (context) => {
        const facts = await files.stat(named(context), pathOf(context));
        context.streamHead(200, { [STAT_HEADER]: statHeader(facts) }).end();
      },
    },
    {
      method: 'GET', path: '/containers/{id}/archive',
      handler: async (context) => {
        const { facts, bytes } = await files.read(named(context), pathOf(context));
        const encoding = chooseEncoding(context.headers['accept-encoding'] ?? '');
        const head = context.streamHead(200, { 'content-type': 'application/x-tar', [STAT_HEADER]: statHeader(facts), ...(encoding === undefined ? {} : { 'content-encoding': encoding }) });
        await send(bytes, encoding, head);
      },
    },
    {
      method: 'PUT', path: '/containers/{id}/archive',
      handler: async (context) => {
        const container = named(context);
        try {
          await files.write(container, pathOf(context), bodyOf(context), { keepKinds: queryBoolean(context.query, 'noOverwriteDirNonDir'), toUser: queryBoolean(context.query, 'copyUIDGID') });
        } finally {
          // A client that still writes must not hang.
          context.body.resume();
        }
        context.empty(200);
      },
    },
    {
      method: 'GET', path: '/containers/{id}/changes',
      handler: async (context) => { context.json(200, (await files.changes(named(context))).map(({ path, kind }) => ({ Path: path, Kind: CHANGE_KINDS[kind] }))); },
    },
    {
      method: 'GET', path: '/containers/{id}/export',
      handler: async (context) => {
        const bytes = await files.export(named(context));
        await pipeline(bytes, context.streamHead(200, { 'content-type': 'application/octet-stream' }));
      },
    },
    {
      method: 'POST', path: '/commit',
      handler: async (context) => {
        const { query } = context;
        const name = query.get('container') ?? '';
        if (name === '') throw new InvalidArgumentError('invalid name or ID supplied: ""');
        const config = decodeContainerConfig(await context.readJson());
        const text = (key: string): string => query.get(key) ?? '';
        const id = await committer.commit(registry.get(name), {
          repository: text('repo'), tag: text('tag'), comment: text('comment'), author: text('author'), pause: text('pause') === '' || queryBoolean(query, 'pause'), changes: query.getAll('changes'), config,
        }, context.signal);
        context.json(201, { Id: id });
      },
    },
  ];
}

/** Giving up reading must not take the connection along: the client is still to hear why. */
export function bodyOf({ body }: RouteContext): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => body.iterator({ destroyOnReturn: false }) };
}

function pathOf(context: RouteContext): string {
  const path = context.query.get('path') ?? '';
  if (path === '') throw new InvalidArgumentError('bad parameter: path cannot be empty');
  return path;
}

async function send(bytes: Readable, encoding: 'gzip' | 'deflate' | undefined, response: ServerResponse): Promise<void> {
  if (encoding === 'gzip') await pipeline(bytes, createGzip(), response);
  // Docker means the bare stream, without zlib's frame.
  else if (encoding === 'deflate') await pipeline(bytes, createDeflateRaw(), response);
  else await pipeline(bytes, response);
}

/** What the client prefers of gzip and deflate; nothing when it names neither. Source: RFC 9110, section 12.5.3. */
function chooseEncoding(accepted: string): 'gzip' | 'deflate' | undefined {
  const wanted = accepted.split(',').map((item) => {
    const [name = '', ...parameters] = item.trim().toLowerCase().split(/\s*;\s*/);
    return { name, weight: Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1') };
  });
  const weightOf = (name: string): number => wanted.find((item) => item.name === name)?.weight ?? 0;
  const [gzip, deflate] = [weightOf('gzip'), weightOf('deflate')];
  if (gzip === 0 && deflate === 0) return undefined;
  return gzip >= deflate ? 'gzip' : 'deflate';
}

const PERMISSIONS = 0o777;
/** st_mode's types and bits as Go's os.FileMode has them. Source: Go's io/fs, FileMode; inode(7). */
const GO_TYPES: Readonly<Record<number, number>> = { 0o040000: 2 ** 31, 0o120000: 2 ** 27, 0o060000: 2 ** 26, 0o010000: 2 ** 25, 0o140000: 2 ** 24, 0o020000: 2 ** 26 + 2 ** 21 };
const GO_BITS: readonly (readonly [number, number])[] = [[0o4000, 2 ** 23], [0o2000, 2 ** 22], [0o1000, 2 ** 20]];

export function goFileMode(mode: number): number {
  const bits = GO_BITS.reduce((sum, [unix, go]) => sum + ((mode & unix) === 0 ? 0 : go), 0);
  return (mode & PERMISSIONS) + (GO_TYPES[mode & 0o170000] ?? 0) + bits;
}

/** The header's value: JSON in standard base64. */
function statHeader({ name, size, mode, mtimeNs, linkTarget }: FileFacts): string {
  return Buffer.from(JSON.stringify({ name, size, mode: goFileMode(mode), mtime: goTime(mtimeNs), linkTarget })).toString('base64');
}

/** RFC 3339 with as many digits of a second as are not zero. */
function goTime(ns: bigint): string {
  const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = new Date(Number((ns - rest) / 1_000_000n)).toISOString().slice(0, 19);
  const fraction = rest.toString().padStart(9, '0').replace(/0+$/, '');
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}Z`;
}
