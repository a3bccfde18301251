import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/**
 * A file of a log. It may be renamed or compressed at any moment: what stays is the inode, as long as it is written, and afterwards the
 * moment of its last change, which compression keeps and no two files share.
 */
export interface LogFile {
  path: string;
  id: LogFileId;
}

export interface LogFileId {
  inode: bigint;
  changedNs: bigint;
}

const MOST_FILES = 1000;
const ATTEMPTS = 10;

/** A log's files, oldest first. */
export async function listLogFiles(path: string): Promise<LogFile[]> {
  let files: LogFile[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    files = [];
    for (let index = 0; index < MOST_FILES; index += 1) {
      const file = await findLogFile(path, index);
      if (!file) break;
      files.unshift(file);
    }
    // Rotated while we looked: some may have been seen twice, or not at all.
    if ((await findLogFile(path, 0))?.id.inode === files.at(-1)?.id.inode) break;
  }
  return files;
}

async function findLogFile(path: string, index: number): Promise<LogFile | undefined> {
  const name = index === 0 ? path : `${path}.${String(index)}`;
  for (const candidate of index === 0 ? [name] : [name, `${name}.gz`]) {
    const info = await stat(candidate, { bigint: true }).catch(() => undefined);
    if (info) return { path: candidate, id: { inode: info.ino, changedNs: info.mtimeNs } };
  }
  return undefined;
}

/** An open log file that stays the same whatever becomes of its name. */
export interface OpenLog extends AsyncDisposable {
  handle: FileHandle;
  /** Who it is now: the moment of its last change is final once it has been rotated away. */
  id(): Promise<LogFileId>;
}

export async function openLog(path: string): Promise<OpenLog | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return undefined;
  if (!path.endsWith('.gz')) return openHandle(handle);
  const { mtimeNs: changedNs, ino: inode } = await handle.stat({ bigint: true });
  const unpacked = await unpack(handle).finally(() => handle.close());
  return { handle: unpacked, id: () => Promise.resolve({ inode, changedNs }), [Symbol.asyncDispose]: () => unpacked.close() };
}

function openHandle(handle: FileHandle): OpenLog {
  return {
    handle,
    id: async () => {
      const { ino, mtimeNs } = await handle.stat({ bigint: true });
      return { inode: ino, changedNs: mtimeNs };
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** Into a file without a name: it is read forwards and backwards, and may be larger than memory. What is damaged is read up to there. */
async function unpack(packed: FileHandle): Promise<FileHandle> {
  const directory = await mkdtemp(join(tmpdir(), 'strata-log-'));
  try {
    const path = join(directory, 'log');
    const plain = await open(path, 'wx+', 0o600);
    await pipeline(createReadStream('', { fd: packed.fd, autoClose: false, start: 0 }), createGunzip(), createWriteStream('', { fd: plain.fd, autoClose: false, start: 0 })).catch(() => undefined);
    return plain;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The place of a file in a list; -1 when it is not there any more. */
export function placeOf(id: LogFileId, files: readonly LogFile[]): number {
  const newest = files.length - 1;
  if (files[newest]?.id.inode === id.inode) return newest;
  const same = files.findIndex((file) => file.id.inode === id.inode && file.id.changedNs === id.changedNs);
  return same !== -1 ? same : files.findIndex((file, index) => index !== newest && file.id.changedNs === id.changedNs);
}

/** The file that was begun after this one; undefined when this is the newest. */
export async function openNewer(path: string, current: OpenLog): Promise<OpenLog | undefined> {
  // What is listed may be another file when it is opened: look again.
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const files = await listLogFiles(path);
    const next = files[placeOf(await current.id(), files) + 1];
    if (next === undefined) return undefined;
    const opened = await openLog(next.path);
    const id = await opened?.id();
    // The newest is still being written; one that has been rotated away is what it was.
    if (id && (id.inode === next.id.inode || id.changedNs === next.id.changedNs)) return opened;
    await opened?.[Symbol.asyncDispose]();
  }
  return undefined;
}
