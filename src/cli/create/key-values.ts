import { readFileSync } from 'node:fs';
import { messageOf } from '../../api/errors.ts';

/** `KEY=value` as it is; `KEY` alone takes the value from `env` and is dropped where that has none. */
export function environment(files: readonly string[], pairs: readonly string[], env: NodeJS.ProcessEnv): string[] {
  return [...files.flatMap(readLines), ...pairs].flatMap((pair) => {
    if (pair.includes('=')) {
      if (pair.startsWith('=')) throw new Error(`invalid environment variable: ${pair}`);
      return [pair];
    }
    const value = env[pair];
    return value === undefined ? [] : [`${pair}=${value}`];
  });
}

/** `key=value`, or `key` with an empty value. Later ones win. */
export function keyValues(pairs: readonly string[], files: readonly string[] = []): Record<string, string> {
  return Object.fromEntries([...files.flatMap(readLines), ...pairs].map((pair) => {
    const equals = pair.indexOf('=');
    return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
  }));
}

/** Lines of a file with one `key=value` each; empty ones and those that begin with `#` do not count. */
function readLines(path: string): string[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`open ${path}: ${reason(error)}`, { cause: error });
  }
  return content.replace(/^\uFEFF/, '').split(/\r?\n/).map((line) => line.trimStart()).filter((line) => line !== '' && !line.startsWith('#')).map((line) => {
    const key = line.split('=', 1)[0] ?? '';
    if (/\s/.test(key)) throw new Error(`poorly formatted environment: variable '${key}' contains whitespaces`);
    return line;
  });
}

/** An error of the file system in the words of C. */
export function reason(error: unknown): string {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'ENOENT': return 'no such file or directory';
    case 'EACCES': return 'permission denied';
    case 'EISDIR': return 'is a directory';
    case 'ENOTDIR': return 'not a directory';
    case 'EEXIST': return 'file exists';
    default: return messageOf(error);
  }
}
