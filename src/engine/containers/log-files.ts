import { open, stat, type FileHandle } from 'node:fs/promises';

/** A log's files, oldest first. They may be renamed at any moment: what counts is the inode. */
export interface LogFile {
  path: string;
  inode: number;
}

const MOST_FILES = 100;

export async function listLogFiles(path: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (let index = 0; index < MOST_FILES; index += 1) {
    const name = index === 0 ? path : `${path}.${String(index)}`;
    const info = await stat(name).catch(() => undefined);
    if (!info) break;
    files.unshift({ path: name, inode: info.ino });
  }
  return files;
}

/** An open log file that stays the same however it is renamed. */
export interface OpenLog {
  handle: FileHandle;
  inode: number;
}

export async function openLog(path: string): Promise<OpenLog | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return undefined;
  return { handle, inode: (await handle.stat()).ino };
}

/** The file that was begun after this one; undefined when this is the newest. */
export async function openNewer(path: string, inode: number): Promise<OpenLog | undefined> {
  // A rotation between listing and opening shows as a file with another inode: look again.
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const files = await listLogFiles(path);
    const at = files.findIndex((file) => file.inode === inode);
    const next = files[at + 1];
    if (next === undefined) return undefined;
    const opened = await openLog(next.path);
    if (opened?.inode === next.inode) return opened;
    await opened?.handle.close();
  }
  return undefined;
}
