import { decodeLogRecord, previousLogRecord } from '../runtime/log-format.ts';
import type { LogFormat, LogRecord } from './log-format.ts';

/** The shim's own records: one for each read from the process, bytes as they came. */
export const recordFormat: LogFormat = {
  decode(bytes) {
    const records: LogRecord[] = [];
    let used = 0;
    try {
      for (let record = decodeLogRecord(bytes, used); record; record = decodeLogRecord(bytes, used)) {
        records.push(record);
        used = record.end;
      }
      return { records, used, damaged: false };
    } catch {
      return { records, used, damaged: true };
    }
  },
  previous: (bytes, end) => previousLogRecord(bytes, end),
};
