import type { Logger } from '../../base/log.ts';
import { LogChanges } from './log-changes.ts';
import { listLogFiles, openLog, openNewer, type OpenLog } from './log-files.ts';
import type { DecodedLog, LogFormat, LogRecord } from './log-format.ts';
import { findTail } from './log-tail.ts';

const CHUNK_BYTES = 256 * 1024;

/** Where a log is, and how to read it. */
export interface LogSource {
  path: string;
  format: LogFormat;
}

export interface LogReadOptions extends LogSource {
  stdout: boolean;
  stderr: boolean;
  /** Nanoseconds since the epoch, inclusive. */
  sinceNs?: bigint | undefined;
  untilNs?: bigint | undefined;
  /** Only the last lines; undefined: all. */
  tail?: number | undefined;
  /** Go on until this resolves (the process has ended) and everything it wrote has been read. */
  follow?: Promise<unknown> | undefined;
  /** The moments and attributes of records are wanted; without, several lines may come as one record. */
  exact?: boolean;
  signal: AbortSignal;
  log: Logger;
}

/** Records of a container's log in batches, in order. Every record is cut to what was asked for; damaged files are left at the damage. */
export async function* readLog(options: LogReadOptions): AsyncGenerator<LogRecord[]> {
  const { path, format } = options;
  const exact = options.exact === true || options.sinceNs !== undefined || options.untilNs !== undefined;
  // Watched from before the first read: what is written in between is not missed.
  const changes = options.follow === undefined ? undefined : new LogChanges(path, options.follow, options.signal);
  let current: OpenLog | undefined;
  try {
    const start = options.tail === undefined ? undefined : await findTail(path, { ...options, tail: options.tail });
    current = start ? start.log : await openLog((await listLogFiles(path))[0]?.path ?? path);
    let offset = start?.offset ?? 0;
    let skip = start?.skipBytes ?? 0;
    let rest = Buffer.alloc(0);
    while (!options.signal.aborted) {
      // Asked before reading: what was written until then is in the file.
      const ended = changes?.ended ?? true;
      const chunk = current ? await readChunk(current, offset) : Buffer.alloc(0);
      if (chunk.length > 0) {
        offset += chunk.length;
        const { records, rest: left, damaged } = decodeAll(format, rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), exact);
        rest = left;
        if (damaged) options.log.warn('log file is damaged; reading goes on with the next file', { path });
        const wanted = select(records, options, skip);
        if (records.length > 0) skip = 0;
        if (wanted.length > 0) yield wanted;
        if (options.untilNs !== undefined && records.some((record) => record.timeNs > (options.untilNs ?? 0n))) return;
        if (damaged) offset = Number.MAX_SAFE_INTEGER;
        else continue;
      }
      const newer: OpenLog | undefined = current ? await openNewer(path, current) : await openLog(path);
      if (newer) {
        // The rest of a file that has been rotated away was written before the next was begun: read it to its end first.
        const late = current && offset !== Number.MAX_SAFE_INTEGER ? await readChunk(current, offset) : Buffer.alloc(0);
        if (late.length > 0) {
          await newer[Symbol.asyncDispose]();
          continue;
        }
        await current?.[Symbol.asyncDispose]();
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
    await current?.[Symbol.asyncDispose]();
  }
}

async function readChunk(log: OpenLog, offset: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const { bytesRead } = await log.handle.read(buffer, 0, CHUNK_BYTES, offset);
  return buffer.subarray(0, bytesRead);
}

function decodeAll(format: LogFormat, bytes: Buffer, exact: boolean): Omit<DecodedLog, 'used'> & { rest: Buffer<ArrayBuffer> } {
  const { records, used, damaged } = format.decode(bytes, exact);
  return { records, damaged, rest: Buffer.from(damaged ? [] : bytes.subarray(used)) };
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
