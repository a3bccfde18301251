import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Logger } from '../../base/log.ts';

/**
 * Tells when tables, chains, rules or sets are taken away by anybody, by nft's own monitor: it sleeps until the kernel says so. Elements of sets come
 * and go too often to be told. A monitor whose engine has been killed ends at the next change, when it cannot write any more.
 * @param changed called once per object, with its table as `inet strata0`
 */
export function watchRuleset(log: Logger, changed: (table: string) => void): Disposable {
  const child = spawn('nft', ['monitor', 'destroy'], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` } });
  child.on('error', (error) => { log.warn('the firewall is not watched: what somebody flushes stays so until the engine is started again', { error }); });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const match = /^delete (?:table|chain|rule|set|map) (\S+ \S+)/.exec(line);
    if (match?.[1] !== undefined) changed(match[1]);
  });
  return { [Symbol.dispose]: () => { child.kill('SIGKILL'); } };
}
