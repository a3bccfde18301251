import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InternalError, NotFoundError } from '../../api/errors.ts';
import type { FactCache } from '../fact-cache.ts';
import type { GuestArch } from '../guest-arch.ts';

/** A built guest whose files are what its manifest says. */
export interface GuestImage {
  readonly version: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly root: string;
  readonly kernelSha256: string;
}

interface Manifest {
  version: string;
  files: ReadonlyMap<string, string>;
}

/**
 * Reads `manifest.json` in `directory` and checks every file against its digest. A digest is computed once per file, size and
 * modification time.
 * @throws NotFoundError when there is no image; InternalError when it is damaged or made for another architecture.
 */
export async function loadGuestImage(options: { directory: string; arch: GuestArch; cache: FactCache; signal: AbortSignal }): Promise<GuestImage> {
  const manifest = await readManifest(options.directory, options.arch);
  const checked = async (name: string): Promise<{ path: string; sha256: string }> => {
    const path = join(options.directory, name);
    const expected = manifest.files.get(name);
    if (expected === undefined) throw new InternalError(`guest image at ${options.directory} is damaged: its manifest does not list ${name} (build it again with: npm run image)`);
    const sha256 = await digestOf(path, options.cache, options.signal);
    if (sha256 !== expected) {
      throw new InternalError(`guest image is damaged: ${path} has digest sha256:${sha256.slice(0, 12)}…, its manifest says sha256:${expected.slice(0, 12)}… (build it again with: npm run image)`);
    }
    return { path, sha256 };
  };
  const kernel = await checked('vmlinuz');
  const initrd = await checked('initrd');
  const root = await checked('root.img');
  return { version: manifest.version, kernel: kernel.path, initrd: initrd.path, root: root.path, kernelSha256: kernel.sha256 };
}

async function readManifest(directory: string, arch: GuestArch): Promise<Manifest> {
  const path = join(directory, 'manifest.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new NotFoundError(`no guest image at ${directory} (build it with: npm run image)`, { cause: error });
  }
  const damaged = (why: string): InternalError => new InternalError(`guest image is damaged: ${path} ${why} (build it again with: npm run image)`);
  let value: { version?: unknown; arch?: unknown; files?: unknown };
  try {
    const parsed: unknown = JSON.parse(text);
    value = typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    throw damaged('is not JSON');
  }
  if (value.arch !== arch) throw damaged(`is for ${JSON.stringify(value.arch)}, not ${arch}`);
  if (typeof value.version !== 'string' || typeof value.files !== 'object' || value.files === null) throw damaged('lacks its version or files');
  const files = new Map<string, string>();
  for (const [name, entry] of Object.entries(value.files as Record<string, unknown>)) {
    if (typeof entry === 'object' && entry !== null && 'sha256' in entry && typeof entry.sha256 === 'string') files.set(name, entry.sha256.replace(/^sha256:/, ''));
  }
  return { version: value.version, files };
}

async function digestOf(path: string, cache: FactCache, signal: AbortSignal): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    throw new InternalError(`guest image is damaged: ${path} is missing (build it again with: npm run image)`, { cause: error });
  });
  const key = `${path} ${String(found.size)} ${String(found.mtimeMs)} ${String(found.ino)}`;
  const known = await cache.find(`sha256 of ${path}`, key);
  if (typeof known === 'string') return known;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  const sha256 = hash.digest('hex');
  await cache.store(`sha256 of ${path}`, key, sha256);
  return sha256;
}
