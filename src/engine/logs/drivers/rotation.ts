import { InvalidArgumentError, messageOf } from '../../../api/errors.ts';
import type { LogOptions } from '../log-subject.ts';
import { parseBool, parseInteger, parseSize } from '../option-values.ts';

export interface Rotation {
  /** 0: never. */
  maxBytes: number;
  maxFiles: number;
  compress: boolean;
}

/** json-file: no rotation unless asked for. Source: moby, daemon/logger/jsonfilelog. @throws InvalidArgumentError */
export function jsonRotation(options: LogOptions): Rotation {
  const size = options['max-size'];
  const maxBytes = size === undefined ? 0 : parseSize(size, 1000);
  if (size !== undefined && maxBytes <= 0) throw new InvalidArgumentError('max-size must be a positive number');
  const maxFiles = options['max-file'] === undefined ? 1 : parseInteger(options['max-file']);
  if (maxFiles < 1) throw new InvalidArgumentError('max-file cannot be less than 1');
  const compress = options['compress'] !== undefined && parseBool(options['compress']);
  if (compress && (maxFiles === 1 || size === undefined)) throw new InvalidArgumentError('compress cannot be true when max-file is less than 2 or max-size is not set');
  return { maxBytes, maxFiles, compress };
}

/** local: 20 MiB, five files, compressed. Source: moby, daemon/logger/local/config.go. @param prefix of the options' names @throws InvalidArgumentError */
export function localRotation(options: LogOptions, prefix = ''): Rotation {
  const value = (name: string): string | undefined => options[`${prefix}${name}`];
  const [size, files, compressed] = [value('max-size'), value('max-file'), value('compress')];
  const maxBytes = size === undefined ? 20 * 1024 * 1024 : told(`invalid value for max-size: ${size}`, () => parseSize(size, 1024));
  const maxFiles = files === undefined ? 5 : told(`invalid value for max-file: ${files}`, () => parseInteger(files));
  const compress = compressed === undefined || told('error reading compress log option', () => parseBool(compressed));
  if (maxFiles < 0) throw new InvalidArgumentError('max file count cannot be less than 0');
  if (compress && maxFiles <= 1) throw new InvalidArgumentError('compression cannot be enabled when max file count is 1');
  return { maxBytes, maxFiles: Math.max(1, maxFiles), compress };
}

function told<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new InvalidArgumentError(`${what}: ${messageOf(cause)}`, { cause });
  }
}
