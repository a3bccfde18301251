import { readdir, readFile } from 'node:fs/promises';

/** Processes and their arguments. Those that end meanwhile, kernel threads and zombies are left out. Source: proc_pid_cmdline(5). */
export async function* processes(): AsyncGenerator<{ pid: number; args: readonly string[] }> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line !== '') yield { pid: Number(name), args: line.replace(/\0$/, '').split('\0') };
  }
}
