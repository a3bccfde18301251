import type { Readable } from 'node:stream';
import { NotFoundError, PermissionDeniedError } from '../../../api/errors.ts';
import { packTree, unpackTree } from '../../archive/tree/tree-streams.ts';
import type { TreeThreads } from '../../archive/tree/tree-threads.ts';
import type { FileFacts, TreeChange, TreeReport, TreeRequest } from '../../archive/tree/tree-work.ts';
import type { EventBus } from '../../events/event-bus.ts';
import { resolveUser } from '../../runtime/user.ts';
import type { Layering } from '../../snapshots/snapshotter.ts';
import { announce } from '../container-events.ts';
import type { Container } from '../container.ts';
import type { ContainerViews } from './container-views.ts';
import { PLACEHOLDERS } from './placeholders.ts';

export interface WriteOptions {
  /** Refuse to put a directory in the place of something else, or the other way round. */
  keepKinds: boolean;
  /** Give everything to the user that the container runs as. */
  toUser: boolean;
}

export interface ContainerFilesParts {
  views: ContainerViews;
  threads: TreeThreads;
  layering: Layering;
  events: EventBus;
}

/** Reads and writes files of containers, running or not. Paths are text as a client wrote it. */
export class ContainerFiles {
  readonly #parts: ContainerFilesParts;

  constructor(parts: ContainerFilesParts) {
    this.#parts = parts;
  }

  /** @throws NotFoundError `Could not find the file …`, InvalidArgumentError for a path that leads through no directory */
  async stat(container: Container, path: string): Promise<FileFacts> {
    await using view = await this.#parts.views.open(container, 'mounted');
    const { facts } = await this.#parts.threads.run({ kind: 'stat', root: view.root, path }).catch(named(container, path));
    return found(facts, path);
  }

  /** A tar of what a path names. Bytes come as they are read; destroying them ends the reading. @throws as `stat` */
  async read(container: Container, path: string): Promise<{ facts: FileFacts; bytes: Readable }> {
    const view = await this.#parts.views.open(container, 'mounted');
    const { report, bytes } = await this.#readFrom(view, (output) => ({ kind: 'pack', root: view.root, path, output })).catch(named(container, path));
    announce(this.#parts.events, container.record, 'archive-path');
    return { facts: found(report.facts, path), bytes };
  }

  /** A tar of the container's whole root file system, without what is mounted in it. */
  async export(container: Container): Promise<Readable> {
    const view = await this.#parts.views.open(container, 'own');
    const { bytes } = await this.#readFrom(view, (output) => ({ kind: 'export', root: view.root, output }));
    announce(this.#parts.events, container.record, 'export');
    return bytes;
  }

  #readFrom(view: AsyncDisposable, request: (output: number) => TreeRequest): Promise<{ report: TreeReport; bytes: Readable }> {
    return packTree(this.#parts.threads, request, async () => { await view[Symbol.asyncDispose](); });
  }

  /**
   * Lays a tar, compressed or not, down in a directory. What it has laid down stays when it fails.
   * @throws NotFoundError when there is no such directory; InvalidArgumentError for no directory, a bad archive or a kind that would change;
   * PermissionDeniedError where nothing may be written
   */
  async write(container: Container, path: string, archive: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<void> {
    await using view = await this.#parts.views.open(container, 'mounted');
    const user = options.toUser ? (container.record.config.User ?? '') : '';
    const owner = user === '' ? undefined : resolveUser(view.rootfs, user);
    await unpackTree(this.#parts.threads, (input) => ({
      kind: 'unpack', root: view.root, path, input, keepKinds: options.keepKinds, ...(owner ? { owner: { uid: owner.uid, gid: owner.gid } } : {}),
    }), archive).catch(named(container, path));
    announce(this.#parts.events, container.record, 'extract-to-dir');
  }

  /** A tar of what has changed since the container was made, as a layer over its image. */
  async layer(container: Container): Promise<Readable> {
    const view = await this.#parts.views.openComparison(container);
    const { upper, lower } = view;
    return (await this.#readFrom(view, (output) => ({ kind: 'layer', upper, lower, layering: this.#parts.layering, placeholders: PLACEHOLDERS, output }))).bytes;
  }

  /** What has changed since the container was made, sorted, parents first. */
  async changes(container: Container): Promise<TreeChange[]> {
    await using view = await this.#parts.views.openComparison(container);
    const { upper, lower } = view;
    return (await this.#parts.threads.run({ kind: 'compare', upper, lower, layering: this.#parts.layering, placeholders: PLACEHOLDERS })).changes ?? [];
  }
}

function found(facts: FileFacts | undefined, path: string): FileFacts {
  if (!facts) throw new NotFoundError(`no such file: ${path}`);
  return facts;
}

const named = (container: Container, path: string) => (error: unknown): never => { throw readable(error, container, path); };

/** In docker's words. */
function readable(error: unknown, container: Container, path: string): unknown {
  if (error instanceof NotFoundError) return new NotFoundError(`Could not find the file ${path} in container ${container.record.name}`, { cause: error });
  if (!(error instanceof PermissionDeniedError)) return error;
  const isBelow = ({ destination }: { destination: string }): boolean => `${path}/`.replace(/^\/*/, '/').startsWith(`${destination}/`);
  return new PermissionDeniedError(container.record.mounts.some(isBelow) ? 'mounted volume is marked read-only' : 'container rootfs is marked read-only', { cause: error });
}
