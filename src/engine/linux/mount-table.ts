import { readFile } from 'node:fs/promises';

/** Mount points of this mount namespace in the order of mounting. Source: proc_pid_mountinfo(5). */
export async function mountPoints(): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').flatMap((line) => {
    const point = line.split(' ')[4];
    return point === undefined ? [] : [unescapePoint(point)];
  });
}

/** Blanks and backslashes are written as octal digits there. */
function unescapePoint(point: string): string {
  return point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
