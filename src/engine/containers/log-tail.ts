import type { FileHandle } from 'node:fs/promises';
import { decodeLogRecord, previousLogRecord } from '../runtime/log-format.ts';
import { listLogFiles, openLog } from './log-files.ts';

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 10;

export interface TailStart {
  inode: number;
  /** Of the record to begin with. */
  offset: number;
  /** Bytes of that record's data before the first wanted line. */
  skipBytes: number;
}

/**
 * Where the last `tail` lines begin, found by walking backwards over the records; undefined: at the very beginning.
 * Lines are counted over the streams that are wanted.
 */
export async function findTail(path: string, options: { tail?: number | undefined; stdout: boolean; stderr: boolean }): Promise<TailStart | undefined> {
  const lines = options.tail ?? 0;
  // The end of the last line does not begin another, so one more newline than lines is looked for, if the log ends in one.
  let missing = lines;
  let first = true;
  let newest: TailStart | undefined;
  for (const file of (await listLogFiles(path)).reverse()) {
    const log = await openLog(file.path);
    if (!log) continue;
    try {
      const { size } = await log.handle.stat();
      newest ??= { inode: log.inode, offset: size, skipBytes: 0 };
      if (lines === 0) return newest;
      for await (const record of recordsBackwards(log.handle, size)) {
        if (!(record.stream === 1 ? options.stdout : options.stderr)) continue;
        if (first && record.data.at(-1) === NEWLINE) missing += 1;
        first = false;
        for (let at = record.data.lastIndexOf(NEWLINE); at !== -1; at = at === 0 ? -1 : record.data.lastIndexOf(NEWLINE, at - 1)) {
          missing -= 1;
          if (missing === 0) return { inode: log.inode, offset: record.offset, skipBytes: at + 1 };
        }
      }
    } finally {
      await log.handle.close();
    }
  }
  return undefined;
}

async function* recordsBackwards(handle: FileHandle, size: number): AsyncGenerator<{ stream: 1 | 2; data: Buffer; offset: number }> {
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const chunk = Buffer.alloc(end - start);
    await handle.read(chunk, 0, chunk.length, start);
    let at = chunk.length;
    for (let before = previousLogRecord(chunk, at); before !== undefined; before = previousLogRecord(chunk, at)) {
      let record;
      try {
        record = decodeLogRecord(chunk, before);
      } catch {
        return;
      }
      if (!record) return;
      yield { stream: record.stream, data: record.data, offset: start + before };
      at = before;
      if (at === 0) break;
    }
    if (at === chunk.length) return;
    end = start + at;
  }
}
