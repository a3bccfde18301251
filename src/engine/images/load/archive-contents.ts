import { posix } from 'node:path';
import { InvalidArgumentError } from '../../../api/errors.ts';
import { compressionOf, decompress } from '../../archive/decompress.ts';
import { type TarEntry, textOfName } from '../../archive/tar-entry.ts';
import { readTar, type TarMember } from '../../archive/tar-reader.ts';
import type { ContentStore } from '../../content/content-store.ts';
import { type Digest, digestOf, isDigest } from '../../content/digest.ts';
import type { Lease } from '../../gc/leases.ts';

/** Files up to this size stay in memory, all of them together within the budget; layers go to the content store. */
const SMALL_BYTES = 256 * 1024;
const MEMORY_BUDGET_BYTES = 16 * 1024 * 1024;
const MEMBERS_LIMIT = 20_000;
/** Of the format before Docker 1.10, repeated in later archives for old readers: nothing here needs them. */
const UNUSED = new Set(['VERSION', 'json', 'repositories']);

interface StoredFile {
  digest: Digest;
  size: number;
  /** Absent when the bytes are in the content store. */
  bytes?: Buffer;
}

/**
 * An image archive after one pass over its bytes, in whatever order they came: what is large is in the content store, held by the lease;
 * what is small is in memory. Names in it are looked up, never used as paths.
 */
export class ArchiveContents {
  readonly #content: ContentStore;
  readonly #lease: Lease;
  readonly #files = new Map<string, StoredFile>();
  readonly #links = new Map<string, string>();
  #budget = MEMORY_BUDGET_BYTES;

  private constructor(content: ContentStore, lease: Lease) {
    this.#content = content;
    this.#lease = lease;
  }

  /** @throws InvalidArgumentError for what is no archive, is truncated, names what lies outside, or holds a blob that is not what its name says */
  static async read(source: AsyncIterable<Uint8Array>, content: ContentStore, lease: Lease, signal: AbortSignal | undefined): Promise<ArchiveContents> {
    const contents = new ArchiveContents(content, lease);
    let members = 0;
    for await (const member of readTar(decompress(source))) {
      members += 1;
      if (members > MEMBERS_LIMIT) throw new InvalidArgumentError(`invalid archive: it has more than ${MEMBERS_LIMIT} members`);
      await contents.#take(member, signal);
    }
    if (members === 0) throw new InvalidArgumentError('invalid archive: it is empty');
    return contents;
  }

  async #take({ entry, body }: TarMember, signal: AbortSignal | undefined): Promise<void> {
    const name = cleanName(textOfName(entry.name), '');
    if (entry.type === 'symlink') this.#links.set(name, cleanName(textOfName(entry.linkName), posix.dirname(name)));
    else if (entry.type === 'hardlink') this.#links.set(name, cleanName(textOfName(entry.linkName), ''));
    else if (entry.type === 'file' && !UNUSED.has(posix.basename(name))) await this.#store(name, entry, body, signal);
  }

  async #store(name: string, entry: TarEntry, body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<void> {
    if (entry.sparse) throw new InvalidArgumentError(`invalid archive: ${JSON.stringify(name)} is a sparse file`);
    const promised = digestInName(name);
    const file = entry.size <= SMALL_BYTES && entry.size <= this.#budget ? await this.#remember(body) : await this.#keep(body, entry.size, promised, name, signal);
    checkPromise(name, promised, file.digest);
    this.#files.set(name, file);
    this.#links.delete(name);
  }

  async #remember(body: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    this.#budget -= bytes.length;
    return { digest: digestOf(bytes), size: bytes.length, bytes };
  }

  async #keep(body: AsyncIterable<Uint8Array>, size: number, promised: Digest | undefined, name: string, signal: AbortSignal | undefined): Promise<StoredFile> {
    return this.#content.write(body, { size }, {
      ...(signal ? { signal } : {}),
      beforeCommit: ({ digest }) => {
        checkPromise(name, promised, digest);
        this.#lease.hold('blob', digest);
      },
    });
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  #find(name: string): StoredFile | undefined {
    let current = cleanName(name, '');
    // A link may point at a link, never in a circle for long.
    for (let hops = 0; hops < 10; hops += 1) {
      const file = this.#files.get(current);
      if (file) return file;
      const next = this.#links.get(current);
      if (next === undefined) return undefined;
      current = next;
    }
    return undefined;
  }

  #get(name: string): StoredFile {
    const file = this.#find(name);
    if (!file) throw new InvalidArgumentError(`invalid archive: ${JSON.stringify(name)} is not in it`);
    return file;
  }

  /** @throws InvalidArgumentError when it is not there or too long */
  async read(name: string, limitBytes: number): Promise<Buffer> {
    const file = this.#get(name);
    if (file.size > limitBytes) throw new InvalidArgumentError(`invalid archive: ${JSON.stringify(name)} has ${file.size} bytes, which is too many`);
    return file.bytes ?? this.#content.read(file.digest, limitBytes);
  }

  /** Sees to it that a file is a blob of the content store, held by the lease. @throws InvalidArgumentError when it is not there */
  async blob(name: string): Promise<{ digest: Digest; size: number }> {
    const { digest, size, bytes } = this.#get(name);
    this.#lease.hold('blob', digest);
    if (bytes) await this.#content.write(once(bytes), { digest, size });
    return { digest, size };
  }

  /** As `blob`; what is compressed in a way that no media type stands for becomes a plain tar. */
  async layer(name: string): Promise<{ digest: Digest; size: number }> {
    const found = await this.blob(name);
    const source = await this.#content.open(found.digest);
    const head = await source.iterator({ destroyOnReturn: false }).next() as IteratorResult<Buffer, undefined>;
    source.destroy();
    const compression = compressionOf(head.value ?? Buffer.alloc(0));
    if (compression !== 'xz' && compression !== 'bzip2') return found;
    return this.#content.write(decompress(await this.#content.open(found.digest)), {}, { beforeCommit: ({ digest }) => { this.#lease.hold('blob', digest); } });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** @throws InvalidArgumentError when the name leads out of the archive */
function cleanName(name: string, base: string): string {
  const clean = posix.normalize(name.startsWith('/') ? `./${name}` : posix.join(base, name));
  if (clean === '..' || clean.startsWith('../')) throw new InvalidArgumentError(`invalid archive: ${JSON.stringify(name)} leads out of it`);
  return clean.replace(/\/+$/, '');
}

/** `blobs/sha256/<digits>` and `<digits>.json` promise their content. */
function digestInName(name: string): Digest | undefined {
  const hex = /^(?:blobs\/sha256\/([0-9a-f]{64})|([0-9a-f]{64})\.json)$/.exec(name);
  const digest = `sha256:${hex?.[1] ?? hex?.[2] ?? ''}`;
  return isDigest(digest) ? digest : undefined;
}

function checkPromise(name: string, promised: Digest | undefined, found: Digest): void {
  if (promised !== undefined && promised !== found) throw new InvalidArgumentError(`invalid archive: ${JSON.stringify(name)} has the wrong digest: its content is ${found}`);
}
