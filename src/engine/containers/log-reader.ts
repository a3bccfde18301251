import { watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../../base/log.ts';
import { decodeLogRecord, type LogRecord } from '../runtime/log-format.ts';
import { listLogFiles, openLog, openNewer, type OpenLog } from './log-files.ts';
import { findTail } from './log-tail.ts';

const CHUNK_BYTES = 256 * 1024;

export interface LogReadOptions {
  path: string;
  stdout: boolean;
  stderr: boolean;
  /** Nanoseconds since the epoch, inclusive. */
  sinceNs?: bigint | undefined;
  untilNs?: bigint | undefined;
  /** Only the last lines; undefined: all. */
  tail?: number | undefined;
  /** Go on until this resolves (the process has ended) and everything it wrote has been read. */
  follow?: Promise<unknown> | undefined;
  signal: AbortSignal;
  log: Logger;
}

/** Records of a container's log in batches, in order. Every record is cut to what was asked for; damaged files are left at the damage. */
export async function* readLog(options: LogReadOptions): AsyncGenerator<LogRecord[]> {
  const { path } = options;
  // Watched from before the first read: what is written in between is not missed.
  const changes = options.follow === undefined ? undefined : new LogChanges(path, options.follow, options.signal);
  let current: OpenLog | undefined;
  try {
    const start = options.tail === undefined ? undefined : await findTail(path, options);
    current = start ? await openInode(path, start.inode) : await openLog((await listLogFiles(path))[0]?.path ?? path);
    let offset = start?.offset ?? 0;
    let skip = start?.skipBytes ?? 0;
    let rest = Buffer.alloc(0);
    while (!options.signal.aborted) {
      // Asked before reading: what was written until then is in the file.
      const ended = changes?.ended ?? true;
      const chunk = current ? await readChunk(current, offset) : Buffer.alloc(0);
      if (chunk.length > 0) {
        offset += chunk.length;
        const { records, used, damaged } = decodeBatch(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), options.log);
        rest = used;
        const wanted = select(records, options, skip);
        if (records.length > 0) skip = 0;
        if (wanted.length > 0) yield wanted;
        if (options.untilNs !== undefined && records.some((record) => record.timeNs > (options.untilNs ?? 0n))) return;
        if (damaged) offset = Number.MAX_SAFE_INTEGER;
        else continue;
      }
      const newer: OpenLog | undefined = current ? await openNewer(path, current.inode) : await openLog(path);
      if (newer) {
        // The rest of a file that has been rotated away was written before the next was begun: read it to its end first.
        const late = current && offset !== Number.MAX_SAFE_INTEGER ? await readChunk(current, offset) : Buffer.alloc(0);
        if (late.length > 0) {
          await newer.handle.close();
          continue;
        }
        await current?.handle.close();
        current = newer;
        offset = 0;
        rest = Buffer.alloc(0);
        continue;
      }
      if (ended || !changes) return;
      await changes.next();
    }
  } finally {
    changes?.close();
    await current?.handle.close();
  }
}

async function openInode(path: string, inode: number): Promise<OpenLog | undefined> {
  const file = (await listLogFiles(path)).find((candidate) => candidate.inode === inode);
  return openLog(file?.path ?? path);
}

async function readChunk(log: OpenLog, offset: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const { bytesRead } = await log.handle.read(buffer, 0, CHUNK_BYTES, offset);
  return buffer.subarray(0, bytesRead);
}

function decodeBatch(bytes: Buffer, log: Logger): { records: LogRecord[]; used: Buffer<ArrayBuffer>; damaged: boolean } {
  const records: LogRecord[] = [];
  let at = 0;
  try {
    for (let record = decodeLogRecord(bytes, at); record; record = decodeLogRecord(bytes, at)) {
      records.push(record);
      at = record.end;
    }
    return { records, used: Buffer.from(bytes.subarray(at)), damaged: false };
  } catch (error) {
    log.warn('log file is damaged; reading goes on with the next file', { error });
    return { records, used: Buffer.alloc(0), damaged: true };
  }
}

function select(records: readonly LogRecord[], options: LogReadOptions, skip: number): LogRecord[] {
  const { sinceNs, untilNs } = options;
  return records.flatMap((record, index) => {
    const data = index === 0 && skip > 0 ? record.data.subarray(skip) : record.data;
    const wanted = (record.stream === 1 ? options.stdout : options.stderr)
      && (sinceNs === undefined || record.timeNs >= sinceNs) && (untilNs === undefined || record.timeNs <= untilNs) && data.length > 0;
    return wanted ? [{ ...record, data }] : [];
  });
}

/** Tells when there may be more to read: the directory has changed, or the process has ended. */
class LogChanges {
  ended = false;
  #pending = true;
  #wake: (() => void) | undefined;
  readonly #watcher;
  readonly #signal: AbortSignal;
  readonly #poke = (): void => {
    this.#pending = true;
    this.#wake?.();
  };

  constructor(path: string, ended: Promise<unknown>, signal: AbortSignal) {
    this.#watcher = watch(dirname(path), { persistent: false }, this.#poke);
    this.#watcher.on('error', this.#poke);
    this.#signal = signal;
    signal.addEventListener('abort', this.#poke);
    const end = (): void => {
      this.ended = true;
      this.#poke();
    };
    void ended.then(end, end);
  }

  /** Resolves when something has happened since the last call. */
  async next(): Promise<void> {
    if (!this.#pending) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wake = () => { resolve(undefined); };
      await promise;
      this.#wake = undefined;
    }
    this.#pending = false;
  }

  close(): void {
    this.#watcher.close();
    this.#signal.removeEventListener('abort', this.#poke);
  }
}
