import type { FileHandle } from 'node:fs/promises';
import type { LogFormat } from './log-format.ts';
import { listLogFiles, openLog, type OpenLog } from './log-files.ts';

const CHUNK_BYTES = 256 * 1024;
/** No record is longer: 16 KiB of text, each byte escaped, and what goes with it. */
const MOST_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;

export interface TailStart {
  /** Open: whoever asked closes it. */
  log: OpenLog;
  /** Of the record to begin with. */
  offset: number;
  /** Bytes of that record's data before the first wanted line. */
  skipBytes: number;
}

/**
 * Where the last `tail` lines begin, found by walking backwards over the records; undefined: at the very beginning.
 * Lines are counted over the streams that are wanted.
 */
export async function findTail(path: string, options: { format: LogFormat; tail: number; stdout: boolean; stderr: boolean }): Promise<TailStart | undefined> {
  const { format, tail: lines } = options;
  // The end of the last line does not begin another, so one more newline than lines is looked for, if the log ends in one.
  let missing = lines;
  let first = true;
  for (const file of (await listLogFiles(path)).reverse()) {
    const log = await openLog(file.path);
    if (!log) continue;
    const { size } = await log.handle.stat();
    if (lines === 0) return { log, offset: size, skipBytes: 0 };
    for await (const record of recordsBackwards(log.handle, size, format)) {
      if (!(record.stream === 1 ? options.stdout : options.stderr)) continue;
      if (first && record.data.at(-1) === NEWLINE) missing += 1;
      first = false;
      for (let at = record.data.lastIndexOf(NEWLINE); at !== -1; at = at === 0 ? -1 : record.data.lastIndexOf(NEWLINE, at - 1)) {
        missing -= 1;
        if (missing === 0) return { log, offset: record.offset, skipBytes: at + 1 };
      }
    }
    await log[Symbol.asyncDispose]();
  }
  return undefined;
}

async function* recordsBackwards(handle: FileHandle, size: number, format: LogFormat): AsyncGenerator<{ stream: 1 | 2; data: Buffer; offset: number }> {
  let end = size;
  let bytes = CHUNK_BYTES;
  while (end > 0) {
    const start = Math.max(0, end - bytes);
    const chunk = Buffer.alloc(end - start);
    await handle.read(chunk, 0, chunk.length, start);
    let at = chunk.length;
    for (let before = format.previous(chunk, at, start === 0); before !== undefined; before = format.previous(chunk, at, start === 0)) {
      const { records, damaged } = format.decode(chunk.subarray(before, at), true);
      if (damaged) return;
      for (const record of records.reverse()) yield { stream: record.stream, data: record.data, offset: start + before };
      at = before;
      if (at === 0) break;
    }
    // Nothing whole: one record is longer than what was read, or half of it has been written.
    if (at === chunk.length) {
      if (start === 0 || bytes >= MOST_BYTES) return;
      bytes *= 4;
    } else bytes = CHUNK_BYTES;
    end = start + at;
  }
}
