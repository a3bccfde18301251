/** What a process wrote at one moment, or a line of it. */
export interface LogRecord {
  stream: 1 | 2;
  /** Nanoseconds since the epoch; 0 where the reader did not want moments. */
  timeNs: bigint;
  data: Buffer;
  /** What its driver has noted with it: a JSON object, as it stands in the file. */
  attributes?: string | undefined;
}

export interface DecodedLog {
  records: LogRecord[];
  /** Bytes of whole records; what follows is the beginning of one. */
  used: number;
  /** The bytes after `used` are no record and never will be. */
  damaged: boolean;
}

/** How records lie in a log's files. Both directions, for `--tail`. */
export interface LogFormat {
  /**
   * The records from the beginning of `bytes` on. The result does not share memory with them, or they are not changed later.
   * @param exact false: moments and attributes are not wanted, and records of one stream may be joined
   */
  decode(bytes: Buffer, exact: boolean): DecodedLog;
  /**
   * Where the record begins that ends at `end` (exclusive); undefined when `bytes` does not hold it whole, or there is none.
   * @param isBeginning `bytes` are the beginning of the file
   */
  previous(bytes: Buffer, end: number, isBeginning: boolean): number | undefined;
}
