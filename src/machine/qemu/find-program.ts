import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** The full path of a program on PATH; undefined when it is not there. */
export async function findProgram(name: string, path: string = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const directory of path.split(delimiter).filter((part) => part !== '')) {
    const candidate = join(directory, name);
    const usable = await access(candidate, constants.X_OK).then(() => true, () => false);
    if (usable) return candidate;
  }
  return undefined;
}
