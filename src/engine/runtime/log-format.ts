/**
 * The log file that strata-shim writes (driver `local`). A file is a row of records, all integers big-endian:
 *
 *   u32 n | u8 stream (1 stdout, 2 stderr) | u64 nanoseconds since the epoch | n - 9 bytes of output | u32 n
 *
 * A record is what one read from the process gave: it may hold several lines or part of one. The length at both ends lets a reader
 * go backwards. Rotation renames `PATH` to `PATH.1`, `PATH.1` to `PATH.2` and so on; a record never spans files.
 * The last record may be incomplete while it is being written (or after a power cut): readers stop before it.
 */
export const LOG_RECORD_OVERHEAD_BYTES = 17;
const HEADER_BYTES = 13;
const LENGTH_EXTRA = 9;
/** The shim reads at most this much at once. */
const MAX_DATA_BYTES = 64 * 1024;

export interface LogRecord {
  stream: 1 | 2;
  timeNs: bigint;
  /** A view into the buffer that was decoded. */
  data: Buffer;
  /** Where the next record begins in that buffer. */
  end: number;
}

/**
 * The record that begins at `offset`; undefined when the buffer holds only part of it.
 * @throws Error when the bytes are no record (a damaged file).
 */
export function decodeLogRecord(buffer: Buffer, offset: number): LogRecord | undefined {
  if (buffer.length - offset < HEADER_BYTES) return undefined;
  const length = buffer.readUInt32BE(offset);
  const stream = buffer[offset + 4];
  if (length < LENGTH_EXTRA || length > MAX_DATA_BYTES + LENGTH_EXTRA || (stream !== 1 && stream !== 2)) {
    throw new Error(`damaged log record at byte ${String(offset)}`);
  }
  const end = offset + length + 8;
  if (buffer.length < end) return undefined;
  return {
    stream,
    timeNs: buffer.readBigUInt64BE(offset + 5),
    data: buffer.subarray(offset + HEADER_BYTES, offset + 4 + length),
    end,
  };
}

/** Start of the record that ends at `end` (exclusive), or undefined when `buffer` does not hold it whole. */
export function previousLogRecord(buffer: Buffer, end: number): number | undefined {
  if (end < LOG_RECORD_OVERHEAD_BYTES) return undefined;
  const start = end - buffer.readUInt32BE(end - 4) - 8;
  return start >= 0 ? start : undefined;
}
